/**
 * AES-256, encryption only, by vector permutation: no table is indexed by an address that depends on a secret, and
 * nothing branches on one. Source: FIPS 197; the method and its tables are explained in `../permute-tables.ts`.
 *
 * The state stays in the tower-field basis through all rounds, and ShiftRows is put off: round r works on bytes that
 * are still where they were, with column rotations that take this into account, and the last round catches up. Blocks
 * are worked on in pairs, which hides the latency of a permutation; several pairs lie in memory between two rounds.
 */

import { lookup } from './lookup';
import * as tables from './aes-tables';

/** Of the round keys: 15 × 16. Secret. */
export const SCHEDULE_BYTES: usize = 240;

const ROUNDS: i32 = 14;

/** Bytes → state. */
// @ts-ignore: decorator
@inline
export function toState(bytes: v128): v128 {
  const mask = i8x16.splat(0x0f);
  const low = lookup(v128.load(tables.INPUT_LOW), v128.and(bytes, mask));
  const high = lookup(v128.load(tables.INPUT_HIGH), v128.and(i32x4.shr_u(bytes, 4), mask));
  return v128.xor(low, high);
}

/** The S-box on sixteen plain bytes. FIPS 197, section 5.1.1. */
function substitute(bytes: v128): v128 {
  const mask = i8x16.splat(0x0f);
  const inverse = v128.load(tables.INVERSE);
  const state = toState(bytes);
  const k = v128.and(state, mask);
  const i = v128.and(i32x4.shr_u(state, 4), mask);
  const j = v128.xor(k, i);
  const ak = lookup(v128.load(tables.A_OVER), k);
  const io = v128.xor(lookup(inverse, v128.xor(lookup(inverse, i), ak)), j);
  const jo = v128.xor(lookup(inverse, v128.xor(lookup(inverse, j), ak)), i);
  const linear = v128.xor(lookup(v128.load(tables.PLAIN_U), io), lookup(v128.load(tables.PLAIN_T), jo));
  return v128.xor(linear, i8x16.splat(0x63));
}

/** The S-box on the state at `at`: its output as state takes its place, and twice that goes behind it. */
export function substituteState(at: usize): void {
  const state = v128.load(at);
  const mask = i8x16.splat(0x0f);
  const inverse = v128.load(tables.INVERSE);
  const k = v128.and(state, mask);
  const i = v128.and(i32x4.shr_u(state, 4), mask);
  const j = v128.xor(k, i);
  const ak = lookup(v128.load(tables.A_OVER), k);
  const io = v128.xor(lookup(inverse, v128.xor(lookup(inverse, i), ak)), j);
  const jo = v128.xor(lookup(inverse, v128.xor(lookup(inverse, j), ak)), i);
  v128.store(at, v128.xor(lookup(v128.load(tables.ONCE_U), io), lookup(v128.load(tables.ONCE_T), jo)));
  v128.store(at, v128.xor(lookup(v128.load(tables.TWICE_U), io), lookup(v128.load(tables.TWICE_T), jo)), 16);
}

/** The rest of a round after the S-box: MixColumns and the round's key. */
// @ts-ignore: decorator
@inline
export function mixColumns(schedule: usize, round: i32, once: v128, twice: v128): v128 {
  const down = v128.load(tables.TURNS + 32 * (round & 3));
  const up = v128.load(tables.TURNS + 32 * (round & 3), 16);
  const mixed = v128.xor(lookup(once, down), twice);
  const rest = v128.xor(v128.xor(lookup(once, up), v128.load(schedule + 16 * round)), mixed);
  return v128.xor(lookup(mixed, down), rest);
}

/** Each word of the result is the sum of the words up to it, plus `word`. FIPS 197, figure 11: w[i] = w[i-8] + … */
// @ts-ignore: decorator
@inline
function nextKey(previous: v128, word: v128): v128 {
  const zero = i32x4.splat(0);
  let key = v128.xor(previous, v128.shuffle<i32>(zero, previous, 0, 4, 5, 6));
  key = v128.xor(key, v128.shuffle<i32>(zero, key, 0, 0, 4, 5));
  return v128.xor(key, word);
}

/**
 * Key schedule: 32 bytes at `key` → `SCHEDULE_BYTES` at `schedule`, aligned to 16. FIPS 197, section 5.2 (Nk = 8).
 * The key may be wiped afterwards. Takes the same time for every key.
 */
export function expandKey(schedule: usize, key: usize): void {
  let even = v128.load(key);
  let odd = v128.load(key, 16);
  storeKey(schedule, 0, even);
  storeKey(schedule, 1, odd);
  let constant: i32 = 1;
  for (let round = 2; round < ROUNDS; round += 2) {
    // SubWord(RotWord(w)) + Rcon for an even key, SubWord(w) for an odd one: words 3 of their predecessors.
    let word = substitute(odd);
    word = v128.shuffle<i8>(word, word, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12);
    even = nextKey(even, v128.xor(word, i32x4.splat(constant)));
    storeKey(schedule, round, even);
    constant <<= 1;
    word = substitute(even);
    odd = nextKey(odd, v128.shuffle<i32>(word, word, 3, 3, 3, 3));
    storeKey(schedule, round + 1, odd);
  }
  let word = substitute(odd);
  word = v128.shuffle<i8>(word, word, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12);
  storeKey(schedule, ROUNDS, nextKey(even, v128.xor(word, i32x4.splat(constant))));
}

/** Into the form in which its round adds it: as state, put off as often, with the S-box's constant. */
function storeKey(schedule: usize, round: i32, key: v128): void {
  const address = schedule + 16 * round;
  if (round == ROUNDS) {
    v128.store(address, v128.xor(key, i8x16.splat(0x63)));
    return;
  }
  const state = toState(key);
  if (round == 0) {
    v128.store(address, state);
    return;
  }
  const affine = v128.load(tables.AFFINE_IN_STATE);
  // Four ShiftRows are none, so these undo the ones that the state still lacks.
  const undo = v128.load(tables.SHIFTS + 16 * ((-round) & 3));
  v128.store(address, lookup(v128.xor(state, affine), undo));
}

/**
 * Plain blocks from `blocks` to before `end` (a multiple of 32 bytes further) → state with the first key added.
 */
export function enterState(schedule: usize, blocks: usize, end: usize): void {
  const key = v128.load(schedule);
  for (let at = blocks; at < end; at += 16) v128.store(at, v128.xor(toState(v128.load(at)), key));
}

/**
 * Rounds `first`…14 on the states from `blocks` to before `end`, in place; the result is plain bytes.
 * `end` is a multiple of 32 bytes further.
 */
export function finishRounds(schedule: usize, blocks: usize, end: usize, first: i32): void {
  const mask = i8x16.splat(0x0f);
  const inverse = v128.load(tables.INVERSE);
  const aOver = v128.load(tables.A_OVER);
  const onceU = v128.load(tables.ONCE_U);
  const onceT = v128.load(tables.ONCE_T);
  const twiceU = v128.load(tables.TWICE_U);
  const twiceT = v128.load(tables.TWICE_T);
  for (let round = first; round < ROUNDS; round++) {
    const key = v128.load(schedule + 16 * round);
    const down = v128.load(tables.TURNS + 32 * (round & 3));
    const up = v128.load(tables.TURNS + 32 * (round & 3), 16);
    for (let at = blocks; at < end; at += 32) {
      const state0 = v128.load(at);
      const state1 = v128.load(at, 16);
      const k0 = v128.and(state0, mask);
      const k1 = v128.and(state1, mask);
      const i0 = v128.and(i32x4.shr_u(state0, 4), mask);
      const i1 = v128.and(i32x4.shr_u(state1, 4), mask);
      const ak0 = lookup(aOver, k0);
      const ak1 = lookup(aOver, k1);
      const j0 = v128.xor(i0, k0);
      const j1 = v128.xor(i1, k1);
      const iak0 = v128.xor(lookup(inverse, i0), ak0);
      const iak1 = v128.xor(lookup(inverse, i1), ak1);
      const jak0 = v128.xor(lookup(inverse, j0), ak0);
      const jak1 = v128.xor(lookup(inverse, j1), ak1);
      const io0 = v128.xor(lookup(inverse, iak0), j0);
      const io1 = v128.xor(lookup(inverse, iak1), j1);
      const jo0 = v128.xor(lookup(inverse, jak0), i0);
      const jo1 = v128.xor(lookup(inverse, jak1), i1);
      const once0 = v128.xor(lookup(onceU, io0), lookup(onceT, jo0));
      const once1 = v128.xor(lookup(onceU, io1), lookup(onceT, jo1));
      const twice0 = v128.xor(lookup(twiceU, io0), lookup(twiceT, jo0));
      const twice1 = v128.xor(lookup(twiceU, io1), lookup(twiceT, jo1));
      // MixColumns, 2s + 3↓s + ↓↓s + ↑s (FIPS 197, section 5.1.3), as ↓(↓s + 2s) + (↓s + 2s) + ↑s.
      const mixed0 = v128.xor(lookup(once0, down), twice0);
      const mixed1 = v128.xor(lookup(once1, down), twice1);
      const rest0 = v128.xor(v128.xor(lookup(once0, up), key), mixed0);
      const rest1 = v128.xor(v128.xor(lookup(once1, up), key), mixed1);
      v128.store(at, v128.xor(lookup(mixed0, down), rest0));
      v128.store(at, v128.xor(lookup(mixed1, down), rest1), 16);
    }
  }
  const key = v128.load(schedule + 16 * ROUNDS);
  const plainU = v128.load(tables.PLAIN_U);
  const plainT = v128.load(tables.PLAIN_T);
  const shift = v128.load(tables.SHIFTS + 16 * (ROUNDS & 3));
  for (let at = blocks; at < end; at += 32) {
    const state0 = v128.load(at);
    const state1 = v128.load(at, 16);
    const k0 = v128.and(state0, mask);
    const k1 = v128.and(state1, mask);
    const i0 = v128.and(i32x4.shr_u(state0, 4), mask);
    const i1 = v128.and(i32x4.shr_u(state1, 4), mask);
    const ak0 = lookup(aOver, k0);
    const ak1 = lookup(aOver, k1);
    const j0 = v128.xor(i0, k0);
    const j1 = v128.xor(i1, k1);
    const io0 = v128.xor(lookup(inverse, v128.xor(lookup(inverse, i0), ak0)), j0);
    const io1 = v128.xor(lookup(inverse, v128.xor(lookup(inverse, i1), ak1)), j1);
    const jo0 = v128.xor(lookup(inverse, v128.xor(lookup(inverse, j0), ak0)), i0);
    const jo1 = v128.xor(lookup(inverse, v128.xor(lookup(inverse, j1), ak1)), i1);
    const byte0 = v128.xor(lookup(plainU, io0), lookup(plainT, jo0));
    const byte1 = v128.xor(lookup(plainU, io1), lookup(plainT, jo1));
    v128.store(at, v128.xor(lookup(byte0, shift), key));
    v128.store(at, v128.xor(lookup(byte1, shift), key), 16);
  }
}
