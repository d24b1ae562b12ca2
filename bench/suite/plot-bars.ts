/** The headline figure of each row as a bar from zero, with its interval as a whisker and its number beside it. */

import type { AnalysedTable } from './analysis.ts';
import { describeEstimate, sharedUnit } from './figures.ts';
import { html, type Markup, shorten } from './markup.ts';
import { type Frame, linearScale, round, svg, WIDTH, xAxis } from './plot-frame.ts';

const LANE_HEIGHT = 44;
const NAME_MAX_CHARACTERS = 60;

/** Undefined where no row has the headline. */
export function plotBars(table: AnalysedTable, id: string): Markup | undefined {
  const bars = table.rows.flatMap((row) => {
    const metric = row.metrics.get(table.headline);
    return metric === undefined || metric.unstated !== undefined ? [] : [{ row: row.row, metric }];
  });
  if (bars.length === 0) return undefined;
  const ends = bars.flatMap(({ metric }) => [
    metric.interval?.low ?? 0,
    metric.interval?.high ?? metric.value,
    metric.value,
  ]);
  const frame: Frame = { left: 12, right: WIDTH - 14, top: 8, bottom: 8 + bars.length * LANE_HEIGHT };
  const scale = linearScale([0, ...ends], frame.left, frame.right);
  const zero = scale.at(0);
  const unit = sharedUnit(table.rows, table.headline) ?? '';
  const drawing = bars.map(({ row, metric }, index) => {
    const top = frame.top + index * LANE_HEIGHT;
    const end = scale.at(metric.value);
    const sure = metric.interval;
    const middle = top + 29;
    const isBaseline = row === table.baseline;
    const text = describeEstimate(metric, metric.unit);
    return html`<g class="bar ${isBaseline ? 'base' : 's1'}"><text class="name" x="12" y="${top + 14}">${shorten(row, NAME_MAX_CHARACTERS)}${isBaseline ? ' (baseline)' : ''}</text><text class="value" x="${frame.right}" y="${top + 14}" text-anchor="end">${text}</text><rect class="amount" x="${round(Math.min(zero, end))}" y="${top + 21}" width="${round(Math.max(1, Math.abs(end - zero)))}" height="16"><title>${row}: ${text}</title></rect>${
      sure === undefined
        ? undefined
        : html`<path class="sure" d="M${round(scale.at(sure.low))} ${middle}H${round(scale.at(sure.high))}M${round(scale.at(sure.low))} ${middle - 5}v10M${round(scale.at(sure.high))} ${middle - 5}v10"/>`
    }</g>`;
  });
  const description = bars
    .map(({ row, metric }) => `${row}: ${describeEstimate(metric, metric.unit)}.`)
    .join(' ');
  return svg(id, frame.bottom + 42, `${table.question}: ${table.headline}`, description, [
    xAxis(scale, frame, [table.headline, unit].filter(Boolean).join(', ')),
    ...drawing,
  ]);
}
