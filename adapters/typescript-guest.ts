/**
 * TypeScript → component: the types are taken out, and the rest is a JavaScript adapter.
 *
 * Node's own stripping is used, which replaces types by blanks: lines and columns stay, and nothing is checked. A folder of
 * the system's for temporary files gets the stripped copies, because the bundler follows imports on disk.
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSourceReader, type SourceReader } from './inputs.ts';
import { compileJavaScript, listSources } from './javascript-guest.ts';

/** Specifiers of files beside the source: `from './x.ts'`, `import './x.ts'`, `import('./x.ts')`. */
const TYPESCRIPT_IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"]+)\.ts\2/g;

/** Throws an Error — syntax that cannot be stripped (enums, namespaces), or what `compileJavaScript` says. */
export async function compileTypeScript(options: {
  readonly folder: string;
  readonly wit: string;
  readonly world: string;
  readonly build: { readonly wasi?: boolean };
  readonly reader: SourceReader;
}): Promise<Uint8Array> {
  const { folder, reader } = options;
  if ((await reader.read(join(folder, 'guest.ts'))) === null) {
    throw new Error(`there is no ${join(folder, 'guest.ts')}`);
  }
  const stripped = await mkdtemp(join(tmpdir(), 'hotcell-ts-'));
  try {
    for (const file of await listSources(folder, ['.ts', '.js', '.mjs'])) {
      const text = await reader.read(join(folder, file));
      if (text === null || file.endsWith('.d.ts')) continue;
      const target = join(stripped, file.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, file.endsWith('.ts') ? strip(file, text) : text);
    }
    return await compileJavaScript({ ...options, folder: stripped, reader: createSourceReader(stripped) });
  } catch (error) {
    // Places in the copies are places in the sources.
    const message = (error as Error).message.replaceAll(stripped, folder).replaceAll('guest.js', 'guest.ts');
    throw new Error(message, { cause: error });
  } finally {
    await rm(stripped, { recursive: true, force: true });
  }
}

function strip(file: string, text: string): string {
  const { emitWarning } = process;
  // Node warns once that this function is experimental; every build would begin with that line.
  process.emitWarning = () => {};
  try {
    const blank = stripTypeScriptTypes(text, { mode: 'strip' });
    return blank.replace(TYPESCRIPT_IMPORT, '$1$2$3.js$2');
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  } finally {
    process.emitWarning = emitWarning;
  }
}
