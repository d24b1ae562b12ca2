/** Guests that call the host where they must not, with what they must not, or that hope to survive it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALLOCATOR } from '../registry/sample-components.ts';
import { type Arena, openArena, told } from './arena.ts';
import { ECHO, type HostileParts, hostile } from './kit.ts';

const CAPABILITIES = { capabilities: { log: {}, clock: {}, random: {}, kv: {}, config: { c: 'value' } } };
/** The key and the value `k`, and a sentence, in its memory. */
const TEXT = '(data (i32.const 1024) "c and more than that")';
const SAY = '(call $log (i32.const 2) (i32.const 1024) (i32.const 20))';

const inAllocator = (body: string): string =>
  ALLOCATOR.replace('(local $pages i32)', `(local $pages i32) ${body}`);
const inCleanup = (body: string): string =>
  ALLOCATOR.replace('(func $reset (param i32)', `(func $reset (param i32) ${body}`);

/** `body` in a block that catches whatever can be caught, and then the answer of a guest that is well. */
const survive = (body: string): string => `(block $caught (try_table (catch_all $caught) ${body})) ${ECHO}`;

const BAD = [502, 'EXECUTOR_BAD_RESULT'] as const;
const TRAP = [502, 'EXECUTOR_TRAP'] as const;

const ATTACKS: readonly (readonly [string, HostileParts, readonly [number, string]])[] = [
  ['an import called in cabi_realloc', { imports: ['log'], fields: TEXT, allocator: inAllocator(SAY) }, BAD],
  ['an import called in the cleanup', { imports: ['log'], fields: TEXT, allocator: inCleanup(SAY) }, BAD],
  [
    'an import that waits called in the cleanup',
    {
      imports: ['sleep', 'block'],
      allocator: inCleanup('(call $block (call $sleep (i64.const 1000000)))'),
    },
    BAD,
  ],
  [
    'an allocator that traps on the answer of an import, to survive it',
    {
      imports: ['config'],
      fields: `${TEXT} (global $armed (mut i32) (i32.const 0))`,
      allocator: inAllocator('(if (global.get $armed) (then unreachable))'),
      invoke: `(global.set $armed (i32.const 1)) ${survive('(call $config (i32.const 1024) (i32.const 1) (i32.const 2048))')}`,
    },
    TRAP,
  ],
  [
    'an allocator that traps on an answer that was waited for, to survive it',
    {
      imports: ['kvGet', 'kvSet'],
      fields: `${TEXT} (global $armed (mut i32) (i32.const 0))`,
      allocator: inAllocator('(if (global.get $armed) (then unreachable))'),
      invoke: `(call $kvSet (i32.const 1024) (i32.const 1) (i32.const 1024) (i32.const 20) (i32.const 2048))
        (global.set $armed (i32.const 1))
        ${survive('(call $kvGet (i32.const 1024) (i32.const 1) (i32.const 2048))')}`,
    },
    TRAP,
  ],
  [
    'an allocator that throws on the answer of an import, to survive it',
    {
      imports: ['config'],
      fields: `${TEXT} (tag $oops) (global $armed (mut i32) (i32.const 0))`,
      allocator: inAllocator('(if (global.get $armed) (then (throw $oops)))'),
      invoke: `(global.set $armed (i32.const 1)) ${survive('(call $config (i32.const 1024) (i32.const 1) (i32.const 2048))')}`,
    },
    TRAP,
  ],
  ['exit', { imports: ['exit'], invoke: `(call $exit (i32.const 0)) ${ECHO}` }, TRAP],
  ['exit that is caught', { imports: ['exit'], invoke: survive('(call $exit (i32.const 1))') }, TRAP],
  [
    'a poll of nothing that is caught',
    { imports: ['poll'], invoke: survive('(call $poll (i32.const 0) (i32.const 0) (i32.const 2048))') },
    TRAP,
  ],
  [
    'a forged handle',
    { imports: ['dropFields'], invoke: survive('(call $dropFields (i32.const 1234))') },
    BAD,
  ],
  [
    'a handle that is dropped twice',
    {
      imports: ['fields', 'dropFields'],
      invoke: `(local $h i32) (local.set $h (call $fields))
        ${survive('(call $dropFields (local.get $h)) (call $dropFields (local.get $h))')}`,
    },
    BAD,
  ],
  [
    'a handle of another resource',
    { imports: ['fields', 'ready'], invoke: survive('(drop (call $ready (call $fields)))') },
    BAD,
  ],
  [
    'a handle that was passed on',
    {
      imports: ['fields', 'request', 'clone'],
      invoke: `(local $h i32) (local.set $h (call $fields)) (drop (call $request (local.get $h)))
        ${survive('(drop (call $clone (local.get $h)))')}`,
    },
    BAD,
  ],
  [
    'handles without end',
    { imports: ['stdin'], invoke: '(loop $l (drop (call $stdin)) (br $l)) unreachable' },
    TRAP,
  ],
  [
    'headers without end',
    {
      imports: ['fields', 'clone'],
      invoke: '(loop $l (drop (call $clone (call $fields))) (br $l)) unreachable',
    },
    TRAP,
  ],
  [
    'a line that is not UTF-8',
    {
      imports: ['log'],
      fields: '(data (i32.const 1024) "\\ff\\fe\\c0\\80")',
      invoke: survive('(call $log (i32.const 2) (i32.const 1024) (i32.const 4))'),
    },
    BAD,
  ],
  [
    'a level that there is not',
    { imports: ['log'], invoke: survive('(call $log (i32.const 99) (i32.const 0) (i32.const 4))') },
    BAD,
  ],
  [
    'a line outside of its memory',
    { imports: ['log'], invoke: survive('(call $log (i32.const 2) (i32.const 0xfffffff0) (i32.const 64))') },
    BAD,
  ],
  [
    'an argument of 268,435,456 elements',
    {
      imports: ['poll'],
      invoke: survive('(call $poll (i32.const 0) (i32.const 0x10000000) (i32.const 2048))'),
    },
    BAD,
  ],
  [
    'a value of 15 MB for the store',
    {
      imports: ['kvSet'],
      memory: '(memory (export "memory") 250)',
      invoke: survive(
        '(call $kvSet (i32.const 1024) (i32.const 1) (i32.const 1024) (i32.const 15000000) (i32.const 512))',
      ),
    },
    BAD,
  ],
  [
    'room for a result outside of its memory',
    {
      imports: ['config'],
      invoke: survive('(call $config (i32.const 0) (i32.const 1) (i32.const 0xfffffffc))'),
    },
    BAD,
  ],
  [
    'more random bytes than memory',
    { imports: ['bytes'], invoke: survive('(call $bytes (i64.const -1) (i32.const 2048))') },
    TRAP,
  ],
  [
    'a write beyond what was permitted',
    {
      imports: ['stdout', 'write'],
      invoke: survive('(call $write (call $stdout) (i32.const 0) (i32.const 60000) (i32.const 2048))'),
    },
    TRAP,
  ],
];

describe('a guest that abuses its imports', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena();
  });
  afterAll(() => arena.close());

  it.each(ATTACKS)('%s', async (name, parts, end) => {
    const guest = `imports-${ATTACKS.findIndex(([other]) => other === name)}`;
    await arena.enter(guest, await hostile(parts), CAPABILITIES);
    const reply = await arena.besides(() => arena.attack(guest, 'a', 'payload'));
    expect(told(reply)).toEqual(end);
    // The cell is gone with it, and so is whatever it had come to.
    expect(arena.pool(guest).counters.crashes).toBe(1);
    expect(arena.lost()).toBe(0);
    await arena.host.remove(guest);
  });

  it('an import that waits called in start', async () => {
    const guest = await hostile({
      imports: ['sleep', 'block'],
      fields: '(func $begin (call $block (call $sleep (i64.const 1000000)))) (start $begin)',
    });
    await arena.besides(async () => {
      await expect(arena.enter('waits', guest, CAPABILITIES)).rejects.toMatchObject({
        code: 'POOL_CREATE_FAILED',
        detail: expect.stringContaining('cannot wait'),
      });
    });
  });

  it('the thread kept by an allocator that works long for each answer', async () => {
    const spin = `(if (global.get $armed) (then
      (local.set $pages (i32.const 700000))
      (loop $more (local.set $pages (i32.sub (local.get $pages) (i32.const 1))) (br_if $more (local.get $pages)))))`;
    const guest = await hostile({
      imports: ['config'],
      fields: `${TEXT} (global $armed (mut i32) (i32.const 0))`,
      allocator: inAllocator(spin),
      invoke: `(global.set $armed (i32.const 1))
        (loop $l (global.set $next (i32.const 4096))
          (call $config (i32.const 1024) (i32.const 1) (i32.const 2048)) (br $l)) unreachable`,
    });
    await expectShared('keeper', guest);
  });

  it('the thread kept by host work that costs the guest nothing', async () => {
    const guest = await hostile({
      imports: ['bytes'],
      memory: '(memory (export "memory") 32)',
      invoke: `(loop $l (global.set $next (i32.const 4096))
        (call $bytes (i64.const 1048576) (i32.const 2048)) (br $l)) unreachable`,
    });
    await expectShared('worker', guest);
  });

  /** Neighbours get their turns while it is on its way, and it ends at its deadline with the thread kept. */
  async function expectShared(name: string, guest: Uint8Array): Promise<void> {
    await arena.enter(name, guest, { ...CAPABILITIES, limits: { timeoutMs: 1_000, memoryMaxMiB: 16 } });
    let served = 0;
    await arena.besides(async () => {
      let isOver = false;
      const attack = arena.attack(name, 'a').finally(() => {
        isOver = true;
      });
      await expect.poll(() => arena.pool(name).leased).toBe(1);
      while (!isOver) {
        await arena.attack('neighbour', 'e', 'x', 'three');
        if (!isOver) served++;
      }
      expect(told(await attack)).toEqual([504, 'EXECUTOR_DEADLINE']);
    });
    expect(served).toBeGreaterThan(2);
    expect(arena.lost()).toBe(0);
  }
});
