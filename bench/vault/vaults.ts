/**
 * Vaults for the tables: over a host of their own with nothing but the adapter `cipher`, or native; one key, which
 * protects nothing. And the two ways they are kept busy: a stream that is read to its end, and calls in flight.
 */

import { randomBytes } from 'node:crypto';
import type { Host } from '../../host/types.ts';
import type { Vault } from '../../host/vault/face.ts';
import type { VaultProfile } from '../../host/vault/profiles.ts';
import { createVault } from '../../host/vault/vault.ts';
import type { Round } from '../harness.ts';
import { openHost } from '../host/hosts.ts';
import { readBuilt } from '../host/packages.ts';

export const CIPHER = 'cipher';
export const BINDING = { context: 'bench', associatedData: 'row 7' } as const;
/** Pieces that sources give: the size that files and sockets are mostly read in. */
const PIECE_BYTES = 65_536;

/** For answers, where contestants must draw the same nonces. Timed work draws from the system. */
export interface Nonces {
  isFixed: boolean;
}

export interface VaultChoice {
  readonly nonces: Nonces;
  readonly profile?: VaultProfile;
}

export interface OpenedVault {
  readonly vault: Vault;
  close(): Promise<void>;
}

export function makeVault(
  { nonces, profile = 'default' }: VaultChoice,
  place: { readonly backend: 'native' } | { readonly host: Host },
): Promise<Vault> {
  return createVault({
    ...place,
    profile,
    keys: {
      versions: async () => [{ version: 1, state: 'active' }],
      load: async () => patterned(32),
    },
    randomBytes: (count) => (nonces.isFixed ? patterned(count) : randomBytes(count)),
  });
}

/** A host with the adapter `cipher` alone. */
export async function openCipherHost(executors: number) {
  return openHost({ packages: [await readBuilt(CIPHER)], executors });
}

/** A vault in cells over a host that nobody else uses. */
export async function openCellVault(choice: VaultChoice, executors: number): Promise<OpenedVault> {
  const { host, close: closeHost } = await openCipherHost(executors);
  const vault = await makeVault(choice, { host });
  const close = async (): Promise<void> => {
    await vault.close();
    await closeHost();
  };
  return { vault, close };
}

/** Bytes that repeat mod 251: no power of two divides the period. */
export function patterned(lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 17) % 251);
}

/** So many bytes in pieces; the same array again and again, so that the source costs nothing. */
export function* pieces(lengthBytes: number): Generator<Uint8Array> {
  const piece = patterned(PIECE_BYTES);
  for (let left = lengthBytes; left > 0; left -= PIECE_BYTES) {
    yield left < PIECE_BYTES ? piece.subarray(0, left) : piece;
  }
}

/** Reads to the end and keeps nothing. Gives the count of bytes. */
export async function drain(stream: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const part of stream) bytes += part.length;
  return bytes;
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Makes `count` calls, `inFlight` of them at a time. Gives the milliseconds from the first to the last. */
export async function timeInFlight(
  count: number,
  inFlight: number,
  call: () => Promise<unknown>,
): Promise<number> {
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun < count) {
      begun++;
      await call();
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, caller));
  return performance.now() - startMs;
}

/** Calls `use` while the nonces are fixed. */
export async function withFixed<T>(nonces: Nonces, use: () => Promise<T>): Promise<T> {
  nonces.isFixed = true;
  try {
    return await use();
  } finally {
    nonces.isFixed = false;
  }
}

/** MB/s, 10⁶ bytes. */
export function rateOf(bytes: number, ms: number, n: number) {
  return { value: bytes / ms / 1_000, unit: 'MB/s', n };
}

/**
 * Throughput of work on so many bytes, and the CPU time it took a megabyte: in this thread, and in all others of the
 * process (executors; V8's own are in it too). A rate suffers when others use the machine; CPU time hardly does.
 */
export async function measureRate(bytes: number, n: number, work: () => unknown): Promise<Round> {
  const usedUs = ({ user, system }: NodeJS.CpuUsage): number => user + system;
  const thread = process.threadCpuUsage();
  const all = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const elapsedMs = performance.now() - startMs;
  const threadUs = usedUs(process.threadCpuUsage(thread));
  const othersUs = Math.max(0, usedUs(process.cpuUsage(all)) - threadUs);
  const cost = (us: number) => ({ value: us / (bytes / 1e6), unit: 'µs/MB', n });
  return {
    figures: {
      rate: rateOf(bytes, elapsedMs, n),
      'CPU here': cost(threadUs),
      'CPU of other threads': cost(othersUs),
    },
  };
}
