/**
 * The hash kernel's module as an instance with typed exports, and the plan of its linear memory.
 *
 * Below `heapBase` lies what the kernel keeps for itself. Above it the door has, in this order: one context for calls
 * that end at once, a window that input is copied to, one for output, and the slots of hashers, which grow the memory.
 */

/** What `kernel/entry.ts` exports. Addresses and sizes are numbers, 64-bit values bigints. */
export interface HashExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  clear(at: number, bytes: number): void;
  blake3Init(context: number): void;
  blake3InitKeyed(context: number, key: number): void;
  blake3InitDeriveKey(context: number, name: number, nameBytes: number): void;
  blake3Update(context: number, input: number, bytes: number): void;
  blake3Output(context: number, offset: bigint, out: number, bytes: number): void;
  blake3Wipe(context: number): void;
  sha2Init(context: number, bits: number): void;
  sha2Update(context: number, input: number, bytes: number): void;
  sha2Finish(context: number, out: number): void;
  sha2Wipe(context: number): void;
  hmacInit(context: number, bits: number, key: number, keyBytes: number): void;
  hmacReset(context: number): void;
  hmacUpdate(context: number, input: number, bytes: number): void;
  hmacFinish(context: number, out: number): void;
  hmacWipe(context: number): void;
  hkdfExtract(
    bits: number,
    salt: number,
    saltBytes: number,
    material: number,
    materialBytes: number,
    prk: number,
  ): void;
  hkdfExpand(
    bits: number,
    prk: number,
    prkBytes: number,
    info: number,
    infoBytes: number,
    out: number,
    outBytes: number,
  ): number;
}

/** Input is copied through a window of this size: 64 chunks of BLAKE3, which fill its lanes, and well within L2. */
export const WINDOW_BYTES = 65_536;
/** Room for the largest context, BLAKE3's with 1,952 bytes. */
export const CONTEXT_BYTES = 2_048;
/** Hashers that are open at once in one kernel: 2 MiB of memory. More means that somebody does not close them. */
export const HASHERS_MAX_COUNT = 1_024;
const PAGE_BYTES = 65_536;
const ALIGNMENT_BYTES = 64;

export interface HashMemory {
  readonly exports: HashExports;
  /** The context of calls that end at once. */
  readonly context: number;
  /** A second one, for work on a copy. */
  readonly copy: number;
  readonly input: number;
  readonly output: number;
  /** Feeds bytes of any number through the input window, piece by piece, and clears it. */
  feed(bytes: Uint8Array, use: (input: number, bytes: number) => void): void;
  /** Puts up to `WINDOW_BYTES` at an address for the time of `use`, and clears them. */
  lend(bytes: Uint8Array, at: number, use: () => void): void;
  /** Copies the first bytes of the output window into a new array, and clears them. */
  take(bytes: number): Uint8Array;
  /** Makes the context `copy` one of another for the time of `use`, and clears it. */
  copyOf(context: number, use: (copy: number) => void): void;
  /** The address of a context for a hasher. Throws RangeError — `HASHERS_MAX_COUNT` are taken. */
  acquire(): number;
  /** Gives it back, cleared. */
  release(slot: number): void;
}

/** A new instance of the kernel. The module imports nothing. */
export function instantiateHash(module: WebAssembly.Module): HashMemory {
  const exports = new WebAssembly.Instance(module).exports as unknown as HashExports;
  const { memory } = exports;
  const context = Math.ceil(exports.heapBase() / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const copy = context + CONTEXT_BYTES;
  const input = copy + CONTEXT_BYTES;
  const output = input + WINDOW_BYTES;
  const slots = output + WINDOW_BYTES;
  const free: number[] = [];
  let slotCount = 0;

  let view = new Uint8Array(memory.buffer);
  const reserve = (end: number): void => {
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE_BYTES);
    if (missing <= 0) return;
    memory.grow(missing);
    view = new Uint8Array(memory.buffer);
  };
  reserve(slots);

  return {
    exports,
    context,
    copy,
    input,
    output,
    feed(bytes, use) {
      if (bytes.length <= WINDOW_BYTES) {
        view.set(bytes, input);
        use(input, bytes.length);
      } else {
        for (let at = 0; at < bytes.length; at += WINDOW_BYTES) {
          const piece = bytes.subarray(at, at + WINDOW_BYTES);
          view.set(piece, input);
          use(input, piece.length);
        }
      }
      exports.clear(input, Math.min(bytes.length, WINDOW_BYTES));
    },
    lend(bytes, at, use) {
      view.set(bytes, at);
      use();
      exports.clear(at, bytes.length);
    },
    take(bytes) {
      const taken = view.slice(output, output + bytes);
      exports.clear(output, bytes);
      return taken;
    },
    copyOf(from, use) {
      view.copyWithin(copy, from, from + CONTEXT_BYTES);
      use(copy);
      exports.clear(copy, CONTEXT_BYTES);
    },
    // The one given back last is used next, so that few are ever made.
    acquire() {
      const slot = free.pop();
      if (slot !== undefined) return slot;
      if (slotCount === HASHERS_MAX_COUNT) {
        throw new RangeError(`${HASHERS_MAX_COUNT} hashers are open: close those that are done`);
      }
      const fresh = slots + slotCount * CONTEXT_BYTES;
      reserve(fresh + CONTEXT_BYTES);
      slotCount++;
      return fresh;
    },
    release(slot) {
      exports.clear(slot, CONTEXT_BYTES);
      free.push(slot);
    },
  };
}
