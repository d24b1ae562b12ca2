/**
 * Which option holds for which item: options name items by name or by path, without case.
 *
 * Compiling plans asks here, records never do: what is found is kept in the item or in an operation of the plan.
 */

import { CodePage, codePageOf } from './code-page';
import { EditedPlan, parseEdited } from './edited';
import { Item } from './item';
import { Entry, Invalid, Options } from './options';
import { fail, OPTIONS } from './problem';

/** Whether the option's text names this item: its name, or its path from the record down. */
export function isNamed(item: Item, by: string): bool {
  const wanted = by.toUpperCase();
  return wanted == item.name.toUpperCase() || wanted == item.path().toUpperCase();
}

/** Whether one of the names is this item's. */
export function isAmong(item: Item, names: string[]): bool {
  for (let i = 0; i < names.length; i++) {
    if (isNamed(item, names[i])) return true;
  }
  return false;
}

/** The entry for this item, or null. A path wins over a name. */
export function entryFor(item: Item, entries: Entry[]): Entry | null {
  if (entries.length == 0) return null;
  const path = item.path().toUpperCase();
  const name = item.name.toUpperCase();
  let found: Entry | null = null;
  for (let i = 0; i < entries.length; i++) {
    const wanted = entries[i].key.toUpperCase();
    if (wanted == path) return entries[i];
    if (wanted == name && found === null) found = entries[i];
  }
  return found;
}

/**
 * The code page of an item: its own, that of the group nearest above that has one, or that of the options. An unknown
 * name is a problem (`OPTIONS`), and an empty page stands in for it. The first call for an item may allocate.
 */
export function pageOf(item: Item, options: Options): CodePage {
  const known = item.codePage;
  if (known !== null) return known;
  let name = options.codePage;
  if (options.fieldCodePages.length > 0) {
    let at: Item | null = item;
    while (at !== null) {
      const entry = entryFor(at, options.fieldCodePages);
      if (entry !== null) {
        if (entry.values.length > 0) name = entry.values[0];
        break;
      }
      at = at.parent;
    }
  }
  let page = codePageOf(name);
  if (page === null) {
    fail(OPTIONS, 'there is no code page ' + name);
    page = new CodePage();
    page.toUnicode = NO_CHARACTERS;
    page.toAscii = NO_CHARACTERS;
  }
  item.codePage = page;
  return page;
}

/** Of a page that does not exist; nothing is decoded with it, since it is a problem. */
const NO_CHARACTERS: usize = memory.data(512);

/** What becomes of an invalid item: its own policy, that of the group nearest above that has one, or the options'. */
export function invalidPolicyOf(item: Item, options: Options): i32 {
  let at: Item | null = item;
  while (at !== null && options.invalidFields.length > 0) {
    const entry = entryFor(at, options.invalidFields);
    if (entry !== null && entry.values.length > 0) {
      const policy = entry.values[0];
      if (policy == 'null') return Invalid.NULL;
      if (policy == 'raw') return Invalid.RAW;
      return Invalid.ERROR;
    }
    at = at.parent;
  }
  return options.invalid;
}

/** How an edited number is read; null when its picture is none. The first call for an item may allocate. */
export function editedPlanOf(item: Item): EditedPlan | null {
  if (item.editedPlan === null) item.editedPlan = parseEdited(item.picture, item.blankWhenZero);
  return item.editedPlan;
}

/** A group whose records have their own program. */
export function isSegmentGroup(item: Item, options: Options): bool {
  if (entryFor(item, options.redefineSegments) !== null) return true;
  const families = options.segmentChildren;
  if (families.length == 0) return false;
  if (entryFor(item, families) !== null) return true;
  for (let i = 0; i < families.length; i++) {
    if (isAmong(item, families[i].values)) return true;
  }
  return false;
}
