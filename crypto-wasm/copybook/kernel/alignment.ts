/**
 * SYNCHRONIZED as z/OS has it: binaries of 2 bytes on halfwords, longer ones on fullwords (on doublewords by option),
 * COMP-1 on fullwords, COMP-2 on doublewords, pointers on fullwords. A group begins where its first item has to.
 * Source: Enterprise COBOL for z/OS, Language Reference, SYNCHRONIZED clause and slack bytes.
 */

import { Item, Kind } from './item';
import { Options } from './options';

/** Bytes that the item's first byte is a multiple of; 1 when it may be anywhere. */
export function alignmentOf(item: Item, options: Options): i32 {
  let first = item;
  while (first.kind == Kind.GROUP) first = first.children[0];
  return ownAlignment(first, options);
}

/** The largest alignment of an item and what is below it. */
export function deepestAlignment(item: Item, options: Options): i32 {
  if (item.kind != Kind.GROUP) return ownAlignment(item, options);
  let alignment = 1;
  for (let i = 0; i < item.children.length; i++) {
    alignment = max(alignment, deepestAlignment(item.children[i], options));
  }
  return alignment;
}

function ownAlignment(item: Item, options: Options): i32 {
  if (!isSynchronized(item)) return 1;
  switch (item.kind) {
    case Kind.BINARY:
      // The odd lengths of COMP-X have no boundary.
      if (item.lengthBytes == 8 || item.lengthBytes == 16) return options.syncDoublewordBytes;
      return item.lengthBytes == 2 || item.lengthBytes == 4 ? item.lengthBytes : 1;
    case Kind.FLOAT:
      return item.lengthBytes;
    case Kind.BYTES:
      return item.usage == 'PROCEDURE-POINTER' ? 8 : item.usage.endsWith('POINTER') || item.usage == 'INDEX' ? 4 : 1;
    default:
      return 1;
  }
}

/** By its own clause, or by that of a group above. */
function isSynchronized(item: Item): bool {
  let at: Item | null = item;
  while (at !== null) {
    if (at.isSynchronized) return true;
    at = at.parent;
  }
  return false;
}
