/** The parts of the HTML report that hold figures: verdicts, a table of rows, its plots, its notes. Escaped by markup.ts, computed by analyse.ts. */

import { formatNumber } from '../report.ts';
import type { AnalysedRow, AnalysedTable, Verdict } from './analyse.ts';
import { samplesNeeded } from './bootstrap.ts';
import {
  describeEstimate,
  describeInterval,
  describeOutcome,
  describeTarget,
  metricNames,
  sharedUnit,
} from './figures.ts';
import { html, type Markup } from './markup.ts';
import { plotBars } from './plot-bars.ts';
import { plotDistribution } from './plot-distribution.ts';
import { drawMarker, type Figure, LINES_MAX_COUNT, plotCurves, plotNines } from './plot-lines.ts';

/** A scrolling box that the keyboard reaches, named for those who do not see it. */
export function scrolling(label: string, content: Markup): Markup {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}">${content}</div>`;
}

export function verdictTable(verdicts: readonly Verdict[], anchors: ReadonlyMap<string, string>): Markup {
  return scrolling(
    'Targets and verdicts',
    html`<table><thead><tr><th scope="col" class="text">What</th><th scope="col" class="text">Target</th><th scope="col">Measured, 95 % interval</th><th scope="col" class="text">Verdict</th></tr></thead><tbody>${verdicts.map(
      (verdict) =>
        html`<tr><th scope="row">${verdict.row}<small><a href="#${anchors.get(verdict.table) ?? ''}">${verdict.table}</a></small></th><td class="text">${verdict.metric} ${describeTarget(verdict.target, verdict.target.against === undefined ? verdict.measured.unit : '')}</td><td>${
          verdict.outcome === 'unstated' ? '–' : describeEstimate(verdict.measured, verdict.measured.unit)
        }</td><td class="text">${pill(verdict)}${verdict.reason === undefined ? undefined : html`<small>${verdict.reason}</small>`}</td></tr>`,
    )}</tbody></table>`,
  );
}

const MARKS = { met: '✓', missed: '✗', unstated: '?' } as const;

export function pill(verdict: Verdict): Markup {
  return html`<span class="pill ${verdict.outcome}">${MARKS[verdict.outcome]} ${describeOutcome(verdict)}</span>`;
}

/** Everything about one table. `anchor` is its id in the page and begins the ids within. */
export function tableSection(table: AnalysedTable, anchor: string): Markup {
  const notes = table.rows.filter(({ note }) => note !== undefined);
  return html`<section class="table" id="${anchor}" aria-labelledby="${anchor}-h"><h3 id="${anchor}-h">${table.name}</h3><p class="question">${table.question}</p>${
    table.broken === undefined
      ? undefined
      : html`<p class="alarm">Not measured to its end: ${table.broken}</p>`
  }${plots(table, anchor)}${table.rows.length + table.absent.length === 0 ? undefined : rowTable(table)}${
    notes.length === 0
      ? undefined
      : html`<h4>How each is configured</h4><ul class="notes">${notes.map(({ row, note }) => html`<li><b>${row}</b>: ${note}</li>`)}</ul>`
  }</section>`;
}

function rowTable(table: AnalysedTable): Markup {
  const { rows, absent, headline } = table;
  const names = metricNames(rows);
  const columns = names.length + 4;
  return scrolling(
    `Rows of ${table.name}`,
    html`<table><thead><tr><th scope="col" class="text">Row</th>${names.map(
      (name) => html`<th scope="col">${[name, sharedUnit(rows, name)].filter(Boolean).join(' ')}</th>`,
    )}<th scope="col">n</th><th scope="col">${headline} ÷ baseline</th><th scope="col" class="text">Target</th></tr></thead><tbody>${rows.map(
      (row) =>
        html`<tr${row.row === table.baseline ? html` class="baseline"` : undefined}><th scope="row">${row.row}${
          row.row === table.baseline ? html`<small>baseline</small>` : undefined
        }${row.sameAs === undefined ? undefined : html`<small>once more: ${row.sameAs}</small>`}</th>${names.map((name) => metricCell(row, name, sharedUnit(rows, name)))}<td>${formatNumber(mostSamples(row))}</td><td>${
          row.ratio === undefined
            ? '–'
            : html`${formatNumber(row.ratio.value)}${row.ratio.interval && bound(describeInterval(row.ratio.interval))}`
        }</td><td class="text">${table.verdicts
          .filter((verdict) => verdict.row === row.row)
          .map(
            (verdict) =>
              html`<div>${verdict.metric} ${describeTarget(verdict.target, verdict.measured.unit)} ${pill(verdict)}</div>`,
          )}</td></tr>`,
    )}${absent.map(
      ({ row, reason }) =>
        html`<tr class="absent"><th scope="row">${row}</th><td colspan="${columns - 1}">not measured: ${reason}</td></tr>`,
    )}</tbody></table>`,
  );
}

const bound = (text: string): Markup => html`<span class="bound">${text}</span>`;

/** Operations behind a row: its samples, or what its figures count. */
export function mostSamples(row: AnalysedRow): number {
  return [...row.metrics.values()].reduce((most, { n }) => Math.max(most, n), 0);
}

function metricCell(row: AnalysedRow, name: string, shared: string | undefined): Markup {
  const metric = row.metrics.get(name);
  if (metric === undefined) return html`<td></td>`;
  if (metric.unstated !== undefined) {
    return html`<td><abbr title="${metric.unstated}">–</abbr></td>`;
  }
  const unit = shared === undefined ? ` ${metric.unit}` : '';
  return html`<td>${formatNumber(metric.value)}${unit}${metric.interval && bound(describeInterval(metric.interval))}</td>`;
}

function plots(table: AnalysedTable, anchor: string): readonly Markup[] {
  if (table.chart === 'curve') {
    return plotCurves(table, `${anchor}-p`).map((plot) => lineFigure(plot, 'Whiskers are 95 % intervals.'));
  }
  if (table.chart === 'bars') {
    const bars = plotBars(table, `${anchor}-p`);
    return bars === undefined ? [] : [figure(`${table.headline}; whiskers are 95 % intervals.`, bars)];
  }
  const lanes = plotDistribution(table, `${anchor}-p`);
  if (lanes === undefined) {
    const bars = plotBars(table, `${anchor}-p`);
    return bars === undefined ? [] : [figure(`${table.headline}; whiskers are 95 % intervals.`, bars)];
  }
  const enough = (share: number, count: number) => count >= samplesNeeded(share);
  const sampled = table.rows.filter(({ sorted }) => sorted !== undefined);
  const groups = Array.from({ length: Math.ceil(sampled.length / LINES_MAX_COUNT) }, (_, index) =>
    sampled.slice(index * LINES_MAX_COUNT, (index + 1) * LINES_MAX_COUNT),
  );
  return [
    figure(
      'Each lane: where the samples lie. The ticks from tall to short are p50 (its 95 % interval is the bar), p95, p99 and p99.9, so far as there are samples enough; the circle is the slowest.',
      lanes,
    ),
    ...groups.flatMap((rows, index) => {
      const plot = plotNines(rows, table.unit, `${anchor}-n${index}`, enough);
      return plot === undefined ? [] : [lineFigure(plot, 'Tails: each step to the right is a nine more.')];
    }),
  ];
}

function figure(caption: string, drawing: Markup, legend?: Markup): Markup {
  return html`<figure><figcaption>${caption}</figcaption>${legend}<div class="fit">${drawing}</div></figure>`;
}

function lineFigure({ caption, drawing, legend }: Figure, remark: string): Markup {
  const items = legend.map(
    (name, index) =>
      html`<li class="s${index + 1}"><svg viewBox="0 0 34 14" aria-hidden="true"><line x1="0" x2="34" y1="7" y2="7"/>${drawMarker(index, 17, 7, '')}</svg>${name}</li>`,
  );
  return figure(`${caption}. ${remark}`, drawing, html`<ul class="legend">${items}</ul>`);
}
