/**
 * GHASH over bulk data: sixteen independent lanes, all multiplied by the same H¹⁶, by table look-ups in registers.
 *
 * Multiplying by a fixed element is linear, so each byte of a product is a sum of 32 table entries, one for each nibble
 * of the other factor. Sixteen blocks are transposed, so that a vector holds one byte of each of them; its nibbles
 * index tables of sixteen bytes that are loaded whole: 512 look-ups and additions for 256 bytes of message. Which
 * table is loaded never depends on data, and the entry is picked inside the register: constant time by construction.
 */

import { lookup } from './lookup';

const NIBBLES: usize = 32;
/** Tables of one nibble position: one for each byte of the product. */
const POSITION_BYTES: usize = 256;
/** 32 nibble positions × 16 product bytes × 16 entries. Secret. */
export const TABLE_BYTES: usize = NIBBLES * POSITION_BYTES;
/** One byte of all sixteen lanes a vector. */
export const LANES_BYTES: usize = 256;
/** Memory that a step works in: two transpositions, or the nibbles of sixteen blocks. */
export const WORK_BYTES: usize = 512;

/** Two of the four stages of a 16 × 16 byte transposition: 256 bytes to 256 others. Twice is the whole of it. */
// @ts-ignore: decorator
@inline
function halfTranspose(from: usize, to: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    const a = v128.load(from + i);
    const b = v128.load(from + i, 64);
    const c = v128.load(from + i, 128);
    const d = v128.load(from + i, 192);
    const acLow = v128.shuffle<i8>(a, c, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const acHigh = v128.shuffle<i8>(a, c, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const bdLow = v128.shuffle<i8>(b, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const bdHigh = v128.shuffle<i8>(b, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const at = to + 4 * i;
    v128.store(at, v128.shuffle<i8>(acLow, bdLow, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(
      at,
      v128.shuffle<i8>(acLow, bdLow, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
      16,
    );
    v128.store(
      at,
      v128.shuffle<i8>(acHigh, bdHigh, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
      32,
    );
    v128.store(
      at,
      v128.shuffle<i8>(acHigh, bdHigh, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
      48,
    );
  }
}

/** The table of one factor, sixteen bytes at `element`. `work` is overwritten with secrets. */
export function buildTable(table: usize, element: usize, work: usize): void {
  let high = bswap(load<u64>(element));
  let low = bswap(load<u64>(element, 8));
  for (let position: usize = 0; position < NIBBLES; position++) {
    // The upper bit of a nibble is the lower power of x: entry 8 is the factor × x⁴ᵖ, entry 1 that × x³.
    v128.store(work, i64x2.splat(0));
    for (let bit: usize = 8; bit > 0; bit >>= 1) {
      const multiple = i64x2.replace_lane(i64x2.splat(bswap(high)), 1, bswap(low));
      v128.store(work + 16 * bit, multiple);
      // × x is a shift to the right, and x¹²⁸ = 1 + x + x² + x⁷. NIST SP 800-38D, section 6.3.
      const carry = <u64>0 - (low & 1);
      low = (low >> 1) | (high << 63);
      high = (high >> 1) ^ (carry & 0xe100000000000000);
    }
    for (let bit: usize = 2; bit < 16; bit <<= 1) {
      const multiple = v128.load(work + 16 * bit);
      for (let rest: usize = 1; rest < bit; rest++) {
        v128.store(work + 16 * (bit + rest), v128.xor(multiple, v128.load(work + 16 * rest)));
      }
    }
    halfTranspose(work, work + 256);
    halfTranspose(work + 256, table + POSITION_BYTES * position);
  }
}

/** lanes = (lanes + sixteen blocks) × factor, for each lane. */
export function stepLanes(lanes: usize, table: usize, blocks: usize, work: usize): void {
  const mask = i8x16.splat(0x0f);
  halfTranspose(blocks, work);
  halfTranspose(work, work + 256);
  // Vector b of the transposed blocks makes vectors 2b and 2b + 1 of nibbles: read before it is written over.
  for (let byte: usize = 0; byte < 16; byte++) {
    const sum = v128.xor(v128.load(work + 256 + 16 * byte), v128.load(lanes + 16 * byte));
    v128.store(work + 32 * byte, v128.and(i32x4.shr_u(sum, 4), mask));
    v128.store(work + 32 * byte, v128.and(sum, mask), 16);
  }
  addEntries(lanes, table, work);
  addEntries(lanes + 128, table + 128, work);
}

/** Eight bytes of the product: as many as registers hold beside an index. */
// @ts-ignore: decorator
@inline
function addEntries(lanes: usize, table: usize, nibbles: usize): void {
  const end = nibbles + 16 * NIBBLES;
  let sum0 = i32x4.splat(0);
  let sum1 = i32x4.splat(0);
  let sum2 = i32x4.splat(0);
  let sum3 = i32x4.splat(0);
  let sum4 = i32x4.splat(0);
  let sum5 = i32x4.splat(0);
  let sum6 = i32x4.splat(0);
  let sum7 = i32x4.splat(0);
  for (let at = nibbles; at < end; at += 16) {
    const index = v128.load(at);
    sum0 = v128.xor(sum0, lookup(v128.load(table), index));
    sum1 = v128.xor(sum1, lookup(v128.load(table, 16), index));
    sum2 = v128.xor(sum2, lookup(v128.load(table, 32), index));
    sum3 = v128.xor(sum3, lookup(v128.load(table, 48), index));
    sum4 = v128.xor(sum4, lookup(v128.load(table, 64), index));
    sum5 = v128.xor(sum5, lookup(v128.load(table, 80), index));
    sum6 = v128.xor(sum6, lookup(v128.load(table, 96), index));
    sum7 = v128.xor(sum7, lookup(v128.load(table, 112), index));
    table += POSITION_BYTES;
  }
  v128.store(lanes, sum0);
  v128.store(lanes, sum1, 16);
  v128.store(lanes, sum2, 32);
  v128.store(lanes, sum3, 48);
  v128.store(lanes, sum4, 64);
  v128.store(lanes, sum5, 80);
  v128.store(lanes, sum6, 96);
  v128.store(lanes, sum7, 112);
}

/** Adds the lanes to sixteen blocks, each to its own, in place. */
export function addLanes(blocks: usize, lanes: usize, work: usize): void {
  halfTranspose(lanes, work);
  halfTranspose(work, work + 256);
  for (let at: usize = 0; at < 256; at += 16) {
    v128.store(blocks + at, v128.xor(v128.load(blocks + at), v128.load(work + 256 + at)));
  }
}
