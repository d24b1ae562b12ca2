/**
 * Reads one secret from where the operator says it is: a variable of the environment or a file.
 *
 * Read at activation and never again, bounded, and as text. Always: a problem names the source, never a byte of the value; the error
 * of the file system is told by its code alone.
 */

import { open } from 'node:fs/promises';
import { LIST_BOUNDS } from '../capability-bounds.ts';
import type { SecretSource } from '../capability-types.ts';

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** At most `maxBytes` of the file. Rejects as the file system does. */
  readFile(path: string, maxBytes: number): Promise<Uint8Array>;
}

/** The environment given, and the file system of this process. */
export function systemSecretSources(env: Readonly<Record<string, string | undefined>>): SecretSources {
  return {
    env,
    async readFile(path, maxBytes) {
      await using file = await open(path, 'r');
      const buffer = new Uint8Array(maxBytes);
      let length = 0;
      while (length < maxBytes) {
        const { bytesRead } = await file.read(buffer, length, maxBytes - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return buffer.subarray(0, length);
    },
  };
}

export type SecretRead =
  | { readonly kind: 'ok'; readonly value: string }
  | { readonly kind: 'failed'; readonly problem: string };

/** The value, of a file without one line break at its end (editors and orchestrators leave one), or what is wrong. */
export async function readSecret(source: SecretSource, sources: SecretSources): Promise<SecretRead> {
  if ('env' in source) {
    const value = Object.hasOwn(sources.env, source.env) ? sources.env[source.env] : undefined;
    return checked(value, `the variable ${source.env}`, 'is not set');
  }
  const what = `the file ${source.file}`;
  try {
    const bytes = await sources.readFile(source.file, LIST_BOUNDS.secretMaxBytes + 1);
    if (bytes.byteLength > LIST_BOUNDS.secretMaxBytes) return failed(what, TOO_LONG);
    const text = decode(bytes);
    return text === undefined ? failed(what, 'is not UTF-8') : checked(text.replace(/\r?\n$/, ''), what, '');
  } catch (error) {
    const { code } = error as { code?: unknown };
    return failed(what, `cannot be read: ${typeof code === 'string' ? code : 'the file system failed'}`);
  }
}

const TOO_LONG = `has more than ${LIST_BOUNDS.secretMaxBytes} bytes`;

const failed = (what: string, problem: string): SecretRead => ({
  kind: 'failed',
  problem: `is to be read from ${what}, which ${problem}`,
});

function checked(value: string | undefined, what: string, missing: string): SecretRead {
  if (value === undefined) return failed(what, missing);
  if (value === '') return failed(what, 'is empty');
  if (Buffer.byteLength(value) > LIST_BOUNDS.secretMaxBytes) return failed(what, TOO_LONG);
  return { kind: 'ok', value };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
