/**
 * Sources → `dist/`: what `npm pack` ships. Node strips no types below `node_modules`, so a package has JavaScript, and
 * declarations for those who embed it. Run by npm before it packs (`prepack`); nothing of it is shipped itself.
 *
 * `dist/` is laid out like the repository, so that every path that a source makes from its own stays right: emitted modules, and
 * as they are the built adapters, the templates, the helper for AssemblyScript and the WIT. Which modules there are is followed
 * from the programs' entries: imports, and `new URL('./….ts', import.meta.url)`. Types become blanks, so lines and columns of a
 * stack are those of the source.
 */

import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');

/** Programs, and what is embedded. Threads and processes are found from these. */
const ENTRIES = ['host/main.ts', 'host/host.ts', 'host/client/client.ts', 'adapters/build.ts'];
/** Shipped as they are: data, and sources that a guest's compiler reads. */
const ASSETS = [
  '.build/adapters',
  'adapters/templates',
  'adapters/kit',
  'adapters/wit',
  'bench/peers/package.json',
  'bench/peers/package-lock.json',
];

/** A relative path to a TypeScript file where one is imported or started from; in lines of comments it stays. */
const REFERENCE =
  /(?<=^(?!\s*(?:\*|\/[/*])).*)(\bfrom\s*|\bimport\s*\(?\s*|\bnew\s+URL\(\s*)(['"])(\.{1,2}\/[^'"\n]+)\.ts\2/gm;

const withoutTypes = (path: string): string => path.replace(/\.ts$/, '.js');

/** The module as JavaScript, and the sources that it refers to, from the root. */
export function emitModule(path: string, text: string): { readonly code: string; readonly refers: string[] } {
  const refers: string[] = [];
  const stripped = stripTypeScriptTypes(text, { mode: 'strip' });
  const code = stripped.replace(REFERENCE, (_whole, before: string, quote: string, target: string) => {
    refers.push(posix.join(posix.dirname(path), `${target}.ts`));
    return `${before}${quote}${target}.js${quote}`;
  });
  return { code, refers };
}

async function emitAll(): Promise<number> {
  const waiting = [...ENTRIES];
  const seen = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const { code, refers } = emitModule(path, await readFile(join(ROOT, path), 'utf8'));
    const target = join(DIST, withoutTypes(path));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, code);
    for (const next of refers) {
      if (!seen.has(next)) waiting.push(next);
      seen.add(next);
    }
  }
  return seen.size;
}

/** Declarations of what is embedded, by the compiler; their paths are rewritten as those of the modules are. */
async function declare(): Promise<void> {
  const config = join(DIST, 'tsconfig.json');
  const options = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: ROOT,
    outDir: DIST,
  };
  await writeFile(
    config,
    JSON.stringify({
      extends: '../tsconfig.json',
      compilerOptions: options,
      include: [],
      files: ['../host/host.ts', '../host/client/client.ts', '../host/webassembly.d.ts'],
    }),
  );
  const { bin } = JSON.parse(await readFile(join(ROOT, 'node_modules/typescript/package.json'), 'utf8'));
  const tsc = join(ROOT, 'node_modules/typescript', bin.tsc);
  await promisify(execFile)(process.execPath, [tsc, '-p', config]);
  await rm(config);
  for (const file of await readdir(DIST, { recursive: true })) {
    if (!file.endsWith('.d.ts') || file.startsWith('adapters')) continue;
    const path = join(DIST, file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(REFERENCE, '$1$2$3.js$2'));
  }
  // The part of WebAssembly that the host uses is no module: who reads the first declaration has to read it too.
  await cp(join(ROOT, 'host/webassembly.d.ts'), join(DIST, 'host/webassembly.d.ts'));
  const first = join(DIST, 'host/host.d.ts');
  await writeFile(first, `/// <reference path="./webassembly.d.ts" />\n${await readFile(first, 'utf8')}`);
}

async function main(): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  const count = await emitAll();
  await declare();
  for (const asset of ASSETS) await cp(join(ROOT, asset), join(DIST, asset), { recursive: true });
  const { name, version, type, dependencies } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  );
  // Programs read their version and the versions of their tools from it.
  await writeFile(join(DIST, 'package.json'), JSON.stringify({ name, version, type, dependencies }, null, 2));
  // npm keeps standard output for itself.
  console.error(`dist: ${count} modules`);
}

if (import.meta.main) await main();
