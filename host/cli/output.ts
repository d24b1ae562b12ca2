/**
 * Where a command's bytes go: standard output, or a file that appears whole or not at all.
 *
 * The bytes of a file are written beside it under a name of their own and are on the disk before they get its name. A
 * process that is killed leaves such a `….partial` file and never a half-written one under the real name.
 */

import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ReadableStream } from 'node:stream/web';
import { HostError } from '../errors.ts';
import { fileError } from './invoke.ts';
import type { Stop } from './stop.ts';
import type { World } from './world.ts';

export interface Output {
  /** Resolves when the bytes were taken. */
  write(bytes: Uint8Array): Promise<void>;
  /** The whole was written: the file gets its name. */
  commit(): Promise<void>;
  /** Removes what was not committed. Idempotent, and nothing after `commit`. */
  discard(): Promise<void>;
}

/** Writes all of a stream as it comes. Throws what the stream or the output throws, and what a signal became. */
export async function pour(stream: ReadableStream<Uint8Array>, output: Output, stop: Stop): Promise<void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), stop.asked]);
      if (next.done) break;
      await output.write(next.value);
    }
  } finally {
    // After the end of the stream this does nothing. Not waited for: a silent pipe may never answer.
    reader.cancel().catch(() => {});
  }
}

/**
 * `-` is standard output. `isSecret`: only its owner may read the file. `notForTerminals` names bytes that no terminal should
 * show. Throws CONFIG_INVALID — the file exists and may not be replaced, is no file, cannot be written, or a terminal would show it.
 */
export async function createOutput(
  world: World,
  path: string,
  options: { readonly replace: boolean; readonly isSecret: boolean; readonly notForTerminals?: string },
): Promise<Output> {
  if (path === '-') {
    if (world.stdout.isTTY === true && options.notForTerminals !== undefined) {
      throw new HostError(
        'CONFIG_INVALID',
        `${options.notForTerminals} do not belong on a terminal: name a file with --out`,
      );
    }
    return standardOutput(world);
  }
  const target = resolve(world.cwd, path);
  const exists = (): HostError =>
    new HostError('CONFIG_INVALID', `${path} exists: --force replaces it, --out names another file`);
  const found = await kindOf(target);
  // Taking the name of a device would be the end of the device.
  if (found === 'other') throw notReplaced(path);
  if (found === 'file' && !options.replace) throw exists();
  const partial = `${target}.${randomBytes(6).toString('hex')}.partial`;
  let file: FileHandle | undefined;
  try {
    file = await open(partial, 'wx', options.isSecret ? 0o600 : 0o666);
  } catch (error) {
    throw fileError(error, path, 'written');
  }
  let isOver = false;
  const end = async (): Promise<void> => {
    await file?.close();
    file = undefined;
  };
  return {
    async write(bytes) {
      try {
        // One write may take less than it was given.
        for (let at = 0; at < bytes.byteLength; ) {
          at += (await file?.write(bytes, at))?.bytesWritten ?? 0;
        }
      } catch (error) {
        throw fileError(error, path, 'written');
      }
    },
    async commit() {
      try {
        await file?.sync();
        await end();
        if (options.replace) await rename(partial, target);
        else await nameAnew(partial, target);
        isOver = true;
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'EEXIST'
          ? exists()
          : fileError(error, path, 'written');
      }
    },
    async discard() {
      if (isOver) return;
      isOver = true;
      await end();
      await rm(partial, { force: true });
    },
  };
}

/** File systems without links (FAT, some of networks) say one of these. */
const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'ENOSYS'];

/** A link, and not a new name, which would replace a file that came meanwhile. */
async function nameAnew(partial: string, target: string): Promise<void> {
  try {
    await link(partial, target);
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code)) throw error;
    await rename(partial, target);
    return;
  }
  await rm(partial);
}

function standardOutput(world: World): Output {
  return {
    write: (bytes) =>
      new Promise<void>((done, fail) => {
        world.stdout.write(bytes, (error) => (error ? fail(error) : done()));
      }),
    commit: async () => {},
    discard: async () => {},
  };
}

function notReplaced(path: string): HostError {
  return new HostError(
    'CONFIG_INVALID',
    `${path} is a folder, a device or a pipe: only a file can be replaced; > writes to the others`,
  );
}

/** What a path leads to, through links. */
async function kindOf(path: string): Promise<'file' | 'other' | undefined> {
  try {
    return (await stat(path)).isFile() ? 'file' : 'other';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path, 'written');
  }
}
