/**
 * Texts of single-byte pages → JSON string contents, sixteen characters at once, trimmed on the right.
 *
 * They give 0 as soon as a character is not plain ASCII or would be escaped; the caller goes the slow way then. `op`
 * says the tables and whether to trim; the quote and comma behind the text are written here.
 */

import { At, Flag } from './decode-op';
import { plainAscii, transcoded } from './transcode';

const SPACES: usize = memory.data<u8>([32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32], 16);
/** Loaded from 16 - n on: FF in the lanes from n on. */
const BEYOND: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
], 16);

// @ts-ignore: decorator
@inline
function characters(at: usize, flags: i32, tables: usize): v128 {
  const bytes = v128.load(at);
  return (flags & Flag.IS_ASCII) != 0 ? plainAscii(bytes) : transcoded(bytes, tables);
}

// @ts-ignore: decorator
@inline
function closed(out: usize): usize {
  store<u16>(out, 0x2c22);
  return out + 2;
}

/** 1 to 16 bytes. */
// @ts-ignore: decorator
@inline
export function writeText16(op: usize, at: usize, lengthBytes: usize, out: usize): usize {
  const flags = load<i32>(op, At.FLAGS);
  const text = characters(at, flags, load<usize>(op, At.TABLES));
  if (!i8x16.all_true(v128.or(text, v128.load(BEYOND + 16 - lengthBytes)))) return 0;
  v128.store(out, text);
  if ((flags & Flag.TRIMS_RIGHT) == 0) return closed(out + lengthBytes);
  const bits = i8x16.bitmask(i8x16.ne(text, v128.load(SPACES))) & ((1 << <i32>lengthBytes) - 1);
  return closed(out + <usize>(32 - clz(bits)));
}

/** 17 to 32 bytes: two vectors that overlap. */
// @ts-ignore: decorator
@inline
export function writeText32(op: usize, at: usize, lengthBytes: usize, out: usize): usize {
  const flags = load<i32>(op, At.FLAGS), tables = load<usize>(op, At.TABLES);
  const further = lengthBytes - 16;
  const first = characters(at, flags, tables), second = characters(at + further, flags, tables);
  if (!i8x16.all_true(i8x16.min_u(first, second))) return 0;
  v128.store(out, first);
  v128.store(out + further, second);
  if ((flags & Flag.TRIMS_RIGHT) == 0) return closed(out + lengthBytes);
  const spaces = v128.load(SPACES);
  const bits = i8x16.bitmask(i8x16.ne(first, spaces)) | (i8x16.bitmask(i8x16.ne(second, spaces)) << <i32>further);
  return closed(out + <usize>(32 - clz(bits)));
}

/** More than 32 bytes. */
export function writeLongText(op: usize, at: usize, lengthBytes: usize, out: usize): usize {
  const flags = load<i32>(op, At.FLAGS), tables = load<usize>(op, At.TABLES);
  const spaces = v128.load(SPACES);
  const last = lengthBytes - 16;
  // Behind the last character that is no space, so far.
  let shown: usize = 0;
  for (let i: usize = 0; i < last; i += 16) {
    const text = characters(at + i, flags, tables);
    if (!i8x16.all_true(text)) return 0;
    v128.store(out + i, text);
    const bits = i8x16.bitmask(i8x16.ne(text, spaces));
    if (bits != 0) shown = i + <usize>(32 - clz(bits));
  }
  const text = characters(at + last, flags, tables);
  if (!i8x16.all_true(text)) return 0;
  v128.store(out + last, text);
  if ((flags & Flag.TRIMS_RIGHT) == 0) return closed(out + lengthBytes);
  const bits = i8x16.bitmask(i8x16.ne(text, spaces));
  if (bits != 0) shown = last + <usize>(32 - clz(bits));
  return closed(out + shown);
}
