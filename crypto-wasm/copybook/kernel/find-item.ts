/**
 * Items by name: as DEPENDING ON, RENAMES and options say them.
 *
 * The index is made once for a copybook, so that many look-ups in many items stay cheap.
 */

import { Copybook, Item } from './item';

export class ItemIndex {
  private readonly first: Map<string, i32>;
  /** For each item the next one of the same name, or -1. */
  private readonly following: StaticArray<i32>;

  constructor(readonly copybook: Copybook) {
    const items = copybook.items;
    const first = new Map<string, i32>();
    const following = new StaticArray<i32>(items.length);
    for (let i = items.length - 1; i >= 0; i--) {
      const name = items[i].name.toUpperCase();
      following[i] = first.has(name) ? first.get(name) : -1;
      first.set(name, i);
    }
    this.first = first;
    this.following = following;
  }

  /** Position of the first item of this name, or -1. */
  firstOf(name: string): i32 {
    return this.first.has(name) ? this.first.get(name) : -1;
  }

  next(index: i32): i32 {
    return this.following[index];
  }

  /** The item that an option names by its name or its path, without case; null for none, or for more than one. */
  named(by: string): Item | null {
    const parts = by.toUpperCase().split('.');
    const last = parts[parts.length - 1];
    let found: Item | null = null;
    for (let i = this.firstOf(last); i >= 0; i = this.next(i)) {
      const item = this.copybook.items[i];
      if (parts.length > 1 && !isPath(item, parts)) continue;
      if (found !== null) return null;
      found = item;
    }
    return found;
  }

  isAmbiguous(name: string): bool {
    const first = this.firstOf(name.toUpperCase());
    return first >= 0 && this.next(first) >= 0;
  }
}

/** Whether these are the names from the record down to the item. */
function isPath(item: Item, parts: string[]): bool {
  let at: Item | null = item;
  for (let i = parts.length - 1; i >= 0; i--) {
    if (at === null || at.name.toUpperCase() != parts[i]) return false;
    at = at.parent;
  }
  return at === null;
}
