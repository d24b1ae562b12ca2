/** How reports print numbers: value with unit, interval, verdict. One place, so that the HTML report and its Markdown twin agree. */

import type { Target } from '../harness.ts';
import { formatNumber } from '../report.ts';
import type { AnalysedRow, Estimate, Verdict } from './analysis.ts';

/** `0.31 ms [0.30, 0.33]`, `1.21 × [1.10, 1.30]`. */
export function describeEstimate({ value, interval }: Estimate, unit: string): string {
  const amount = unit === '' ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
  return interval === undefined ? amount : `${amount} ${describeInterval(interval)}`;
}

export function describeInterval({ low, high }: { readonly low: number; readonly high: number }): string {
  return `[${formatNumber(low)}, ${formatNumber(high)}]`;
}

/** The stated ones of the named metrics in one sentence. */
export function describeMetrics(row: AnalysedRow, names: readonly string[]): string {
  return names
    .flatMap((name) => {
      const metric = row.metrics.get(name);
      if (metric === undefined || metric.unstated !== undefined) return [];
      return [`${name} ${formatNumber(metric.value)} ${metric.unit}`.trim()];
    })
    .join(', ');
}

const SIGNS = { '<': '<', '<=': '≤', '>=': '≥' } as const;

/** `< 0.4 ms`, `≥ 0.65 × bare Fastify`. */
export function describeTarget({ test, value, against }: Target, unit: string): string {
  const amount = against === undefined ? unit : `× ${against}`;
  return `${SIGNS[test]} ${value} ${amount}`.trim();
}

/** One word for a verdict, with what weakens it. */
export function describeOutcome({ outcome, thin }: Verdict): string {
  if (outcome === 'unstated') return 'not stated';
  return thin ? `${outcome}, within noise` : outcome;
}

/** Metrics of a table in the order that readers look for them: percentiles, then what else its rows have. */
export function metricNames(rows: readonly AnalysedRow[]): string[] {
  return [...new Set(rows.flatMap(({ metrics }) => [...metrics.keys()]))];
}

/** The unit that all rows share for a metric, else undefined. */
export function sharedUnit(rows: readonly AnalysedRow[], metric: string): string | undefined {
  const units = new Set(rows.flatMap(({ metrics }) => metrics.get(metric)?.unit ?? []));
  return units.size === 1 ? [...units][0] : undefined;
}

/** Operations behind a row: its samples, or what its figures count. */
export function mostSamples(row: AnalysedRow): number {
  return [...row.metrics.values()].reduce((most, { n }) => Math.max(most, n), 0);
}
