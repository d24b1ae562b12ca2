/**
 * What items are called in the output: their names, unique among siblings, with names for those that have none.
 *
 * FILLERs are counted over the whole copybook, shown or not, so that a key does not depend on what else is shown: those
 * with items below them are `FILLER_1`, those without `FILLER_P1`; or, by option, `FILLER_AFTER_` and the key before.
 */

import { Copybook, Item } from './item';
import { Options } from './options';
import { fail, hasProblem, LIMIT } from './problem';

/** Of all paths of a copybook together. Twice what 20,000 items with usual names have. */
const PATHS_MAX_CHARACTERS: i64 = 4 * 1024 * 1024;

let groupsCount: i32 = 0;
let valuesCount: i32 = 0;
let characters: i64 = 0;

export function nameKeys(copybook: Copybook, options: Options): void {
  groupsCount = 0;
  valuesCount = 0;
  characters = 0;
  nameAll(copybook.records, null, 0, options);
}

/** `pathLength` is that of the parent's path, by keys or by names, whichever is longer. */
function nameAll(items: Item[], parent: Item | null, pathLength: i32, options: Options): void {
  const used = new Set<string>();
  const next = new Map<string, i32>();
  let previous = parent === null ? 'RECORD' : parent.key;
  for (let i = 0; i < items.length && !hasProblem(); i++) {
    const item = items[i];
    const wanted = keyOf(item, previous, options);
    let key = wanted;
    if (used.has(key)) {
      let count = next.has(wanted) ? next.get(wanted) : 2;
      do key = wanted + '_' + (count++).toString(); while (used.has(key));
      next.set(wanted, count);
    }
    used.add(key);
    item.key = key;
    previous = key;
    const length = pathLength + 1 + max(key.length, item.name.length);
    characters += length;
    if (characters > PATHS_MAX_CHARACTERS) {
      fail(LIMIT, 'the paths of all items have more than ' + PATHS_MAX_CHARACTERS.toString() + ' characters');
    }
    nameAll(item.children, item, length, options);
  }
}

function keyOf(item: Item, previous: string, options: Options): string {
  const isGroup = item.children.length > 0;
  if (item.isFiller && item.parent !== null) {
    const number = isGroup ? ++groupsCount : ++valuesCount;
    if (options.fillersAfterPrevious) return 'FILLER_AFTER_' + previous;
    return (isGroup ? 'FILLER_' : 'FILLER_P') + number.toString();
  }
  return options.underscoreNames && item.name.includes('-') ? item.name.replaceAll('-', '_') : item.name;
}
