/** Which items the output shows: not FILLERs unless asked for, and of a projection only what it names and what is around. */

import { ItemIndex } from './find-item';
import { Item } from './item';
import { Options } from './options';

/** Sets `isShown` everywhere. Names in options exist. */
export function chooseShown(index: ItemIndex, options: Options): void {
  const items = index.copybook.items;
  const selected = new StaticArray<bool>(items.length);
  for (let i = 0; i < options.fields.length; i++) selected[index.named(options.fields[i])!.index] = true;
  const asText = new StaticArray<bool>(items.length);
  for (let i = 0; i < options.groupsAsText.length; i++) asText[index.named(options.groupsAsText[i])!.index] = true;
  const isAll = options.fields.length == 0;
  // From above: hidden with its group, selected with it.
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const parent = item.parent;
    if (parent !== null && selected[parent.index]) selected[i] = true;
    item.isShown = (parent === null || parent.isShown) && isWanted(item, options);
  }
  // From below: a group is shown for what it has.
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    const isWhole = item.children.length == 0 || asText[i];
    item.isShown = item.isShown && (isWhole ? isAll || selected[i] : hasShown(item)) ;
  }
}

function isWanted(item: Item, options: Options): bool {
  if (!item.isFiller || item.parent === null) return true;
  return item.children.length > 0 ? options.groupFillers : options.valueFillers;
}

function hasShown(item: Item): bool {
  for (let i = 0; i < item.children.length; i++) {
    if (item.children[i].isShown) return true;
  }
  return false;
}
