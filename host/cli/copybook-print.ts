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
  return `${detection.recordFormat} (confidence ${String(detection.confidence)})\n${why.join('')}Decode with\n${flags.join('')}`;
}

/** A mistake in the copybook with its line and a caret beneath the column; any other error as it is. */
export function withExcerpt(error: unknown, file: string, { copybook }: Specification): unknown {
  if (!(error instanceof HostError) || error.code !== 'COPYBOOK_SYNTAX') return error;
  const { line = 0, column = 0 } = error.place ?? {};
  const text = copybook.split(/\r\n?|\n/)[line - 1];
  if (text === undefined || column < 1 || column > text.length + 1) return error;
  // Tabs stay tabs, so that the caret stands where the terminal shows the column.
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, ' ');
  const problems = [{ at: `${file}:${line}:${column}`, message: `\n\n    ${text}\n    ${indent}^` }];
  return new HostError(error.code, error.detail, {
    cause: error,
    problems,
    ...(error.place === undefined ? {} : { place: error.place }),
  });
}
