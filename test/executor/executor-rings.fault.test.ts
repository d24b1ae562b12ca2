import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../host/clock.ts';
import { FRAME_BYTES } from '../../host/executor/protocol.ts';
import { INLINE_MAX_BYTES } from '../../host/executor/ring.ts';
import type { AdapterImage, RunResult } from '../../host/types.ts';
import {
  brought,
  call,
  endOf,
  guestImage,
  isInProcess,
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

/** Keeps this thread from everything, as a long turn of the loop does. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Around the border between frame and port, in mixed order. */
const SIZES = [-1, 0, 1].flatMap((step) => [
  INLINE_MAX_BYTES - FRAME_BYTES - 'echo'.length + step,
  64,
  MiB + step,
]);

describe('bytes', () => {
  it('arrive intact both ways, beside a frame or in it, in any order', async () => {
    const { executor, cell } = await open();
    const sizes = Array.from({ length: 5 }, () => SIZES).flat();
    const runs = sizes.map((size, i) => executor.run(cell, call('echo', pattern(size, i))));
    const results = await Promise.all(runs);
    expect(sizes.filter((size, i) => !brought(results[i], pattern(size, i)))).toEqual([]);
  });

  it('of a Buffer stay with the caller, whatever memory it is a part of', async () => {
    const { executor, cell } = await open();
    const whole = Buffer.from(pattern(2 * MiB));
    const part = whole.subarray(1000, 1000 + MiB);
    const pooled = Buffer.from('a part of the pool that all small buffers share');
    // The first ones fill the ring; the rest goes by the port, or waits.
    const runs = Array.from({ length: 80 }, () =>
      executor.run(cell, call('echo', part.subarray(0, 100_000))),
    );
    runs.push(executor.run(cell, call('echo', part)), executor.run(cell, call('echo', pooled)));
    part.fill(7);
    pooled.fill(7);
    const results = await Promise.all(runs);
    const text = Buffer.from('a part of the pool that all small buffers share');
    expect(results.slice(0, 80).every((result) => brought(result, pattern(100_000, 1000)))).toBe(true);
    expect(brought(results[80], pattern(MiB, 1000))).toBe(true);
    expect(brought(results[81], text)).toBe(true);
    expect(whole.length).toBe(2 * MiB);
  });

  it('of a payload never come back behind a result that travels in its buffer', async () => {
    const { executor, cell } = await open();
    const payload = pattern(MiB).map((byte) => byte | 1);
    const result = await executor.run(cell, call('half', payload));
    expect(brought(result, payload.subarray(0, MiB / 2))).toBe(true);
    const { bytes } = result as Extract<RunResult, { kind: 'ok' }>;
    const behind = Buffer.from(bytes.buffer, bytes.byteOffset + bytes.length);
    // A thread gives the payload's buffer back; from a process only what belongs to the result comes.
    expect(behind.length).toBeGreaterThanOrEqual(isInProcess() ? 0 : MiB / 2);
    expect(behind.some((byte) => byte !== 0)).toBe(false);
  });

  it('of a guest that traps in its cleanup are thrown away, and the next call gets its own', async () => {
    const { executor, cell } = await open();
    const { id: other } = await executor.createCell(image.id);
    const runs = [
      executor.run(cell, call('post', pattern(MiB, 1))),
      executor.run(other, call('echo', pattern(MiB, 2))),
      executor.run(cell, call('echo', pattern(MiB, 3))),
      executor.run(other, call('post', pattern(1000, 4))),
    ];
    const results = await Promise.all(runs);
    expect(results.map(endOf)).toEqual(['EXECUTOR_TRAP', 'ok', 'not-begun: cell-gone', 'EXECUTOR_TRAP']);
    expect(brought(results[1], pattern(MiB, 2))).toBe(true);
  });
});

describe('a full ring', () => {
  it('of requests keeps their order and loses none', async () => {
    const { executor, cell } = await open();
    const order: number[] = [];
    const running = executor.run(cell, call('spin'));
    const runs = Array.from({ length: 400 }, async (_, i) => {
      const result = await executor.run(cell, call('echo', pattern(100_000, i)));
      order.push(i);
      return brought(result, pattern(100_000, i));
    });
    expect(endOf(await running)).toBe('ok');
    expect(new Set(await Promise.all(runs))).toEqual(new Set([true]));
    expect(order).toEqual(Array.from({ length: 400 }, (_, i) => i));
  });

  it('of requests that have no answer is emptied all the same', async () => {
    let timers = 0;
    const every: Clock['every'] = (ms, fn) => {
      const timer = systemClock.every(ms, fn);
      timers++;
      return {
        cancel() {
          timers--;
          timer.cancel();
        },
      };
    };
    stage = startStage({ clock: { ...systemClock, every } });
    const { executor } = stage;
    // The thread has not booted yet, and this is more than the ring holds. Nothing is in flight.
    for (let unknown = 1; unknown <= 100_000; unknown++) executor.destroyCell(unknown);
    expect(timers).toBe(1);
    // Given up when nothing waits any more.
    await expect.poll(() => timers, { timeout: 10_000 }).toBe(0);
  });

  it('of answers keeps everything while the host is busy', async () => {
    const { executor, ends, cell } = await open();
    const runs = Array.from({ length: 200 }, () => executor.run(cell, call('big')));
    block(200);
    const results = await Promise.all(runs);
    expect(results.every((result) => result.kind === 'ok' && result.bytes.length === 100_000)).toBe(true);
    expect(ends).toEqual([]);
  });

  it('of answers costs no executor when the host was busy past the deadlines', async () => {
    const { executor, ends, cell } = await open({ killGraceMs: 0 });
    const runs = Array.from({ length: 200 }, () => executor.run(cell, call('big', pattern(0), 100)));
    // The thread is woken at the end of the turn; blocked before, it would not have begun.
    await new Promise((resolve) => setImmediate(resolve));
    block(250);
    const all = await endsOf(runs);
    expect(all[0]).toBe('ok');
    expect(all.filter((end) => end !== 'ok' && end !== 'not-begun: late')).toEqual([]);
    expect(endOf(await executor.run(cell, call('echo')))).toBe('ok');
    expect(ends).toEqual([]);
  });
});
