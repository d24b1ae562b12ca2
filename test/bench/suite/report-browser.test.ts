/**
 * The HTML report in a real browser, opened from disk with the network off: Debian's chromium through playwright-core. Where either is missing the
 * tests say so and are skipped; everything else about the report is tested without a browser in report.test.ts.
 */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareRuns } from '../../../bench/suite/compare.ts';
import { parseRecord } from '../../../bench/suite/read-record.ts';
import { writeReports } from '../../../bench/suite/write-reports.ts';
import { recordText, sampleRun } from './synthetic-run.ts';

const CHROMIUM = process.env.HOTCELL_CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The little of playwright-core that is used here; the package may be missing, and then its types are too. */
interface Page {
  on(event: string, listener: (item: { text?(): string; url?(): string; message?: string }) => void): void;
  goto(url: string): Promise<unknown>;
  evaluate<T>(script: string): Promise<T>;
  click(selector: string): Promise<void>;
  close(): Promise<void>;
}
interface Browser {
  newContext(
    options: object,
  ): Promise<{ setOffline(offline: boolean): Promise<void>; newPage(): Promise<Page> }>;
  close(): Promise<void>;
}

const PACKAGE = 'playwright-core';
let browser: Browser | undefined;
let missing: string | undefined;
let folder: string;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-report-'));
  const slower = sampleRun().map((line) =>
    line.kind === 'round' && line.row === 'Hotcell, hello-js' && line.samples
      ? { ...line, samples: line.samples.map((value) => value * 1.5) }
      : line,
  );
  const before = parseRecord(recordText(sampleRun(2)), 'baseline.jsonl');
  const after = parseRecord(recordText(slower), 'run.jsonl');
  const { html } = await writeReports(folder, after, compareRuns(before, after));
  url = pathToFileURL(html).href;
  if (!existsSync(CHROMIUM)) {
    missing = `there is no ${CHROMIUM}: install chromium, or name one in HOTCELL_CHROMIUM`;
    console.warn(`The report is not looked at in a browser: ${missing}`);
    return;
  }
  try {
    const { chromium } = await import(PACKAGE);
    browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false, args: ARGUMENTS });
  } catch (error) {
    missing = `no browser through ${PACKAGE}: ${error instanceof Error ? error.message : String(error)}`;
    console.warn(`The report is not looked at in a browser: ${missing}`);
  }
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
});

/** The page with what went wrong in it, and every address that it asked for. */
async function open(options: { readonly width: number; readonly scheme: 'light' | 'dark' }) {
  if (browser === undefined) throw new Error('asked for a page without a browser');
  const context = await browser.newContext({
    viewport: { width: options.width, height: 900 },
    colorScheme: options.scheme,
  });
  await context.setOffline(true);
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => faults.push(message.text?.() ?? ''));
  page.on('pageerror', (error) => faults.push(error.message ?? 'an error'));
  page.on('request', (request) => requests.push(request.url?.() ?? ''));
  await page.goto(url);
  return { page, faults, requests };
}

/** Every visible text whose contrast to what is behind it is below 4.5 : 1, as `text: ratio`. Runs in the page. */
const POOR_CONTRAST = `(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const backOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
  const texts = [...document.querySelectorAll('body *')].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '') && !['TITLE', 'DESC', 'STYLE'].includes(element.tagName.toUpperCase()));
  const poor = texts.flatMap((element) => {
    const style = getComputedStyle(element);
    const found = ratio(parse(element instanceof SVGElement ? style.fill : style.color), backOf(element));
    return found < 4.5 ? [element.textContent.trim().slice(0, 40) + ': ' + found.toFixed(2)] : [];
  });
  const lines = [...document.querySelectorAll('.line > path:first-child, .marker, .shape')].flatMap((element) => {
    const found = ratio(parse(getComputedStyle(element).stroke), backOf(element));
    return found < 3 ? [element.getAttribute('class') + ': ' + found.toFixed(2)] : [];
  });
  return { checked: texts.length, poor: [...poor, ...lines] };
})()`;

test.for(['light', 'dark'] as const)(
  'in %s colours every text and line stands out',
  async (scheme, context) => {
    if (missing !== undefined) return context.skip(`not tested in a browser: ${missing}`);
    const { page, faults } = await open({ width: 1200, scheme });
    const { checked, poor } = await page.evaluate<{ checked: number; poor: string[] }>(POOR_CONTRAST);
    expect(poor).toEqual([]);
    expect(checked).toBeGreaterThan(200);
    expect(faults).toEqual([]);
    await page.close();
  },
);

test('opened without a network it asks for nothing, and has its tables, plots and descriptions', async (context) => {
  if (missing !== undefined) return context.skip(`not tested in a browser: ${missing}`);
  const { page, faults, requests } = await open({ width: 1200, scheme: 'light' });
  const seen = await page.evaluate<Record<string, number>>(`(() => {
    const drawn = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.getBoundingClientRect().height > 0).length;
    return { tables: drawn('table'), plots: drawn('svg.plot'), lanes: drawn('.lane .shape'), lines: drawn('.line'), bars: drawn('.bar .amount'),
      described: [...document.querySelectorAll('svg.plot')].filter((svg) => svg.getAttribute('aria-labelledby').split(' ').every((id) => document.getElementById(id)?.textContent)).length,
      ids: document.querySelectorAll('[id]').length, distinct: new Set([...document.querySelectorAll('[id]')].map(({ id }) => id)).size };
  })()`);
  expect(seen).toMatchObject({ tables: 6, plots: 5, described: 5, lanes: 7, bars: 4 });
  expect(seen.lines).toBe(7 + 3 + 3);
  expect(seen.distinct).toBe(seen.ids);
  expect(requests).toEqual([url]);
  expect(faults).toEqual([]);
  await page.close();
});

test('at 360 pixels the page does not scroll sideways; wide tables scroll in a box of their own', async (context) => {
  if (missing !== undefined) return context.skip(`not tested in a browser: ${missing}`);
  const { page, faults } = await open({ width: 360, scheme: 'light' });
  const width = await page.evaluate<number[]>(
    '[document.documentElement.scrollWidth, document.body.scrollWidth]',
  );
  expect(Math.max(...width)).toBeLessThanOrEqual(360);
  const boxes = await page.evaluate<number>(
    `[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth).length`,
  );
  expect(boxes).toBeGreaterThan(0);
  expect(faults).toEqual([]);
  await page.close();
});

test('the reader’s choice of colours overrules the system’s, without a script', async (context) => {
  if (missing !== undefined) return context.skip(`not tested in a browser: ${missing}`);
  const { page } = await open({ width: 1200, scheme: 'light' });
  const back = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const light = await back();
  await page.click('label[for=scheme-dark]');
  const dark = await back();
  expect(dark).not.toBe(light);
  await page.click('label[for=scheme-light]');
  expect(await back()).toBe(light);
  expect(await page.evaluate<number>('document.scripts.length')).toBe(0);
  await page.close();
});
