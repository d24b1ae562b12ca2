/**
 * Key schedules of AES-128, -192 and -256, in the form in which the rounds of `aes.ts` add them. Source: FIPS 197,
 * section 5.2.
 *
 * SubWord is the S-box of the rounds, by vector permutation. How long a key is steers the way, what it holds does not:
 * the same time for every key of one length.
 */

import { ROUNDS, toState } from './aes';
import * as tables from './aes-tables';
import { lookup } from './lookup';

/** `keyBytes` (16, 24 or 32) at `key` → `SCHEDULE_BYTES` at `schedule`, aligned to 16. The key may be wiped afterwards. */
export function expandKey(schedule: usize, key: usize, keyBytes: i32): void {
  store<i32>(schedule, (keyBytes >>> 2) + 6, ROUNDS);
  if (keyBytes == 32) expandKey256(schedule, key);
  else if (keyBytes == 16) expandKey128(schedule, key);
  else expandKey192(schedule, key);
}

function expandKey256(schedule: usize, key: usize): void {
  let even = v128.load(key);
  let odd = v128.load(key, 16);
  storeKey(schedule, 0, even);
  storeKey(schedule, 1, odd);
  let constant: i32 = 1;
  for (let round = 2; round < 14; round += 2) {
    // SubWord(RotWord(w)) + Rcon for an even key, SubWord(w) for an odd one: words 3 of their predecessors.
    even = nextKey(even, turnedWord(odd, constant));
    storeKey(schedule, round, even);
    constant <<= 1;
    const word = substitute(even);
    odd = nextKey(odd, v128.shuffle<i32>(word, word, 3, 3, 3, 3));
    storeKey(schedule, round + 1, odd);
  }
  storeLastKey(schedule, 14, nextKey(even, turnedWord(odd, constant)));
}

function expandKey128(schedule: usize, key: usize): void {
  let last = v128.load(key);
  storeKey(schedule, 0, last);
  let constant: i32 = 1;
  for (let round = 1; round < 10; round++) {
    last = nextKey(last, turnedWord(last, constant));
    storeKey(schedule, round, last);
    // Multiplication by x, which reduces from the ninth constant on. The constant is no secret.
    constant = (constant << 1) ^ (-(constant >> 7) & 0x11b);
  }
  storeLastKey(schedule, 10, nextKey(last, turnedWord(last, constant)));
}

/** Six words at a time, of which every round takes four: three round keys come of two steps. */
function expandKey192(schedule: usize, key: usize): void {
  let first = v128.load(key);
  let rest = v128.load64_zero(key, 16);
  storeKey(schedule, 0, first);
  let constant: i32 = 1;
  for (let round = 1; ; round += 3) {
    const before = rest;
    first = nextKey(first, turnedWord(upWord(rest), constant));
    rest = nextHalf(rest, first);
    storeKey(schedule, round, v128.shuffle<i64>(before, first, 0, 2));
    storeKey(schedule, round + 1, v128.shuffle<i64>(first, rest, 1, 2));
    first = nextKey(first, turnedWord(upWord(rest), constant << 1));
    if (round == 10) {
      storeLastKey(schedule, 12, first);
      return;
    }
    rest = nextHalf(rest, first);
    storeKey(schedule, round + 2, first);
    constant <<= 2;
  }
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

/** SubWord(RotWord(w)) + Rcon of word 3, in all four words. */
// @ts-ignore: decorator
@inline
function turnedWord(key: v128, constant: i32): v128 {
  const word = substitute(key);
  const turned = v128.shuffle<i8>(word, word, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12);
  return v128.xor(turned, i32x4.splat(constant));
}

/** Word 1 as word 3. */
// @ts-ignore: decorator
@inline
function upWord(half: v128): v128 {
  return v128.shuffle<i32>(half, half, 0, 0, 0, 1);
}

/** Each word of the result is the sum of the words up to it, plus `word`. FIPS 197, figure 11: w[i] = w[i-Nk] + w[i-1]. */
// @ts-ignore: decorator
@inline
function nextKey(previous: v128, word: v128): v128 {
  const zero = i32x4.splat(0);
  let key = v128.xor(previous, v128.shuffle<i32>(zero, previous, 0, 4, 5, 6));
  key = v128.xor(key, v128.shuffle<i32>(zero, key, 0, 0, 4, 5));
  return v128.xor(key, word);
}

/** Words 4 and 5 of six, of the two before and word 3 of this step. The upper half is zero. */
// @ts-ignore: decorator
@inline
function nextHalf(previous: v128, first: v128): v128 {
  const zero = i32x4.splat(0);
  const sums = v128.xor(previous, v128.shuffle<i32>(zero, previous, 0, 4, 0, 0));
  return v128.xor(sums, v128.shuffle<i32>(first, zero, 3, 3, 4, 4));
}

/** Into the form in which its round adds it: as state, put off as often, with the S-box's constant. */
function storeKey(schedule: usize, round: i32, key: v128): void {
  const address = schedule + 16 * round;
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

/** The last round gives plain bytes. */
function storeLastKey(schedule: usize, round: i32, key: v128): void {
  v128.store(schedule + 16 * round, v128.xor(key, i8x16.splat(0x63)));
}
