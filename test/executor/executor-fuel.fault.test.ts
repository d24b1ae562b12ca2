/** A metered guest is stopped in its thread, which goes on: nothing is killed, and neighbours keep their cells. */

import { afterEach, expect, it } from 'vitest';
import { brought, call, endOf, meteredImage, type Stage, startStage } from './stage.ts';

/** A thread that a busy machine does not let run must not be mistaken for one that does not stop. */
const KILL_NEVER_MS = 60_000;

let stage: Stage | undefined;
afterEach(() => stage?.executor.stop());

it('a metered guest that loops ends at its deadline, and a neighbour in its thread keeps what it knows', async () => {
  stage = startStage({ killGraceMs: KILL_NEVER_MS });
  const { executor, ends } = stage;
  const image = await meteredImage();
  executor.load(image);
  const neighbour = (await executor.createCell(image.id)).id;
  expect(endOf(await executor.run(neighbour, call('count')))).toBe('ok');
  for (let turn = 0; turn < 3; turn++) {
    const looping = (await executor.createCell(image.id)).id;
    const result = await executor.run(looping, call('loop', new Uint8Array(0), 200));
    expect(endOf(result)).toBe('EXECUTOR_DEADLINE');
    expect(result).toMatchObject({ fuel: expect.any(Number) });
    // Its cell is gone; nobody enters it again.
    expect(endOf(await executor.run(looping, call('echo')))).toMatch(/^not-begun/);
  }
  expect(brought(await executor.run(neighbour, call('count')), Uint8Array.of(2))).toBe(true);
  expect(ends).toEqual([]);
});

it('a metered guest ends at the unit that its request names, with what it used in the answer', async () => {
  stage = startStage({ killGraceMs: KILL_NEVER_MS });
  const { executor, ends } = stage;
  const image = await meteredImage();
  executor.load(image);
  const run = async (fuelMax?: number) =>
    await executor.run((await executor.createCell(image.id)).id, {
      ...call('echo', new Uint8Array(100)),
      ...(fuelMax === undefined ? {} : { fuelMax }),
    });
  const free = await run();
  const fuel = free.kind === 'ok' ? (free.fuel ?? 0) : 0;
  expect(fuel).toBeGreaterThan(0);
  expect(await run(fuel)).toMatchObject({ kind: 'ok', fuel });
  expect(endOf(await run(fuel - 1))).toBe('EXECUTOR_FUEL');
  expect(ends).toEqual([]);
});
