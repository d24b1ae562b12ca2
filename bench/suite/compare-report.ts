/** A comparison in words and tables: for the terminal, for Markdown, and as a section of the HTML report. Warnings come first. */

import { formatNumber } from '../report.ts';
import { type Change, type Comparison, FAMILY_ERROR_SHARE, MIN_CHANGE_RATIO } from './compare.ts';
import { describeInterval } from './figures.ts';
import { codeSpan, escapeMarkdown, html, type Markup, printable } from './markup.ts';
import { markdownTable } from './report-markdown.ts';
import { scrolling } from './report-parts.ts';

const HEAD = ['row', 'metric', 'before', 'after', 'change of the ratio to the baseline row', 'finding'];
const NUMBERS = [2, 3, 4];

/** Changes beyond noise, the worst first. */
export function flaggedOf({ changes }: Comparison): Change[] {
  const size = ({ ratio }: Change) => Math.abs(Math.log(ratio));
  return changes
    .filter(({ kind }) => kind !== 'steady')
    .sort((a, b) => Number(a.kind === 'better') - Number(b.kind === 'better') || size(b) - size(a));
}

/** For the terminal; ends with a line feed. */
export function comparisonText(comparison: Comparison): string {
  const flagged = flaggedOf(comparison).map(cellsOf);
  const cells = [HEAD, ...flagged];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const table = cells.map((line) =>
    line
      .map((cell, column) =>
        NUMBERS.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const lines = [
    ...comparison.warnings.map((text) => `WARNING: ${printable(text)}`),
    headline(comparison),
    ...(flagged.length === 0 ? [] : ['', ...table]),
    ...remarksOf(comparison).map((text) => printable(text)),
  ];
  return `${lines.join('\n')}\n`;
}

export function comparisonMarkdown(comparison: Comparison): string {
  const flagged = flaggedOf(comparison);
  const parts = [
    '## Against the baseline',
    ...comparison.warnings.map((text) => `**Warning:** ${escapeMarkdown(text)}`),
    escapeMarkdown(headline(comparison)),
    ...(flagged.length === 0 ? [] : [markdownTable(HEAD, NUMBERS, flagged.map(markdownCells))]),
    ...remarksOf(comparison).map((text) => escapeMarkdown(text)),
    METHOD,
  ];
  return parts.join('\n\n');
}

export function comparisonSection(comparison: Comparison): Markup {
  const flagged = flaggedOf(comparison);
  const steady = comparison.changes.filter(({ kind }) => kind === 'steady');
  return html`<section aria-labelledby="against"><h2 id="against">Against the baseline</h2>${
    comparison.warnings.length === 0
      ? undefined
      : html`<div class="alarm"><ul>${comparison.warnings.map((text) => html`<li>${text}</li>`)}</ul></div>`
  }<p>${headline(comparison)}</p>${flagged.length === 0 ? undefined : changeTable('Changes beyond noise', flagged)}${remarksOf(
    comparison,
  ).map((text) => html`<p>${text}</p>`)}<p>${METHOD}</p>${
    steady.length === 0
      ? undefined
      : html`<details><summary>${steady.length} comparisons without a change beyond noise</summary>${changeTable('Comparisons without a change', steady)}</details>`
  }</section>`;
}

function changeTable(label: string, changes: readonly Change[]): Markup {
  const rows = changes.map((change) => {
    const [row = '', metric, before, after, ratio, finding] = cellsOf(change);
    return html`<tr><th scope="row">${row}</th><td class="text">${metric}</td><td>${before}</td><td>${after}</td><td>${ratio}</td><td class="text"><span class="pill ${PILLS[change.kind]}">${finding}</span></td></tr>`;
  });
  const head = HEAD.map(
    (text, column) => html`<th scope="col" class="${NUMBERS.includes(column) ? '' : 'text'}">${text}</th>`,
  );
  return scrolling(label, html`<table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`);
}

const PILLS = { worse: 'missed', better: 'met', steady: 'unstated' } as const;

const METHOD = `A row is held against the baseline row of its table in the same round, in both runs. Flagged is what differs by more than ${formatPercent(MIN_CHANGE_RATIO)} beyond the scatter of rounds; all flags of a run together are wrong in less than ${FAMILY_ERROR_SHARE * 100} % of runs of the same code (Holm’s correction over all rows and metrics). That nothing is flagged does not say that nothing changed.`;

function headline({ before, changes, unjudged }: Comparison): string {
  const { machine } = before.run;
  const count = (kind: Change['kind']) => changes.filter((change) => change.kind === kind).length;
  return `Compared with ${before.name} (commit ${machine.commit}, ${machine.date.slice(0, 10)}): of ${changes.length} comparisons ${count('worse')} worse, ${count('better')} better, ${count('steady')} without a change beyond noise; ${unjudged.length} rows could not be compared.`;
}

function remarksOf({ levels, appeared, vanished, unjudged }: Comparison): string[] {
  return [
    ...levels.map(
      ({ table, row, metric, ratio }) =>
        `Table ${table}: its baseline row ${row} itself moved, ${metric} ${formatNumber(ratio)} × of before. Either the machine was in another state or what the baseline runs has changed; ratios to it do not show which.`,
    ),
    ...list('New rows', appeared),
    ...list('Rows that are gone', vanished),
    ...list(
      'Not compared',
      unjudged.map(({ row, reason }) => `${row} (${reason})`),
    ),
  ];
}

const list = (title: string, names: readonly string[]): string[] =>
  names.length === 0 ? [] : [`${title}: ${names.join('; ')}.`];

function cellsOf({ table, row, metric, before, after, unit, ratio, interval, kind }: Change): string[] {
  return [
    printable(`${table}: ${row}`),
    metric,
    `${formatNumber(before)} ${unit}`.trim(),
    `${formatNumber(after)} ${unit}`.trim(),
    `${formatNumber(ratio)} × ${describeInterval(interval)}`,
    kind,
  ];
}

function markdownCells(change: Change): string[] {
  const [row = '', metric = '', ...rest] = cellsOf(change);
  return [codeSpan(row), escapeMarkdown(metric), ...rest.map(escapeMarkdown)];
}

function formatPercent(ratio: number): string {
  return `${((ratio - 1) * 100).toFixed(0)} %`;
}
