/**
 * What a measured table says: verdicts on targets, a table for the terminal or in Markdown, one JSON line a metric.
 *
 * Pure: text in, text out. `ratio` of a line is against the row its target names, else against the table's baseline.
 */

import { type MeasuredRow, meets, ratioOf, type Table, type Target } from './harness.ts';
import type { Machine } from './machine.ts';

/** One metric of one row, judged. */
export interface Finding {
  readonly row: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly n: number;
  /** value ÷ the same metric of the row compared with; undefined where that row lacks it. */
  readonly ratio: number | undefined;
  /** As text, e.g. `< 0.4 ms` or `>= 0.5 × bare Fastify`. */
  readonly target: string | undefined;
  readonly ok: boolean | undefined;
}

type Shape = Pick<Table, 'name' | 'question' | 'baseline' | 'headline'>;

/** Every metric of every row, in order; one with several targets comes once for each. A target on a metric that was not measured counts as missed, as NaN. */
export function judge(table: Shape, rows: readonly MeasuredRow[]): Finding[] {
  const named = (name: string): MeasuredRow => {
    const found = rows.find(({ row }) => row === name);
    if (found === undefined) throw new Error(`no row '${name}' in table '${table.name}' to compare with`);
    return found;
  };
  return rows.flatMap((row) => {
    const unmeasured = row.targets.filter(({ metric }) => !row.metrics.has(metric));
    const names = [...row.metrics.keys(), ...unmeasured.map(({ metric }) => metric)];
    const judged = [...new Set(names)].flatMap((metric) => {
      const own = row.targets.filter((candidate) => candidate.metric === metric);
      return own.length === 0
        ? [{ metric, target: undefined }]
        : own.map((target): { metric: string; target: Target | undefined } => ({ metric, target }));
    });
    return judged.map(({ metric, target }): Finding => {
      const measured = row.metrics.get(metric);
      const ratio = ratioOf(row, named(target?.against ?? table.baseline), metric);
      const subject = target?.against === undefined ? measured?.value : ratio;
      return {
        row: row.row,
        metric,
        value: measured?.value ?? Number.NaN,
        unit: measured?.unit ?? '',
        n: measured?.n ?? 0,
        ratio,
        target: target && describeTarget(target, measured?.unit ?? ''),
        ok: target && meets(target, subject),
      };
    });
  });
}

/** The findings as JSON lines, each ended by a line feed. A number that is none becomes null. */
export function toJsonLines(
  bench: string,
  table: Shape,
  findings: readonly Finding[],
  machine: Machine,
): string {
  const lines = findings.map(({ row, metric, value, unit, n, ratio, target, ok }) =>
    JSON.stringify({
      bench,
      row: `${table.name}: ${row}`,
      metric,
      value,
      unit,
      n,
      ratio: ratio ?? null,
      target: target ?? null,
      ok: ok ?? null,
      commit: machine.commit,
      node: machine.node,
      cpu: machine.cpu,
      date: machine.date,
    }),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** A missed target as a sentence. */
export function describeMiss(table: string, { row, metric, value, unit, ratio, target }: Finding): string {
  const measured = target?.includes('×')
    ? `ratio ${ratio?.toPrecision(3)}`
    : `${value.toPrecision(3)} ${unit}`;
  return `${table}: ${row}: ${metric} is ${measured}, target ${target}`;
}

/** A table for people; with `markdown` one for a README. */
export function renderTable(
  table: Shape,
  rows: readonly MeasuredRow[],
  findings: readonly Finding[],
  markdown: boolean,
): string {
  const metrics = [...new Set(rows.flatMap(({ metrics }) => [...metrics.keys()]))];
  const shared = new Map(metrics.map((metric) => [metric, sharedUnit(rows, metric)]));
  const baseline = rows.find(({ row }) => row === table.baseline);
  const head = [
    table.name,
    ...metrics.map((metric) => [metric, shared.get(metric)].filter(Boolean).join(' ')),
    'n',
    `${table.headline} ÷ baseline`,
    'target',
  ];
  const body = rows.map((row) => {
    const ratio = baseline && ratioOf(row, baseline, table.headline);
    const first = [...row.metrics.values()][0];
    return [
      row.row === table.baseline ? `${row.row} (baseline)` : row.row,
      ...metrics.map((name) => {
        const metric = row.metrics.get(name);
        if (metric === undefined) return '';
        const text = formatNumber(metric.value);
        return shared.get(name) === undefined ? `${text} ${metric.unit}` : text;
      }),
      first === undefined ? '' : formatNumber(first.n),
      ratio === undefined ? '' : formatRatio(ratio),
      findings
        .filter((finding) => finding.row === row.row)
        .flatMap(describeVerdict)
        .join('; '),
    ];
  });
  const lines = markdown ? alignMarkdown([head, ...body]) : alignText([head, ...body]);
  return `${markdown ? `**${table.question}**\n\n` : `${table.question}\n`}${lines.join('\n')}\n`;
}

/** Three significant digits, thousands set apart; counts as they are. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}

function formatRatio(ratio: number): string {
  const text = formatNumber(ratio);
  return ratio > 0 && ratio < 0.5 ? `${text} (1/${formatNumber(1 / ratio)})` : text;
}

function describeTarget(target: Target, unit: string): string {
  const amount = target.against === undefined ? unit : `× ${target.against}`;
  return [target.test, target.value, amount].filter((part) => part !== '').join(' ');
}

function describeVerdict(finding: Finding): string[] {
  if (finding.target === undefined) return [];
  const measured =
    finding.target.includes('×') && finding.ratio !== undefined ? `${formatRatio(finding.ratio)}, ` : '';
  return [`${finding.metric} ${finding.target}: ${measured}${finding.ok ? 'met' : 'MISSED'}`];
}

function sharedUnit(rows: readonly MeasuredRow[], metric: string): string | undefined {
  const units = new Set(rows.flatMap(({ metrics }) => metrics.get(metric)?.unit ?? []));
  return units.size === 1 ? [...units][0] : undefined;
}

function alignText(cells: readonly (readonly string[])[]): string[] {
  const widths = columnWidths(cells);
  const lines = cells.map((line) =>
    line
      .map((cell, column) =>
        column === 0 || column === line.length - 1
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '─'.repeat(width)).join('  '));
  return lines;
}

function alignMarkdown(cells: readonly (readonly string[])[]): string[] {
  const lines = cells.map((line) => `| ${line.join(' | ')} |`);
  const rule = cells[0]?.map((_, column, { length }) =>
    column === 0 || column === length - 1 ? '---' : '--:',
  );
  lines.splice(1, 0, `| ${rule?.join(' | ')} |`);
  return lines;
}

function columnWidths(cells: readonly (readonly string[])[]): number[] {
  return (cells[0] ?? []).map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
}
