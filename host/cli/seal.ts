/**
 * `hotcell seal` and `hotcell open`: one file through a stream of the vault, with a progress bar on a terminal.
 *
 * The output file appears when it is whole, and not before: what was sealed is complete, what was opened is authentic to
 * its end. On standard output bytes come as they are ready, and only exit code 0 says that they were all of them. Keys come
 * from a file or from HOTCELL_VAULT_KEYS, never from the command line.
 */

import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { environmentKeys, fileKeys } from '../vault/key-providers.ts';
import { createProgress, type Progress } from './progress.ts';
import type { World } from './world.ts';

export const KEYS_VARIABLE = 'HOTCELL_VAULT_KEYS';
const SUFFIX = '.sealed';

export interface SealFlags {
  readonly out?: string;
  readonly keys?: string;
  readonly context: string;
  readonly native?: true;
}

export interface SealRequest extends SealFlags {
  readonly direction: 'seal' | 'open';
  /** A path, or - for standard input. */
  readonly file: string;
}

/** Resolves to the exit code. Throws what host and vault throw; CONFIG_INVALID — a file cannot be used. */
export async function runSeal(world: World, config: HostConfig, request: SealRequest): Promise<number> {
  const { direction, file, context, native } = request;
  const out = request.out ?? outputOf(direction, file);
  const keys =
    request.keys === undefined
      ? environmentKeys(KEYS_VARIABLE, world.env)
      : fileKeys(resolve(world.cwd, request.keys));
  const host = native ? undefined : await world.createHost(config);
  try {
    const vault = await world.createVault({
      keys,
      clock: world.clock,
      profile: 'highThroughput',
      ...(host === undefined ? { backend: 'native' } : { host }),
    });
    try {
      const totalBytes = file === '-' ? undefined : (await statInput(world, file)).size;
      const progress = createProgress({ sink: world.stderr, clock: world.clock, totalBytes });
      const source = counted(world, file, progress);
      const stream = vault[`${direction}Stream`](source, { context });
      await writeOutput(world, out, stream);
      progress.end(direction === 'seal' ? 'sealed' : 'opened');
    } finally {
      await vault.close();
    }
  } finally {
    await host?.close();
  }
  return 0;
}

/** The name beside the input. Throws CONFIG_INVALID — there is none to be made of it. */
function outputOf(direction: 'seal' | 'open', file: string): string {
  if (file === '-') return '-';
  if (direction === 'seal') return `${file}${SUFFIX}`;
  if (file.endsWith(SUFFIX) && file.length > SUFFIX.length) return file.slice(0, -SUFFIX.length);
  throw new HostError('CONFIG_INVALID', `${file} does not end in ${SUFFIX}: say with --out where to`);
}

async function statInput(world: World, file: string) {
  try {
    return await stat(resolve(world.cwd, file));
  } catch (error) {
    throw fileError(error, file, 'read');
  }
}

async function* counted(world: World, file: string, progress: Progress): AsyncGenerator<Uint8Array> {
  const source: AsyncIterable<Uint8Array> =
    file === '-' ? world.stdin : createReadStream(resolve(world.cwd, file), { highWaterMark: 256 * 1024 });
  try {
    for await (const piece of source) {
      progress.add(piece.byteLength);
      yield piece;
    }
  } catch (error) {
    throw fileError(error, file, 'read');
  }
}

async function writeOutput(world: World, path: string, stream: AsyncIterable<Uint8Array>): Promise<void> {
  if (path === '-') {
    for await (const bytes of stream) {
      await new Promise<void>((done, fail) => {
        world.stdout.write(bytes, (error) => (error ? fail(error) : done()));
      });
    }
    return;
  }
  const whole = resolve(world.cwd, path);
  const fresh = `${whole}.${randomUUID()}`;
  try {
    // Opened plaintext is for nobody but its owner until its owner says otherwise.
    await pipeline(stream, createWriteStream(fresh, { flags: 'wx', mode: 0o600 }));
    await rename(fresh, whole);
  } catch (error) {
    await rm(fresh, { force: true });
    throw fileError(error, path, 'written');
  }
}

/** A file that cannot be used is a mistake on the command line, not in the host. */
function fileError(error: unknown, path: string, verb: 'read' | 'written'): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof HostError || typeof code !== 'string') return error;
  const name = path === '-' ? 'standard input' : path;
  return new HostError('CONFIG_INVALID', `${name} cannot be ${verb} (${code})`, { cause: error });
}
