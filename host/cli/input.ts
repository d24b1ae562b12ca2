/**
 * Where a command's bytes come from: a file, or standard input. A file that cannot be read is a mistake on the command line.
 */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileError } from './invoke.ts';
import type { Progress } from './progress.ts';
import type { World } from './world.ts';

/** Few system calls for much data; what is worked on is cut from it. */
const READ_BYTES = 256 * 1024;

/** Size of a file, undefined for a pipe. Throws CONFIG_INVALID — it is not there. */
export async function inputBytes(world: World, file: string): Promise<number | undefined> {
  if (file === '-') return undefined;
  try {
    const found = await stat(resolve(world.cwd, file));
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    throw fileError(error, file, 'read');
  }
}

export async function* readInput(world: World, file: string): AsyncGenerator<Uint8Array> {
  try {
    if (file === '-') yield* world.stdin;
    else yield* createReadStream(resolve(world.cwd, file), { highWaterMark: READ_BYTES });
  } catch (error) {
    throw fileError(error, file, 'read');
  }
}

export async function* counted(
  source: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    progress.advance(piece.byteLength);
    yield piece;
  }
}
