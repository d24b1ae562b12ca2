/** A call that is given up ends at once for its caller, and its cell with it; the thread and its neighbours go on. */

import { afterEach, expect, it } from 'vitest';
import { call, endOf, meteredImage, type Stage, startStage } from './stage.ts';

/** A thread that a busy machine does not let run must not be mistaken for one that does not stop. */
const KILL_NEVER_MS = 60_000;
/** No deadline of these tests: what ends before has been given up. */
const LONG_MS = 600_000;

let stage: Stage | undefined;
afterEach(() => stage?.executor.stop());

it('a guest that loops is stopped when its caller gives up, long before its deadline, and its neighbour goes on', async () => {
  stage = startStage({ killGraceMs: KILL_NEVER_MS });
  const { executor, ends } = stage;
  const image = await meteredImage();
  executor.load(image);
  const neighbour = (await executor.createCell(image.id)).id;
  const looping = (await executor.createCell(image.id)).id;
  const giving = new AbortController();
  const running = executor.run(looping, {
    ...call('loop', new Uint8Array(0), LONG_MS),
    signal: giving.signal,
  });
  // The neighbour is served between two slices: so the other has begun.
  expect(endOf(await executor.run(neighbour, call('count')))).toBe('ok');
  giving.abort();
  expect(endOf(await running)).toBe('cancelled after its beginning');
  expect(endOf(await executor.run(looping, call('echo')))).toMatch(/^not-begun/);
  expect(endOf(await executor.run(neighbour, call('count')))).toBe('ok');
  await expect.poll(() => executor.inFlight).toBe(0);
  expect(ends).toEqual([]);
});

it('a call that ended is not touched by what its caller does afterwards', async () => {
  stage = startStage({ killGraceMs: KILL_NEVER_MS });
  const { executor } = stage;
  const image = await meteredImage();
  executor.load(image);
  const cell = (await executor.createCell(image.id)).id;
  const giving = new AbortController();
  expect(endOf(await executor.run(cell, { ...call('count'), signal: giving.signal }))).toBe('ok');
  giving.abort();
  expect(endOf(await executor.run(cell, call('count')))).toBe('ok');
});
