/**
 * What all plots share: scales, ticks, a frame with axes, as inline SVG drawn when a report is written. Colours and fonts come from the
 * page's style by class; nothing here needs a script.
 *
 * Coordinates are those of a viewBox WIDTH wide; the page scales it.
 */

import { formatNumber } from '../report.ts';
import { html, type Markup } from './markup.ts';

export const WIDTH = 720;
/** As many as there are colours that stay apart. */
export const LINES_MAX_COUNT = 8;

export interface Scale {
  /** Domain value → coordinate; outside the domain it is held at the end. */
  at(value: number): number;
  readonly ticks: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Ticks nearer to each other than this many units of the viewBox overlap. */
const TICK_MIN_GAP = 44;

/** A logarithmic axis whose ends are nearer is labelled in even steps. */
const EVEN_MAX_RATIO = 3;

/** Decades with 1, 2 and 5, thinned until labels fit. Asserts 0 < low; a single value gets room on both sides. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (positive.length === 0) throw new RangeError('a log scale needs a value above zero');
  const least = positive.reduce((a, b) => Math.min(a, b));
  const most = positive.reduce((a, b) => Math.max(a, b));
  const room = Math.max((most / least) ** 0.03, most / least < 1.2 ? 1.3 : 1);
  const low = least / room;
  const high = most * room;
  const at = (value: number) => {
    const clamped = Math.min(high, Math.max(low, value > 0 ? value : low));
    return from + ((to - from) * Math.log(clamped / low)) / Math.log(high / low);
  };
  const decades = Array.from(
    { length: Math.floor(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, index) => Math.floor(Math.log10(low)) + index,
  );
  const steps: readonly (readonly number[])[] = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]];
  const fits = (ticks: readonly number[]) =>
    ticks.every(
      (tick, index) => index === 0 || Math.abs(at(tick) - at(ticks[index - 1] ?? 0)) >= gapOf(from, to),
    );
  const byDigits = steps.map((digits) =>
    decades
      .flatMap((decade) => digits.map((digit) => Number(`${digit}e${decade}`)))
      .filter((tick) => tick >= low && tick <= high),
  );
  // Within less than half a decade 1, 2 and 5 are too few; round steps are nearly even there.
  const even =
    high / low < EVEN_MAX_RATIO
      ? [linearScale([low, high], from, to).ticks.filter((tick) => tick >= low)]
      : [];
  const ticks = [...even, ...byDigits].find((candidate) => candidate.length > 0 && fits(candidate));
  return { at, low, high, ticks: ticks ?? thin(byDigits.at(-1) ?? []) };
}

/** Values nearer to each other are drawn as one: their steps would be lost in rounding. */
const SPAN_MIN = 1e-9;

/** Round steps, zero included when `values` come near it. */
export function linearScale(values: readonly number[], from: number, to: number): Scale {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const room = most - least < SPAN_MIN ? Math.max(Math.abs(most), SPAN_MIN) : 0;
  const low = least >= 0 && least < most / 2 ? 0 : least - room / 2;
  const high = most + room / 2;
  const rough = (high - low) / Math.max(2, Math.abs(to - from) / (gapOf(from, to) * 1.6));
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  const ticks = Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(12)));
  const at = (value: number) =>
    from + ((to - from) * (Math.min(high, Math.max(low, value)) - low)) / (high - low);
  return { at, low, high, ticks };
}

/** Labels of a vertical axis may stand closer. */
const gapOf = (from: number, to: number): number => (to < from ? TICK_MIN_GAP / 2 : TICK_MIN_GAP);

const thin = (ticks: readonly number[]): number[] =>
  ticks.filter((_, index) => index % Math.ceil(ticks.length / 6) === 0);

/** A tick's number, short: no trailing zeros. */
export function tickText(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential().replace('e-', 'e−');
  return Math.abs(value) >= 1000 ? formatNumber(value) : String(Number(value.toPrecision(3)));
}

export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Vertical grid lines with labels below. */
export function xAxis(
  scale: Scale,
  frame: Frame,
  label: string,
  text: (value: number) => string = tickText,
): Markup {
  return html`<g class="axis" aria-hidden="true">${scale.ticks.map(
    (tick) =>
      html`<line class="grid" x1="${round(scale.at(tick))}" x2="${round(scale.at(tick))}" y1="${frame.top}" y2="${frame.bottom}"/><text x="${round(scale.at(tick))}" y="${frame.bottom + 16}" text-anchor="middle">${text(tick)}</text>`,
  )}<text class="label" x="${frame.right}" y="${frame.bottom + 33}" text-anchor="end">${label}</text></g>`;
}

/** Horizontal grid lines with labels on the left. */
export function yAxis(scale: Scale, frame: Frame, label: string): Markup {
  return html`<g class="axis" aria-hidden="true">${scale.ticks.map(
    (tick) =>
      html`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${round(scale.at(tick))}" y2="${round(scale.at(tick))}"/><text x="${frame.left - 7}" y="${round(scale.at(tick) + 4)}" text-anchor="end">${tickText(tick)}</text>`,
  )}<text class="label" x="${frame.left}" y="${frame.top - 9}" text-anchor="start">${label}</text></g>`;
}

/** The drawing with its title and description, which is what those read who do not see it. */
export function svg(
  id: string,
  height: number,
  title: string,
  description: string,
  content: readonly Markup[],
): Markup {
  return html`<svg class="plot" viewBox="0 0 ${WIDTH} ${Math.ceil(height)}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>${content}</svg>`;
}

/** Tenths of a unit are finer than a pixel. */
export const round = (value: number): number => Math.round(value * 10) / 10;
