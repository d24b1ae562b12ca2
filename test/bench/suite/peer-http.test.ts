/** What a round over HTTP says, also of a server that answers nobody; and when a server counts as idle. */

import { expect, test } from 'vitest';
import { gather } from '../../../bench/harness.ts';
import type { LoadReport } from '../../../bench/load.ts';
import { measureAloneAndCrowd, measureCrowd } from '../../../bench/suite/peer-http.ts';
import { type Observer, settle } from '../../../bench/suite/settle.ts';

function reportOf(samples: readonly number[], more: Partial<LoadReport> = {}): LoadReport {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    requests: samples.length,
    durationMs: 1_000,
    requestsPerSecond: samples.length,
    offeredPerSecond: undefined,
    p50: sorted[0] ?? 0,
    p95: sorted.at(-1) ?? 0,
    p99: sorted.at(-1) ?? 0,
    p999: sorted.at(-1) ?? 0,
    max: sorted.at(-1) ?? 0,
    non2xx: 0,
    statuses: {},
    connectionsOpened: 1,
    brokenConnections: 0,
    unanswered: 0,
    sentLateMs: 0,
    samples,
    ...more,
  } as LoadReport;
}

test('a round of all connections has their latencies, throughput and every kind of failure', async () => {
  const asked: number[][] = [];
  const round = await measureCrowd(async (connections, durationMs) => {
    asked.push([connections, durationMs]);
    return reportOf([2, 1, 3], { non2xx: 1, brokenConnections: 2, unanswered: 4 });
  }, 700);
  expect(asked).toEqual([[32, 700]]);
  expect(round.samples).toEqual([2, 1, 3]);
  expect(round.figures).toEqual({
    throughput: { value: 3, unit: '/s', n: 3 },
    failures: { value: 7, unit: '', n: 3, over: 'sum' },
  });
});

test('a round of fresh instances tells one connection from all', async () => {
  const round = await measureAloneAndCrowd(
    async (connections) => (connections === 1 ? reportOf([1, 1]) : reportOf([8, 9, 9])),
    500,
  );
  expect(round.samples).toEqual([1, 1]);
  expect(
    Object.fromEntries(Object.entries(round.figures ?? {}).map(([name, { value }]) => [name, value])),
  ).toEqual({
    failures: 0,
    'throughput of 32': 3,
    'p50 of 32': 8,
    'p99 of 32': 9,
    'failures of 32': 0,
  });
});

test('a server that answers nobody has no latency, a throughput of none, and each connection as a failure', async () => {
  const silent = async (): Promise<undefined> => undefined;
  const crowd = await measureCrowd(silent, 100);
  expect(crowd.samples).toBeUndefined();
  const metrics = gather([crowd, crowd], 'ms');
  expect([...metrics].map(([name, { value }]) => [name, value])).toEqual([
    ['throughput', 0],
    ['failures', 64],
  ]);
  const fresh = gather([await measureAloneAndCrowd(silent, 100)], 'ms');
  expect(fresh.get('failures')?.value).toBe(1);
  expect(fresh.get('failures of 32')?.value).toBe(32);
});

/** A machine on which the group uses so many milliseconds between looks, the last number from then on. */
function machine(uses: readonly (number | undefined)[]): {
  readonly observer: Observer;
  readonly paused: number[];
} {
  const paused: number[] = [];
  let looks = -1;
  let usedMs = 0;
  return {
    paused,
    observer: {
      async usedMs() {
        const used = uses[Math.min(++looks, uses.length - 1)];
        if (used === undefined) return undefined;
        usedMs += used;
        return usedMs;
      },
      now: () => paused.reduce((sum, ms) => sum + ms, 0),
      pause: async (ms) => {
        paused.push(ms);
      },
    },
  };
}

test('a server is idle after three looks in a row at which it did nothing', async () => {
  const { observer, paused } = machine([0, 50, 40, 0, 0, 30, 0, 0, 0]);
  await settle(1, observer);
  expect(paused).toHaveLength(8);
});

test('one that never rests is measured as it is', async () => {
  const { observer, paused } = machine([50]);
  await settle(1, observer);
  expect(paused.reduce((sum, ms) => sum + ms, 0)).toBe(15_000);
});

test('where a system does not say what a process used there is one pause', async () => {
  const { observer, paused } = machine([undefined]);
  await settle(1, observer);
  expect(paused).toEqual([1_000]);
});
