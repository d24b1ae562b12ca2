/**
 * The guest of the storm: it gives its payload back, or traps in so many of a hundred calls. No other adapter can be made to crash
 * by the call.
 */

import type { Sample } from './sample.ts';
import { HANDLER, makeWatGuest } from './wat-guest.ts';

/** Crashes in a hundred calls. */
export const RATES = [1, 10] as const;
/** With 10 % of crashes one call in a thousand million fails nine times in a row. */
export const REPLAY_MAX = 8;
const OPERATION = 'storm';
const CELLS = 64;

/**
 * Payload: byte 0 how many calls in a hundred trap, bytes 4 to 7 a number that differs from call to call. A guest has no source of
 * randomness, so the draw depends on all numbers its cell has seen (SplitMix64): attempts are independent in cells with a
 * past. A new cell's first call never traps, else a number that traps in one new cell would in all of them, and no number of
 * replays would save its call.
 */
const GUEST = `(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 64))
  (global $history (mut i64) (i64.const 0))
  (global $calls (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i32)
    (local.set 4 (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get 4) (local.get 3)))
    (local.get 4))
  (func (export "cabi_post_${HANDLER}#invoke") (param i32) (global.set $next (i32.const 64)))
  (func $mix (param $x i64) (result i64)
    (local.set $x (i64.add (local.get $x) (i64.const 0x9e3779b97f4a7c15)))
    (local.set $x (i64.mul (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 30))) (i64.const 0xbf58476d1ce4e5b9)))
    (local.set $x (i64.mul (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 27))) (i64.const 0x94d049bb133111eb)))
    (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 31))))
  (func (export "${HANDLER}#invoke") (param $op i32) (param $op_bytes i32) (param $at i32) (param $bytes i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (global.set $history (call $mix (i64.xor (global.get $history) (i64.load32_u offset=4 (local.get $at)))))
    (if
      (i32.and
        (i32.gt_u (global.get $calls) (i32.const 1))
        (i64.lt_u
          (i64.rem_u (i64.shr_u (global.get $history) (i64.const 11)) (i64.const 100))
          (i64.load8_u (local.get $at))))
      (then unreachable))
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (local.get $at))
    (i32.store (i32.const 24) (local.get $bytes))
    (i32.const 16))
  (func (export "${HANDLER}#health") (result i32) (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16)))`;

const payloadOf = (rate: number): Uint8Array => Uint8Array.of(rate, 0, 0, 0, 0, 0, 0, 0);

/** The guest with its cells all there from the start, so that a storm meets cells with a past. */
export async function makeStormSamples(): Promise<ReadonlyMap<number, Sample>> {
  const built = await makeWatGuest(GUEST, {
    name: 'storm',
    isolation: 'shared',
    operations: { [OPERATION]: { idempotent: true } },
    limits: { memoryMaxMiB: 1, timeoutMs: 5_000 },
    pool: {
      min: CELLS,
      max: CELLS,
      permits: 4_096,
      tenantShare: 1,
      acquireTimeoutMs: 5_000,
      replayMax: REPLAY_MAX,
    },
  });
  return new Map(
    [0, ...RATES].map((rate) => [rate, { built, operation: OPERATION, payload: payloadOf(rate) }]),
  );
}
