/**
 * Whether a file of fixed records has in its fields what the copybook says: digits where numbers are, characters
 * where texts are. It looks at shapes only, so that a wrong code page among the options does not hide a right length.
 */

import { isPrintable, shareText } from './detect-text';
import { Copybook, Item, Kind } from './item';

/** Records looked at. */
const RECORDS_MAX: i32 = 500;

let numbersCount: i32 = 0;
let validCount: i32 = 0;
let charactersCount: i32 = 0;
let printableCount: i32 = 0;

/** The share of valid numbers and printable characters, each counted as much as the other; 0.5 where there are none. */
export function fieldsAreValid(copybook: Copybook, from: usize, to: usize, recordBytes: i32, isAscii: bool): f64 {
  numbersCount = 0;
  validCount = 0;
  charactersCount = 0;
  printableCount = 0;
  let at = from;
  for (let i = 0; i < RECORDS_MAX && to - at >= <usize>recordBytes; i++) {
    for (let k = 0; k < copybook.items.length; k++) look(copybook.items[k], at, recordBytes, isAscii);
    at += recordBytes;
  }
  const numbers = numbersCount == 0 ? -1 : <f64>validCount / numbersCount;
  const texts = charactersCount == 0 ? -1 : <f64>printableCount / charactersCount;
  if (numbers < 0) return texts < 0 ? 0.5 : texts;
  return texts < 0 ? numbers : (numbers + texts) / 2;
}

export function validWhy(): string {
  const numbers = shareText(validCount, numbersCount) + ' of ' + numbersCount.toString();
  const characters = shareText(printableCount, charactersCount) + ' of ' + charactersCount.toString();
  return numbers + ' numbers looked at are digits and signs, ' + characters + ' characters can be printed';
}

/** The first occurrence of an item that has its bytes for itself. */
function look(item: Item, record: usize, recordBytes: i32, isAscii: bool): void {
  const end = <i64>item.offsetBytes + item.lengthBytes;
  if (item.isOverlaid || end > recordBytes) return;
  const at = record + item.offsetBytes;
  if (item.kind == Kind.TEXT) {
    charactersCount += item.lengthBytes;
    for (let i = 0; i < item.lengthBytes; i++) if (isPrintable(load<u8>(at + i), isAscii)) printableCount++;
  } else if (item.kind == Kind.ZONED) {
    numbersCount++;
    if (isZoned(item, at)) validCount++;
  } else if (item.kind == Kind.PACKED) {
    numbersCount++;
    if (isPacked(item, at)) validCount++;
  }
}

/** Digits of either code; the byte with a sign may have any zone. */
function isZoned(item: Item, at: usize): bool {
  let zone: u8 = 0;
  for (let i = 0; i < item.lengthBytes; i++) {
    const byte = load<u8>(at + i);
    const isEnd = i == 0 || i == item.lengthBytes - 1;
    if (item.isSigned && isEnd) continue;
    if ((byte & 15) > 9) return false;
    if (byte >> 4 != 0x0f && byte >> 4 != 3) return false;
    if (zone != 0 && byte >> 4 != zone) return false;
    zone = byte >> 4;
  }
  return true;
}

function isPacked(item: Item, at: usize): bool {
  const last = item.lengthBytes - 1;
  for (let i = 0; i <= last; i++) {
    const byte = load<u8>(at + i);
    if (byte >> 4 > 9 || ((byte & 15) > 9) != (i == last)) return false;
  }
  return true;
}
