/**
 * A guest that holds its cell for a time and computes nothing meanwhile, as one does that waits for an answer from elsewhere. How
 * many cells are lent follows from the rate alone, however busy the machine is.
 */

import type { Sample } from './sample.ts';
import { HANDLER, makeWatGuest } from './wat-guest.ts';

/** How long a call holds its cell: so long that a pool of it is kept busy by calls that a small machine has time for. */
export const HOLD_MS = 200;
const CLOCK = 'wasi:clocks/monotonic-clock@0.2.0';
const POLL = 'wasi:io/poll@0.2.0';

/** Those parts of WASI that the guest imports. Source: WebAssembly/wasi-clocks and wasi-io, 0.2.0. */
const WIT = `
  package wasi:io@0.2.0 { interface poll { resource pollable { block: func(); } } }
  package wasi:clocks@0.2.0 {
    interface monotonic-clock {
      use wasi:io/poll@0.2.0.{pollable};
      subscribe-duration: func(when: u64) -> pollable;
    }
  }`;

const GUEST = `(module
  (import "${CLOCK}" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "${POLL}" "[method]pollable.block" (func $block (param i32)))
  (import "${POLL}" "[resource-drop]pollable" (func $drop (param i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 64))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i32)
    (local.set 4 (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get 4) (local.get 3)))
    (local.get 4))
  (func (export "cabi_post_${HANDLER}#invoke") (param i32) (global.set $next (i32.const 64)))
  (func (export "${HANDLER}#invoke") (param i32 i32 i32 i32) (result i32) (local $timer i32)
    (local.set $timer (call $subscribe (i64.const ${HOLD_MS * 1_000_000})))
    (call $block (local.get $timer))
    (call $drop (local.get $timer))
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (local.get 2))
    (i32.store (i32.const 24) (local.get 3))
    (i32.const 16))
  (func (export "${HANDLER}#health") (result i32) (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16)))`;

/** `pool`: of its manifest. */
export async function makeWaitingSample(pool: Readonly<Record<string, number>>): Promise<Sample> {
  const built = await makeWatGuest(
    GUEST,
    {
      name: 'waiting',
      isolation: 'shared',
      operations: { wait: {} },
      limits: { memoryMaxMiB: 1, timeoutMs: 5_000 },
      pool,
      capabilities: { clock: { resolutionMs: 1 } },
    },
    [CLOCK, POLL],
    WIT,
  );
  return { built, operation: 'wait', payload: Uint8Array.of(1, 2, 3, 4) };
}
