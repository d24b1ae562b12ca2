/**
 * Rounds that are about resident memory, each made to be the only thing that its process does: `memory-entry.ts` runs them.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { hasCode } from '../../host/errors.ts';
import { ThreadExecutor } from '../../host/executor/executor.ts';
import type { Executor } from '../../host/types.ts';
import { collectGarbage, type Round } from '../harness.ts';
import { slopePerThing } from '../host/rss-slope.ts';
import { prepareImage } from './images.ts';

const KIB_PER_GIB = 1_048_576;
/** What cells of one round may take together, by their linear memories: RSS follows what of it was touched. */
const MEMORY_MAX_BYTES = 2 * 1_024 ** 3;
const TRIAL_CELLS = 20;
/** RSS of so few cells would be noise. */
const CELLS_MIN = 64;
/** Before V8 refuses a memory it collects all garbage, of thousands of cells. */
const CREATE_TIMEOUT_MS = 60_000;
/** Threads that share what a process can have. */
const CAP_EXECUTORS = 4;
/** Above what V8 can have of memories in one process by far. */
const CAP_CELLS_MAX = 40_000;

/** Idle cells held by an executor: at most `cellsMax`, fewer of a guest that takes much. */
export function holdCells(folder: string, cellsMax: number): Promise<Round> {
  return withExecutor(folder, async (executor, imageId) => {
    const bytes: number[] = [];
    const hold = async (): Promise<void> => void bytes.push((await executor.createCell(imageId)).memoryBytes);
    for (let index = 0; index < TRIAL_CELLS; index++) await hold();
    const perCell = Math.max(...bytes);
    const count = Math.max(CELLS_MIN, Math.min(cellsMax, Math.floor(MEMORY_MAX_BYTES / perCell)));
    const { figures } = await slopePerThing(count, hold);
    const perCellKib = figures?.['RSS per cell'];
    if (perCellKib === undefined) throw new Error('the slope has no figure');
    const { value, n } = perCellKib;
    return {
      figures: {
        'cells per GiB': { value: KIB_PER_GIB / value, unit: '', n },
        'RSS per cell': perCellKib,
        'cells created': { value: bytes.length, unit: '', n: bytes.length },
      },
    };
  });
}

/**
 * Cells created until the engine has no more memories to give, or `cellsMax`. It then refuses one, or ends the thread that asked as out
 * of memory: both are the end, and are told apart. Over several threads, as in a host.
 */
export function fillProcess(folder: string, cellsMax: number): Promise<Round> {
  return withExecutors(folder, CAP_EXECUTORS, async (executors, imageId) => {
    await collectGarbage();
    const most = Math.min(cellsMax, CAP_CELLS_MAX);
    let created = 0;
    let refused = 0;
    let threadsLost = 0;
    while (refused + threadsLost === 0 && created < most) {
      const executor = executors[created % executors.length];
      try {
        await executor?.createCell(imageId);
        created++;
      } catch (error) {
        if (hasCode(error, 'POOL_CREATE_FAILED')) refused++;
        else if (hasCode(error, 'EXECUTOR_DIED')) threadsLost++;
        else throw error;
      }
    }
    return {
      figures: {
        'cells created': { value: created, unit: '', n: created },
        refused: { value: refused, unit: '', n: created, over: 'max' },
        'threads lost': { value: threadsLost, unit: '', n: created, over: 'max' },
      },
    };
  });
}

const withExecutor = (
  folder: string,
  use: (executor: Executor, imageId: string) => Promise<Round>,
): Promise<Round> =>
  withExecutors(folder, 1, ([executor], imageId) => {
    if (executor === undefined) throw new Error('there is no executor');
    return use(executor, imageId);
  });

async function withExecutors(
  folder: string,
  count: number,
  use: (executors: readonly Executor[], imageId: string) => Promise<Round>,
): Promise<Round> {
  const manifest = JSON.parse(await readFile(join(folder, 'adapter.json'), 'utf8'));
  const component = await readFile(join(folder, manifest.component));
  const image = await prepareImage({ manifest, component }, join(folder, 'prepared'));
  const executors = Array.from(
    { length: count },
    (_, id) =>
      new ThreadExecutor({
        id,
        clock: systemClock,
        killGraceMs: 1_000,
        createTimeoutMs: CREATE_TIMEOUT_MS,
        onEnd: () => {},
        onCollected: () => {},
      }),
  );
  for (const executor of executors) executor.load(image);
  try {
    return await use(executors, image.id);
  } finally {
    await Promise.all(executors.map((executor) => executor.stop()));
  }
}
