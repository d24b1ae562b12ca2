/**
 * Which item an option means: its name where that is unique, or its path from the record down. Names compare without
 * case; FILLERs have none.
 */

import { Copybook, Item } from './item';
import { fail, OPTIONS } from './problem';

/** Null with a problem that says which option (`option`) names what is not there, or is there several times. */
export function itemNamed(copybook: Copybook, name: string, option: string): Item | null {
  const wanted = name.toUpperCase();
  const isPath = wanted.includes('.');
  const items = copybook.items;
  let found: Item | null = null;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (item.isFiller || (isPath ? item.path() != wanted : item.name != wanted)) continue;
    if (found !== null) {
      fail(OPTIONS, option + ': there are several items ' + name + ', so it has to be a path: ' + item.path());
      return null;
    }
    found = item;
  }
  if (found === null) fail(OPTIONS, option + ': the copybook has no item ' + name);
  return found;
}
