/**
 * The face of a key-value store, its limits, and the names under which it keeps what belongs to whom.
 *
 * Two stores stand behind it: `kv-memory.ts` and `kv-redis.ts`; one suite runs over both. Always: what one adapter and tenant
 * store, no other can read, list, change or count against; keys and values never exceed the quota of their namespace, whatever is
 * called at the same time; a key is bytes, and the order of keys is that of their bytes.
 */

/** Bytes of a key in UTF-8. */
export const KEY_MAX_BYTES = 512;
export const VALUE_MAX_BYTES = 1024 * 1024;
/** Keys that one `list` returns. */
export const LIST_MAX_COUNT = 1000;
/** What an entry counts beside its key and value: about what it costs in memory, so that a million empty values are not free. */
export const ENTRY_BYTES = 64;
/** Entries of one namespace: an insertion moves at most this many pointers. */
export const ENTRIES_MAX_COUNT = 100_000;

/** The store does not answer, or answers nonsense: `unavailable` for the guest. `cause` is for the log. */
export class StoreUnavailable extends Error {}

export type SetOutcome = 'stored' | 'quota' | 'full';

/** All methods take a namespace of `namespaceOf`, and keys as bytes that were checked. Reject with StoreUnavailable. */
export interface KvStore {
  /** The value, as the caller's own bytes. */
  get(namespace: string, key: Uint8Array): Promise<Uint8Array | undefined>;
  /** `quota`: the namespace may not have more; `full`: the whole store. The bytes are copied before it returns. */
  set(namespace: string, key: Uint8Array, value: Uint8Array, maxBytes: number): Promise<SetOutcome>;
  delete(namespace: string, key: Uint8Array): Promise<boolean>;
  /** Keys that begin with `prefix` and come after `after`, in order, at most LIST_MAX_COUNT. */
  list(namespace: string, prefix: Uint8Array, after: Uint8Array | undefined): Promise<readonly Uint8Array[]>;
  /** The sum; `number`: what is there is no s64 in decimal, or the sum is none. */
  increment(
    namespace: string,
    key: Uint8Array,
    by: bigint,
    maxBytes: number,
  ): Promise<bigint | 'number' | 'quota' | 'full'>;
  /** Bytes held, of all namespaces; undefined where the store is not this process's own. */
  usedBytes(): number | undefined;
  close(): Promise<void>;
}

/**
 * The name of what one adapter and tenant store. Two different pairs never have the same: whatever is neither a letter nor a digit nor `-`
 * is written as `_` and four hex digits of its UTF-16 unit, so `/` only ever stands between the two.
 */
export function namespaceOf(adapter: string, tenant: string): string {
  return `${escaped(adapter)}/${escaped(tenant)}`;
}

const escaped = (name: string): string =>
  name.replace(/[^A-Za-z0-9-]/g, (unit) => `_${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A decimal as `increment` writes it: no sign but `-`, no leading zero, no minus zero. Length says it may be an s64. */
const DECIMAL = /^(0|-?[1-9]\d{0,18})$/;
const S64_MIN = -(2n ** 63n);
const S64_MAX = 2n ** 63n - 1n;

/** The number in `text`, or undefined where it is no s64 in decimal. */
export function decimal(text: string): bigint | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = BigInt(text);
  return isS64(value) ? value : undefined;
}

export const isS64 = (value: bigint): boolean => value >= S64_MIN && value <= S64_MAX;
