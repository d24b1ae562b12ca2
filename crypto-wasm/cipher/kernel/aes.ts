/**
 * AES, encryption only, by vector permutation: no table is indexed by an address that depends on a secret, and
 * nothing branches on one. Source: FIPS 197; the method and its tables are explained in `../permute-tables.ts`.
 *
 * The state stays in the tower-field basis through all rounds, and ShiftRows is put off: round r works on bytes that
 * are still where they were, with column rotations that take this into account, and the last round catches up. Blocks
 * are worked on in pairs, which hides the latency of a permutation; several pairs lie in memory between two rounds.
 */

import { lookup } from './lookup';
import * as tables from './aes-tables';

/** In a schedule, behind at most 15 round keys: how many rounds there are, i32. 10, 12 or 14. */
export const ROUNDS: usize = 240;
/** Of a schedule, which `aes-key.ts` makes. Secret. */
export const SCHEDULE_BYTES: usize = 256;

/** Bytes → state. */
// @ts-ignore: decorator
@inline
export function toState(bytes: v128): v128 {
  const mask = i8x16.splat(0x0f);
  const low = lookup(v128.load(tables.INPUT_LOW), v128.and(bytes, mask));
  const high = lookup(v128.load(tables.INPUT_HIGH), v128.and(i32x4.shr_u(bytes, 4), mask));
  return v128.xor(low, high);
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

/**
 * Plain blocks from `blocks` to before `end` (a multiple of 32 bytes further) → state with the first key added.
 */
export function enterState(schedule: usize, blocks: usize, end: usize): void {
  const key = v128.load(schedule);
  for (let at = blocks; at < end; at += 16) v128.store(at, v128.xor(toState(v128.load(at)), key));
}

/**
 * Rounds `first` to the last on the states from `blocks` to before `end`, in place; the result is plain bytes.
 * `end` is a multiple of 32 bytes further.
 */
export function finishRounds(schedule: usize, blocks: usize, end: usize, first: i32): void {
  const rounds = load<i32>(schedule, ROUNDS);
  const mask = i8x16.splat(0x0f);
  const inverse = v128.load(tables.INVERSE);
  const aOver = v128.load(tables.A_OVER);
  const onceU = v128.load(tables.ONCE_U);
  const onceT = v128.load(tables.ONCE_T);
  const twiceU = v128.load(tables.TWICE_U);
  const twiceT = v128.load(tables.TWICE_T);
  for (let round = first; round < rounds; round++) {
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
  const key = v128.load(schedule + 16 * rounds);
  const plainU = v128.load(tables.PLAIN_U);
  const plainT = v128.load(tables.PLAIN_T);
  const shift = v128.load(tables.SHIFTS + 16 * (rounds & 3));
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
