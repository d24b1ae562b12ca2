/**
 * Key stream of AES in counter mode, up to eight blocks at a time, without most of the first two rounds.
 *
 * Blocks whose counters differ in the last byte only are alike but for one byte; after the first round they are alike
 * but for four, which then reach all sixteen. What is alike, a *window* of 256 counters, is computed once; what is not
 * is computed for four or eight blocks in one vector: 5 permutations a block in place of 26, of 170 in all.
 * When a window is made or left depends on the counter. Where that is secret (an IV that is not of 12 bytes), the
 * caller asks for the plain way.
 */

import { enterState, finishRounds, mixColumns, substituteState, toState } from './aes';
import * as tables from './aes-tables';
import { lookup } from './lookup';

/** Blocks of one step: enough in flight to hide the latency of a permutation. */
export const STREAM_BLOCKS: i32 = 8;
export const STREAM_BYTES: usize = 128;

const LANES: usize = memory.data<u8>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 16);

// A window, by offsets.
/** The first key at the last byte, sixteen times. */
const LAST_KEY: usize = 0;
/** What the four bytes are without the last one's share, four times. */
const COLUMN: usize = 16;
/** What all sixteen are without those four's. */
const REST: usize = 32;
/** Counters of the window without their last byte, and whether there is one. */
const HIGH: usize = 48;
const READY: usize = 52;
const WORK: usize = 64;
/** Of a window, aligned to 16. Secret. */
export const WINDOW_BYTES: usize = WORK + 64;

/** There is no window yet: a new key or counter. */
export function closeWindow(window: usize): void {
  store<i32>(window, 0, READY);
}

/**
 * Writes the key stream of the next blocks (1…8, rounded up to an even number) to `stream`, and moves the counter block
 * on by eight. inc32: its last four bytes wrap by themselves. NIST SP 800-38D, section 6.2.
 */
export function nextStream(
  schedule: usize,
  window: usize,
  counter: usize,
  stream: usize,
  blocks: i32,
  windowed: bool,
): void {
  const block = v128.load(counter);
  const count = bswap<i32>(i32x4.extract_lane(block, 3));
  const end = stream + 16 * ((blocks + 1) & ~1);
  store<i32>(counter, bswap<i32>(count + STREAM_BLOCKS), 12);
  if (windowed && (count & 0xff) <= 0x100 - STREAM_BLOCKS) {
    const high = count >>> 8;
    if (!load<i32>(window, READY) || load<i32>(window, HIGH) != high) {
      openWindow(schedule, window, block);
      store<i32>(window, high, HIGH);
      store<i32>(window, 1, READY);
    }
    enterWindow(window, stream, count & 0xff);
    finishRounds(schedule, stream, end, 3);
    return;
  }
  for (let at = stream, n = count; at < end; at += 16, n++) {
    v128.store(at, i32x4.replace_lane(block, 3, bswap<i32>(n)));
  }
  enterState(schedule, stream, end);
  finishRounds(schedule, stream, end, 1);
}

/** Two rounds on what is alike. */
function openWindow(schedule: usize, window: usize, block: v128): void {
  const key = v128.load(schedule);
  v128.store(window, i8x16.splat(i8x16.extract_lane_u(key, 15)), LAST_KEY);
  v128.store(window, v128.xor(toState(block), key), WORK);
  substituteState(window + WORK);
  const once = i8x16.replace_lane(v128.load(window, WORK), 15, 0);
  const twice = i8x16.replace_lane(v128.load(window, WORK + 16), 15, 0);
  const first = mixColumns(schedule, 1, once, twice);
  v128.store(window, lookup(first, v128.load(tables.COLUMN)), COLUMN);
  v128.store(window, first, WORK);
  substituteState(window + WORK);
  const keep = v128.load(tables.KEEP);
  const restOnce = v128.and(v128.load(window, WORK), keep);
  const restTwice = v128.and(v128.load(window, WORK + 16), keep);
  v128.store(window, mixColumns(schedule, 2, restOnce, restTwice), REST);
}

/** States after two rounds of the eight counters whose last bytes begin at `low`. */
// @ts-ignore: decorator
@inline
function enterWindow(window: usize, stream: usize, low: i32): void {
  const work = window + WORK;
  const counts = i8x16.add(i8x16.splat(<i8>low), v128.load(LANES));
  v128.store(work, v128.xor(toState(counts), v128.load(window, LAST_KEY)));
  substituteState(work);
  const once = v128.load(work);
  const twice = v128.load(work, 16);
  const column = v128.load(window, COLUMN);
  const spreadOnce = v128.load(tables.SPREAD_ONCE);
  const spreadTwice = v128.load(tables.SPREAD_TWICE);
  // The four bytes of blocks 0…3, and of blocks 4…7.
  const near = v128.xor(lookup(once, spreadOnce), lookup(twice, spreadTwice));
  const four = i8x16.splat(4);
  const far = v128.xor(lookup(once, i8x16.add(spreadOnce, four)), lookup(twice, i8x16.add(spreadTwice, four)));
  v128.store(work, v128.xor(near, column));
  v128.store(work, v128.xor(far, column), 32);
  substituteState(work);
  substituteState(work + 32);
  const rest = v128.load(window, REST);
  for (let half: usize = 0; half < 64; half += 32) {
    const fourOnce = v128.load(work + half);
    const fourTwice = v128.load(work + half, 16);
    let fromOnce = v128.load(tables.GATHER_ONCE);
    let fromTwice = v128.load(tables.GATHER_TWICE);
    for (let at = stream + 2 * half, end = at + 64; at < end; at += 16) {
      const own = v128.xor(lookup(fourOnce, fromOnce), lookup(fourTwice, fromTwice));
      v128.store(at, v128.xor(own, rest));
      fromOnce = i8x16.add(fromOnce, four);
      fromTwice = i8x16.add(fromTwice, four);
    }
  }
}
