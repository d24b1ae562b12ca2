/**
 * Lines over an axis: throughput–latency curves of a table of kind `curve`, and percentiles by nines, where tails lie side by side.
 * Lines differ by colour, dash and marker together, so that none of the three has to be seen.
 */

import type { AnalysedRow, AnalysedTable } from './analysis.ts';
import { type Interval, PERCENTILES } from './bootstrap.ts';
import { describeEstimate, sharedUnit } from './figures.ts';
import { html, type Markup } from './markup.ts';
import {
  type Frame,
  LINES_MAX_COUNT,
  linearScale,
  logScale,
  round,
  type Scale,
  svg,
  tickText,
  WIDTH,
  xAxis,
  yAxis,
} from './plot-frame.ts';

const HEIGHT = 330;
/** An axis that ends here or before is one of shares, and is labelled in per cent. */
const SHARE_MAX = 1.5;
/** An axis whose ends are further apart than this is logarithmic. */
const LINEAR_MAX_RATIO = 40;

interface Point {
  readonly x: number;
  readonly y: number;
  readonly interval?: Interval;
  readonly text: string;
}

interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Figure {
  readonly caption: string;
  readonly drawing: Markup;
  /** Names of lines in order: line `i` has the page's class `s<i + 1>`. */
  readonly legend: readonly string[];
}

/** A figure for each metric that the table's question is about: p50 and p99 of a latency, else the headline. */
export function plotCurves(table: AnalysedTable, id: string): Figure[] {
  const rows = table.rows.filter(({ x }) => x !== undefined);
  const metrics =
    table.headline in PERCENTILES || table.headline === 'max' ? ['p50', 'p99'] : [table.headline];
  return metrics.flatMap((metric, index) => {
    const lines = linesOf(rows, metric);
    const groups = Math.ceil(lines.length / LINES_MAX_COUNT);
    return Array.from({ length: groups }, (_, group) => {
      const own = lines.slice(group * LINES_MAX_COUNT, (group + 1) * LINES_MAX_COUNT);
      return drawCurve(table, metric, own, `${id}-${index}-${group}`);
    });
  });
}

function drawCurve(table: AnalysedTable, metric: string, lines: readonly Line[], id: string): Figure {
  const points = lines.flatMap((line) => line.points);
  const frame: Frame = { left: 64, right: WIDTH - 20, top: 30, bottom: HEIGHT - 46 };
  const xs = points.map(({ x }) => x);
  const isShare = Math.max(...xs) <= SHARE_MAX;
  const wide = Math.min(...xs) > 0 && Math.max(...xs) / Math.min(...xs) > LINEAR_MAX_RATIO;
  const x = (wide ? logScale : linearScale)(xs, frame.left + 14, frame.right - 14);
  const y = valueScale(points, frame);
  const text = isShare ? (value: number) => `${tickText(value * 100)} %` : tickText;
  const label = isShare ? 'share of capacity' : wide ? 'logarithmic' : '';
  const unit = sharedUnit(table.rows, metric) ?? table.unit;
  const drawing = svg(id, HEIGHT, `${table.question}: ${metric}`, describe(lines, text), [
    xAxis(x, frame, label, text),
    yAxis(y, frame, `${metric}, ${unit}`),
    ...lines.map((line, at) => drawLine(line, at, x, y)),
  ]);
  return { caption: metric, drawing, legend: lines.map(({ name }) => name) };
}

const NINES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999];
/** Distance from the certain end: each nine more is one step to the right. */
const ninesOf = (share: number): number => -Math.log10(1 - share);
const NINE_TICKS = [0.5, 0.9, 0.99, 0.999, 0.9999];

/** Percentiles against nines; a line ends where its samples no longer state a percentile. */
export function plotNines(
  rows: readonly AnalysedRow[],
  unit: string,
  id: string,
  enough: (share: number, count: number) => boolean,
): Figure | undefined {
  const lines = rows.slice(0, LINES_MAX_COUNT).map(({ row, sorted }): Line => {
    const all = sorted?.all ?? new Float64Array();
    const points = NINES.filter((share) => enough(share, all.length)).flatMap((share): Point[] => {
      const y = all[Math.max(0, Math.ceil(share * all.length - 1e-9) - 1)] ?? 0;
      return y > 0
        ? [{ x: ninesOf(share), y, text: `p${tickText(share * 100)} ${tickText(y)} ${unit}` }]
        : [];
    });
    return { name: row, points };
  });
  const drawn = lines.filter(({ points }) => points.length > 1);
  const points = drawn.flatMap((line) => line.points);
  if (points.length === 0) return undefined;
  const frame: Frame = { left: 64, right: WIDTH - 20, top: 30, bottom: HEIGHT - 46 };
  const most = Math.max(...points.map(({ x }) => x));
  const ticks = NINE_TICKS.map(ninesOf).filter((tick) => tick <= most + 1e-9);
  const from = ninesOf(NINES[0] ?? 0);
  const at = (value: number) =>
    frame.left + 14 + ((frame.right - frame.left - 28) * (value - from)) / (most - from);
  const x: Scale = { at, ticks, low: from, high: most };
  const y = valueScale(points, frame);
  const text = (value: number) => `p${Number(((1 - 10 ** -value) * 100).toFixed(4))}`;
  const drawing = svg(id, HEIGHT, 'Percentiles, each nine one step to the right', describe(drawn, text), [
    xAxis(x, frame, 'percentile', text),
    yAxis(y, frame, `${unit}, logarithmic`),
    ...drawn.map((line, index) => drawLine(line, index, x, y)),
  ]);
  return { caption: 'Tails', drawing, legend: drawn.map(({ name }) => name) };
}

function linesOf(rows: readonly AnalysedRow[], metric: string): Line[] {
  const lines = new Map<string, Point[]>();
  for (const row of rows) {
    const found = row.metrics.get(metric);
    if (found === undefined || found.unstated !== undefined || row.x === undefined) continue;
    const name = row.series ?? row.row;
    const points = lines.get(name) ?? [];
    points.push({
      x: row.x,
      y: found.value,
      ...(found.interval === undefined ? {} : { interval: found.interval }),
      text: `${row.row}: ${metric} ${describeEstimate(found, found.unit)}`,
    });
    lines.set(name, points);
  }
  return [...lines].map(([name, points]) => ({ name, points: points.toSorted((a, b) => a.x - b.x) }));
}

/** Logarithmic where all is positive and far apart; a share or a count that stays near itself is linear. */
function valueScale(points: readonly Point[], frame: Frame): Scale {
  const ends = points.flatMap(({ y, interval }) => [y, interval?.low ?? y, interval?.high ?? y]);
  const least = ends.reduce((a, b) => Math.min(a, b));
  const most = ends.reduce((a, b) => Math.max(a, b));
  const scale = least > 0 && most / least > 4 ? logScale : linearScale;
  return scale(ends, frame.bottom - 6, frame.top + 6);
}

function drawLine({ points }: Line, index: number, x: Scale, y: Scale): Markup {
  const path = points.map((point) => `${round(x.at(point.x))} ${round(y.at(point.y))}`).join('L');
  return html`<g class="line s${index + 1}"><path d="M${path}"/>${points.map((point) => {
    const px = round(x.at(point.x));
    const sure = point.interval;
    return html`${
      sure === undefined
        ? undefined
        : html`<line class="sure" x1="${px}" x2="${px}" y1="${round(y.at(sure.low))}" y2="${round(y.at(sure.high))}"/>`
    }${drawMarker(index, px, round(y.at(point.y)), point.text)}`;
  })}</g>`;
}

/** Circle, square, diamond, triangle, then the same hollow. */
export function drawMarker(index: number, x: number, y: number, title: string): Markup {
  const shapes = [
    'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z',
    'M-3.5-3.5h7v7h-7Z',
    'M0-5L5 0L0 5L-5 0Z',
    'M0-5L4.6 3.4H-4.6Z',
  ];
  return html`<path class="marker ${index >= shapes.length ? 'hollow' : 'full'}" transform="translate(${x} ${y})" d="${shapes[index % shapes.length]}">${title === '' ? undefined : html`<title>${title}</title>`}</path>`;
}

function describe(lines: readonly Line[], xText: (value: number) => string): string {
  return lines
    .map(
      ({ name, points }) =>
        `${name}: ${points.map(({ x, y }) => `${tickText(y)} at ${xText(x)}`).join(', ')}.`,
    )
    .join(' ');
}
