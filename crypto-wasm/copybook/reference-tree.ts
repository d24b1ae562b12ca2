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
  /** Where the record ends for it: what begins there or behind is not in it. */
  readonly limit: number;
  /** Of a table: its counter is not in the record, or is no count that the table can have. */
  readonly trouble?: 'no counter' | 'bad count';
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
  /** The first table whose counter is no count that it can have. */
  readonly bad: Placed | undefined;
}

/** What lies behind a table without a count is nowhere: not in the record. */
export function placeRecord(
  roots: readonly ReferenceNode[],
  record: Uint8Array,
  options: CopybookOptions,
): Placement {
  /** The latest occurrence of every item, for counters. */
  const latest = new Map<number, { readonly node: ReferenceNode; readonly at: number }>();
  const isVariable = options.odo !== 'maximum';

  let limit = record.length;
  let bad: Placed | undefined;

  /** `no counter` where the record ends before it does, `bad count` where the table cannot have so many. */
  const countOf = (node: ReferenceNode): number | 'no counter' | 'bad count' => {
    const { occurs } = node.item;
    const dependsOn = occurs?.dependsOn ?? -1;
    if (occurs === undefined || dependsOn < 0) return occurs?.max ?? 1;
    const counter = latest.get(dependsOn);
    const length = counter?.node.item.length ?? 0;
    if (counter === undefined || counter.at + length > limit) return 'no counter';
    const bytes = record.subarray(counter.at, counter.at + length);
    const reading = readValue(counter.node.item, bytes, options);
    const mapping = optionFor(node.item, options.occursMappings);
    const text = reading.kind === 'value' ? reading.text.trimEnd() : '';
    const said = mapping === undefined ? Number(text === '' ? Number.NaN : text) : mapping[text];
    const isCount = said !== undefined && Number.isInteger(said) && said >= occurs.min && said <= occurs.max;
    return isCount ? said : 'bad count';
  };

  const placeOne = (node: ReferenceNode, at: number): Placed => {
    latest.set(node.index, { node, at });
    const length = node.item.length ?? 0;
    const here = { node, at, limit, elements: undefined };
    if (kindOf(node.item) !== 'group') return { ...here, bytes: length, children: [] };
    const { placed, missing } = placeChildren(node.children, at, node.item.offset ?? 0);
    return { ...here, bytes: length - missing, children: placed };
  };

  const placeAll = (node: ReferenceNode, at: number): Placed => {
    if (node.item.occurs === undefined) return placeOne(node, at);
    const here = { node, at, limit, children: [] };
    const isCounted = (node.item.occurs.dependsOn ?? -1) >= 0;
    const count = countOf(node);
    if (typeof count === 'string') {
      const full = (node.item.length ?? 0) * node.item.occurs.max;
      const placed = { ...here, bytes: isVariable ? 0 : full, elements: [], trouble: count };
      if (count === 'bad count') bad ??= placed;
      if (isVariable) limit = Math.min(limit, at);
      return placed;
    }
    const elements: Placed[] = [];
    let next = at;
    for (let i = 0; i < count; i++) {
      const element = placeOne(node, next);
      elements.push(element);
      next += isVariable ? element.bytes : (node.item.length ?? 0);
    }
    const full = (node.item.length ?? 0) * node.item.occurs.max;
    return { ...here, bytes: isVariable && (isCounted || node.item.variable) ? next - at : full, elements };
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
      // A view that is in trouble is so for itself.
      const before = limit;
      const isShared = isView || nodes.some(({ item }) => item.redefines === node.index);
      const one = placeAll(node, area.at);
      if (isShared) limit = before;
      area.full = Math.max(area.full, (node.item.length ?? 0) * (node.item.occurs?.max ?? 1));
      area.actual = Math.max(area.actual, one.bytes);
      placed.push(one);
    }
    return { placed, missing: missing + area.full - area.actual };
  };

  const records = roots.map((root) => {
    limit = record.length;
    return placeAll(root, 0);
  });
  return { records, bytes: Math.max(0, ...records.map(({ bytes }) => bytes)), bad };
}
