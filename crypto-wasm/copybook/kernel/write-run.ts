/**
 * A run of leaves → its members' bytes, or 0 where one of them is not plain: then its operations write them one by one.
 *
 * Nothing branches on what a field holds. Whether every byte is a digit, a sign or a character that needs no escape is
 * gathered over the run and asked at its end; until then what is written may be wrong, never longer than its pictures
 * allow.
 */

import { lookup } from './lookup';
import { eightDigits, MOVES } from './number-lanes';
import { CHARACTERS, Characters, Run, Step, StepKind } from './run-op';
import { BELOW_ROW_4, BIT, BITS, DELTA, LOW_NIBBLES, plainAscii, transcodedBy, ZERO } from './transcode';

const ASCII_ZEROS: usize = memory.data<u8>([48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48], 16);
const SPACES: usize = memory.data<u8>([32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32], 16);
const EBCDIC_ZONES: usize = memory.data<u8>(
  [0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0], 16,
);
/** Added with saturation, sets the top bit of everything above 9; added, that of every digit but 0. */
const ABOVE_NINE: usize = memory.data<u8>(
  [0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76], 16,
);
const ABOVE_ZERO: usize = memory.data<u8>(
  [0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f], 16,
);
/** Loaded from n on, what of a second vector stands in the lanes of the first when both move down by n. */
const MOVES_SECOND: usize = memory.data<u8>([
  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
], 16);
/** u16: the two digits of 0…99, one a byte. */
const PAIRS: usize = memory.data(200, 16);
for (let n = 0; n < 100; n++) store<u16>(PAIRS + n * 2, <u16>((n / 10) | ((n % 10) << 8)));
const LONG_FURTHER: usize = 64;

/**
 * `run` (`run-op.ts`) with `base` as its operations have it, whose bytes are all in the record. Gives the end of what
 * it wrote at `out`, a comma at last; 0 where its operations have to decide. Up to 64 bytes behind may be written.
 */
export function writeRun(run: usize, base: usize, out: usize): usize {
  if (load<i32>(run, Run.VECTORS_COUNT) != 0 && !transcodeCharacters(run, base)) return 0;
  const zeros = v128.load(ASCII_ZEROS), zones = v128.load(EBCDIC_ZONES), spaces = v128.load(SPACES);
  const aboveNine = v128.load(ABOVE_NINE), aboveZero = v128.load(ABOVE_ZERO);
  let wrong = v128.load(ZERO);
  // More than 1 when something else is wrong.
  let bad: u32 = 0;
  let step = load<usize>(run, Run.STEPS);
  while (true) {
    const literalBytes = load<usize>(step, Step.LITERAL_BYTES);
    v128.store(out, v128.load(step, Step.LITERAL));
    if (literalBytes > 16) {
      v128.store(out, v128.load(step, Step.LITERAL + 16), 16);
      if (literalBytes > 32) v128.store(out, v128.load(step, Step.LITERAL + 32), 32);
    }
    out += literalBytes;
    const from = load<usize>(step, Step.OFFSET);
    const at = base + from;
    switch (load<i32>(step)) {
      case StepKind.TEXT: {
        const first = v128.load(from, CHARACTERS), second = v128.load(from, CHARACTERS + 16);
        v128.store(out, first);
        v128.store(out, second, 16);
        const blanks = i8x16.bitmask(i8x16.eq(first, spaces)) | (i8x16.bitmask(i8x16.eq(second, spaces)) << 16);
        const shown = (~blanks & load<i32>(step, Step.CHARACTER_BITS)) | load<i32>(step, Step.KEPT_BITS);
        out += <usize>(32 - clz(shown));
        break;
      }
      case StepKind.TEXT_LONG: {
        out = writeLong(step, from, spaces, out);
        break;
      }
      case StepKind.ZONED_PLAIN: {
        const digits = v128.and(v128.xor(v128.load(at), zones), v128.load(step, Step.HIGH));
        wrong = v128.or(wrong, i8x16.add_sat_u(digits, aboveNine));
        const skipped = <usize>ctz(i8x16.bitmask(i8x16.add(digits, aboveZero)) | load<i32>(step, Step.GUARD_BITS));
        v128.store(out, lookup(v128.or(digits, zeros), v128.load(skipped, MOVES)));
        out += load<usize>(step, Step.WIDTH) - skipped;
        break;
      }
      case StepKind.ZONED: {
        const sign: u32 = load<u8>(
          load<usize>(step, Step.SIGN_TABLE) + load<u8>(base + load<usize>(step, Step.SIGN_OFFSET)),
        );
        const digits = v128.and(v128.xor(v128.load(at), v128.load(step, Step.LOW)), v128.load(step, Step.HIGH));
        wrong = v128.or(wrong, i8x16.add_sat_u(digits, aboveNine));
        bad |= sign;
        out = writeSlots(step, lookup(digits, v128.load(step, Step.SLOTS)), aboveZero, sign, out);
        break;
      }
      case StepKind.PACKED: {
        // Those of one kind often follow one another, and none is told what comes next.
        let left = load<i32>(step, Step.FURTHER_COUNT);
        let place = at;
        while (true) {
          const sign: u32 = load<u8>(
            load<usize>(step, Step.SIGN_TABLE) + load<u8>(base + load<usize>(step, Step.SIGN_OFFSET)),
          );
          const placed = lookup(v128.load(place), v128.load(step, Step.SLOTS));
          const digits = v128.or(
            v128.and(i16x8.shr_u(placed, 4), v128.load(step, Step.HIGH)), v128.and(placed, v128.load(step, Step.LOW)),
          );
          wrong = v128.or(wrong, i8x16.add_sat_u(digits, aboveNine));
          bad |= sign;
          out = writeSlots(step, digits, aboveZero, sign, out);
          if (--left < 0) break;
          step += Step.BYTES;
          const furtherBytes = load<usize>(step, Step.LITERAL_BYTES);
          v128.store(out, v128.load(step, Step.LITERAL));
          if (furtherBytes > 16) {
            v128.store(out, v128.load(step, Step.LITERAL + 16), 16);
            if (furtherBytes > 32) v128.store(out, v128.load(step, Step.LITERAL + 32), 32);
          }
          out += furtherBytes;
          place = base + load<usize>(step, Step.OFFSET);
        }
        break;
      }
      case StepKind.PACKED_PADDED: {
        const sign: u32 = load<u8>(
          load<usize>(step, Step.SIGN_TABLE) + load<u8>(base + load<usize>(step, Step.SIGN_OFFSET)),
        );
        const placed = lookup(v128.load(at), v128.load(step, Step.SLOTS));
        const digits = v128.or(
          v128.and(i16x8.shr_u(placed, 4), v128.load(step, Step.HIGH)), v128.and(placed, v128.load(step, Step.LOW)),
        );
        wrong = v128.or(wrong, i8x16.add_sat_u(digits, aboveNine));
        bad |= sign | (load<u8>(at) & 0xf0);
        out = writeSlots(step, digits, aboveZero, sign, out);
        break;
      }
      case StepKind.PACKED_LONG: {
        const sign: u32 = load<u8>(
          load<usize>(step, Step.SIGN_TABLE) + load<u8>(base + load<usize>(step, Step.SIGN_OFFSET)),
        );
        const bytes = v128.load(at);
        const vectors = load<usize>(step, Step.LONG);
        const first = packedDigits(bytes, vectors), second = packedDigits(bytes, vectors + LONG_FURTHER);
        wrong = v128.or(wrong, i8x16.add_sat_u(i8x16.max_u(first, second), aboveNine));
        bad |= sign | (load<u8>(at) & load<u32>(step, Step.PAD));
        const bits =
          i8x16.bitmask(i8x16.add(first, aboveZero)) | (i8x16.bitmask(i8x16.add(second, aboveZero)) << 16);
        const skipped = <usize>ctz(bits | load<i32>(step, Step.GUARD_BITS));
        store<u8>(out, 0x2d);
        out += <usize>(sign & <u32>(bits != 0));
        const further = v128.or(second, v128.load(vectors, LONG_FURTHER + 48));
        v128.store(out, v128.or(
          lookup(v128.or(first, v128.load(vectors, 48)), v128.load(skipped, MOVES)),
          lookup(further, v128.load(skipped, MOVES_SECOND)),
        ));
        v128.store(out, lookup(further, v128.load(skipped, MOVES_SECOND + 16)), 16);
        out += load<usize>(step, Step.WIDTH) - skipped;
        break;
      }
      case StepKind.BINARY_4: {
        const value = <i32>bswap<u32>(load<u32>(at));
        const mask = value >> 31;
        const amount = <u64><u32>((value ^ mask) - mask);
        bad |= <u32>(amount > load<u64>(step, Step.MOST)) << 1;
        out = writeSlots(step, placedTen(step, amount), aboveZero, <u32>mask & 1, out);
        break;
      }
      case StepKind.UNSIGNED_4: {
        const amount = <u64>bswap<u32>(load<u32>(at));
        bad |= <u32>(amount > load<u64>(step, Step.MOST)) << 1;
        out = writeSlots(step, placedTen(step, amount), aboveZero, 0, out);
        break;
      }
      case StepKind.BINARY_2: {
        const value = <i32><i16>bswap<u16>(load<u16>(at));
        const mask = value >> 31;
        const amount = <u64><u32>((value ^ mask) - mask);
        bad |= <u32>(amount > load<u64>(step, Step.MOST)) << 1;
        out = writeSlots(step, placedTen(step, amount), aboveZero, <u32>mask & 1, out);
        break;
      }
      case StepKind.UNSIGNED_2: {
        const amount = <u64>bswap<u16>(load<u16>(at));
        bad |= <u32>(amount > load<u64>(step, Step.MOST)) << 1;
        out = writeSlots(step, placedTen(step, amount), aboveZero, 0, out);
        break;
      }
      case StepKind.BINARY_8: {
        const value = <i64>bswap<u64>(load<u64>(at));
        const mask = value >> 63;
        const amount = <u64>((value ^ mask) - mask);
        bad |= <u32>(amount > load<u64>(step, Step.MOST)) << 1;
        out = writeSlots(step, placedSixteen(step, amount), aboveZero, <u32>mask & 1, out);
        break;
      }
      case StepKind.UNSIGNED_8: {
        const amount = bswap<u64>(load<u64>(at));
        bad |= <u32>(amount > load<u64>(step, Step.MOST)) << 1;
        out = writeSlots(step, placedSixteen(step, amount), aboveZero, 0, out);
        break;
      }
      default:
        return (<u32>i8x16.bitmask(wrong) | (bad >> 1)) == 0 ? out : 0;
    }
    step += Step.BYTES;
  }
}

/** Digits in their slots, 0 in all others: their text. */
// @ts-ignore: decorator
@inline
function writeSlots(step: usize, digits: v128, aboveZero: v128, sign: u32, out: usize): usize {
  const bits = i8x16.bitmask(i8x16.add(digits, aboveZero));
  const skipped = <usize>ctz(bits | load<i32>(step, Step.GUARD_BITS));
  store<u8>(out, 0x2d);
  out += <usize>(sign & <u32>(bits != 0));
  v128.store(out, lookup(v128.or(digits, v128.load(step, Step.TEMPLATE)), v128.load(skipped, MOVES)));
  return out + load<usize>(step, Step.WIDTH) - skipped;
}

// @ts-ignore: decorator
@inline
function packedDigits(bytes: v128, vectors: usize): v128 {
  const placed = lookup(bytes, v128.load(vectors));
  return v128.or(
    v128.and(i16x8.shr_u(placed, 4), v128.load(vectors, 16)), v128.and(placed, v128.load(vectors, 32)),
  );
}

/** Below 2^32: two digits and eight. */
// @ts-ignore: decorator
@inline
function placedTen(step: usize, amount: u64): v128 {
  const high = (amount * 0x55e63b89) >> 57;
  const pair = <u64>load<u16>(PAIRS + (<usize>high << 1)) << 48;
  const digits = i64x2.replace_lane(i64x2.splat(pair), 1, eightDigits(amount - high * 100000000));
  return lookup(digits, v128.load(step, Step.SLOTS));
}

// @ts-ignore: decorator
@inline
function placedSixteen(step: usize, amount: u64): v128 {
  const high = amount / 100000000;
  const digits = i64x2.replace_lane(
    i64x2.splat(eightDigits(high)), 1, eightDigits(amount - high * 100000000),
  );
  return lookup(digits, v128.load(step, Step.SLOTS));
}

/** A text of more than 32 bytes; with a bit to keep, all of it. */
// @ts-ignore: decorator
@inline
function writeLong(step: usize, from: usize, spaces: v128, out: usize): usize {
  const length = load<usize>(step, Step.WIDTH);
  let shown = load<i32>(step, Step.KEPT_BITS) != 0 ? length : 0;
  for (let i: usize = 0; i < length; i += 16) {
    const text = v128.load(from + i, CHARACTERS);
    v128.store(out + i, text);
    let bits = ~i8x16.bitmask(i8x16.eq(text, spaces)) & 0xffff;
    if (length - i < 16) bits &= (1 << <i32>(length - i)) - 1;
    if (bits != 0) shown = max(shown, i + <usize>(32 - clz(bits)));
  }
  return out + shown;
}

/** Characters of all the run's texts. False when one of them is not plain. */
function transcodeCharacters(run: usize, base: usize): bool {
  let entry = run + Run.HEAD_BYTES;
  const end = entry + load<usize>(run, Run.VECTORS_COUNT) * Characters.BYTES;
  const tables = load<usize>(run, Run.TABLES);
  let to = CHARACTERS;
  let plain = v128.load(entry, Characters.BEYOND);
  plain = v128.or(plain, v128.load(SPACES));
  if (tables == 0) {
    for (; entry < end; entry += Characters.BYTES) {
      const text = plainAscii(v128.load(base + load<usize>(entry, Characters.OFFSET)));
      v128.store(to, text);
      plain = i8x16.min_u(plain, v128.or(text, v128.load(entry, Characters.BEYOND)));
      to += 16;
    }
    return i8x16.all_true(plain);
  }
  const row4 = v128.load(tables), row5 = v128.load(tables, 16), row6 = v128.load(tables, 32);
  const row7 = v128.load(tables, 48), delta = v128.load(tables, DELTA), bits = v128.load(tables, BITS);
  const bit = v128.load(tables, BIT), nibbles = v128.load(LOW_NIBBLES), below = v128.load(BELOW_ROW_4);
  const zero = v128.load(ZERO);
  for (; entry < end; entry += Characters.BYTES) {
    const text = transcodedBy(
      v128.load(base + load<usize>(entry, Characters.OFFSET)),
      row4, row5, row6, row7, delta, bits, bit, nibbles, below, zero,
    );
    v128.store(to, text);
    plain = i8x16.min_u(plain, v128.or(text, v128.load(entry, Characters.BEYOND)));
    to += 16;
  }
  return i8x16.all_true(plain);
}
