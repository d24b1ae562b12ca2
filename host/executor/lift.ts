/**
 * Guest memory as the host sees it: bytes and strings in, lists and strings out, every pointer and length checked.
 *
 * Runs in the executor's thread. The host keeps no view across a guest entry: memory may grow and detach it. What is
 * wrong with a guest's data is thrown as EXECUTOR_BAD_RESULT and ends the cell (`cell.ts`).
 * Source: component model, Canonical ABI, "Lifting and Lowering Values".
 */

import { HostError } from '../errors.ts';

/** Longest error message taken from a guest, in bytes of UTF-8. Enough for a sentence and a snippet of input. */
export const MESSAGE_MAX_BYTES = 4096;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const messageScratch = new Uint8Array(MESSAGE_MAX_BYTES);

/** What is thrown for anything a guest returns that is not what the contract says. */
export function badResult(detail: string): HostError {
  return new HostError('EXECUTOR_BAD_RESULT', detail);
}

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/** Reads and writes one guest memory. Views are made anew whenever the buffer changed: growing detaches them. */
export class GuestMemory {
  readonly #memory: WebAssembly.Memory;
  /** Made at the first `refresh`, not while the cell is built: a spare cell needs none. */
  #bytes = NO_BYTES;
  #view = NO_VIEW;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  get byteLength(): number {
    return this.#memory.buffer.byteLength;
  }

  /** To be called after each guest entry, before anything is read or written. */
  refresh(): void {
    const { buffer } = this.#memory;
    if (buffer === this.#bytes.buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** Copies `source` to `pointer`, which the guest's allocator gave. */
  write(pointer: number, alignment: number, source: Uint8Array): void {
    if (pointer % alignment !== 0 || pointer + source.length > this.#bytes.length) {
      throw badResult(
        `the allocator returned ${pointer} for ${source.length} bytes in a memory of ${this.#bytes.length}`,
      );
    }
    this.#bytes.set(source, pointer);
  }

  /** A view of `length` bytes. */
  slice(pointer: number, length: number, what: string): Uint8Array {
    if (pointer + length > this.#bytes.length) {
      throw badResult(
        `${what} of ${length} bytes at ${pointer} ends outside the memory of ${this.#bytes.length}`,
      );
    }
    return this.#bytes.subarray(pointer, pointer + length);
  }

  /** Checks that a record of `length` bytes, aligned to 4, lies at `pointer`; then its fields can be read. */
  checkRecord(pointer: number, length: number): void {
    if (pointer % 4 !== 0) throw badResult(`the result at ${pointer} is not aligned`);
    if (pointer + length > this.#bytes.length) {
      throw badResult(`the result at ${pointer} ends outside the memory of ${this.#bytes.length}`);
    }
  }

  u8(pointer: number): number {
    return this.#view.getUint8(pointer);
  }

  u32(pointer: number): number {
    return this.#view.getUint32(pointer, true);
  }
}

/** A view of the `list<u8>` that the record at `at` describes. */
export function liftList(memory: GuestMemory, at: number): Uint8Array {
  return memory.slice(memory.u32(at), memory.u32(at + 4), 'a list');
}

/**
 * The string that the record at `at` describes, cut to `MESSAGE_MAX_BYTES` of UTF-8 on a character border. What is cut
 * away is never looked at: only its bounds are checked.
 */
export function liftMessage(memory: GuestMemory, at: number, isUtf16: boolean): string {
  const pointer = memory.u32(at);
  const units = memory.u32(at + 4);
  if (isUtf16 && pointer % 2 !== 0) throw badResult(`a string at ${pointer} is not aligned`);
  const bytes = memory.slice(pointer, isUtf16 ? units * 2 : units, 'a string');
  // No unit of UTF-16 takes less than a byte of UTF-8, so this many units are enough to fill the limit.
  let end = Math.min(bytes.length, isUtf16 ? MESSAGE_MAX_BYTES * 2 : MESSAGE_MAX_BYTES);
  if (end < bytes.length) {
    if (isUtf16 && ((bytes[end - 1] ?? 0) & 0xfc) === 0xd8) end -= 2;
    // A character has at most three bytes after its first; more of them are no UTF-8 and fail below.
    for (let left = 3; !isUtf16 && left > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80; left--) end--;
  }
  let text: string;
  try {
    text = (isUtf16 ? utf16 : utf8).decode(bytes.subarray(0, end));
  } catch {
    throw badResult(`a string is not valid ${isUtf16 ? 'UTF-16' : 'UTF-8'}`);
  }
  return isUtf16 ? text.slice(0, encoder.encodeInto(text, messageScratch).read) : text;
}

/** UTF-8 as little-endian UTF-16, whatever the machine's own order. */
export function toUtf16(source: Uint8Array): Uint8Array {
  const text = utf8.decode(source);
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), true);
  return bytes;
}
