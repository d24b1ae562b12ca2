/** The Markdown twin of the HTML report, for pull requests: the same figures without the plots. Names stand in code spans, all else is escaped. */

import { formatNumber } from '../report.ts';
import type { AnalysedRow, AnalysedTable, Analysis, Verdict } from './analysis.ts';
import {
  describeEstimate,
  describeInterval,
  describeOutcome,
  describeTarget,
  metricNames,
  mostSamples,
  sharedUnit,
} from './figures.ts';
import { codeSpan, escapeMarkdown } from './markup.ts';
import { describeRun, HOW_TO_READ, NO_PROMISE, stampOf } from './report-prose.ts';

export function renderMarkdown({ record, tables, noise }: Analysis, extra = ''): string {
  const verdicts = tables.flatMap((table) => table.verdicts);
  const met = verdicts.filter(({ outcome }) => outcome === 'met').length;
  const parts = [
    '# Hotcell bench',
    escapeMarkdown(describeRun(record)),
    noise.length === 0
      ? ''
      : ['**Read this first**', '', ...noise.map((text) => `- ${escapeMarkdown(text)}`)].join('\n'),
    verdicts.length === 0 ? '' : `## Targets: ${met} of ${verdicts.length} met`,
    verdicts.length === 0 ? '' : verdictMarkdown(verdicts),
    extra,
    '## Tables',
    ...tables.map(tableMarkdown),
    '## How to read it',
    ...[...HOW_TO_READ, ...NO_PROMISE].map(escapeMarkdown),
    '## Where it was measured',
    stampOf(record)
      .map(([name, value]) => `- ${name}: ${escapeMarkdown(value)}`)
      .join('\n'),
    `Made from the record ${codeSpan(record.name)}.`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The table of verdicts alone, as bench/README.md holds it too. */
export function verdictMarkdown(verdicts: readonly Verdict[]): string {
  return markdownTable(
    ['table', 'row', 'target', 'measured, 95 % interval', 'verdict'],
    [],
    verdicts.map((verdict) => [
      codeSpan(verdict.table),
      codeSpan(verdict.row),
      escapeMarkdown(
        `${verdict.metric} ${describeTarget(verdict.target, verdict.target.against === undefined ? verdict.measured.unit : '')}`,
      ),
      verdict.outcome === 'unstated'
        ? '–'
        : escapeMarkdown(describeEstimate(verdict.measured, verdict.measured.unit)),
      [
        verdict.outcome === 'missed' ? `**${describeOutcome(verdict)}**` : describeOutcome(verdict),
        ...(verdict.reason === undefined ? [] : [escapeMarkdown(verdict.reason)]),
      ].join(': '),
    ]),
  );
}

function tableMarkdown(table: AnalysedTable): string {
  const { rows, absent, headline } = table;
  const names = metricNames(rows);
  const head = [
    'row',
    ...names.map((name) => escapeMarkdown([name, sharedUnit(rows, name)].filter(Boolean).join(' '))),
    'n',
    `${escapeMarkdown(headline)} ÷ baseline`,
  ];
  const body = rows.map((row) => [
    row.row === table.baseline ? `${codeSpan(row.row)} (baseline)` : codeSpan(row.row),
    ...names.map((name) => metricText(row, name, sharedUnit(rows, name))),
    formatNumber(mostSamples(row)),
    row.ratio === undefined ? '–' : escapeMarkdown(describeEstimate(row.ratio, '')),
  ]);
  const remarks = [
    ...(table.broken === undefined ? [] : [`- not measured to its end: ${escapeMarkdown(table.broken)}`]),
    ...absent.map(({ row, reason }) => `- ${codeSpan(row)}: not measured, ${escapeMarkdown(reason)}`),
    ...rows.flatMap(({ row, note }) =>
      note === undefined ? [] : [`- ${codeSpan(row)}: ${escapeMarkdown(note)}`],
    ),
  ];
  const numbers = Array.from({ length: head.length - 1 }, (_, index) => index + 1);
  return [
    `### ${codeSpan(table.name)}`,
    escapeMarkdown(table.question),
    ...(rows.length === 0 ? [] : [markdownTable(head, numbers, body)]),
    ...(remarks.length === 0 ? [] : [remarks.join('\n')]),
  ].join('\n\n');
}

function metricText(row: AnalysedRow, name: string, shared: string | undefined): string {
  const metric = row.metrics.get(name);
  if (metric === undefined) return '';
  if (metric.unstated !== undefined) return '–';
  const value =
    shared === undefined ? `${formatNumber(metric.value)} ${metric.unit}` : formatNumber(metric.value);
  return escapeMarkdown(
    metric.interval === undefined ? value : `${value} ${describeInterval(metric.interval)}`,
  );
}

/** `right` are the columns that hold numbers. */
export function markdownTable(
  head: readonly string[],
  right: readonly number[],
  body: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, column) => (right.includes(column) ? '--:' : '---'))),
    ...body.map(line),
  ].join('\n');
}
