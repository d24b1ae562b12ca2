/**
 * The answer of `layout` as a tree, and where each occurrence of each item lies in one record: the reference's picture
 * of OCCURS DEPENDING ON and REDEFINES.
 *
 * Offsets of a layout are with every table at its maximum. Here a record is walked from its beginning, and what tables
 * are shorter moves everything behind them forward.
 */

import type { CopybookLayout, CopybookOptions, LayoutItem } from './face.ts';
import { kindOf, readValue } from './reference-values.ts';

export interface ReferenceNode {
  readonly item: LayoutItem;
  readonly index: number;
  readonly children: readonly ReferenceNode[];
}

/** One occurrence of an item in a record. `elements` of a table, `children` of a group; both in the order of the copybook. */
export interface Placed {
  readonly node: ReferenceNode;
  readonly at: number;
  /** Bytes that it takes: of a table, all its occurrences. */
  readonly bytes: number;
  readonly children: readonly Placed[];
  readonly elements: readonly Placed[] | undefined;
}

/** A record that cannot be shown. `offset` counts from the record's beginning. */
export class RecordProblem extends Error {
  readonly field: string;
  readonly offset: number;

  constructor(message: string, field: string, offset: number) {
    super(message);
    this.field = field;
    this.offset = offset;
  }
}

export function treeOf(layout: CopybookLayout): ReferenceNode[] {
  const parentOf = (item: LayoutItem): number => item.parent ?? -1;
  const nodeOf = (item: LayoutItem, index: number): ReferenceNode => ({
    item,
    index,
    children: childrenOf(index),
  });
  const childrenOf = (parent: number): ReferenceNode[] =>
    layout.items.flatMap((item, index) => (parentOf(item) === parent ? [nodeOf(item, index)] : []));
  return childrenOf(-1);
}

/** True for an item that one of the options names: by its name or its path, without case. */
export function isNamed(item: LayoutItem, names: readonly string[]): boolean {
  const known = [item.name.toUpperCase(), item.path.toUpperCase()];
  return names.some((name) => known.includes(name.toUpperCase()));
}

/** What an option says of an item; a path wins over a name. */
export function optionFor<T>(item: LayoutItem, values: Readonly<Record<string, T>> = {}): T | undefined {
  const entries = Object.entries(values).map(([name, value]) => [name.toUpperCase(), value] as const);
  const found = entries.find(([name]) => name === item.path.toUpperCase());
  return (found ?? entries.find(([name]) => name === item.name.toUpperCase()))?.[1];
}

export interface Placement {
  readonly records: readonly Placed[];
  /** Length of the record by its counters. */
  readonly bytes: number;
}

/** Throws RecordProblem — a counter is no number of occurrences that its table can have. */
export function placeRecord(
  roots: readonly ReferenceNode[],
  record: Uint8Array,
  options: CopybookOptions,
): Placement {
  /** The latest occurrence of every item, for counters. */
  const latest = new Map<number, { readonly node: ReferenceNode; readonly at: number }>();
  const isVariable = options.odo !== 'maximum';

  const countOf = (node: ReferenceNode, at: number): number => {
    const { occurs } = node.item;
    const counter = occurs?.dependsOn === undefined ? undefined : latest.get(occurs.dependsOn);
    if (occurs === undefined || counter === undefined) return occurs?.max ?? 1;
    const end = counter.at + (counter.node.item.length ?? 0);
    const bytes = record.subarray(counter.at, end);
    if (bytes.length === 0) return 0;
    const reading = readValue(counter.node.item, bytes, options);
    const mapping = optionFor(node.item, options.occursMappings);
    const text = reading.kind === 'value' ? reading.text : '';
    const count =
      mapping === undefined ? Number(text === '' ? Number.NaN : text) : (mapping[text.trim()] ?? Number.NaN);
    if (!Number.isInteger(count) || count < occurs.min || count > occurs.max) {
      throw new RecordProblem('the number of occurrences', node.item.path, at);
    }
    return count;
  };

  const placeOne = (node: ReferenceNode, at: number): Placed => {
    latest.set(node.index, { node, at });
    const length = node.item.length ?? 0;
    if (kindOf(node.item) !== 'group') return { node, at, bytes: length, children: [], elements: undefined };
    const { placed, missing } = placeChildren(node.children, at, node.item.offset ?? 0);
    return { node, at, bytes: length - missing, children: placed, elements: undefined };
  };

  const placeAll = (node: ReferenceNode, at: number): Placed => {
    if (node.item.occurs === undefined) return placeOne(node, at);
    const count = countOf(node, at);
    const elements: Placed[] = [];
    let next = at;
    for (let i = 0; i < count; i++) {
      const element = placeOne(node, next);
      elements.push(element);
      next += isVariable ? element.bytes : (node.item.length ?? 0);
    }
    const full = (node.item.length ?? 0) * node.item.occurs.max;
    return { node, at, bytes: isVariable ? next - at : full, children: [], elements };
  };

  const placeChildren = (nodes: readonly ReferenceNode[], at: number, offset: number) => {
    const placed: Placed[] = [];
    let missing = 0;
    /** The item at hand and those that redefine it: their area is as long as the longest of them. */
    let area = { at, full: 0, actual: 0 };
    for (const node of nodes) {
      const isView = node.item.redefines !== undefined && node.item.redefines >= 0;
      if (!isView) {
        missing += area.full - area.actual;
        area = { at: at + (node.item.offset ?? 0) - offset - missing, full: 0, actual: 0 };
      }
      const one = placeAll(node, area.at);
      area.full = Math.max(area.full, (node.item.length ?? 0) * (node.item.occurs?.max ?? 1));
      area.actual = Math.max(area.actual, one.bytes);
      placed.push(one);
    }
    return { placed, missing: missing + area.full - area.actual };
  };

  const records = roots.map((root) => placeOne(root, 0));
  return { records, bytes: Math.max(0, ...records.map(({ bytes }) => bytes)) };
}
