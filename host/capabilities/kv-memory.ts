/**
 * The key-value store of a host without another: in this process's memory, gone with it.
 *
 * Bounded for each namespace by its quota and for all of them together by `maxBytes`. Nothing is ever forgotten to make room: a
 * store that forgets turns one tenant's writes into another one's losses. Each method does its work at once, so nothing
 * interleaves.
 */

import {
  decimal,
  ENTRIES_MAX_COUNT,
  ENTRY_BYTES,
  isS64,
  type KvStore,
  LIST_MAX_COUNT,
  type SetOutcome,
} from './kv.ts';

interface Namespace {
  /** By key, as text with one character a byte: such texts compare like the bytes. */
  readonly values: Map<string, Uint8Array>;
  /** The same keys in order. */
  readonly keys: string[];
  bytes: number;
}

export function createMemoryKv({ maxBytes: storeMaxBytes }: { readonly maxBytes: number }): KvStore {
  const namespaces = new Map<string, Namespace>();
  let totalBytes = 0;

  function put(name: string, key: string, value: Uint8Array, maxBytes: number): SetOutcome {
    const space = namespaces.get(name) ?? { values: new Map(), keys: [], bytes: 0 };
    const before = space.values.get(key);
    const growth = before
      ? value.byteLength - before.byteLength
      : key.length + value.byteLength + ENTRY_BYTES;
    // What shrinks is always taken, also above a quota that was lowered meanwhile.
    if (growth > 0 && space.bytes + growth > maxBytes) return 'quota';
    if (!before && space.keys.length >= ENTRIES_MAX_COUNT) return 'quota';
    if (growth > 0 && totalBytes + growth > storeMaxBytes) return 'full';
    if (!before) space.keys.splice(position(space.keys, key), 0, key);
    // A copy of just these bytes: a view would keep the whole buffer it looks into.
    space.values.set(key, value.slice());
    space.bytes += growth;
    totalBytes += growth;
    namespaces.set(name, space);
    return 'stored';
  }

  return {
    async get(name, key) {
      return namespaces.get(name)?.values.get(text(key))?.slice();
    },
    async set(name, key, value, maxBytes) {
      return put(name, text(key), value, maxBytes);
    },
    async delete(name, keyBytes) {
      const space = namespaces.get(name);
      const key = text(keyBytes);
      const value = space?.values.get(key);
      if (space === undefined || value === undefined) return false;
      const freed = key.length + value.byteLength + ENTRY_BYTES;
      space.values.delete(key);
      space.keys.splice(position(space.keys, key), 1);
      space.bytes -= freed;
      totalBytes -= freed;
      if (space.keys.length === 0) namespaces.delete(name);
      return true;
    },
    async list(name, prefixBytes, after) {
      const { keys = [] } = namespaces.get(name) ?? {};
      const prefix = text(prefixBytes);
      let index = position(keys, prefix);
      if (after !== undefined) {
        const last = text(after);
        const behind = position(keys, last);
        index = Math.max(index, keys[behind] === last ? behind + 1 : behind);
      }
      const found: Uint8Array[] = [];
      for (; found.length < LIST_MAX_COUNT; index++) {
        const key = keys[index];
        if (key === undefined || !key.startsWith(prefix)) break;
        found.push(Buffer.from(key, 'latin1'));
      }
      return found;
    },
    async increment(name, keyBytes, by, maxBytes) {
      const key = text(keyBytes);
      const value = namespaces.get(name)?.values.get(key);
      const before = value === undefined ? 0n : decimal(text(value));
      if (before === undefined || !isS64(before + by)) return 'number';
      const sum = before + by;
      const outcome = put(name, key, Buffer.from(String(sum)), maxBytes);
      return outcome === 'stored' ? sum : outcome;
    },
    usedBytes: () => totalBytes,
    async close() {
      namespaces.clear();
      totalBytes = 0;
    },
  };
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** Where `key` is or would be: the first index whose key is not before it. */
function position(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
