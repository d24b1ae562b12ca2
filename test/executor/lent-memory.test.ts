import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AdapterImage, RunResult } from '../../host/types.ts';
import { brought, call, guestImage, lentImage, type Stage, startStage } from './stage.ts';

/** Long enough to reach what the guest's `big` shows. */
const SECRET = new TextEncoder().encode('the tenant before you '.repeat(100));
let stage: Stage;

function open(image: AdapterImage): () => Promise<number> {
  stage = startStage();
  stage.executor.load(image);
  return async () => (await stage.executor.createCell(image.id)).id;
}
/** 100,000 bytes of the cell's memory. */
async function readMemory(cell: number): Promise<Buffer> {
  const result: RunResult = await stage.executor.run(cell, call('big'));
  if (result.kind !== 'ok') throw new Error(`it ended as ${result.kind}`);
  return Buffer.from(result.bytes);
}

afterEach(() => stage.executor.stop());

describe('a cell whose memory served another', () => {
  let lent: AdapterImage;
  beforeAll(async () => {
    lent = await lentImage();
  });

  it('finds nothing of it', async () => {
    const create = open(lent);
    const untouched = await readMemory(await create());
    const first = await create();
    expect(brought(await stage.executor.run(first, call('echo', SECRET)), SECRET)).toBe(true);
    // The control: it was there to be found.
    expect((await readMemory(first)).includes('the tenant before you')).toBe(true);
    stage.executor.destroyCell(first);
    await expect.poll(stage.collected).toBe(1);
    expect((await readMemory(await create())).equals(untouched)).toBe(true);
    expect(stage.ends).toEqual([]);
  });

  it('counts for the host as one that came after another was gone, without waiting for the garbage collector', async () => {
    const create = open(lent);
    for (let round = 1; round <= 50; round++) {
      stage.executor.destroyCell(await create());
      await expect.poll(stage.collected).toBe(round);
    }
  });

  it('works like one that makes its own', async () => {
    for (const image of [lent, await guestImage()]) {
      const create = open(image);
      const cell = await create();
      for (const count of [1, 2, 3]) {
        expect(brought(await stage.executor.run(cell, call('count')), Uint8Array.of(count))).toBe(true);
      }
      expect(brought(await stage.executor.run(await create(), call('count')), Uint8Array.of(1))).toBe(true);
      expect((await stage.executor.run(cell, call('trap'))).kind).toBe('crash');
      if (image === lent) await stage.executor.stop();
    }
  });
});
