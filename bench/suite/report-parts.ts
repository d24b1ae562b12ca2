/** The parts of the HTML report that hold figures: verdicts, a table of rows, its plots, its notes. Escaped by markup.ts, computed by analyse.ts. */

import { formatNumber } from '../report.ts';
import type { AnalysedRow, AnalysedTable, Verdict } from './analysis.ts';
import {
  describeEstimate,
  describeInterval,
  describeOutcome,
  describeTarget,
  metricNames,
  mostSamples,
  sharedUnit,
} from './figures.ts';
import { html, type Markup } from './markup.ts';
import { drawTable } from './report-figures.ts';

/** A scrolling box that the keyboard reaches, named for those who do not see it. */
export function scrolling(label: string, content: Markup): Markup {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}">${content}</div>`;
}

export function verdictTable(verdicts: readonly Verdict[], anchors: ReadonlyMap<string, string>): Markup {
  // The verdict stands second, so that it is in sight where the table has to be scrolled.
  return scrolling(
    'Targets and verdicts',
    html`<table><thead><tr><th scope="col" class="text">What</th><th scope="col" class="text">Verdict</th><th scope="col" class="text">Target</th><th scope="col">Measured, 95 % interval</th></tr></thead><tbody>${verdicts.map(
      (verdict) =>
        html`<tr><th scope="row">${verdict.row}<small><a href="#${anchors.get(verdict.table) ?? ''}">${verdict.table}</a></small></th><td class="text">${pill(verdict)}${verdict.reason === undefined ? undefined : html`<small>${verdict.reason}</small>`}</td><td class="text">${verdict.metric} ${describeTarget(verdict.target, unitOf(verdict))}</td><td>${
          verdict.outcome === 'unstated' ? '–' : describeEstimate(verdict.measured, verdict.measured.unit)
        }</td></tr>`,
    )}</tbody></table>`,
  );
}

const unitOf = ({ target, measured }: Verdict): string => (target.against === undefined ? measured.unit : '');

const MARKS = { met: '✓', missed: '✗', unstated: '?' } as const;

function pill(verdict: Verdict): Markup {
  return html`<span class="pill ${verdict.outcome}">${MARKS[verdict.outcome]} ${describeOutcome(verdict)}</span>`;
}

/** Everything about one table. `anchor` is its id in the page and begins the ids within. */
export function tableSection(table: AnalysedTable, anchor: string): Markup {
  const notes = table.rows.filter(({ note }) => note !== undefined);
  return html`<section class="table" id="${anchor}" aria-labelledby="${anchor}-h"><h3 id="${anchor}-h">${table.name}</h3><p class="question">${table.question}</p>${
    table.broken === undefined
      ? undefined
      : html`<p class="alarm">Not measured to its end: ${table.broken}</p>`
  }${drawTable(table, anchor)}${table.rows.length + table.absent.length === 0 ? undefined : rowTable(table)}${
    notes.length === 0
      ? undefined
      : html`<h4>How each is configured</h4><ul class="notes">${notes.map(({ row, note }) => html`<li><b>${row}</b>: ${note}</li>`)}</ul>`
  }</section>`;
}

function rowTable(table: AnalysedTable): Markup {
  const { rows, absent, headline } = table;
  const names = metricNames(rows);
  const columns = names.length + 3;
  return scrolling(
    `Rows of ${table.name}`,
    html`<table><thead><tr><th scope="col" class="text">Row</th><th scope="col">${headline} ÷ baseline</th>${names.map(
      (name) => html`<th scope="col">${[name, sharedUnit(rows, name)].filter(Boolean).join(' ')}</th>`,
    )}<th scope="col">n</th></tr></thead><tbody>${rows.map(
      (row) =>
        html`<tr${row.row === table.baseline ? html` class="baseline"` : undefined}><th scope="row">${row.row}${
          row.row === table.baseline ? html`<small>baseline</small>` : undefined
        }${row.sameAs === undefined ? undefined : html`<small>once more: ${row.sameAs}</small>`}${table.verdicts
          .filter((verdict) => verdict.row === row.row)
          .map(
            (verdict) =>
              html`<small class="goal ${verdict.outcome}">${MARKS[verdict.outcome]} ${verdict.metric} ${describeTarget(verdict.target, unitOf(verdict))}</small>`,
          )}</th><td>${
          row.ratio === undefined
            ? '–'
            : html`${formatNumber(row.ratio.value)}${row.ratio.interval && bound(describeInterval(row.ratio.interval))}`
        }</td>${names.map((name) => metricCell(row, name, sharedUnit(rows, name)))}<td>${formatNumber(mostSamples(row))}</td></tr>`,
    )}${absent.map(
      ({ row, reason }) =>
        html`<tr class="absent"><th scope="row">${row}</th><td colspan="${columns - 1}">not measured: ${reason}</td></tr>`,
    )}</tbody></table>`,
  );
}

const bound = (text: string): Markup => html`<span class="bound">${text}</span>`;

function metricCell(row: AnalysedRow, name: string, shared: string | undefined): Markup {
  const metric = row.metrics.get(name);
  if (metric === undefined) return html`<td></td>`;
  if (metric.unstated !== undefined) {
    return html`<td><abbr title="${metric.unstated}">–</abbr></td>`;
  }
  const unit = shared === undefined ? ` ${metric.unit}` : '';
  return html`<td>${formatNumber(metric.value)}${unit}${metric.interval && bound(describeInterval(metric.interval))}</td>`;
}
