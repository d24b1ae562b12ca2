import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FRAME_BYTES } from '../../host/executor/protocol.ts';
import { INLINE_MAX_BYTES } from '../../host/executor/ring.ts';
import type { AdapterImage, RunResult } from '../../host/types.ts';
import {
  brought,
  call,
  createShiftedClock,
  endOf,
  FAR_MS,
  guestImage,
  loopingStartImage,
  MiB,
  pattern,
  type Stage,
  startStage,
} from './stage.ts';

let image: AdapterImage;
let stage: Stage | undefined;
beforeAll(async () => {
  image = await guestImage();
});
afterEach(() => stage?.executor.stop());

/** An executor with the guest loaded, and a cell of it. */
async function open(options: Parameters<typeof startStage>[0] = {}): Promise<Stage & { cell: number }> {
  const opened = startStage(options);
  stage = opened;
  opened.executor.load(image);
  return { ...opened, cell: (await opened.executor.createCell(image.id)).id };
}

const endsOf = async (runs: readonly Promise<RunResult>[]): Promise<string[]> =>
  (await Promise.all(runs)).map(endOf);

/** Around the border between frame and port, in mixed order. */
const SIZES = [-1, 0, 1].flatMap((step) => [
  INLINE_MAX_BYTES - FRAME_BYTES - 'echo'.length + step,
  64,
  MiB + step,
]);

describe('a kill at the deadline', () => {
  it('delivers what was answered before, ends the running call, and gives back what had not begun', async () => {
    const { executor, ends, cell } = await open();
    const before = Array.from({ length: 50 }, (_, i) => executor.run(cell, call('echo', pattern(100, i))));
    const running = executor.run(cell, call('loop', pattern(0), 50));
    const behind = Array.from({ length: 20 }, () => executor.run(cell, call('echo')));
    const creation = executor.createCell(image.id);
    await expect(creation).rejects.toMatchObject({ code: 'EXECUTOR_DIED' });
    expect((await Promise.all(before)).every((result, i) => brought(result, pattern(100, i)))).toBe(true);
    expect(endOf(await running)).toBe('EXECUTOR_DEADLINE');
    expect(new Set(await endsOf(behind))).toEqual(new Set(['not-begun: executor-died']));
    expect(ends).toEqual(['killed']);
    expect([executor.alive, executor.inFlight]).toEqual([false, 0]);
  });

  it('keeps bulk bytes that were answered before it', async () => {
    const { executor, cell } = await open();
    const before = SIZES.map((size, i) => executor.run(cell, call('echo', pattern(size, i))));
    const running = executor.run(cell, call('loop', pattern(2 * MiB), 300));
    const behind = SIZES.map((size) => executor.run(cell, call('echo', pattern(size))));
    const results = await Promise.all(before);
    expect(SIZES.filter((size, i) => !brought(results[i], pattern(size, i)))).toEqual([]);
    expect(endOf(await running)).toBe('EXECUTOR_DEADLINE');
    expect(new Set(await endsOf(behind))).toEqual(new Set(['not-begun: executor-died']));
  });

  it('ends a start function that loops, as a failed creation', async () => {
    const { executor, ends, cell } = await open({ createTimeoutMs: 50 });
    const looping = await loopingStartImage();
    executor.load(looping);
    const creation = executor.createCell(looping.id);
    const behind = executor.run(cell, call('echo'));
    await expect(creation).rejects.toMatchObject({
      code: 'POOL_CREATE_FAILED',
      detail: 'instantiation did not end within 50 ms',
    });
    expect(endOf(await behind)).toBe('not-begun: executor-died');
    expect(ends).toEqual(['killed']);
  });
});

describe('a call that waits past its deadline', () => {
  it('is answered as late, skipped by the thread, and kills nothing', async () => {
    const { executor, ends, cell } = await open();
    const large = pattern(MiB);
    const running = executor.run(cell, call('spin'));
    const late = executor.run(cell, call('count', pattern(0), 1));
    const lateInBulk = executor.run(cell, call('count', large, 1));
    const behind = executor.run(cell, call('count', large));
    expect(await endsOf([late, lateInBulk, running])).toEqual(['not-begun: late', 'not-begun: late', 'ok']);
    // The late ones never entered the guest.
    expect(brought(await behind, Uint8Array.of(1))).toBe(true);
    expect(ends).toEqual([]);
  });

  it('is not begun after the time it should have begun by', async () => {
    const { executor, cell } = await open();
    const run = executor.run(cell, { ...call('count'), beginByMs: 0 });
    expect(endOf(await run)).toBe('not-begun: late');
    expect(brought(await executor.run(cell, call('count')), Uint8Array.of(1))).toBe(true);
  });

  it('does not take a waiting creation with it: that is made later and known', async () => {
    const clock = createShiftedClock();
    const { executor, cell } = await open({ clock });
    const hourMs = 3_600_000;
    const running = executor.run(cell, call('spin', pattern(0), 2 * hourMs));
    const creation = executor.createCell(image.id);
    const late = executor.run(cell, call('echo', pattern(0), hourMs / 2));
    clock.aheadMs = hourMs;
    expect(endOf(await late)).toBe('not-begun: late');
    clock.aheadMs = 0;
    const { id } = await creation;
    expect(await endsOf([running, executor.run(id, call('echo'))])).toEqual(['ok', 'ok']);
  });
});

describe('a thread that ends by itself', () => {
  const threadUrl = new URL('./scripted-thread.ts', import.meta.url);

  it.each(['throws', 'exit'])('and %s loses the call it was in and no other', async (how) => {
    const { executor, ends } = startStage({ threadUrl });
    const answered = Array.from({ length: 5 }, () => executor.run(1, call('answer')));
    const begun = executor.run(1, call(how));
    const behind = Array.from({ length: 5 }, () => executor.run(1, call('answer')));
    expect(await endsOf(answered)).toEqual(Array(5).fill('ok'));
    expect(endOf(await begun)).toBe('EXECUTOR_DIED');
    expect(await endsOf(behind)).toEqual(Array(5).fill('not-begun: executor-died'));
    expect(ends).toEqual(['died']);
    await executor.stop();
    expect(ends).toEqual(['died']);
  });

  it('has not begun a call that it had only taken', async () => {
    const { executor } = startStage({ threadUrl });
    const taken = executor.run(1, call('skip'));
    const begun = executor.run(1, call('throws'));
    expect(await endsOf([begun])).toEqual(['EXECUTOR_DIED']);
    expect((await taken).kind).not.toBe('ok');
  });

  it.each(['unknown-kind', 'unknown-failure', 'missing-bytes'])(
    'or writes an answer with %s is ended, and whatever may have begun is in doubt',
    async (what) => {
      const { executor, ends } = startStage({ threadUrl });
      const answered = executor.run(1, call('answer'));
      const broken = executor.run(1, call(what));
      const unread = executor.run(1, call('answer'));
      expect(await endsOf([answered, broken, unread])).toEqual(['ok', 'EXECUTOR_DIED', 'EXECUTOR_DIED']);
      expect(ends).toEqual(['died']);
      expect(executor.alive).toBe(false);
    },
  );

  it('before it is ready settles everything, and is not waited for', async () => {
    const { executor, ends } = startStage({
      threadUrl: new URL('./there-is-no-such-file.ts', import.meta.url),
    });
    executor.load(image);
    const creation = executor.createCell(image.id);
    const run = executor.run(1, call('echo', pattern(MiB)));
    await executor.online();
    await expect(creation).rejects.toMatchObject({ code: 'EXECUTOR_DIED' });
    expect(endOf(await run)).toBe('not-begun: executor-died');
    expect(ends).toEqual(['died']);
  });
});

describe('an executor', () => {
  it('creates no cell of an image that it does not hold', async () => {
    const { executor } = await open();
    executor.unload(image.id);
    executor.unload(image.id);
    await expect(executor.createCell(image.id)).rejects.toMatchObject({
      code: 'POOL_CREATE_FAILED',
      detail: 'the adapter version was unloaded meanwhile',
    });
    executor.load(image);
    expect((await executor.createCell(image.id)).memoryBytes).toBe(4 * 65_536);
  });

  it('says why a cell could not be created, and once', async () => {
    const { executor } = await open();
    const other = { ...image, id: 'other', plan: { ...image.plan, instances: [{ module: 5, imports: [] }] } };
    executor.load(other);
    const error = await executor.createCell('other').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'POOL_CREATE_FAILED' });
    expect(String(error).match(/POOL_CREATE_FAILED/g)).toHaveLength(1);
  });

  it('knows nothing of a cell that was destroyed, or crashed, or never was', async () => {
    const { executor, cell } = await open();
    const { id: crashing } = await executor.createCell(image.id);
    executor.destroyCell(999);
    expect(endOf(await executor.run(crashing, call('trap')))).toBe('EXECUTOR_TRAP');
    executor.destroyCell(crashing);
    executor.destroyCell(cell);
    executor.destroyCell(cell);
    const gone = 'not-begun: cell-gone';
    const runs = [cell, crashing, 999].map((id) => executor.run(id, call('echo', pattern(MiB))));
    expect(await endsOf([...runs, executor.probe(cell, call('').deadlineMs)])).toEqual([
      gone,
      gone,
      gone,
      gone,
    ]);
  });

  it('goes on when its numbers wrap', async () => {
    const { executor, ends, cell } = await open({ lastSequence: 2 ** 31 - 10 });
    const running = executor.run(cell, call('spin'));
    const late = Array.from({ length: 20 }, () => executor.run(cell, call('count', pattern(0), 1)));
    expect(await endsOf(late)).toEqual(Array(20).fill('not-begun: late'));
    expect(endOf(await running)).toBe('ok');
    expect(brought(await executor.run(cell, call('count')), Uint8Array.of(1))).toBe(true);
    expect(ends).toEqual([]);
  });

  it('is killed for the right call when its numbers wrap', async () => {
    const { executor, cell } = await open({ lastSequence: 2 ** 31 - 3 });
    const runs = [
      executor.run(cell, call('echo')),
      executor.run(cell, call('loop', pattern(0), 50)),
      executor.run(cell, call('echo')),
    ];
    expect(await endsOf(runs)).toEqual(['ok', 'EXECUTOR_DEADLINE', 'not-begun: executor-died']);
  });

  it('settles everything when it is stopped, and afterwards at once', async () => {
    const { executor, ends, cell } = await open();
    const echoed = executor.run(cell, call('echo'));
    const looping = executor.run(cell, call('loop', pattern(0), FAR_MS));
    const behind = SIZES.map((size) => executor.run(cell, call('echo', pattern(size))));
    const creation = executor.createCell(image.id);
    creation.catch(() => {});
    expect(endOf(await echoed)).toBe('ok');
    await Promise.all([executor.stop(), executor.stop()]);
    expect(['EXECUTOR_DIED', 'not-begun: executor-died']).toContain(endOf(await looping));
    expect(new Set(await endsOf(behind))).toEqual(new Set(['not-begun: executor-died']));
    await expect(creation).rejects.toMatchObject({ code: 'EXECUTOR_DIED' });
    expect([executor.alive, executor.inFlight, ends]).toEqual([false, 0, ['stopped']]);
    executor.load(image);
    executor.collect();
    executor.destroyCell(cell);
    expect(endOf(await executor.run(cell, call('echo')))).toBe('not-begun: executor-died');
    await expect(executor.createCell(image.id)).rejects.toMatchObject({ code: 'EXECUTOR_DIED' });
  });
});
