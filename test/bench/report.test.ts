/** What a measured table says: verdicts, JSON lines, the printed table. */

import { expect, test } from 'vitest';
import type { MeasuredRow, Target } from '../../bench/harness.ts';
import type { Machine } from '../../bench/machine.ts';
import { noiseWarning } from '../../bench/machine.ts';
import { formatNumber, judge, renderTable, toJsonLines } from '../../bench/report.ts';

const table = { name: 'path', question: 'how long?', baseline: 'peer', headline: 'p50' };
const machine: Machine = {
  commit: 'abc1234',
  node: 'v26.0.0',
  cpu: 'a cpu',
  cores: 2,
  load: 0.1,
  date: '2026-11-21T00:00:00.000Z',
};

function row(name: string, p50: number, targets: readonly Target[] = []): MeasuredRow {
  return {
    row: name,
    targets,
    metrics: new Map([['p50', { value: p50, unit: 'ms', n: 7, perRound: [p50] }]]),
    rounds: [],
  };
}

test('a line of results has exactly the stated fields', () => {
  const rows = [row('peer', 4), row('ours', 1, [{ metric: 'p50', test: '<', value: 2 }])];
  const text = toJsonLines('host', table, judge(table, rows), machine);
  expect(text.endsWith('\n')).toBe(true);
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      bench: 'host',
      row: 'path: peer',
      metric: 'p50',
      value: 4,
      unit: 'ms',
      n: 7,
      ratio: 1,
      target: null,
      ok: null,
      commit: 'abc1234',
      node: 'v26.0.0',
      cpu: 'a cpu',
      date: '2026-11-21T00:00:00.000Z',
    },
    {
      bench: 'host',
      row: 'path: ours',
      metric: 'p50',
      value: 1,
      unit: 'ms',
      n: 7,
      ratio: 0.25,
      target: '< 2 ms',
      ok: true,
      commit: 'abc1234',
      node: 'v26.0.0',
      cpu: 'a cpu',
      date: '2026-11-21T00:00:00.000Z',
    },
  ]);
});

test('a target against another row judges the ratio to that row, not to the baseline', () => {
  const target: Target = { metric: 'p50', test: '<=', value: 0.2, against: 'glue' };
  const rows = [row('peer', 100), row('glue', 4), row('ours', 1, [target])];
  const ours = judge(table, rows).find((finding) => finding.row === 'ours');
  expect(ours).toMatchObject({ ratio: 0.25, target: '<= 0.2 × glue', ok: false });
});

test('a target on a metric that was not measured is missed and its value is null', () => {
  const rows = [row('peer', 1), row('ours', 1, [{ metric: 'p95', test: '<', value: 5 }])];
  const missing = judge(table, rows).find((finding) => finding.metric === 'p95');
  expect(missing).toMatchObject({ row: 'ours', ok: false, n: 0 });
  const line = toJsonLines('host', table, missing ? [missing] : [], machine);
  expect(JSON.parse(line)).toMatchObject({ value: null, ok: false });
});

test('a target against a row that does not exist is an error, not a pass', () => {
  const rows = [row('peer', 1), row('ours', 1, [{ metric: 'p50', test: '<', value: 5, against: 'nobody' }])];
  expect(() => judge(table, rows)).toThrow(/no row 'nobody'/);
});

test('the printed table marks the baseline, states each ratio and names a miss', () => {
  const rows = [row('peer', 4), row('ours', 1, [{ metric: 'p50', test: '<', value: 0.5 }])];
  const findings = judge(table, rows);
  const text = renderTable(table, rows, findings, false);
  expect(text).toMatch(/^how long\?\npath +p50 ms +n +p50 ÷ baseline +target/);
  expect(text).toMatch(/peer \(baseline\) +4 +7 +1\b/);
  expect(text).toMatch(/ours +1 +7 +0\.250 \(1\/4\) +p50 < 0\.5 ms: MISSED/);
  const markdown = renderTable(table, rows, findings, true);
  expect(markdown).toContain(
    '| path | p50 ms | n | p50 ÷ baseline | target |\n| --- | --: | --: | --: | --- |',
  );
  expect(markdown).toContain('| ours | 1 | 7 | 0.250 (1/4) | p50 < 0.5 ms: MISSED |');
});

test('numbers keep three digits, thousands apart', () => {
  expect([0.012345, 1.5, 15.26, 33_812.7, 50_000].map(formatNumber)).toEqual([
    '0.0123',
    '1.50',
    '15.3',
    '33,813',
    '50,000',
  ]);
});

test('a machine with other work on it is said to be noisy', () => {
  expect(noiseWarning({ cores: 2, load: 0.2 })).toBeUndefined();
  expect(noiseWarning({ cores: 2, load: 1.4 })).toMatch(/noisy machine: load average 1\.40 on 2 cores/);
});

test('a metric with several targets is judged by each, against its own row', () => {
  const rows = [
    row('peer', 4),
    row('rival', 2),
    row('ours', 3, [
      { metric: 'p50', test: '<', value: 5 },
      { metric: 'p50', test: '<=', value: 1, against: 'peer' },
      { metric: 'p50', test: '<=', value: 1, against: 'rival' },
    ]),
  ];
  const judged = judge(table, rows).filter((finding) => finding.row === 'ours');
  expect(judged.map(({ target, ratio, ok }) => [target, ratio, ok])).toEqual([
    ['< 5 ms', 0.75, true],
    ['<= 1 × peer', 0.75, true],
    ['<= 1 × rival', 1.5, false],
  ]);
  expect(renderTable(table, rows, judge(table, rows), false)).toContain(
    'p50 < 5 ms: met; p50 <= 1 × peer: 0.750, met; p50 <= 1 × rival: 1.50, MISSED',
  );
});
