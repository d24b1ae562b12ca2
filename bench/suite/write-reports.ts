/** Writes a run's reports: `report.html`, one self-contained file, and `report.md`, its twin for pull requests. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { analyse } from './analyse.ts';
import type { Analysis } from './analysis.ts';
import type { Comparison } from './compare.ts';
import { comparisonMarkdown, comparisonSection } from './compare-report.ts';
import type { RecordedRun } from './read-record.ts';
import { renderHtml } from './report-html.ts';
import { renderMarkdown } from './report-markdown.ts';

export interface Reports {
  readonly html: string;
  readonly markdown: string;
  readonly analysis: Analysis;
}

/** Gives the paths of both files and what they say. The folder is made when it is not there. `comparison` becomes a section. */
export async function writeReports(
  folder: string,
  record: RecordedRun,
  comparison?: Comparison,
): Promise<Reports> {
  const analysis = analyse(record);
  await mkdir(folder, { recursive: true });
  const html = join(folder, 'report.html');
  const markdown = join(folder, 'report.md');
  await writeFile(html, renderHtml(analysis, comparison && comparisonSection(comparison)));
  await writeFile(markdown, renderMarkdown(analysis, comparison && comparisonMarkdown(comparison)));
  return { html, markdown, analysis };
}
