/** Over the real generic-pool: its traps, each closed. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import type { HostError } from '../../host/errors.ts';
import type { PooledCell } from '../../host/pool/pooled-cell.ts';
import { createVirgins } from '../../host/pool/virgins.ts';
import { cellOn } from './cells.ts';
import { createFakeExecutor } from './fake-executor.ts';
import { settle, stateOf } from './stage.ts';

const make = (max = 8) => {
  const executor = createFakeExecutor({ id: 0, clock: createFakeClock() });
  const creations: { succeed(): PooledCell; fail(): void }[] = [];
  const destroyed: PooledCell[] = [];
  const counts = { asked: 0, created: 0 };
  const virgins = createVirgins({
    executor,
    max,
    create: () => {
      counts.asked++;
      return new Promise((resolve, reject) =>
        creations.push({
          succeed() {
            const cell = cellOn(executor);
            resolve(cell);
            return cell;
          },
          fail: () => reject(new Error('no cell')),
        }),
      );
    },
    onCreated: () => counts.created++,
    destroy: (cell) => destroyed.push(cell),
  });
  const grown = async (): Promise<PooledCell> => {
    const growing = virgins.grow();
    const cell = creations.shift()?.succeed() as PooledCell;
    await growing;
    return cell;
  };
  return { virgins, creations, destroyed, counts, grown };
};

test('nothing is made before it is asked for', async () => {
  const { virgins, counts } = make();
  await settle();
  expect([virgins.take(), virgins.idle, counts.asked]).toEqual([undefined, 0, 0]);
});

test('a failing creation is tried once, and its error reaches who asked', async () => {
  const { virgins, creations, counts } = make();
  const growing = virgins.grow().catch((error: Error) => error.message);
  creations.shift()?.fail();
  expect(await growing).toBe('no cell');
  await settle();
  expect([counts.asked, virgins.idle, virgins.creating]).toEqual([1, 0, 0]);
  expect(virgins.take()).toBeUndefined();
});

test('a failed creation beside cells that come and go leaves nothing that looks like an idle cell', async () => {
  const { virgins, creations, grown } = make();
  const [one, two] = [await grown(), await grown()];
  virgins.take();
  virgins.take();
  const growing = virgins.grow().catch(() => 'failed');
  creations.shift()?.fail();
  virgins.putBack(one);
  virgins.putBack(two);
  expect(await growing).toBe('failed');
  await settle();
  expect(virgins.idle).toBe(2);
  expect([virgins.take(), virgins.take(), virgins.take()].filter(Boolean)).toHaveLength(2);
});

test('growing ends with its own cell, not with the first that comes', async () => {
  const { virgins, creations } = make();
  const growing = [virgins.grow(), virgins.grow(), virgins.grow()];
  expect(virgins.creating).toBe(3);
  creations[0]?.succeed();
  expect(await Promise.all(growing.map(stateOf))).toEqual(['ok', 'pending', 'pending']);
  expect([virgins.idle, virgins.creating]).toEqual([1, 2]);
  creations[1]?.succeed();
  creations[2]?.succeed();
  await Promise.all(growing);
  expect([virgins.idle, virgins.creating]).toEqual([3, 0]);
});

test('while a cell enters, the idle ones can be taken and come back', async () => {
  const { virgins, creations, grown } = make();
  const [one, two] = [await grown(), await grown()];
  const growing = virgins.grow();
  const three = creations.shift()?.succeed();
  // One microtask at a time through the entrance.
  for (let turn = 0; turn < 12; turn++) {
    expect(virgins.idle).toBeGreaterThanOrEqual(2);
    const taken = virgins.take() as PooledCell;
    expect([one, two, three]).toContain(taken);
    virgins.putBack(taken);
    await Promise.resolve();
  }
  await growing;
  const all = [virgins.take(), virgins.take(), virgins.take()];
  expect(new Set(all)).toEqual(new Set([one, two, three]));
});

test('what came back last is lent first', async () => {
  const { virgins, grown } = make();
  const [one, two] = [await grown(), await grown()];
  virgins.take();
  virgins.take();
  virgins.putBack(two);
  virgins.putBack(one);
  expect([virgins.take(), virgins.take()]).toEqual([one, two]);
});

test('only a taken cell is destroyed, and only once', async () => {
  const { virgins, destroyed, grown } = make();
  const cell = await grown();
  expect(() => virgins.discard(cell)).toThrow('only a taken cell is destroyed');
  virgins.take();
  virgins.discard(cell);
  expect(destroyed).toEqual([cell]);
  expect(() => virgins.discard(cell)).toThrow('only a taken cell is destroyed');
  expect(() => virgins.putBack(cell)).toThrow('only a taken cell comes back');
});

test('after the end everything idle is handed out, and what comes later is destroyed at once', async () => {
  const { virgins, creations, destroyed, counts, grown } = make();
  await grown();
  await grown();
  const taken = virgins.take() as PooledCell;
  const growing = virgins.grow().catch((error: HostError) => error.code);
  expect(virgins.end()).toHaveLength(1);
  const late = creations.shift()?.succeed();
  expect(await growing).toBe('EXECUTOR_DIED');
  virgins.putBack(taken);
  expect(destroyed).toEqual([late, taken]);
  expect([virgins.idle, virgins.take(), counts.created]).toEqual([0, undefined, 3]);
});

test('a cell that is just entering when the end comes does not stay behind', async () => {
  for (let turns = 0; turns < 10; turns++) {
    const { virgins, creations, destroyed, counts, grown } = make();
    await grown();
    const growing = virgins.grow().catch(() => {});
    creations.shift()?.succeed();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const handedOut = virgins.end();
    await growing;
    await settle();
    expect([virgins.idle, virgins.creating, counts.created]).toEqual([0, 0, 2]);
    expect(handedOut.length + destroyed.length, `after ${turns} turns`).toBe(2);
  }
});

test('no interleaving loses a cell, lends one twice, or makes one that was not asked for', async () => {
  const step = fc.record({
    kind: fc.constantFrom(
      'grow',
      'grow',
      'succeed',
      'succeed',
      'fail',
      'take',
      'take',
      'putBack',
      'discard',
      'turn',
      'turn',
    ),
    pick: fc.nat(100),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      const max = 6;
      const { virgins, creations, destroyed, counts } = make(max);
      const taken: PooledCell[] = [];
      let asked = 0;
      let failed = 0;
      const remove = <T>(list: T[], pick: number): T | undefined =>
        list.splice(pick % Math.max(1, list.length), 1)[0];
      for (const { kind, pick } of steps) {
        if (kind === 'grow' && taken.length + virgins.idle + virgins.creating < max) {
          asked++;
          virgins.grow().catch(() => failed++);
        } else if (kind === 'succeed') {
          remove(creations, pick)?.succeed();
        } else if (kind === 'fail') {
          remove(creations, pick)?.fail();
        } else if (kind === 'take') {
          const idle = virgins.idle;
          const cell = virgins.take();
          expect(cell === undefined).toBe(idle === 0);
          if (cell) expect(taken).not.toContain(cell);
          if (cell) taken.push(cell);
        } else if (kind === 'putBack') {
          const cell = remove(taken, pick);
          if (cell) virgins.putBack(cell);
        } else if (kind === 'discard') {
          const cell = remove(taken, pick);
          if (cell) virgins.discard(cell);
        } else if (kind === 'turn') {
          await Promise.resolve();
        }
        expect(counts.created).toBe(virgins.idle + taken.length + destroyed.length);
      }
      for (const creation of creations.splice(0)) creation.succeed();
      await settle();
      expect(counts.asked).toBe(asked);
      expect(counts.created).toBe(asked - failed);
      expect(virgins.creating).toBe(0);
      expect(virgins.idle + taken.length + destroyed.length).toBe(asked - failed);
    }),
    { numRuns: 300 },
  );
});
