/** WebAssembly text → core module of an adapter: `guest.wat`, which exports the names of the Canonical ABI itself. */

import { join } from 'node:path';
import { parseText } from './component.ts';
import type { SourceReader } from './inputs.ts';

/** Throws an Error — there is no source, or it does not parse, with line and column. */
export async function compileText(options: {
  readonly folder: string;
  readonly reader: SourceReader;
}): Promise<Uint8Array> {
  const path = join(options.folder, 'guest.wat');
  const text = await options.reader.read(path);
  if (text === null) throw new Error(`there is no ${path}`);
  return parseText(text);
}
