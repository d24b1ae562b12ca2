/**
 * JavaScript → component. Bundles an adapter's `guest.js` with the QuickJS engine.
 *
 * The engine's WASI imports are replaced by traps, so the component imports nothing: `Date.now()` in a guest ends its
 * cell. The module's top level runs once, here; every cell starts from a snapshot of the heap it left.
 * This is the door of the `componentize-qjs` package.
 */

import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { SourceReader } from './inputs.ts';

export interface JavaScriptOptions {
  /** Folder that holds `guest.js`; imports cannot leave it. */
  readonly folder: string;
  readonly witPath: string;
  readonly world: string;
  readonly reader: SourceReader;
}

/** Throws an Error with the tool's message — the source does not parse, or its top level throws. */
export async function compileJavaScript(options: JavaScriptOptions): Promise<Uint8Array> {
  const { folder, witPath, world, reader } = options;
  const jsPath = join(folder, 'guest.js');
  const jsSource = await reader.read(jsPath);
  if (jsSource === null) throw new Error(`there is no ${jsPath}`);
  // The tool does not say which other files it read, so each one that it could import counts.
  for (const file of await readdir(folder, { recursive: true })) {
    if (['.js', '.mjs'].includes(extname(file))) await reader.read(join(folder, file));
  }
  const { componentize } = await import('componentize-qjs');
  const built = await componentize({
    witPath,
    world,
    jsPath,
    jsSource,
    moduleRoot: folder,
    stubWasi: true,
    sync: true,
  });
  return built.component;
}
