/** Plots with their captions and legends, as the sections of the HTML report hold them. */

import type { AnalysedTable } from './analysis.ts';
import { samplesNeeded } from './bootstrap.ts';
import { html, type Markup } from './markup.ts';
import { plotBars } from './plot-bars.ts';
import { plotDistribution } from './plot-distribution.ts';
import { LINES_MAX_COUNT } from './plot-frame.ts';
import { drawMarker, type Figure, plotCurves, plotNines } from './plot-lines.ts';

/** What a table is drawn as. A table whose rows do not have what its chart needs is drawn as what they have. */
export function drawTable(table: AnalysedTable, anchor: string): readonly Markup[] {
  const kinds = {
    curve: [drawCurves, drawDistributions, drawBars],
    bars: [drawBars],
    distribution: [drawDistributions, drawBars],
  };
  for (const draw of kinds[table.chart ?? 'distribution']) {
    const figures = draw(table, anchor);
    if (figures.length > 0) return figures;
  }
  return [];
}

function drawCurves(table: AnalysedTable, anchor: string): Markup[] {
  return plotCurves(table, `${anchor}-p`).map((plot) => lineFigure(plot, 'Whiskers are 95 % intervals.'));
}

function drawBars(table: AnalysedTable, anchor: string): Markup[] {
  const bars = plotBars(table, `${anchor}-p`);
  return bars === undefined ? [] : [figure(`${table.headline}; whiskers are 95 % intervals.`, bars)];
}

function drawDistributions(table: AnalysedTable, anchor: string): Markup[] {
  const lanes = plotDistribution(table, `${anchor}-p`);
  if (lanes === undefined) return [];
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
      return plot === undefined
        ? []
        : [
            lineFigure(
              plot,
              'Each step to the right is a nine more; a line ends where its samples state no percentile.',
            ),
          ];
    }),
  ];
}

function figure(caption: string, drawing: Markup, legend?: Markup): Markup {
  return html`<figure><figcaption>${caption}</figcaption>${legend}<div class="fit" role="group" tabindex="0" aria-label="Plot">${drawing}</div></figure>`;
}

function lineFigure({ caption, drawing, legend }: Figure, remark: string): Markup {
  const items = legend.map(
    (name, index) =>
      html`<li class="s${index + 1}"><svg viewBox="0 0 34 14" aria-hidden="true"><line x1="0" x2="34" y1="7" y2="7"/>${drawMarker(index, 17, 7, '')}</svg>${name}</li>`,
  );
  return figure(`${caption}. ${remark}`, drawing, html`<ul class="legend">${items}</ul>`);
}
