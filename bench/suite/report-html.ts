/**
 * The report as one HTML file: nothing is loaded, nothing runs. Its policy allows one style sheet, named by its hash, and
 * nothing else, so that a name in a record could not run even if it got into the page as markup.
 *
 * Order: what was measured and how it went, what speaks against trusting it, targets, what changed, tables, how to read it, where
 * it was measured.
 */

import { createHash } from 'node:crypto';
import type { Analysis, Verdict } from './analysis.ts';
import { html, type Markup, textOf } from './markup.ts';
import { tableSection, verdictTable } from './report-parts.ts';
import { describeRun, HOW_TO_READ, NO_PROMISE, stampOf } from './report-prose.ts';
import { REPORT_STYLE } from './report-style.ts';

/** The document. `extra` stands behind the targets: what changed against a baseline. */
export function renderHtml(analysis: Analysis, extra?: Markup): string {
  const { record, tables, noise } = analysis;
  const verdicts = tables.flatMap((table) => table.verdicts);
  const anchors = new Map(tables.map(({ name }, index) => [name, `t${index + 1}`]));
  const title = `Hotcell bench: ${describeRun(record)}`;
  const body = html`<body><div class="wrap"><header><div><h1>Hotcell bench</h1><p class="lead">${describeRun(record)}</p></div>${schemeChoice()}</header><main>${
    noise.length === 0 ? undefined : alarm(noise)
  }${tiles(verdicts, tables.length)}<nav aria-label="Tables"><ul>${tables.map(
    ({ name }) => html`<li><a href="#${anchors.get(name)}">${name}</a></li>`,
  )}<li><a href="#how">How to read it</a></li><li><a href="#where">Where it was measured</a></li></ul></nav>${
    verdicts.length === 0 ? undefined : html`<h2 id="targets">Targets</h2>${verdictTable(verdicts, anchors)}`
  }${extra}<h2 id="tables">Tables</h2>${tables.map((table) => tableSection(table, anchors.get(table.name) ?? ''))}<h2 id="how">How to read it</h2>${HOW_TO_READ.map(
    (text) => html`<p>${text}</p>`,
  )}<h3>What it does not promise</h3>${NO_PROMISE.map((text) => html`<p>${text}</p>`)}<h2 id="where">Where it was measured</h2><dl class="stamp">${stampOf(
    record,
  ).map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl></main><footer>Made from the record <code>${record.name}</code>, in which every sample stands. A report made again from it is the same to the letter.</footer></div></body>`;
  return `<!doctype html>\n${textOf(html`<html lang="en">`)}${head(title)}${textOf(body)}</html>\n`;
}

function head(title: string): string {
  const hash = createHash('sha256').update(REPORT_STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const start = html`<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><title>${title}</title><style>`;
  return `${textOf(start)}${REPORT_STYLE}</style></head>`;
}

function schemeChoice(): Markup {
  const choices = [
    ['auto', 'Auto'],
    ['light', 'Light'],
    ['dark', 'Dark'],
  ] as const;
  return html`<fieldset class="scheme"><legend>Colours</legend>${choices.map(
    ([name, label]) =>
      html`<input type="radio" name="scheme" id="scheme-${name}"${name === 'auto' ? html` checked` : undefined}><label for="scheme-${name}">${label}</label>`,
  )}</fieldset>`;
}

/** The first ones say the most: that the run was cut off, that the machine was busy. */
const ALARMS_SHOWN = 4;

function alarm(noise: readonly string[]): Markup {
  const list = (texts: readonly string[]): Markup =>
    html`<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>`;
  const rest = noise.slice(ALARMS_SHOWN);
  const more = html`<details><summary>${rest.length} more</summary>${list(rest)}</details>`;
  return html`<aside class="alarm" aria-labelledby="noise"><h2 id="noise">Read this first</h2>${list(noise.slice(0, ALARMS_SHOWN))}${rest.length > 0 ? more : undefined}</aside>`;
}

function tiles(verdicts: readonly Verdict[], tables: number): Markup {
  const count = (outcome: Verdict['outcome']) =>
    verdicts.filter((verdict) => verdict.outcome === outcome).length;
  const thin = verdicts.filter((verdict) => verdict.thin).length;
  const tile = (kind: string, value: number, label: string) =>
    html`<li class="${kind}"><b>${value}</b><span>${label}</span></li>`;
  return html`<ul class="tiles" aria-label="Summary">${tile('met', count('met'), verdicts.length === 0 ? 'targets' : `of ${verdicts.length} targets met`)}${tile('missed', count('missed'), 'missed')}${
    count('unstated') > 0 ? tile('unstated', count('unstated'), 'not stated') : undefined
  }${tile('thin', thin, 'verdicts within noise')}${tile('tables', tables, tables === 1 ? 'table' : 'tables')}</ul>`;
}
