/**
 * Where every item lies, what it is called in the output, and whether it is shown: fills in the laid-out part of every
 * item, once, after the copybook is parsed.
 *
 * Offsets are from the record's first byte with every table at its maximum. Records (several level 01) are views of the
 * same bytes, as REDEFINES makes views within a record; a view may be longer than what it redefines, and the area is as
 * long as its longest view.
 */

import { alignmentOf, deepestAlignment } from './alignment';
import { checkNames } from './check-options';
import { chooseShown } from './choose-shown';
import { ItemIndex } from './find-item';
import { Copybook, Item, Kind } from './item';
import { nameKeys } from './name-keys';
import { Options } from './options';
import { fail, failAt, hasProblem, LIMIT } from './problem';

/** More than a call can bring, so that every offset that data can reach is laid out. */
export const RECORD_MAX_BYTES: i64 = 64 * 1024 * 1024;
/** Occurrences of one item in a record, those of the tables around it multiplied. */
export const ELEMENTS_MAX_COUNT: i64 = 10_000_000;

export function layOut(copybook: Copybook, options: Options): void {
  const records = copybook.records;
  let longest: i64 = 0;
  let shortest: i64 = RECORD_MAX_BYTES;
  for (let i = 0; i < records.length && !hasProblem(); i++) {
    const record = records[i];
    if (i > 0 && record.redefines === null) record.redefines = records[0];
    longest = max(longest, place(record, 0, 1, options));
    if (hasProblem()) return;
    markVariable(record, options);
    shortest = min(shortest, leastBytes(record, options));
    if (record.isVariable) copybook.isVariable = true;
  }
  for (let i = 0; i < records.length; i++) markOverlaid(records[i], records.length > 1);
  checkViews(copybook);
  if (hasProblem()) return;
  copybook.recordBytes = <i32>longest;
  copybook.recordMinBytes = <i32>shortest;
  placeRenames(copybook);
  nameKeys(copybook, options);
  if (hasProblem()) return;
  const index = new ItemIndex(copybook);
  checkNames(index, options);
  if (!hasProblem()) chooseShown(index, options);
}

/**
 * Places an item and what is below it; gives where its last occurrence ends. `elements` counts the occurrences of the
 * tables around it.
 */
function place(item: Item, at: i64, elements: i64, options: Options): i64 {
  const repeats = elements * item.occursMax;
  if (repeats > ELEMENTS_MAX_COUNT) {
    return tooMuch(item, 'occurs more than ' + ELEMENTS_MAX_COUNT.toString() + ' times');
  }
  let start = at;
  if (item.redefines === null) {
    const alignment: i64 = alignmentOf(item, options);
    start = (at + alignment - 1) / alignment * alignment;
  }
  item.slackBytes = <i32>(start - at);
  item.offsetBytes = <i32>start;
  let lengthBytes: i64 = item.lengthBytes;
  if (item.kind == Kind.GROUP) {
    let end = start;
    for (let i = 0; i < item.children.length; i++) {
      const child = item.children[i];
      const target = child.redefines;
      const childEnd = place(child, target === null ? end : target.offsetBytes, repeats, options);
      if (hasProblem()) return 0;
      end = max(end, childEnd);
    }
    lengthBytes = end - start;
    if (item.hasOccurs) {
      // Slack at the end of an element, so that the next one's items are aligned as this one's.
      const alignment: i64 = deepestAlignment(item, options);
      lengthBytes = (lengthBytes + alignment - 1) / alignment * alignment;
    }
  }
  const end = start + lengthBytes * item.occursMax;
  if (end > RECORD_MAX_BYTES) return tooMuch(item, 'makes the record longer than ' + RECORD_MAX_BYTES.toString() + ' bytes');
  item.lengthBytes = <i32>lengthBytes;
  return end;
}

function tooMuch(item: Item, what: string): i64 {
  fail(LIMIT, item.name + ' in line ' + item.line.toString() + ' ' + what);
  return 0;
}

function markVariable(item: Item, options: Options): void {
  item.isVariable = options.odoIsVariable && item.dependsOn !== null && item.occursMin < item.occursMax;
  for (let i = 0; i < item.children.length; i++) {
    const child = item.children[i];
    markVariable(child, options);
    if (child.isVariable) item.isVariable = true;
  }
}

/** Of one occurrence, every table in it at its minimum. */
function leastBytes(item: Item, options: Options): i64 {
  let bytes: i64 = item.lengthBytes;
  for (let i = 0; i < item.children.length; i++) {
    const child = item.children[i];
    if (!child.isVariable) continue;
    const isCounted = child.dependsOn !== null && options.odoIsVariable;
    bytes -= <i64>child.lengthBytes * child.occursMax;
    bytes += leastBytes(child, options) * (isCounted ? child.occursMin : child.occursMax);
  }
  return bytes;
}

function markOverlaid(item: Item, isOverlaid: bool): void {
  if (isOverlaid) item.isOverlaid = true;
  const children = item.children;
  for (let i = 0; i < children.length; i++) {
    const target = children[i].redefines;
    if (target === null) continue;
    children[i].isOverlaid = true;
    target.isOverlaid = true;
  }
  for (let i = 0; i < children.length; i++) markOverlaid(children[i], item.isOverlaid || children[i].isOverlaid);
}

/** Where a view can be shorter than another, nobody can say where the items behind the area begin. */
function checkViews(copybook: Copybook): void {
  const items = copybook.items;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const target = item.redefines;
    if (target === null || item.parent === null) continue;
    if (item.isVariable || target.isVariable) {
      failAt(item.line, item.column, item.name + ' redefines ' + target.name +
        ', and one of them has OCCURS DEPENDING ON: only whole records and, with odo "maximum", fixed areas can');
    }
  }
}

function placeRenames(copybook: Copybook): void {
  for (let i = 0; i < copybook.renames.length; i++) {
    const item = copybook.renames[i];
    const from = item.renamesFrom!;
    const thru = item.renamesThru!;
    item.offsetBytes = from.offsetBytes;
    item.lengthBytes = thru.offsetBytes + thru.spanBytes() - from.offsetBytes;
  }
}
