/**
 * What the clauses of an entry mean together, and what the names in them mean: kinds, digits, lengths of elementary
 * items, usage and sign that groups hand down, and the items that REDEFINES, DEPENDING ON and RENAMES name.
 */

import { Draft } from './draft';
import { ItemIndex } from './find-item';
import { Copybook, Item, Kind } from './item';
import { Entry, Options } from './options';
import { finishElementary } from './finish-elementary';
import { hasProblem } from './problem';
import { failToken, Token } from './token';

/** `drafts` beside `copybook.items`, `renames` beside `copybook.renames`. */
export function finishItems(copybook: Copybook, drafts: Draft[], renames: Draft[], options: Options): void {
  const items = copybook.items;
  const index = new ItemIndex(copybook);
  // By item: where its usage and its sign come from, itself or a group above; null without.
  const usages = new StaticArray<Draft | null>(items.length);
  const signs = new StaticArray<Draft | null>(items.length);
  for (let i = 0; i < items.length && !hasProblem(); i++) {
    const draft = drafts[i];
    const item = items[i];
    const parent = item.parent;
    usages[i] = parent === null ? null : usages[parent.index];
    signs[i] = parent === null ? null : signs[parent.index];
    if (draft.usage.length > 0) {
      const above = usages[i];
      if (above !== null && above.usage != draft.usage) {
        failToken(draft.usageToken!, 'USAGE ' + draft.usage + ' stands in a group of USAGE ' + above.usage);
      }
      usages[i] = draft;
    }
    if (draft.sign !== null) signs[i] = draft;
    checkPlace(draft);
    if (item.children.length > 0) finishGroup(draft);
    else finishElementary(draft, usages[i], signs[i], options);
    if (draft.redefines !== null) findRedefined(copybook, draft);
  }
  for (let i = 0; i < items.length && !hasProblem(); i++) {
    if (drafts[i].dependsOn.length > 0) findCounter(index, drafts[i], options.occursMappings);
  }
  for (let i = 0; i < renames.length && !hasProblem(); i++) findRenamed(index, renames[i]);
}

function checkPlace(draft: Draft): void {
  const item = draft.item;
  const occurs = draft.occurs;
  if (occurs !== null && (item.level == 1 || item.level == 77)) {
    failToken(occurs, 'OCCURS stands at level ' + draft.at.text + '; a record does not repeat');
  }
}

function finishGroup(draft: Draft): void {
  const item = draft.item;
  item.kind = Kind.GROUP;
  item.usage = draft.usage;
  const picture = draft.picture;
  if (picture !== null) failToken(picture, item.name + ' has a picture and items below it');
  if (draft.justified !== null) failToken(draft.justified!, 'JUSTIFIED stands at a group');
  if (draft.blank !== null) failToken(draft.blank!, 'BLANK WHEN ZERO stands at a group');
}

/** The sibling that an item redefines: the nearest above of that name, with nothing but its views in between. */
function findRedefined(copybook: Copybook, draft: Draft): void {
  const item = draft.item;
  const name = draft.redefines!;
  const parent = item.parent;
  const siblings = parent === null ? copybook.records : parent.children;
  const at = siblings.indexOf(item) - 1;
  const target: Item | null = redefinedBefore(siblings, at, name.text);
  if (target === null) {
    failToken(name, item.name + ' redefines ' + name.text +
      ', which does not stand directly before it (other redefinitions apart) under the same group');
    return;
  }
  if (target.level != item.level) {
    failToken(name, item.name + ' has level ' + item.level.toString() + ' and redefines level ' + target.level.toString());
  }
  item.redefines = target;
}

/** The item of that name at `at` or before, with only redefinitions behind it. */
function redefinedBefore(siblings: Item[], at: i32, name: string): Item | null {
  if (at < 0) return null;
  // Thousands of views of one item are found at once: the one before redefines the same.
  const shared = siblings[at].redefines;
  if (siblings[at].name != name && shared !== null && shared.name == name && !shared.isFiller) return shared;
  for (; at >= 0; at--) {
    const other = siblings[at];
    if (other.name == name && !other.isFiller) return other;
    if (other.redefines === null) return null;
  }
  return null;
}

function findCounter(index: ItemIndex, draft: Draft, mappings: Entry[]): void {
  const item = draft.item;
  const name = draft.dependsOn[0];
  const counter = nearest(index, draft.dependsOn, item);
  if (counter === null) return;
  let at: Item | null = counter;
  while (at !== null) {
    if (at === item) failToken(name, name.text + ' stands in the table whose occurrences it counts');
    if (at.hasOccurs && !isAbove(at, item)) failToken(name, name.text + ' stands in a table: which occurrence counts?');
    at = at.parent;
  }
  if (counter.index > item.index) failToken(name, name.text + ' stands behind the table whose occurrences it counts');
  const kind = counter.kind;
  const isNumber =
    kind == Kind.ZONED || kind == Kind.PACKED || kind == Kind.PACKED_UNSIGNED || kind == Kind.BINARY;
  if (kind == Kind.GROUP) failToken(name, name.text + ' is a group: it counts nothing');
  if (!isNumber || counter.scale > 0) {
    if (!isMapped(index, item, mappings)) {
      failToken(name, name.text + ' is no integer, and the option occursMappings has no counts for ' + item.name);
    }
  }
  item.dependsOn = counter;
}

function isMapped(index: ItemIndex, item: Item, mappings: Entry[]): bool {
  for (let i = 0; i < mappings.length; i++) {
    if (index.named(mappings[i].key) === item) return true;
  }
  return false;
}

function isAbove(group: Item, item: Item): bool {
  let at: Item | null = item;
  while (at !== null) {
    if (at === group) return true;
    at = at.parent;
  }
  return false;
}

function findRenamed(index: ItemIndex, draft: Draft): void {
  const item = draft.item;
  const from = nearest(index, draft.renamesFrom, item);
  const thru = draft.renamesThru.length == 0 ? from : nearest(index, draft.renamesThru, item);
  if (from === null || thru === null) return;
  checkRenamed(draft.renamesFrom[0], from);
  if (draft.renamesThru.length > 0) checkRenamed(draft.renamesThru[0], thru);
  if (thru.index < from.index || (thru !== from && isAbove(thru, from))) {
    failToken(draft.renamesFrom[0], item.name + ' renames from ' + from.name + ' to ' + thru.name + ', which comes before');
  }
  item.renamesFrom = from;
  item.renamesThru = thru;
}

function checkRenamed(name: Token, renamed: Item): void {
  if (renamed.parent === null) failToken(name, 'RENAMES names ' + renamed.name + ', a whole record');
  let at: Item | null = renamed;
  while (at !== null) {
    if (at.hasOccurs) failToken(name, 'RENAMES names ' + renamed.name + ', which is in a table');
    at = at.parent;
  }
}

/**
 * The item of a name, qualified by names of groups above it. Where several have the name, the one that shares the most
 * groups with `from`; two that share as many are ambiguous. Null with a problem set.
 */
function nearest(index: ItemIndex, names: Token[], from: Item): Item | null {
  let found: Item | null = null;
  let shared = -1;
  let isAmbiguous = false;
  for (let i = index.firstOf(names[0].text); i >= 0; i = index.next(i)) {
    const item = index.copybook.items[i];
    if (!isQualified(item, names)) continue;
    const groups = sharedGroups(item, from);
    if (groups == shared) isAmbiguous = true;
    if (groups <= shared) continue;
    found = item;
    shared = groups;
    isAmbiguous = false;
  }
  if (found === null) failToken(names[0], 'there is no item ' + names[0].text);
  else if (isAmbiguous) failToken(names[0], names[0].text + ' is the name of several items; OF tells them apart');
  return hasProblem() ? null : found;
}

function isQualified(item: Item, names: Token[]): bool {
  let at: Item | null = item.parent;
  for (let i = 1; i < names.length; i++) {
    while (at !== null && at.name != names[i].text) at = at.parent;
    if (at === null) return false;
    at = at.parent;
  }
  return true;
}

function sharedGroups(a: Item, b: Item): i32 {
  let count = 0;
  let group: Item | null = a.parent;
  while (group !== null) {
    if (isAbove(group, b)) {
      for (let at: Item | null = group; at !== null; at = at.parent) count++;
      return count;
    }
    group = group.parent;
  }
  return 0;
}
