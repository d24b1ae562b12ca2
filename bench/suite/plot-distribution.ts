/**
 * Distributions, one lane a row on one logarithmic axis: the shape above the lane's line, and on it the percentiles, because a shape does not
 * show a tail of one in a thousand and a tick does. Lanes need no colours to be told apart, whatever their number.
 */

import type { AnalysedRow, AnalysedTable } from './analysis.ts';
import { describeEstimate, describeMetrics } from './figures.ts';
import { html, type Markup, shorten } from './markup.ts';
import { type Frame, LINES_MAX_COUNT, logScale, round, type Scale, svg, WIDTH, xAxis } from './plot-frame.ts';

const LANE_HEIGHT = 62;
const SHAPE_HEIGHT = 28;
/** What fits above a lane. */
const NAME_MAX_CHARACTERS = 90;
/** Bins over the whole axis: one for about five units of the drawing. */
const BIN_COUNT = 140;
/** Bins on each side that a sample is spread over, so that a shape of a few hundred samples is no comb. */
const SMOOTH_BINS = 3;

/** Undefined where no row has samples above zero. */
export function plotDistribution(table: AnalysedTable, id: string): Markup | undefined {
  const rows = table.rows.filter(({ sorted }) => (sorted?.all.at(-1) ?? 0) > 0);
  if (rows.length === 0) return undefined;
  const ends = rows.flatMap(({ sorted }) => [positiveMin(sorted?.all), sorted?.all.at(-1) ?? 0]);
  const frame: Frame = { left: 12, right: WIDTH - 14, top: 8, bottom: 8 + rows.length * LANE_HEIGHT };
  const scale = logScale(ends, frame.left, frame.right);
  const series = [...new Set(rows.map((row) => row.series))];
  const lanes = rows.map((row, index) =>
    drawLane(
      row,
      table,
      scale,
      frame.top + index * LANE_HEIGHT,
      series.indexOf(row.series) % LINES_MAX_COUNT,
    ),
  );
  const description = rows
    .map((row) => `${row.row}: ${describeMetrics(row, ['p50', 'p95', 'p99', 'p99.9', 'max'])}.`)
    .join(' ');
  return svg(id, frame.bottom + 42, `${table.question}: distributions`, description, [
    xAxis(scale, frame, `${table.unit}, logarithmic`),
    ...lanes,
  ]);
}

function drawLane(row: AnalysedRow, table: AnalysedTable, scale: Scale, top: number, colour: number): Markup {
  const base = top + LANE_HEIGHT - 10;
  const p50 = row.metrics.get('p50');
  const mark = (metric: string, height: number) => {
    const found = row.metrics.get(metric);
    if (found === undefined || found.unstated !== undefined) return undefined;
    const x = round(scale.at(found.value));
    return html`<line class="mark ${metric === 'p50' ? 'mid' : ''}" x1="${x}" x2="${x}" y1="${base - height}" y2="${base + 5}"><title>${row.row}: ${metric} ${describeEstimate(found, found.unit)}</title></line>`;
  };
  const max = row.metrics.get('max');
  const end = max === undefined ? scale.at(0) : scale.at(max.value);
  const isBaseline = row.row === table.baseline;
  return html`<g class="lane ${isBaseline ? 'base' : `s${colour + 1}`}"><text class="name" x="12" y="${top + 13}">${shorten(row.row, NAME_MAX_CHARACTERS)}${isBaseline ? ' (baseline)' : ''}</text><path class="shape" d="${shapeOf(row, scale, base)}"/><line class="whole" x1="${round(scale.at(positiveMin(row.sorted?.all)))}" x2="${round(end)}" y1="${base}" y2="${base}"/>${
    p50?.interval === undefined
      ? undefined
      : html`<rect class="sure" x="${round(scale.at(p50.interval.low))}" width="${Math.max(1, round(scale.at(p50.interval.high) - scale.at(p50.interval.low)))}" y="${base - 4}" height="8"/>`
  }${mark('p50', SHAPE_HEIGHT)}${mark('p95', 15)}${mark('p99', 11)}${mark('p99.9', 8)}${
    max === undefined
      ? undefined
      : html`<circle class="max" cx="${round(end)}" cy="${base}" r="3.5"><title>${row.row}: max ${describeEstimate(max, max.unit)}</title></circle>`
  }</g>`;
}

/** The outline: counts in bins of equal width on the axis, smoothed by a triangle, the fullest as high as the lane allows. */
function shapeOf({ sorted }: AnalysedRow, scale: Scale, base: number): string {
  const bins = new Float64Array(BIN_COUNT);
  const width = (WIDTH - 26) / BIN_COUNT;
  for (const value of sorted?.all ?? []) {
    const bin = Math.min(BIN_COUNT - 1, Math.max(0, Math.floor((scale.at(value) - 12) / width)));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const smooth = Array.from(bins, (_, at) => {
    let sum = 0;
    for (let step = -SMOOTH_BINS; step <= SMOOTH_BINS; step++) {
      sum += (bins[at + step] ?? 0) * (SMOOTH_BINS + 1 - Math.abs(step));
    }
    return sum;
  });
  const highest = Math.max(...smooth);
  const first = smooth.findIndex((count) => count > 0);
  const last = smooth.findLastIndex((count) => count > 0);
  const xOf = (bin: number) => round(12 + (bin + 0.5) * width);
  const points = smooth
    .slice(first, last + 1)
    .map((count, at) => `${xOf(first + at)} ${round(base - (count / highest) * SHAPE_HEIGHT)}`);
  return `M${xOf(first)} ${base}L${points.join('L')}L${xOf(last)} ${base}`;
}

const positiveMin = (sorted: Float64Array | undefined): number =>
  sorted?.find((value) => value > 0) ?? Number.NaN;
