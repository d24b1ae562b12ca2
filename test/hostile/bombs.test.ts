/** Guests that take: memory, tables, room in results and in the log. Each gets what its limits allow and no more. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Arena, openArena, told } from './arena.ts';
import { answer, ECHO, type HostileParts, hostile } from './kit.ts';

const MEMORY_MAX_MIB = 16;
const PAGES_MAX = MEMORY_MAX_MIB * 16;
const LOG_MAX_BYTES = 16 * 1024;

const number = (bytes: Buffer): number => bytes.readUInt32LE(0);
/** Returns the number on the stack, as four bytes. */
const say = (value: string): string =>
  `(i32.store (i32.const 32) ${value}) ${answer('(i32.const 32)', '(i32.const 4)')}`;

describe('a guest that takes what it can get', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena();
  });
  afterAll(() => arena.close());

  it('memory bomb: grows to its limit, cell after cell, and not a page further', async () => {
    const guest = await hostile({
      invoke: `(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.fill (i32.const 65536) (i32.const 255) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536)))
        ${say('(memory.size)')}`,
    });
    await arena.enter('memory', guest);
    const replies = await arena.besides(() =>
      Promise.all(Array.from({ length: 12 }, (_, index) => arena.attack('memory', 'a', '', `m${index}`))),
    );
    expect(replies.map(({ status, bytes }) => [status, number(bytes)])).toEqual(
      Array(12).fill([200, PAGES_MAX]),
    );
    // What has grown so far is not kept for the next call.
    await expect.poll(() => arena.pool('memory').counters.destroyed).toBeGreaterThanOrEqual(12);
    expect(arena.lost()).toBe(0);
  });

  it('table bomb: grows to 100,000 entries', async () => {
    const guest = await hostile({
      fields: '(table $t 1 funcref)',
      invoke: `(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
        ${say('(table.size $t)')}`,
    });
    await arena.enter('table', guest);
    const reply = await arena.besides(() => arena.attack('table', 'a'));
    expect(reply.status).toBe(200);
    expect(number(reply.bytes)).toBeGreaterThan(90_000);
    expect(number(reply.bytes)).toBeLessThanOrEqual(100_000);
  });

  it('a result of 100 MB is refused, and none of it is copied', async () => {
    const guest = await hostile({
      memory: '(memory (export "memory") 1700)',
      invoke: answer('(i32.const 1024)', '(i32.const 100000000)'),
    });
    await arena.enter('result', guest, { limits: { memoryMaxMiB: 128 } });
    const reply = await arena.besides(() => arena.attack('result', 'a'));
    expect(told(reply)).toEqual([502, 'EXECUTOR_OUTPUT_TOO_LARGE']);
    expect(arena.pool('result').counters.crashes).toBe(0);
  });

  it.each<[string, HostileParts]>([
    ['outside of its memory', { invoke: '(i32.const 0xfffffff0)' }],
    ['that ends outside of its memory', { invoke: answer('(i32.const 65530)', '(i32.const 100)') }],
    ['of 4 GiB', { invoke: answer('(i32.const 1024)', '(i32.const -1)') }],
    ['that wraps around', { invoke: answer('(i32.const 0xffffffff)', '(i32.const 2)') }],
    ['that is not aligned', { invoke: `(drop ${block(ECHO)}) (i32.const 17)` }],
    [
      'that is neither ok nor error',
      { invoke: `(drop ${block(ECHO)}) (i32.store8 (i32.const 16) (i32.const 7)) (i32.const 16)` },
    ],
  ])('a result %s is none', async (what, parts) => {
    const guest = `pointer-${what.replaceAll(/[^a-z]+/g, '-')}`;
    await arena.enter(guest, await hostile(parts));
    const reply = await arena.besides(() => arena.attack(guest, 'a', 'payload'));
    expect(told(reply)).toEqual([502, 'EXECUTOR_BAD_RESULT']);
    await arena.host.remove(guest);
  });

  it.each([
    ['of long lines', 100],
    ['of lines of one character', 1],
    ['of empty lines', 0],
  ])('log flood %s: some hundred lines are kept, and the rest is counted', async (what, length) => {
    const guest = `flood-${length}`;
    const flood = await hostile({
      imports: ['log'],
      fields: `(data (i32.const 1024) "${'x'.repeat(100)}")`,
      invoke: `(local $left i32) (local.set $left (i32.const 20000))
        (loop $l (call $log (i32.const 4) (i32.const 1024) (i32.const ${length}))
          (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $l (local.get $left)))
        ${ECHO}`,
    });
    await arena.enter(guest, flood, { capabilities: { log: { level: 'info' } } });
    const reply = await arena.besides(() => arena.attack(guest, 'a', what));
    expect([reply.status, reply.bytes.toString()]).toEqual([200, what]);
    const lines = arena.lines.filter(({ adapter }) => adapter === guest);
    const kept = lines.slice(0, -1);
    expect(kept.length).toBeLessThanOrEqual(500);
    expect(kept.reduce((sum, { message }) => sum + message.length, 0)).toBeLessThanOrEqual(LOG_MAX_BYTES);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', tenant: 'mallory' });
    expect(lines.at(-1)?.message).toBe(
      `${20_000 - kept.length} lines more than the ${LOG_MAX_BYTES} bytes that a call may log`,
    );
    expect(arena.lost()).toBe(0);
  });

  it('a last line without its end is said with its call, and harms no answer', async () => {
    const guest = await hostile({
      imports: ['stdout', 'checkWrite', 'write'],
      fields: '(data (i32.const 1024) "no line feed")',
      invoke: `(local $out i32) (local.set $out (call $stdout))
        (call $checkWrite (local.get $out) (i32.const 2048))
        (call $write (local.get $out) (i32.const 1024) (i32.const 12) (i32.const 2048)) ${ECHO}`,
    });
    await arena.enter('print', guest, { capabilities: { log: {} } });
    const replies = await arena.besides(() =>
      Promise.all(Array.from({ length: 8 }, (_, index) => arena.attack('print', 'a', `call ${index}`))),
    );
    expect(replies.map(({ bytes }) => bytes.toString())).toEqual(replies.map((_, index) => `call ${index}`));
    const lines = arena.lines.filter(({ adapter }) => adapter === 'print');
    expect(lines.map(({ message }) => message)).toEqual(Array(8).fill('no line feed'));
    expect(arena.lost()).toBe(0);
  });
});

/** As few as an operator may allow, the neighbours' included. */
const MEMORIES_MAX = 64;

it('10,000 calls that leak a page each are all served, by cells that are replaced before they are full', async () => {
  const arena = await openArena({ memoryBudget: MEMORIES_MAX });
  try {
    const guest = await hostile({
      invoke: `(if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) ${ECHO}`,
    });
    await arena.enter('leak', guest, {
      pool: { min: 1, max: 4, acquireTimeoutMs: 20_000, tenantShare: 1, permits: 64 },
      limits: { memoryMaxMiB: 4, timeoutMs: 20_000 },
    });
    let served = 0;
    const caller = async (): Promise<void> => {
      while (served < 10_000) {
        const requestId = `leak-${served++}`;
        const call = { adapter: 'leak', operation: 'a', payload: new Uint8Array(8), tenant: 'mallory' };
        const { outcome } = await arena.host.invoke({ ...call, requestId });
        if (outcome.kind !== 'ok') throw outcome.error;
      }
    };
    await arena.besides(() => Promise.all([caller(), caller(), caller(), caller()]));
    const { counters, size } = arena.pool('leak');
    expect(counters.crashes).toBe(0);
    expect(counters.created - counters.destroyed).toBe(size);
    // Each cell has room for 64 leaks at most. There were more cells than there may be memories: they were given back.
    expect(counters.created).toBeGreaterThan(10_000 / 64);
    expect(counters.created).toBeGreaterThan(2 * MEMORIES_MAX);
    console.info(`leak: ${counters.created} cells, ${arena.host.snapshot().memories.live} memories live`);
  } finally {
    await arena.close();
  }
}, 60_000);

function block(body: string): string {
  return `(block (result i32) ${body})`;
}
