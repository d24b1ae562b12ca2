/**
 * Rounds that are about resident memory, each made to be the only thing that its process does: `memory-entry.ts` runs them.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../host/errors.ts';
import type { Executor } from '../../host/types.ts';
import { collectGarbage, type Round } from '../harness.ts';
import { startExecutor } from '../host/cells.ts';
import { slopePerThing } from '../host/rss-slope.ts';
import { prepareImage } from './images.ts';

const KIB_PER_GIB = 1_048_576;
/** What cells of one round may take together, by their linear memories: RSS follows what of it was touched. */
const MEMORY_MAX_BYTES = 2 * 1_024 ** 3;
const TRIAL_CELLS = 20;
/** RSS of so few cells would be noise. */
const CELLS_MIN = 64;
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

/** Cells created until the engine refuses one more memory, or `cellsMax`. */
export function fillProcess(folder: string, cellsMax: number): Promise<Round> {
  return withExecutor(folder, async (executor, imageId) => {
    await collectGarbage();
    let created = 0;
    let refused = 0;
    while (refused === 0 && created < Math.min(cellsMax, CAP_CELLS_MAX)) {
      try {
        await executor.createCell(imageId);
        created++;
      } catch (error) {
        if (!hasCode(error, 'POOL_CREATE_FAILED')) throw error;
        refused++;
      }
    }
    return {
      figures: {
        'cells created': { value: created, unit: '', n: created },
        refused: { value: refused, unit: '', n: created, over: 'sum' },
      },
    };
  });
}

async function withExecutor(
  folder: string,
  use: (executor: Executor, imageId: string) => Promise<Round>,
): Promise<Round> {
  const manifest = JSON.parse(await readFile(join(folder, 'adapter.json'), 'utf8'));
  const component = await readFile(join(folder, manifest.component));
  const image = await prepareImage({ manifest, component }, join(folder, 'prepared'));
  const executor = startExecutor();
  executor.load(image);
  try {
    return await use(executor, image.id);
  } finally {
    await executor.stop();
  }
}
