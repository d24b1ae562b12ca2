/** Guests that never come back, each in its way. Each is answered and stopped, and its thread goes on. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALLOCATOR } from '../registry/sample-components.ts';
import { type Arena, openArena, told } from './arena.ts';
import { ECHO, type HostileParts, hostile, LOOP } from './kit.ts';

/** Of the attacker's calls: long enough for neighbours to be served beside them. */
const LIMITS = { limits: { timeoutMs: 300, memoryMaxMiB: 16 } };

const REALLOC_LOOPS = ALLOCATOR.replace('(local $pages i32)', `(local $pages i32) ${LOOP}`);
const CLEANUP_LOOPS = ALLOCATOR.replace('(func $reset (param i32)', `(func $reset (param i32) ${LOOP}`);

const ATTACKS: readonly (readonly [string, HostileParts, number, string])[] = [
  ['an endless loop', { invoke: `${LOOP} unreachable` }, 504, 'EXECUTOR_DEADLINE'],
  [
    'an endless loop in loops',
    {
      invoke: `(local $turns i32)
        (loop $outer (local.set $turns (i32.const 1000))
          (loop $inner (local.set $turns (i32.sub (local.get $turns) (i32.const 1))) (br_if $inner (local.get $turns)))
          (br $outer)) unreachable`,
    },
    504,
    'EXECUTOR_DEADLINE',
  ],
  [
    'an endless loop through call_indirect',
    {
      fields: `(type $step (func)) (table $steps 2 funcref) (elem (table $steps) (i32.const 0) func $nothing $nothing)
        (func $nothing (type $step))`,
      invoke: '(loop $l (call_indirect $steps (type $step) (i32.const 1)) (br $l)) unreachable',
    },
    504,
    'EXECUTOR_DEADLINE',
  ],
  [
    'endless tail calls',
    { fields: '(func $again (return_call $again))', invoke: '(call $again) unreachable' },
    504,
    'EXECUTOR_DEADLINE',
  ],
  [
    'an endless loop that catches everything',
    {
      invoke: `(loop $l (block $caught (try_table (catch_all $caught) (loop $i (br $i)))) (br $l)) unreachable`,
    },
    504,
    'EXECUTOR_DEADLINE',
  ],
  ['an endless loop in cabi_realloc', { allocator: REALLOC_LOOPS }, 504, 'EXECUTOR_FUEL'],
  ['an endless loop in the cleanup of a call', { allocator: CLEANUP_LOOPS }, 504, 'EXECUTOR_FUEL'],
  [
    'unbounded recursion',
    {
      fields: '(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))',
      invoke: '(call $deep (i32.const 0))',
    },
    502,
    'EXECUTOR_STACK_OVERFLOW',
  ],
  [
    'bulk copies without end',
    {
      memory: '(memory (export "memory") 256)',
      invoke:
        '(loop $l (memory.copy (i32.const 0) (i32.const 1024) (i32.const 16000000)) (br $l)) unreachable',
    },
    504,
    'EXECUTOR_DEADLINE',
  ],
  [
    'a wait for what is never ready',
    {
      imports: ['sleep', 'block'],
      invoke: '(call $block (call $sleep (i64.const 0x7fffffffffffffff))) unreachable',
    },
    504,
    'EXECUTOR_DEADLINE',
  ],
];

describe('a guest that does not come back', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena();
  });
  afterAll(() => arena.close());

  it.each(ATTACKS)('%s', async (name, parts, status, code) => {
    const guest = `endless-${ATTACKS.findIndex(([other]) => other === name)}`;
    await arena.enter(guest, await hostile(parts), { ...LIMITS, capabilities: { clock: {} } });
    const reply = await arena.besides(() => arena.attack(guest, 'a', 'payload'));
    expect(told(reply)).toEqual([status, code]);
    expect(arena.lost()).toBe(0);
    await arena.host.remove(guest);
  });

  it('unbounded recursion that catches everything', async () => {
    const guest = await hostile({
      fields: `(global $caught (mut i32) (i32.const 0))
        (func $deep (block $done (try_table (catch_all $done) (call $deep) (return))) (global.set $caught (i32.const 1)))`,
      invoke: `(call $deep) (if (global.get $caught) (then ${LOOP})) ${ECHO}`,
    });
    await arena.enter('deep', guest, LIMITS);
    const reply = await arena.besides(() => arena.attack('deep', 'a', 'payload'));
    expect(told(reply)).toEqual([502, 'EXECUTOR_STACK_OVERFLOW']);
    expect(arena.lost()).toBe(0);
  });

  it('an endless loop in start', async () => {
    const guest = await hostile({ fields: `(func $begin ${LOOP}) (start $begin)` });
    await arena.besides(async () => {
      await expect(arena.enter('start', guest)).rejects.toMatchObject({ code: 'POOL_CREATE_FAILED' });
    });
    expect(arena.lost()).toBe(0);
    expect((await arena.attack('start', 'a')).status).toBe(404);
  });

  it('an endless loop where the stack has no room for the host to stop it', async () => {
    // Down to where the host cannot be called any more, by its exception; then for ever, catching what the next slice throws.
    const guest = await hostile({
      imports: ['now'],
      fields: `(func $deep
        (block $brink (try_table (catch_all $brink) (drop (call $now))) (call $deep) (return))
        (loop $again (block $caught (try_table (catch_all $caught) ${LOOP})) (br $again)))
        (start $deep)`,
    });
    await arena.besides(async () => {
      await expect(arena.enter('brink', guest, { capabilities: { clock: {} } })).rejects.toMatchObject({
        code: 'POOL_CREATE_FAILED',
      });
    });
    expect(arena.lost()).toBe(0);
  });

  it('an endless loop in health', async () => {
    const guest = await hostile({ health: `${LOOP} unreachable` });
    await arena.besides(async () => {
      await expect(arena.enter('ill', guest)).rejects.toMatchObject({ code: 'POOL_CREATE_FAILED' });
    });
    expect(arena.lost()).toBe(0);
  });

  it('an endless loop in health, once it is trusted', async () => {
    const guest = await hostile({
      fields: '(global $calls (mut i32) (i32.const 0))',
      invoke: `(global.set $calls (i32.const 1)) ${ECHO}`,
      health: `(if (global.get $calls) (then ${LOOP})) (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16)`,
    });
    await arena.enter('health', guest, {
      pool: { min: 1, max: 2, healthIntervalMs: 100, acquireTimeoutMs: 20_000, maxCrashes: 1_000 },
    });
    expect((await arena.attack('health', 'a', 'first')).bytes.toString()).toBe('first');
    await arena.besides(async () => {
      const { replacements } = arena.pool('health').counters;
      await expect
        .poll(() => arena.pool('health').counters.replacements, { timeout: 15_000 })
        .toBeGreaterThan(replacements);
    });
    expect(arena.lost()).toBe(0);
    expect((await arena.attack('health', 'a', 'still')).bytes.toString()).toBe('still');
  });
});
