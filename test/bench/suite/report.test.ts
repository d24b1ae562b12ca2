/** What reports say and how: verdicts, intervals, noise; hostile names; nothing from outside; the same to the letter each time. */

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse } from '../../../bench/suite/analyse.ts';
import { codeSpan, escapeMarkdown, html, textOf } from '../../../bench/suite/markup.ts';
import { createRandom } from '../../../bench/suite/random.ts';
import { parseRecord } from '../../../bench/suite/read-record.ts';
import type { RecordLine } from '../../../bench/suite/record.ts';
import { renderHtml } from '../../../bench/suite/report-html.ts';
import { renderMarkdown } from '../../../bench/suite/report-markdown.ts';
import { writeReports } from '../../../bench/suite/write-reports.ts';
import {
  END,
  ENVIRONMENT,
  recordText,
  runLine,
  sampleRun,
  type TimedRow,
  tableLines,
} from './synthetic-run.ts';

const analysisOf = (lines: readonly RecordLine[]) => analyse(parseRecord(recordText(lines), 'run.jsonl'));
const head = { name: 'call', question: 'how long?', unit: 'ms', baseline: 'peer', headline: 'p50' };
const run = (rows: readonly TimedRow[], changes = {}, rounds = 5) =>
  analysisOf([runLine(changes), ...tableLines(head, rows, rounds, createRandom(3)), END]);

describe('verdicts', () => {
  test('say met and missed, with the interval, and that noise could turn them', () => {
    const target = (value: number) => [{ metric: 'p50', test: '<', value } as const];
    const rows = [
      { row: 'peer', scale: 1, targets: target(4) },
      { row: 'slow', scale: 16, targets: target(4) },
      { row: 'close', scale: 4, targets: target(4) },
    ];
    const lines = tableLines(head, rows, 5, createRandom(3), { shared: 0, own: 0.2 });
    const [table] = analysisOf([runLine(), ...lines, END]).tables;
    const verdicts = table?.verdicts.map(({ row, outcome, thin }) => [row, outcome, thin]);
    expect(verdicts?.slice(0, 2)).toEqual([
      ['peer', 'met', false],
      ['slow', 'missed', false],
    ]);
    expect(verdicts?.[2]?.[2]).toBe(true);
  });

  test('on a percentile that the samples do not state are not given, and say what is missing', () => {
    const targets = [{ metric: 'p99.9', test: '<', value: 9 } as const];
    const { tables } = run([{ row: 'peer', scale: 1, samples: 40, targets }]);
    expect(tables[0]?.verdicts[0]).toMatchObject({
      outcome: 'unstated',
      reason: 'p99.9 needs 3688 samples, there are 200',
    });
    expect(tables[0]?.rows[0]?.metrics.get('p99.9')?.unstated).toBeDefined();
    expect(tables[0]?.rows[0]?.metrics.get('p95')?.interval).toBeDefined();
  });

  test('against a row that could not be measured are not given, and name its reason', () => {
    const targets = [{ metric: 'p50', test: '<', value: 1, against: 'wasmtime' } as const];
    const lines = tableLines(
      { ...head, absent: [{ row: 'wasmtime', reason: 'not on the PATH' }] },
      [{ row: 'peer', scale: 1, targets }],
      3,
      createRandom(1),
    );
    expect(analysisOf([runLine(), ...lines, END]).tables[0]?.verdicts[0]).toMatchObject({
      outcome: 'unstated',
      reason: 'wasmtime: not on the PATH',
    });
  });
});

describe('a run says itself', () => {
  test('that it was quiet, by saying nothing', () => {
    expect(run([{ row: 'peer', scale: 1 }]).noise).toEqual([]);
  });

  test('that the machine was busy, and that rounds were too few or it was a smoke run at all', () => {
    const { noise } = run([{ row: 'peer', scale: 1 }], { machine: { ...ENVIRONMENT, load: 6 } }, 2);
    expect(noise).toEqual([
      expect.stringMatching(/^noisy machine: load average 6\.00 on 8 cores/),
      '1 of 1 rows have fewer than 3 rounds, and so no interval',
    ]);
    expect(run([{ row: 'peer', scale: 1 }], { quick: true }, 2).noise).toEqual([
      expect.stringMatching(/^smoke run/),
    ]);
  });

  test('that the same thing measured twice differs', () => {
    const { noise } = run([
      { row: 'peer', scale: 1 },
      { row: 'ours', scale: 1 },
      { row: 'ours again', scale: 1.4, sameAs: 'ours' },
    ]);
    expect(noise).toEqual([
      expect.stringMatching(/ours again measures what ours measures, and differs by \d+ %/),
    ]);
  });

  test('that rounds of a row disagree', () => {
    const lines = tableLines(head, [{ row: 'peer', scale: 1 }], 5, createRandom(3), { shared: 0, own: 0.3 });
    expect(analysisOf([runLine(), ...lines, END]).noise).toEqual([
      expect.stringMatching(/^table call: rounds disagree on p50 .*: peer \(\d+ %\)$/),
    ]);
  });
});

const SAMPLE = analysisOf(sampleRun());

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></style></svg><iframe>',
  '@everyone #1 | ![x](https://evil.example/y) `code` ``',
  'a\u202egnp.exe\u0000\u200b\nb',
];

describe('names that others wrote', () => {
  const name = HOSTILE.join(' ');
  const hostileHead = { ...head, name, question: name, unit: name, baseline: name };
  const rows: TimedRow[] = [
    {
      row: name,
      scale: 1,
      note: name,
      series: name,
      x: 1,
      targets: [{ metric: 'p50', test: '<', value: 1 }],
    },
    { row: `${name} 2`, scale: 2, series: name, x: 2 },
  ];
  const lines = [
    runLine({ adapters: [name], machine: { ...ENVIRONMENT, cpu: name, governor: name } }),
    ...(['distribution', 'bars', 'curve'] as const).flatMap((chart) =>
      tableLines(
        { ...hostileHead, name: `${name} ${chart}`, chart, absent: [{ row: `${name} 3`, reason: name }] },
        rows,
        3,
        createRandom(1),
      ),
    ),
    { kind: 'broken', table: name, error: name } as const,
  ];
  const analysis = analysisOf(lines);

  test('are text in HTML: no element, attribute or character of theirs comes through', () => {
    const page = renderHtml(analysis);
    expect(page).not.toMatch(/<(script|img|iframe)|<[^>]*\son\w+=['"]/i);
    expect(page.match(/<\/(title|style|svg)>/g)?.length).toBe(page.match(/<(title|style|svg)\b/g)?.length);
    for (const unseen of ['\u202e', '\u200b', '\u0000']) expect(page).not.toContain(unseen);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('are text in Markdown: no mention, no image, no broken table', () => {
    const text = renderMarkdown(analysis);
    const outsideCode = text.replace(/(`+)[\s\S]*?[^`]\1(?!`)/g, '');
    expect(outsideCode).not.toMatch(/(?<!\\)<(?!!-- -->)|(?<!\\)!\[|@everyone|https:\/\//);
    const bars = text
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.match(/(?<!\\)\|/g)?.length);
    expect(new Set(bars).size).toBeLessThanOrEqual(3);
  });

  test('escapes hold for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(
          textOf(html`<b title="${text}">${text}</b>`).replace(/^<b title="|">|<\/b>$/g, ''),
        ).not.toMatch(/[<>"']/);
        expect(codeSpan(text)).not.toMatch(/\n|(?<!\\)\|/);
        expect(escapeMarkdown(text).replaceAll('<!-- -->', '')).not.toMatch(/\n|(?<!\\)(?:\\\\)*[|<[`*]/);
      }),
    );
  });
});

describe('the page', () => {
  const page = renderHtml(SAMPLE);

  test('loads nothing, runs nothing, and its policy allows its one style sheet by hash', () => {
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page.replaceAll('&#39;', "'")).toContain(
      `content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`,
    );
    expect(page).not.toMatch(/<script|<link|<img|\sstyle=|@import|url\(|\ssrc=/);
    expect([...page.matchAll(/\shref="([^"]*)"/g)].every(([, target]) => target?.startsWith('#'))).toBe(true);
  });

  test('states row, ratio, interval, reasons, configuration, machine and record', () => {
    for (const part of [
      'not measured: no wasmtime on the PATH',
      'useWorkerThreads, as its README advises',
      'p50 ÷ baseline',
      'of 6 targets met',
      'performance',
      'once more: Hotcell, echo',
      '<code>run.jsonl</code>',
    ]) {
      expect(page).toContain(part);
    }
    expect(page).toMatch(/<span class="bound">\[0\.\d+, 0\.\d+\]<\/span>/);
  });
});

test('a report made again from the same record is the same to the letter', () => {
  const rows = [
    { row: 'peer', scale: 1 },
    { row: 'ours', scale: 2 },
  ];
  expect(renderHtml(run(rows))).toBe(renderHtml(run(rows)));
});

test('both reports are written, and the Markdown one says what the HTML one says', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-report-'));
  try {
    const record = parseRecord(recordText(sampleRun()), 'run.jsonl');
    const { html: page, markdown } = await writeReports(join(folder, 'deep', 'er'), record);
    const text = await readFile(markdown, 'utf8');
    expect(text).toMatch(/^# Hotcell bench\n\nadapters echo, hello-js · with peers · commit abc1234/);
    expect(text).toContain('## Targets: 5 of 6 met');
    expect(text).toMatch(
      /\| `http` \| `Hotcell, echo` \| throughput ≥ 0\.65 × bare Fastify \| 0\.\d+ × \\\[.*\\\] \| \*\*missed/,
    );
    expect(text).toContain('- `wasmtime serve`: not measured, no wasmtime on the PATH');
    expect(await readFile(page, 'utf8')).toContain('of 6 targets met');
  } finally {
    await rm(folder, { recursive: true });
  }
});
