/** What the encoder of one elementary item needs: its page, digits, sign, range, and the places of its digits in a vector. */

import { CodePage } from './code-page';
import { parseEdited } from './edited';
import { parseEditedText } from './edited-text';
import { AsciiTable, Building, Direct, EncodeNode, FAST_DIGITS_MAX } from './encode-node';
import { Kind } from './item';
import { pageOf } from './item-options';
import { Options } from './options';
import { hasProblem } from './problem';

export function finishLeaf(building: Building, node: EncodeNode): void {
  const item = node.item;
  const page = pageOf(item, building.options);
  if (hasProblem()) return;
  const ascii = asciiTableOf(building, page);
  node.ascii = ascii;
  node.table128 = ascii.bytes;
  node.space = page.space;
  node.zone = page.isAscii ? 0x30 : 0xf0;
  node.hasPlainSigns = page.isAscii && building.options.asciiSignsArePlain;
  node.isJustified = item.isJustified && node.kind == Kind.TEXT;
  node.isPlain = node.kind == Kind.TEXT && !node.isJustified && ascii.isComplete;
  node.digits = item.digits;
  node.scale = item.scale;
  node.isSigned = item.isSigned;
  node.positiveSign = item.isSigned ? 12 : 15;
  node.signLeading = item.signLeading;
  node.signSeparate = item.isSigned && item.signSeparate;
  node.isLittleEndian = item.isLittleEndian;
  node.blankWhenZero = item.blankWhenZero;
  if (node.kind == Kind.EDITED) {
    const edited = parseEdited(item.picture, item.blankWhenZero);
    if (edited === null || edited.lengthBytes != item.lengthBytes) {
      // The parser takes the same pictures; should it ever differ, better nothing is written than something wrong.
      building.plan.refusal = item.path() + ' has a picture that cannot be edited: ' + item.picture;
      return;
    }
    node.edited = edited;
    node.digits = edited.digits;
    node.scale = edited.scale;
    node.isSigned = edited.isSigned;
  }
  if (node.kind == Kind.EDITED_TEXT) {
    const edited = parseEditedText(item.picture);
    if (edited !== null && edited.lengthBytes == item.lengthBytes) {
      node.editedText = edited;
      node.scratch = heap.alloc(item.lengthBytes);
    }
  }
  if (node.kind == Kind.ZONED) {
    // As many as there are bytes for: the digits of the picture, whatever it says of a sign.
    node.digits = item.lengthBytes - (node.signSeparate ? 1 : 0);
  }
  node.wholeDigits = max(node.digits - node.scale, 0);
  if (node.kind == Kind.BINARY) setRange(node, building.options);
  setPlaces(node);
}

function asciiTableOf(building: Building, page: CodePage): AsciiTable {
  for (let i = 0; i < building.tables.length; i++) if (building.tables[i].page === page) return building.tables[i];
  const table = new AsciiTable(page);
  building.tables.push(table);
  return table;
}

/** Largest magnitudes of a binary: of its bytes, or of its picture's digits where the options say so. */
function setRange(node: EncodeNode, options: Options): void {
  const bits = node.lengthBytes * 8;
  if (bits > 64) return;
  node.isRanged = true;
  if (node.isSigned) {
    node.negativeMax = <u64>1 << (bits - 1);
    node.positiveMax = node.negativeMax - 1;
  } else {
    node.positiveMax = bits == 64 ? u64.MAX_VALUE : (<u64>1 << bits) - 1;
  }
  if (!options.truncateBinary || node.item.isNativeBinary || node.digits > 19) return;
  let digitsMax: u64 = 1;
  for (let i = 0; i < node.digits; i++) digitsMax *= 10;
  node.positiveMax = min(node.positiveMax, digitsMax - 1);
  node.negativeMax = min(node.negativeMax, digitsMax - 1);
}

/** Where the characters of a number go in a vector; zero where the fast path cannot hold it. */
function setPlaces(node: EncodeNode): void {
  const digits = node.digits;
  if (digits < 1 || digits > FAST_DIGITS_MAX || node.scale < 0 || node.scale > digits) return;
  let last = digits - 1; // place of the last digit
  if (node.kind == Kind.PACKED) last = 14;
  else if (node.kind == Kind.PACKED_UNSIGNED) last = 15;
  else if (node.kind == Kind.BINARY) {
    if (node.lengthBytes > 8) return;
    last = 15;
  } else if (node.kind != Kind.ZONED && node.kind != Kind.EDITED) return;
  const units = last - node.scale; // place of the last whole digit; -1 where there is none
  node.places = heap.alloc(16);
  for (let place = 0; place < 16; place++) {
    const from = place > last ? -128 : place - units - 1 + (place > units ? 1 : 0);
    store<i8>(node.places + place, <i8>from);
  }
}

export function setDirect(nodes: EncodeNode[]): void {
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    if (node.isTable || node.isCounter || node.area !== null) continue;
    if (node.places != 0) node.direct = Direct.NUMBER;
    else if (node.isPlain) node.direct = Direct.TEXT;
  }
}
