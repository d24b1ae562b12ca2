/**
 * The reference's way back: one JSON object → the bytes of its record.
 *
 * Views of one area: the first whose leaves are all there and not null is written, else the first that is there at all.
 * Numbers are taken from the text of the JSON, never through a double.
 */

import type { CopybookLayout, CopybookOptions, LayoutItem } from './face.ts';
import { RecordProblem, type ReferenceNode, treeOf } from './reference-tree.ts';
import { emptyBytes, kindOf, writeValue } from './reference-values.ts';

/** JSON with its numbers as text. */
export type Json = null | boolean | string | readonly Json[] | { readonly [key: string]: Json };

export function parseExact(text: string): Json {
  const keep = (_key: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' ? context.source : value;
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown) as Json;
}

/** JSONL → records, one behind the other (F). Throws RecordProblem — a value does not fit its item. */
export function encodeReference(layout: CopybookLayout, options: CopybookOptions, lines: string): Uint8Array {
  const roots = treeOf(layout);
  return Buffer.concat(
    lines
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => Uint8Array.from(encodeRecord(roots, options, parseExact(line)))),
  );
}

export function encodeRecord(
  roots: readonly ReferenceNode[],
  options: CopybookOptions,
  json: Json,
): number[] {
  const views = roots.map((root): [ReferenceNode, Json] => [
    root,
    options.keepRoot
      ? memberOf(json, root.item.key)
      : kindOf(root.item) === 'group'
        ? json
        : memberOf(json, root.item.key),
  ]);
  const chosen = views.find(([root, value]) => isWhole(root, value)) ?? views[0];
  const counters: Counters = new Map();
  return chosen === undefined ? [] : writeItem(chosen[0], chosen[1], options, counters);
}

/** What was written last for each item: tables that are not shown have as many occurrences as their counter says. */
type Counters = Map<number, Json>;

function memberOf(json: Json, key: string): Json {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return null;
  return (json as { readonly [key: string]: Json })[key] ?? null;
}

/** Every shown leaf of it is there and not null. */
function isWhole(node: ReferenceNode, json: Json): boolean {
  if (json === null) return false;
  if (node.item.occurs !== undefined) {
    return Array.isArray(json) && json.every((element) => isWholeOne(node, element));
  }
  return isWholeOne(node, json);
}

function isWholeOne(node: ReferenceNode, json: Json): boolean {
  if (json === null) return false;
  if (node.children.length === 0) return true;
  const areas = areasOf(node.children);
  return areas.every((views) => {
    const shown = views.filter(({ item }) => item.shown === true);
    return shown.length === 0 || shown.some((view) => isWhole(view, memberOf(json, view.item.key)));
  });
}

/** Children, those that share their bytes together. */
function areasOf(children: readonly ReferenceNode[]): ReferenceNode[][] {
  const areas: ReferenceNode[][] = [];
  for (const child of children) {
    const isView = child.item.redefines !== undefined && child.item.redefines >= 0;
    if (isView) areas.at(-1)?.push(child);
    else areas.push([child]);
  }
  return areas;
}

function writeItem(node: ReferenceNode, json: Json, options: CopybookOptions, counters: Counters): number[] {
  const { item } = node;
  if (item.occurs === undefined) return writeOne(node, json, options, counters);
  const elements = Array.isArray(json) ? (json as readonly Json[]) : [];
  const { min, max, dependsOn } = item.occurs;
  const isCounted = dependsOn !== undefined && dependsOn >= 0;
  if (elements.length > max || (isCounted && elements.length < min)) {
    throw new RecordProblem('the number of occurrences', item.path, 0);
  }
  const said = item.shown === true ? elements.length : Number(counters.get(dependsOn ?? -1) ?? min);
  const count = isCounted && options.odo !== 'maximum' ? said : max;
  return Array.from({ length: count }, (_, i) =>
    writeOne(node, elements[i] ?? null, options, counters),
  ).flat();
}

function writeOne(node: ReferenceNode, json: Json, options: CopybookOptions, counters: Counters): number[] {
  const { item } = node;
  counters.set(node.index, json);
  if (kindOf(item) !== 'group') return writeLeaf(item, json, options);
  const bytes: number[] = [];
  let missing = 0;
  for (const views of areasOf(node.children)) {
    const first = views[0];
    if (first === undefined) continue;
    const wanted = (first.item.offset ?? 0) - (item.offset ?? 0) - missing;
    // Slack bytes before it.
    while (bytes.length < wanted) bytes.push(0);
    const written = writeArea(views, json, options, counters);
    const full = Math.max(...views.map((view) => (view.item.length ?? 0) * (view.item.occurs?.max ?? 1)));
    const isShorter = views.some((view) => view.item.variable === true) && options.odo !== 'maximum';
    if (isShorter) missing += full - written.length;
    bytes.push(...written);
    if (!isShorter) while (bytes.length < wanted + full) bytes.push(0);
  }
  while (bytes.length < (item.length ?? 0) - missing) bytes.push(0);
  return bytes;
}

function writeArea(
  views: readonly ReferenceNode[],
  json: Json,
  options: CopybookOptions,
  counters: Counters,
): number[] {
  const there = views
    .filter(({ item }) => item.shown === true)
    .map((view): [ReferenceNode, Json] => [view, memberOf(json, view.item.key)]);
  const chosen =
    there.find(([view, value]) => isWhole(view, value)) ?? there.find(([, value]) => value !== null);
  const first = views[0];
  if (chosen !== undefined) return writeItem(chosen[0], chosen[1], options, counters);
  return first === undefined ? [] : writeItem(first, null, options, counters);
}

function writeLeaf(item: LayoutItem, json: Json, options: CopybookOptions): number[] {
  if (json === null) return emptyBytes(item, options);
  if (typeof json === 'object' && !Array.isArray(json)) {
    const raw = memberOf(json, 'raw');
    if (typeof raw === 'string' && raw.length === (item.length ?? 0) * 2) return [...Buffer.from(raw, 'hex')];
  }
  const bytes = typeof json === 'string' ? writeValue(item, json, options) : undefined;
  if (bytes === undefined) throw new RecordProblem('the value does not fit', item.path, item.offset ?? 0);
  return bytes;
}
