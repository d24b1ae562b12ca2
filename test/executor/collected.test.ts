import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryBudget } from '../../host/pool/budget.ts';
import type { AdapterImage, CellInfo, Executor } from '../../host/types.ts';
import { guestImage, type Stage, startStage } from './stage.ts';

let image: AdapterImage;
const stages: Stage[] = [];
beforeAll(async () => {
  image = await guestImage();
});
afterEach(() => Promise.all(stages.splice(0).map(({ executor }) => executor.stop())));

function start(options: Parameters<typeof startStage>[0] = {}): Stage {
  const stage = startStage(options);
  stages.push(stage);
  stage.executor.load(image);
  return stage;
}

const create = (executor: Executor, count: number): Promise<CellInfo[]> =>
  Promise.all(Array.from({ length: count }, () => executor.createCell(image.id)));

/** A busy machine boots threads and collects garbage late; what is waited for comes or the test fails. */
const WAIT = { timeout: 10_000 };

describe('memories of dropped cells', () => {
  it('are all reported, each once, and those of live cells are not', async () => {
    const { executor, collected } = start();
    const kept = await create(executor, 20);
    for (let round = 1; round <= 3; round++) {
      for (const { id } of await create(executor, 500)) executor.destroyCell(id);
      executor.collect();
      await expect.poll(collected, WAIT).toBe(round * 500);
    }
    for (const { id } of kept) executor.destroyCell(id);
    executor.collect();
    await expect.poll(collected, WAIT).toBe(1520);
  });

  it('of crashed cells are reported too', async () => {
    const { executor, collected } = start();
    const cells = await create(executor, 50);
    const deadlineMs = Number.MAX_SAFE_INTEGER;
    const trap = {
      operation: 'trap',
      payload: new Uint8Array(0),
      deadlineMs,
      beginByMs: deadlineMs,
      outputMaxBytes: 0,
    };
    const ends = await Promise.all(cells.map(({ id }) => executor.run(id, trap)));
    expect(ends.every(({ kind }) => kind === 'crash')).toBe(true);
    executor.collect();
    await expect.poll(collected, WAIT).toBe(50);
  });

  it('of a thread that idles make room for another thread when the budget asks', async () => {
    const budget = createMemoryBudget({
      limit: 4_000,
      collect: () => {
        for (const { executor } of stages) executor.collect();
      },
    });
    let hear = (): void => {};
    const onCollected = (executor: Executor, memories: number): void => {
      budget.release(executor, memories);
      hear();
    };
    const { executor: idle } = start({ onCollected });
    const { executor: busy } = start({ id: 1, onCollected });
    for (let i = 0; i < 3_000; i++) expect(budget.reserve(idle, 1)).toBe(true);
    for (const { id } of await create(idle, 3_000)) idle.destroyCell(id);
    // From here on nobody calls the idle thread; only the budget's own request can reach it.
    let created = 0;
    while (created < 3_000) {
      const heard = new Promise<void>((resolve) => {
        hear = resolve;
      });
      let count = 0;
      while (created + count < 3_000 && count < 100 && budget.reserve(busy, 1)) count++;
      if (count === 0) await heard;
      else created += (await create(busy, count)).length;
    }
    await expect.poll(() => budget.live, WAIT).toBe(3_000);
  });
});
