/**
 * Which contexts have derived keys at the moment: (key version, context) → handle. The keys themselves are where the
 * backend keeps them; here are numbers only.
 *
 * Least recently used entries go first when there are too many, and each goes when its time is over, used or not. What
 * goes is forgotten by the backend too, but not before the last operation under way with it has ended. Many who want a
 * new entry at the same time wait for one derivation.
 */

import type { Clock } from '../clock.ts';
import type { KeyRef } from './backend.ts';

/** How often expired entries are looked for besides when they are asked for. */
const SWEEP_MS = 10_000;

export interface KeyLease {
  readonly key: KeyRef;
  /** The operation has ended. A second call does nothing. */
  release(): void;
}

export interface KeyCacheSnapshot {
  readonly size: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly expiries: number;
}

export interface KeyCache {
  /** Throws what the derivation throws; nothing is kept of it then. */
  acquire(keyVersion: number, context: Uint8Array): Promise<KeyLease>;
  /** Gives up all handles of a version. */
  drop(keyVersion: number): void;
  snapshot(): KeyCacheSnapshot;
  /** Nothing is forgotten one by one: the backend is closed next, and wipes all. */
  close(): void;
}

interface Entry {
  readonly key: KeyRef;
  readonly name: string;
  readonly expiresMs: number;
  readonly ready: Promise<void>;
  useCount: number;
  isGone: boolean;
}

export function createKeyCache(options: {
  readonly maxCount: number;
  readonly ttlMs: number;
  readonly clock: Clock;
  /** Derives the keys of a new handle. */
  readonly derive: (key: KeyRef) => Promise<void>;
  /** The handle will not be used again. */
  readonly forget: (handle: number) => void;
}): KeyCache {
  const { maxCount, ttlMs, clock, derive, forget } = options;
  /** In the order of use: the first is the one used longest ago. */
  const entries = new Map<string, Entry>();
  const counts = { hits: 0, misses: 0, evictions: 0, expiries: 0 };
  let lastHandle = 0;

  const remove = (entry: Entry): void => {
    entries.delete(entry.name);
    entry.isGone = true;
    if (entry.useCount === 0) forget(entry.key.handle);
  };
  const sweep = clock.every(SWEEP_MS, () => {
    for (const entry of entries.values()) {
      if (entry.expiresMs > clock.now()) continue;
      counts.expiries++;
      remove(entry);
    }
  });

  const lookUp = (keyVersion: number, context: Uint8Array): Entry => {
    const name = `${keyVersion}:${Buffer.from(context).toString('latin1')}`;
    const found = entries.get(name);
    if (found !== undefined && found.expiresMs > clock.now()) {
      counts.hits++;
      entries.delete(name);
      entries.set(name, found);
      return found;
    }
    if (found !== undefined) {
      counts.expiries++;
      remove(found);
    }
    counts.misses++;
    if (entries.size >= maxCount) {
      const [oldest] = entries.values();
      if (oldest !== undefined) {
        counts.evictions++;
        remove(oldest);
      }
    }
    // Handles are numbers of 32 bits in a cell; by the time they come round, the first ones are long forgotten.
    lastHandle = (lastHandle + 1) >>> 0;
    const key: KeyRef = { handle: lastHandle, keyVersion, context: Uint8Array.from(context) };
    const expiresMs = clock.now() + ttlMs;
    const entry: Entry = { key, name, expiresMs, ready: derive(key), useCount: 0, isGone: false };
    entries.set(name, entry);
    return entry;
  };

  return {
    async acquire(keyVersion, context) {
      const entry = lookUp(keyVersion, context);
      entry.useCount++;
      let isHeld = true;
      const release = (): void => {
        if (!isHeld) return;
        isHeld = false;
        entry.useCount--;
        if (entry.isGone && entry.useCount === 0) forget(entry.key.handle);
      };
      try {
        await entry.ready;
      } catch (error) {
        if (entries.get(entry.name) === entry) remove(entry);
        release();
        throw error;
      }
      return { key: entry.key, release };
    },
    drop(keyVersion) {
      for (const entry of entries.values()) if (entry.key.keyVersion === keyVersion) remove(entry);
    },
    snapshot: () => ({ size: entries.size, ...counts }),
    close() {
      sweep.cancel();
      entries.clear();
    },
  };
}
