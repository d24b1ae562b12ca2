/**
 * Reads the bytes of a WebAssembly binary, one bounded range at a time: LEB128 numbers, counts, names, sub-ranges.
 *
 * The lowest layer of inspection; `core-module.ts` and `component.ts` read through it. Always: no read leaves its
 * range, offsets are those of the whole file, and whatever is wrong ends in REGISTRY_REJECTED that names the byte. It
 * knows nothing about sections or what the numbers mean.
 */

import { HostError } from '../errors.ts';

/** Throws REGISTRY_REJECTED — always; the detail names the byte offset in the file. */
export function rejectAt(offset: number, message: string): never {
  throw new HostError('REGISTRY_REJECTED', `byte ${offset}: ${message}`);
}

/** Throws REGISTRY_UNSUPPORTED — always; the detail names the byte offset in the file. */
export function unsupportedAt(offset: number, message: string): never {
  throw new HostError('REGISTRY_UNSUPPORTED', `byte ${offset}: ${message}`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A cursor over `bytes[start, end)`. The bytes are borrowed and must not change while it lives. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Offset in the whole file of the next byte. */
  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  /** `what` names the thing that is read, for the message. Throws REGISTRY_REJECTED — the range ends here. */
  byte(what: string): number {
    const value = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (value === undefined) rejectAt(this.#at, `${what} is cut off`);
    this.#at++;
    return value;
  }

  /** The next byte without taking it, undefined at the end. */
  peek(): number | undefined {
    return this.#at < this.#end ? this.#bytes[this.#at] : undefined;
  }

  /** LEB128 u32. Throws REGISTRY_REJECTED — cut off, or more than 32 bits. Source: WebAssembly core, 5.2.2. */
  u32(what: string): number {
    const start = this.#at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte(what);
      // The fifth byte holds bits 28…31: anything above, a continuation bit included, is no u32.
      if (shift === 28 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return rejectAt(start, `${what} is not an unsigned 32-bit number`);
  }

  /** LEB128 u64, rounded to a double. Throws REGISTRY_REJECTED — cut off, or more than ten bytes. */
  u64(what: string): number {
    const start = this.#at;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte(what);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return rejectAt(start, `${what} is not an unsigned 64-bit number`);
  }

  /** LEB128 s33: a type index when ≥ 0, else a type code. Throws REGISTRY_REJECTED — cut off or more than 33 bits. */
  s33(what: string): number {
    const start = this.#at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte(what);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        const bits = shift + 7;
        if ((byte & 0x40) !== 0) value -= 2 ** bits;
        if (value < -(2 ** 32) || value >= 2 ** 32) break;
        return value;
      }
    }
    return rejectAt(start, `${what} is not a signed 33-bit number`);
  }

  /** Length of a vector. Each element takes at least a byte, so a count above the bytes that are left is a lie. */
  count(what: string): number {
    const start = this.#at;
    const count = this.u32(`the count of ${what}`);
    if (count > this.remaining) {
      rejectAt(start, `${count} ${what} are announced but only ${this.remaining} bytes are left`);
    }
    return count;
  }

  /** Takes `length` bytes as a reader of their own. Throws REGISTRY_REJECTED — fewer are left. */
  range(length: number, what: string): ByteReader {
    if (length > this.remaining) {
      rejectAt(this.#at, `${what} has ${length} bytes but only ${this.remaining} are left`);
    }
    const start = this.#at;
    this.#at += length;
    return new ByteReader(this.#bytes, start, this.#at);
  }

  /** A length-prefixed range: the form of sections and function bodies. */
  sized(what: string): ByteReader {
    return this.range(this.u32(`the size of ${what}`), what);
  }

  /** A length-prefixed UTF-8 text of at most `maxBytes`. Throws REGISTRY_REJECTED — longer, cut off or not UTF-8. */
  text(what: string, maxBytes: number): string {
    const start = this.#at;
    const length = this.u32(`the length of ${what}`);
    if (length > maxBytes) rejectAt(start, `${what} has ${length} bytes; the limit is ${maxBytes}`);
    if (length > this.remaining) rejectAt(start, `${what} is cut off`);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    try {
      return utf8.decode(bytes);
    } catch {
      return rejectAt(start, `${what} is not valid UTF-8`);
    }
  }

  /** Throws REGISTRY_REJECTED — bytes are left over. */
  expectEnd(what: string): void {
    if (this.remaining > 0) rejectAt(this.#at, `${what} has ${this.remaining} bytes too many`);
  }
}
