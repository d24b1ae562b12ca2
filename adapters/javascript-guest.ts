/**
 * JavaScript → component. Bundles an adapter's `guest.js` with the QuickJS engine.
 *
 * The engine's WASI imports are replaced by traps, so the component imports nothing but what its world says: `Date.now()`
 * in a guest ends its cell. With `"wasi": true` in the manifest's section `build` they stay, and need their capabilities.
 * The module's top level runs once, here; every cell starts from a snapshot of the heap it left.
 * This is the door of the `componentize-qjs` package.
 */

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, sep } from 'node:path';
import type { SourceReader } from './inputs.ts';

export interface JavaScriptOptions {
  /** Folder that holds `guest.js`; imports cannot leave it. */
  readonly folder: string;
  /** Text of the world with all it depends on. */
  readonly wit: string;
  readonly world: string;
  readonly build: { readonly wasi?: boolean };
  readonly reader: SourceReader;
}

/**
 * Where a world's own text has integers of 64 bits: the engine's glue makes doubles of them both ways, and an unsigned result of
 * 2⁶³ or more, or a BigInt, ends the cell.
 */
export function wideIntegers(wit: string): readonly string[] {
  const code = wit.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/./g, ' '));
  const found = /\b[us]64\b/.exec(code);
  if (found === null) return [];
  const line = code.slice(0, found.index).split('\n').length;
  return [
    `world.wit, line ${line}: JavaScript guests have ${found[0]} as a double: whole numbers above 2^53 lose digits; ` +
      'where they may come, use a string',
  ];
}

/** Throws an Error with the tool's message — the source does not parse, or its top level throws. */
export async function compileJavaScript(options: JavaScriptOptions): Promise<Uint8Array> {
  const { folder, wit, world, build, reader } = options;
  const jsPath = join(folder, 'guest.js');
  const jsSource = await reader.read(jsPath);
  if (jsSource === null) throw new Error(`there is no ${jsPath}`);
  // The tool does not say which other files it read, so each one that it could import counts.
  for (const file of await listSources(folder, ['.js', '.mjs'])) await reader.read(join(folder, file));
  const { componentize } = await import('componentize-qjs');
  const scratch = await mkdtemp(join(tmpdir(), 'hotcell-wit-'));
  try {
    // The tool reads worlds from disk only, and looks for other packages beside them.
    const witPath = join(scratch, 'world.wit');
    await writeFile(witPath, wit);
    const built = await componentize({
      witPath,
      world,
      jsPath,
      jsSource,
      moduleRoot: folder,
      stubWasi: build.wasi !== true,
      sync: true,
    });
    return built.component;
  } catch (error) {
    throw withHint(error as Error);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The tool cannot take the engine's imports out where a type of the world itself has another one in it. */
function withHint(error: Error): Error {
  if (!/failed to stub WASI imports: .*not valid to be used as import/.test(error.message)) return error;
  const hint = 'put the types and functions of the world into an interface, and let the world export that';
  return new Error(`${error.message}\n${hint}`, { cause: error });
}

/** Files of a folder with one of these endings, from the folder, without hidden ones and packages of npm. Sorted. */
export async function listSources(
  folder: string,
  endings: readonly string[],
  skipped: readonly string[] = [],
): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  return files
    .filter((file) => {
      const parts = file.split(sep);
      const isOwn = parts.every((part) => !part.startsWith('.') && part !== 'node_modules');
      return isOwn && !skipped.includes(parts[0] ?? '') && endings.includes(extname(file));
    })
    .sort();
}
