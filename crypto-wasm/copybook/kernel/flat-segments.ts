/**
 * In which segments a group is shown in flat output: `redefineSegments` says so for the groups it names, and groups of
 * `segmentChildren` are in no record whose segment is none (NO_SEGMENT).
 */

import { Copybook, Item } from './item';
import { entryFor, isAmong } from './item-options';
import { Entry, Options } from './options';

/**
 * u8 for NO_SEGMENT (-2), for no known segment (-1), and for each of `texts`, in this order: 1 where it is shown. 0 for
 * an item that is shown in all. Only the item itself counts, not what it lies in. Allocates.
 */
export function segmentsOf(item: Item, options: Options, texts: string[]): usize {
  const entry = entryFor(item, options.redefineSegments);
  if (entry === null && !isInTree(item, options.segmentChildren)) return 0;
  const count = texts.length + 2;
  const shown = heap.alloc(count);
  memory.fill(shown, 1, count);
  store<u8>(shown, 0);
  if (entry === null) return shown;
  store<u8>(shown, 0, 1);
  for (let i = 0; i < texts.length; i++) {
    if (!entry.values.includes(texts[i])) store<u8>(shown + i, 0, 2);
  }
  return shown;
}

/** Those of an item and of everything that it lies in, as one table. Allocates. */
export function segmentsAbove(item: Item, options: Options, texts: string[]): usize {
  if (options.redefineSegments.length == 0 && options.segmentChildren.length == 0) return 0;
  let all: usize = 0;
  let at: Item | null = item;
  while (at !== null) {
    const own = segmentsOf(at, options, texts);
    if (all == 0) {
      all = own;
    } else if (own != 0) {
      for (let i = 0; i < texts.length + 2; i++) store<u8>(all + i, load<u8>(all + i) & load<u8>(own + i));
    }
    at = at.parent;
  }
  return all;
}

/** Whether a record of this segment has what the table is for. */
// @ts-ignore: decorator
@inline
export function isInSegment(segments: usize, segment: i32): bool {
  return segments == 0 || load<u8>(segments + segment, 2) != 0;
}

/** Whether a group is a parent or a child in `segmentChildren`. */
function isInTree(item: Item, tree: Entry[]): bool {
  if (entryFor(item, tree) !== null) return true;
  for (let i = 0; i < tree.length; i++) {
    if (isAmong(item, tree[i].values)) return true;
  }
  return false;
}

/**
 * Whether bytes that are not valid may be another view's: the item, or something it lies in, is one of several views,
 * and no segment chose it.
 */
export function isLenient(item: Item, copybook: Copybook, options: Options): bool {
  let at: Item | null = item;
  while (at !== null) {
    if (entryFor(at, options.redefineSegments) !== null) return false;
    if (isView(at, copybook)) return true;
    at = at.parent;
  }
  return false;
}

function isView(item: Item, copybook: Copybook): bool {
  if (item.redefines !== null) return true;
  const parent = item.parent;
  if (parent === null) return copybook.records.length > 1;
  const next = parent.children.indexOf(item) + 1;
  return next < parent.children.length && parent.children[next].redefines !== null;
}
