/** Rations of work on the event loop, with turns that the test makes: nothing here depends on how fast a machine is. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNativeBackend } from '../../host/vault/native-backend.ts';
import { createTurns } from '../../host/vault/turns.ts';
import { repeating, rootKey } from './fixtures.ts';

const KIB = 1024;

/** Turns of an event loop, one at a time. */
function createLoop() {
  let next: (() => void)[] = [];
  return {
    nextTurn: (begin: () => void) => void next.push(begin),
    awaitedCount: () => next.length,
    /** Settles whatever this turn let go. */
    async turn(): Promise<void> {
      const now = next;
      next = [];
      for (const begin of now) begin();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('work that fits a turn is not held up, and a quiet loop is left alone', async () => {
  const loop = createLoop();
  const turns = createTurns({ turnMaxBytes: 100, nextTurn: loop.nextTurn });
  expect([turns.take(50), turns.take(50)]).toEqual([undefined, undefined]);
  expect(loop.awaitedCount()).toBe(1);
  await loop.turn();
  expect(loop.awaitedCount()).toBe(0);
  expect(turns.take(100)).toBe(undefined);
});

test('what is too large for any turn has one to itself', async () => {
  const loop = createLoop();
  const turns = createTurns({ turnMaxBytes: 100, nextTurn: loop.nextTurn });
  const done: string[] = [];
  const work = async (name: string, bytes: number): Promise<void> => {
    await turns.take(bytes);
    done.push(name);
  };
  void work('first', 10);
  void work('large', 1_000);
  void work('small', 10);
  await loop.turn();
  expect(done).toEqual(['first', 'large']);
  await loop.turn();
  expect(done).toEqual(['first', 'large', 'small']);
});

test('no turn does more than its ration, nothing is overtaken and nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 8 }), { minLength: 1, maxLength: 12 }),
      async (arrivals) => {
        const loop = createLoop();
        const turns = createTurns({ turnMaxBytes: 100, nextTurn: loop.nextTurn });
        const done: number[] = [];
        const byTurn: number[][] = [[]];
        let asked = 0;
        const work = async (bytes: number): Promise<void> => {
          const index = asked++;
          await turns.take(bytes);
          done.push(index);
          byTurn.at(-1)?.push(bytes);
        };
        const pending: Promise<void>[] = [];
        for (const arrival of arrivals) {
          for (const bytes of arrival) pending.push(work(bytes));
          await Promise.resolve();
          byTurn.push([]);
          await loop.turn();
        }
        while (loop.awaitedCount() > 0) {
          byTurn.push([]);
          await loop.turn();
        }
        await Promise.all(pending);
        expect(done).toEqual(Array.from({ length: asked }, (_, index) => index));
        for (const turn of byTurn) {
          const sum = turn.reduce((total, bytes) => total + bytes, 0);
          expect(sum <= 100 || turn.length === 1, `${turn}`).toBe(true);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test.each([
  ['a batch', 'sealBatch'],
  ['many operations at a time', 'seal'],
] as const)('the native backend gives the loop its turns during %s', async (_name, how) => {
  const loop = createLoop();
  const backend = createNativeBackend({ loadKey: async () => rootKey(1), nextTurn: loop.nextTurn });
  const key = { handle: 1, keyVersion: 1, context: new Uint8Array() };
  await backend.derive(key);
  await loop.turn();
  let isDone = false;
  const request = {
    key,
    nonce: repeating(24),
    associatedData: new Uint8Array(),
    plaintext: repeating(64 * KIB),
  };
  const requests = Array.from({ length: 100 }, () => request);
  const all =
    how === 'sealBatch' ? backend.sealBatch(requests) : Promise.all(requests.map((one) => backend.seal(one)));
  void all.then(() => {
    isDone = true;
  });
  let turnCount = 0;
  while (!isDone) {
    turnCount++;
    await loop.turn();
  }
  // 100 × 72 KiB of work, three to a turn of 256 KiB; the first three came before it.
  expect(turnCount).toBe(33);
  expect((await all).length).toBe(100);
  await backend.close();
});

test('the native backend gives the loop its turns while it derives keys', async () => {
  const loop = createLoop();
  const backend = createNativeBackend({ loadKey: async () => rootKey(1), nextTurn: loop.nextTurn });
  let derivedCount = 0;
  const derivations = Array.from({ length: 40 }, async (_, handle) => {
    await backend.derive({ handle, keyVersion: 1, context: Uint8Array.of(handle) });
    derivedCount++;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(derivedCount).toBe(8);
  await loop.turn();
  expect(derivedCount).toBe(16);
  for (let turn = 0; turn < 3; turn++) await loop.turn();
  await Promise.all(derivations);
  await backend.close();
});
