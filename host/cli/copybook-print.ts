/** A layout as a table, what was detected as sentences, and a mistake in a copybook beneath its line. For people. */

import type { CopybookLayout, Detection, LayoutItem, Specification } from '../copybook/face.ts';
import { HostError } from '../errors.ts';
import { table } from './print.ts';

const HEAD = ['LEVEL', 'NAME', 'PICTURE', 'USAGE', 'OFFSET', 'LENGTH', 'TYPE', 'OCCURS'];

/** Names are indented by their depth; a redefinition names what it redefines. */
export function layoutText({ recordBytes, recordMinBytes, isVariable, items }: CopybookLayout): string {
  const bytes = isVariable ? `${recordMinBytes} to ${recordBytes}` : String(recordBytes);
  const rows = items.map((item) => [
    String(item.level).padStart(2, '0'),
    '  '.repeat(depthOf(items, item)) + item.name + redefinitionOf(items, item),
    item.picture ?? '',
    item.usage ?? '',
    String(item.offset),
    String(item.length),
    item.kind,
    occursOf(items, item),
  ]);
  return `A record has ${bytes} bytes.\n\n${table([HEAD, ...rows])}`;
}

function depthOf(items: readonly LayoutItem[], item: LayoutItem): number {
  let depth = 0;
  for (let parent = parentOf(items, item); parent !== undefined; parent = parentOf(items, parent)) {
    depth++;
    // What a cell says: it might lead in a round.
    if (depth > items.length) return 0;
  }
  return depth;
}

function parentOf(items: readonly LayoutItem[], { parent }: LayoutItem): LayoutItem | undefined {
  return typeof parent === 'number' ? items[parent] : undefined;
}

function redefinitionOf(items: readonly LayoutItem[], { redefines }: LayoutItem): string {
  const redefined = redefines === undefined ? undefined : items[redefines];
  return redefined === undefined ? '' : ` = ${redefined.name}`;
}

function occursOf(items: readonly LayoutItem[], { occurs }: LayoutItem): string {
  if (occurs === undefined) return '';
  const counter = occurs.dependsOn === undefined ? undefined : items[occurs.dependsOn];
  if (counter === undefined) return String(occurs.max);
  return `${occurs.min} to ${occurs.max} by ${counter.name}`;
}

/** The options to decode with: all but what explains them. */
export function detectedOptions(detection: Detection): Record<string, unknown> {
  const { confidence: _confidence, why: _why, alternatives: _alternatives, ...options } = detection;
  return options;
}

export function detectionText(detection: Detection): string {
  const flags = Object.entries(detectedOptions(detection)).map(
    ([name, value]) => `  --option '${name}=${typeof value === 'string' ? value : JSON.stringify(value)}'\n`,
  );
  const why = detection.why.map((reason) => `  ${reason}\n`);
  if (detection.confidence === 0)
    return `No record format fits. The nearest is ${detection.recordFormat}:\n${why.join('')}`;
  return `${detection.recordFormat} (confidence ${String(detection.confidence)})\n${why.join('')}Decode with\n${flags.join('')}`;
}

/** A mistake in the copybook, or in what it copies, with its line and a caret beneath the column; any other error as it is. */
export function withExcerpt(error: unknown, file: string, specification: Specification): unknown {
  if (!(error instanceof HostError) || error.code !== 'COPYBOOK_SYNTAX') return error;
  const { line = 0, column = 0 } = error.place ?? {};
  const copied = /^in COPY (\S+): /.exec(error.detail.replace(/^line \d+, column \d+: /, ''))?.[1];
  const source = copied === undefined ? specification.copybook : copyOf(specification, copied);
  const found = source?.split(/\r?\n/)[line - 1];
  if (found === undefined) return error;
  const text = withoutTabs(found);
  if (column < 1 || column > text.length + 1) return error;
  const name = copied === undefined ? file : `COPY ${copied}`;
  const excerpt = `\n\n    ${text}\n    ${' '.repeat(column - 1)}^`;
  return new HostError(error.code, error.detail, {
    cause: error,
    problems: [{ at: `${name}:${line}:${column}`, message: excerpt }],
    ...(error.place === undefined ? {} : { place: error.place }),
  });
}

function copyOf({ copies = {} }: Specification, name: string): string | undefined {
  return Object.entries(copies).find(([key]) => key.toUpperCase() === name.toUpperCase())?.[1];
}

const TAB_WIDTH = 8;

/** As the parser counts columns, which is as terminals show tabs that nothing stands before. */
function withoutTabs(line: string): string {
  let text = '';
  for (const character of line.replace(/^\ufeff/, '')) {
    text += character === '\t' ? ' '.repeat(TAB_WIDTH - (text.length % TAB_WIDTH)) : character;
  }
  return text;
}
