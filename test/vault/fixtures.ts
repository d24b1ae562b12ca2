/** Keys, randomness and bytes for tests of the vault: the same in every run. */

import type { VaultOptions } from '../../host/vault/face.ts';
import type { KeyProvider, KeyVersion } from '../../host/vault/key-ring.ts';
import { createVault } from '../../host/vault/vault.ts';
import { createCells } from './cells.ts';

/** 32 bytes that no other version has. */
export function rootKey(version: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => (version * 41 + i * 7 + 3) % 256);
}

export interface TestKeys extends KeyProvider {
  listed: KeyVersion[];
  /** Arrays that were given out: the vault must have wiped them. */
  readonly given: Uint8Array[];
}

export function testKeys(...listed: KeyVersion[]): TestKeys {
  const keys: TestKeys = {
    listed: listed.length > 0 ? listed : [{ version: 1, state: 'active' }],
    given: [],
    versions: async () => keys.listed,
    async load(version) {
      const key = rootKey(version);
      keys.given.push(key);
      return key;
    },
  };
  return keys;
}

/** Random bytes that are the same in every run. */
export function countingRandom(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => next++ % 251);
}

/** Bytes that repeat mod 251: no power of two divides the period. */
export function repeating(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

export type BackendKind = 'cells' | 'native';

export function openVault(backend: BackendKind, options: Partial<VaultOptions> = {}) {
  return createVault({ keys: testKeys(), backend, ...cellsFor(backend), ...options });
}

function cellsFor(backend: BackendKind): Partial<VaultOptions> {
  return backend === 'cells' ? { host: createCells().host } : {};
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Uint8Array.from(Buffer.concat(parts));
}

/** Reads until the stream ends or fails: what came, and the error. */
export async function drain(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly bytes: Uint8Array; readonly error: unknown }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of source) parts.push(part);
    return { bytes: Buffer.concat(parts), error: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(parts), error };
  }
}

/** The bytes in pieces of these sizes, again and again. */
export function* pieces(bytes: Uint8Array, ...sizes: number[]): Generator<Uint8Array> {
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = Math.max(1, sizes[n % sizes.length] ?? bytes.length);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
