/** What an item is before anything is written into it, and what null means. */

import { EncodeNode } from './encode-node';
import { Kind } from './item';

/** Of the plan at hand; set before anything is blanked or encoded. */
let nationalIsLittle: bool = false;

export function setNationalEndian(isLittle: bool): void {
  nationalIsLittle = isLittle;
}

/** Blanks for all occurrences of an item: spaces for texts and zoned numbers, low-values for everything else. */
export function blankNode(node: EncodeNode, at: usize): void {
  const length = node.lengthBytes;
  if (node.occursMax < 1 || length < 1) return;
  switch (node.kind) {
    case Kind.GROUP:
      memory.fill(at, 0, length);
      blankGroup(node, at);
      break;
    case Kind.TEXT:
    case Kind.ZONED:
    case Kind.EDITED:
    case Kind.EDITED_TEXT:
      memory.fill(at, node.space, length);
      break;
    case Kind.NATIONAL:
    case Kind.GRAPHIC:
      blankWide(node, at, at + length);
      break;
    default:
      memory.fill(at, 0, length);
      break;
  }
  for (let i = 1; i < node.occursMax; i++) memory.copy(at + i * length, at, length);
}

/** Children in order; of views of one place, the first. */
export function blankGroup(group: EncodeNode, at: usize): void {
  for (let i = 0; i < group.children.length; i++) {
    const child = group.children[i];
    if (child.area !== null && child.viewIndex > 0) continue;
    blankNode(child, at + child.offsetBytes);
  }
}

/** Spaces of two bytes: U+0020, or the wide space of the code page. */
export function blankWide(node: EncodeNode, from: usize, end: usize): void {
  const space = wideSpaceOf(node);
  for (let at = from; at + 1 < end; at += 2) store<u16>(at, space);
  if (((end - from) & 1) != 0) store<u8>(end - 1, node.space);
}

/** As it lies in memory. */
function wideSpaceOf(node: EncodeNode): u16 {
  if (node.kind == Kind.NATIONAL) return nationalIsLittle ? 0x0020 : 0x2000;
  const code = node.ascii!.page.doubleFromUnicode(0x3000);
  return code < 0 ? <u16>(<u32>node.space * 0x0101) : bswap<u16>(<u16>code);
}
