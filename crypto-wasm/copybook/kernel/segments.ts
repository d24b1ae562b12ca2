/**
 * Which segment a record is: what its segment field says decides whether it is read at all, which redefinition is
 * shown, its level for generated ids, and its place in a hierarchy. Compiled from the options; asking about a record
 * is one lookup and allocates nothing.
 */

import { itemNamed } from './named-item';
import { fixedItem, segmentValues } from './framing';
import { Copybook, Item } from './item';
import { ItemValue, ValueTable } from './item-value';
import { Entry, Options } from './options';
import { fail, hasProblem, OPTIONS, quoted } from './problem';

/** Deeper hierarchies are a mistake in the options. */
const DEPTH_MAX: i32 = 16;

/** A group that records of some segments are shown as, in the hierarchy. */
export class Node {
  parent: Node | null = null;
  children: Node[] = [];
  /** `"KEY":` as the output has it. */
  readonly keyAt: usize;
  readonly keyBytes: i32;
  constructor(readonly group: Item) {
    const json = String.UTF8.encode(quoted(group.key) + ':');
    this.keyBytes = json.byteLength;
    this.keyAt = heap.alloc(this.keyBytes);
    memory.copy(this.keyAt, changetype<usize>(json), this.keyBytes);
  }
}

/** What one value of the segment field means. */
export class Segment {
  isRead: bool = true;
  /** Index of `segmentValues`, -1 when no group is for it. */
  index: i32 = -1;
  /** Level of generated ids, -1 when it is in none. */
  level: i32 = -1;
  node: Node | null = null;
  constructor(readonly text: string) {}
}

export class Segments {
  private readonly values: ValueTable;
  private readonly meanings: StaticArray<Segment>;
  /** Of values that no option names. */
  private readonly other: Segment;
  readonly isNested: bool;
  readonly levels: i32;
  /** Groups of the hierarchy that are below no other. */
  readonly roots: Node[];
  /** Keys of all groups that `redefineSegments` names, with what stands around them. */
  readonly keysBytes: i32;

  constructor(
    readonly value: ItemValue,
    /** From the record's beginning. */
    readonly offsetBytes: i32,
    segments: Segment[],
    other: Segment,
    roots: Node[],
    options: Options,
  ) {
    const texts: string[] = [];
    for (let i = 0; i < segments.length; i++) texts.push(segments[i].text);
    this.values = new ValueTable(value, texts, 'segmentField');
    this.meanings = StaticArray.fromArray(segments);
    this.other = other;
    this.roots = roots;
    let keysBytes = 0;
    for (let i = 0; i < segments.length; i++) {
      const node = segments[i].node;
      if (node !== null) keysBytes += node.keyBytes + 16;
    }
    this.keysBytes = keysBytes;
    this.isNested = options.segmentChildren.length > 0;
    this.levels = options.segmentIdLevels.length;

  }

  /** The segment of a record of so many bytes. One that ends before its segment field is of no named segment. */
  of(at: usize, recordBytes: i32): Segment {
    if (recordBytes < this.offsetBytes + this.value.lengthBytes) return this.other;
    const index = this.values.find(at + this.offsetBytes);
    return index < 0 ? this.other : unchecked(this.meanings[index]);
  }

  /** A record that a piece of the input may begin with. */
  isRoot(segment: Segment): bool {
    if (this.isNested) {
      const node = segment.node;
      return node !== null && node.parent === null;
    }
    return this.levels == 0 || segment.level == 0;
  }

  /** Pieces begin at roots only. */
  needsRoots(): bool {
    return this.isNested || this.levels > 0;
  }

  /** As messages show it. Allocates. */
  shown(at: usize, recordBytes: i32): string {
    if (recordBytes < this.offsetBytes + this.value.lengthBytes) return 'nothing';
    return this.value.shownAt(at + this.offsetBytes);
  }
}

/** Null when records are not told apart, or with a problem set. */
export function compileSegments(copybook: Copybook, options: Options): Segments | null {
  if (options.segmentField.length == 0) {
    const isAsked =
      options.segmentFilter.length + options.redefineSegments.length +
      options.segmentChildren.length + options.segmentIdLevels.length > 0;
    if (isAsked) fail(OPTIONS, 'segmentField: segments are told apart by an item, and none is named');
    return null;
  }
  const item = fixedItem(copybook, options, options.segmentField, 'segmentField');
  if (item === null) return null;
  const value = new ItemValue(item, options);
  if (!value.isText() && !value.isNumber()) {
    fail(OPTIONS, 'segmentField: ' + item.name + ' is neither a text nor a whole number');
    return null;
  }
  const segments: Segment[] = [];
  const other = new Segment('');
  takeFilter(options.segmentFilter, segments, other);
  takeGroups(options, segments);
  takeLevels(options.segmentIdLevels, segments, other.isRead);
  const roots = takeHierarchy(copybook, options, segments);
  if (hasProblem()) return null;
  const built = new Segments(value, item.offsetBytes, segments, other, roots, options);
  return hasProblem() ? null : built;
}

function segmentOf(text: string, segments: Segment[], isRead: bool): Segment {
  for (let i = 0; i < segments.length; i++) if (segments[i].text == text) return segments[i];
  const segment = new Segment(text);
  segment.isRead = isRead;
  segments.push(segment);
  return segment;
}

function takeFilter(filter: string[], segments: Segment[], other: Segment): void {
  other.isRead = filter.length == 0;
  for (let i = 0; i < filter.length; i++) segmentOf(filter[i], segments, true);
}

function takeGroups(options: Options, segments: Segment[]): void {
  const values = segmentValues(options);
  const isRead = options.segmentFilter.length == 0;
  for (let i = 0; i < values.length; i++) segmentOf(values[i], segments, isRead).index = i;
}

function takeLevels(levels: Entry[], segments: Segment[], isRead: bool): void {
  for (let i = 0; i < levels.length; i++) {
    for (let k = 0; k < levels[i].values.length; k++) {
      const segment = segmentOf(levels[i].values[k], segments, isRead);
      if (segment.level >= 0) return fail(OPTIONS, 'segmentIdLevels: ' + segment.text + ' is in two levels');
      segment.level = i;
    }
  }
}

function takeHierarchy(copybook: Copybook, options: Options, segments: Segment[]): Node[] {
  const nodes: Node[] = [];
  const entries = options.segmentChildren;
  if (entries.length == 0) return nodes;
  if (options.keepRoot) {
    fail(OPTIONS, 'segmentChildren: nested records have no place in keepRoot');
    return nodes;
  }
  if (options.segmentIdLevels.length > 0) {
    fail(OPTIONS, 'segmentChildren: records that are nested have no segment ids');
    return nodes;
  }
  const groups = options.redefineSegments;
  for (let i = 0; i < groups.length; i++) {
    const group = itemNamed(copybook, groups[i].key, 'redefineSegments');
    if (group === null) return nodes;
    const node = new Node(group);
    nodes.push(node);
    for (let k = 0; k < groups[i].values.length; k++) {
      const segment = segmentOf(groups[i].values[k], segments, true);
      if (segment.node !== null) {
        fail(OPTIONS, 'redefineSegments: ' + segment.text + ' is of two groups, so its records have no one place');
        return nodes;
      }
      segment.node = node;
    }
  }
  for (let i = 0; i < entries.length; i++) {
    const parent = nodeNamed(copybook, entries[i].key, nodes);
    if (parent === null) return nodes;
    for (let k = 0; k < entries[i].values.length; k++) {
      const child = nodeNamed(copybook, entries[i].values[k], nodes);
      if (child === null) return nodes;
      if (child.parent !== null) {
        fail(OPTIONS, 'segmentChildren: ' + child.group.name + ' has two parents');
        return nodes;
      }
      child.parent = parent;
      parent.children.push(child);
    }
  }
  const roots: Node[] = [];
  for (let i = 0; i < nodes.length; i++) {
    let depth = 0;
    for (let above: Node | null = nodes[i]; above !== null && depth <= DEPTH_MAX; above = above.parent) depth++;
    if (depth > DEPTH_MAX) {
      fail(OPTIONS, 'segmentChildren: ' + nodes[i].group.name + ' is below itself, or more than 16 deep');
      return nodes;
    }
    if (nodes[i].parent === null) roots.push(nodes[i]);
  }
  return roots;
}

function nodeNamed(copybook: Copybook, name: string, nodes: Node[]): Node | null {
  const group = itemNamed(copybook, name, 'segmentChildren');
  if (group === null) return null;
  for (let i = 0; i < nodes.length; i++) if (nodes[i].group === group) return nodes[i];
  fail(OPTIONS, 'segmentChildren: redefineSegments has no values for ' + name);
  return null;
}
