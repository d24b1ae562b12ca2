/**
 * Strings between guest and host, in the three encodings of the ABI.
 *
 * Always: what a guest calls a string is decoded only when its bounds and alignment hold, and every byte of it must be
 * valid; a string of the host is measured before the guest is asked for room, so that one `realloc` is enough. A lone
 * surrogate of the host becomes U+FFFD.
 * Source: component model, Canonical ABI, "Loading" (load_string) and "Storing" (store_string).
 */

import { type Codec, HEAP_BYTES } from './abi-codec.ts';
import { misfit } from './abi-faults.ts';
import type { GuestSpace } from './abi-space.ts';
import { badResult } from './lift.ts';

/** Up to here writing a string in JavaScript beats two calls into native code (measured: equal at 12 to 16). */
const WRITE_LOOP_MAX = 12;
/** From here on the decoder, which checks and decodes in one pass, beats a loop over bytes (measured: equal at 32). */
const DECODER_MIN_BYTES = 32;
/** Below it the engine counts in integers; a pointer of 32 unsigned bits is a double to it (measured: half as fast). */
const INDEX_MAX = 2 ** 30;
/** The bit of the length that says UTF-16 in `latin1+utf16`. */
const UTF16_TAG = 0x8000_0000;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });

/** Of bytes within checked bounds, which the type system cannot know to be there. */
const fromCodes = String.fromCharCode as (...codes: (number | undefined)[]) => string;

/** `pointer` and `length` are what the guest says, unsigned. */
function liftString(space: GuestSpace, pointer: number, length: number): string {
  if (space.encoding === 'utf8') return liftUtf8(space, pointer, length);
  if (space.encoding === 'utf16') return liftUtf16(space, pointer, length);
  if (length >= UTF16_TAG) return liftUtf16(space, pointer, length - UTF16_TAG);
  space.check(pointer, length, 2, 'a string');
  space.charge(length);
  return space.bytes.toString('latin1', pointer, pointer + length);
}

function liftUtf8(space: GuestSpace, pointer: number, length: number): string {
  space.check(pointer, length, 1, 'a string');
  space.charge(length);
  const { bytes } = space;
  if (length < DECODER_MIN_BYTES && pointer < INDEX_MAX) {
    const start = pointer | 0;
    const end = (start + length) | 0;
    let all = 0;
    for (let at = start; at < end; at++) all |= bytes[at] as number;
    if (all < 0x80) return shortAscii(bytes, start, end);
  }
  return decode(utf8, bytes.subarray(pointer, pointer + length), 'UTF-8');
}

/** In steps of 8 and 4, because every step makes a string (measured: three times as fast as one by one). */
function shortAscii(bytes: Uint8Array, pointer: number, end: number): string {
  let text = '';
  let at = pointer;
  for (; at + 8 <= end; at += 8) {
    text += fromCodes(
      bytes[at],
      bytes[at + 1],
      bytes[at + 2],
      bytes[at + 3],
      bytes[at + 4],
      bytes[at + 5],
      bytes[at + 6],
      bytes[at + 7],
    );
  }
  if (at + 4 <= end) {
    text += fromCodes(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
    at += 4;
  }
  for (; at < end; at++) text += fromCodes(bytes[at]);
  return text;
}

function liftUtf16(space: GuestSpace, pointer: number, units: number): string {
  space.check(pointer, units * 2, 2, 'a string');
  space.charge(units * 2);
  return decode(utf16, space.bytes.subarray(pointer, pointer + units * 2), 'UTF-16');
}

function decode(decoder: TextDecoder, bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw badResult(`a string is not valid ${what}`);
  }
}

/** Copies the string into the guest; gives the pointer, and the length as the guest counts it in `space.loweredLength`. */
function lowerString(space: GuestSpace, value: unknown): number {
  if (typeof value !== 'string') throw misfit('a string', value);
  if (space.encoding === 'utf8') return lowerUtf8(space, value);
  const text = value.toWellFormed();
  if (space.encoding === 'utf16') return lowerUtf16(space, text, 0);
  if (!isLatin1(text)) return lowerUtf16(space, text, UTF16_TAG);
  const pointer = space.allocate(text.length, 2);
  space.bytes.write(text, pointer, text.length, 'latin1');
  space.loweredLength = text.length;
  return pointer;
}

function lowerUtf8(space: GuestSpace, text: string): number {
  const { length } = text;
  if (length <= WRITE_LOOP_MAX && isAscii(text)) {
    const pointer = space.allocate(length, 1);
    const { bytes } = space;
    for (let index = 0; index < length; index++) bytes[pointer + index] = text.charCodeAt(index);
    space.loweredLength = length;
    return pointer;
  }
  // Counts three bytes for a lone surrogate, which is what U+FFFD takes.
  const byteLength = Buffer.byteLength(text, 'utf8');
  const pointer = space.allocate(byteLength, 1);
  space.bytes.write(text, pointer, byteLength, 'utf8');
  space.loweredLength = byteLength;
  return pointer;
}

function lowerUtf16(space: GuestSpace, text: string, tag: number): number {
  const pointer = space.allocate(text.length * 2, 2);
  space.bytes.write(text, pointer, text.length * 2, 'utf16le');
  space.loweredLength = text.length + tag;
  return pointer;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

function isLatin1(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false;
  return true;
}

export const loadString = (space: GuestSpace, pointer: number): string =>
  liftString(space, space.view.getUint32(pointer, true), space.view.getUint32(pointer + 4, true));

export function storeString(space: GuestSpace, value: unknown, pointer: number): void {
  const text = lowerString(space, value);
  space.view.setUint32(pointer, text, true);
  space.view.setUint32(pointer + 4, space.loweredLength, true);
}

export const STRING: Codec = {
  primitive: 'string',
  size: 8,
  align: 4,
  flat: ['i32', 'i32'],
  liftedBytes: HEAP_BYTES.slot + HEAP_BYTES.object,
  load: loadString,
  store: storeString,
  lift: (space, flat, at) => liftString(space, (flat[at] as number) >>> 0, (flat[at + 1] as number) >>> 0),
  lower(space, value, out, at) {
    out[at] = lowerString(space, value);
    out[at + 1] = space.loweredLength;
  },
};
