/**
 * How many occurrences a table's counter says, by value: any kind of number, or a text that the options map to a count.
 */

import { Item, Kind } from './item';
import { Entry, Options } from './options';
import { writeNumberText } from './value-text';
import { writeText } from './character-text';
import { zeroed } from './zeroed';

/** The record ends before the counter, or its view is not shown: the table is null. */
export const MISSING: i64 = -2;
/** The counter's bytes are no count. */
export const INVALID: i64 = -1;

/** A counter's text: numbers have up to 800 characters, texts are looked at up to this length. */
const TEXT_MAX_BYTES: i32 = 128;
const TEXT: usize = memory.data(1024, 16);

/** The count, INVALID when it is not a whole number from 0 on. `mapping` is a table of `decode-plan.ts`, or 0. */
export function countOf(item: Item, options: Options, at: usize, mapping: usize): i64 {
  if (mapping != 0) return mappedCount(item, options, at, mapping);
  if (item.kind == Kind.TEXT || item.kind >= Kind.EDITED_TEXT || item.kind == Kind.GROUP) {
    return textCount(item, options, at);
  }
  const end = writeNumberText(item, options, at, TEXT);
  if (end == 0 || end == TEXT) return INVALID;
  return digitsCount(TEXT, end);
}

/** The number that ASCII digits say, with nothing but zeros behind a point. */
function digitsCount(from: usize, end: usize): i64 {
  let count: i64 = 0;
  let at = from;
  for (; at < end && load<u8>(at) != 0x2e; at++) {
    const digit = <i32>load<u8>(at) - 0x30;
    if (digit < 0 || digit > 9 || count > 999_999_999_999) return INVALID;
    count = count * 10 + digit;
  }
  for (at++; at < end; at++) if (load<u8>(at) != 0x30) return INVALID;
  return count;
}

/** Bytes of the counter's text, trimmed by the options; -1 when it is too long or not valid. */
function textBytes(item: Item, options: Options, at: usize): i32 {
  if (item.lengthBytes > TEXT_MAX_BYTES) return -1;
  const end = writeText(item, options, at, item.lengthBytes, false, TEXT);
  return end == 0 ? -1 : <i32>(end - TEXT);
}

/** A text of digits. */
function textCount(item: Item, options: Options, at: usize): i64 {
  let length = textBytes(item, options, at);
  while (length > 0 && load<u8>(TEXT + length - 1) == 0x20) length--;
  return length <= 0 ? INVALID : digitsCount(TEXT, TEXT + length);
}

function mappedCount(item: Item, options: Options, at: usize, mapping: usize): i64 {
  let length: i32;
  if (item.kind == Kind.TEXT || item.kind >= Kind.EDITED_TEXT || item.kind == Kind.GROUP) {
    length = textBytes(item, options, at);
    while (length > 0 && load<u8>(TEXT + length - 1) == 0x20) length--;
  } else {
    const end = writeNumberText(item, options, at, TEXT);
    length = end == 0 ? -1 : <i32>(end - TEXT);
  }
  if (length < 0) return INVALID;
  let entry = mapping + 4;
  for (let i = load<i32>(mapping); i > 0; i--) {
    const bytes = load<i32>(entry);
    if (bytes == length && memory.compare(entry + 8, TEXT, length) == 0) return load<i32>(entry, 4);
    entry += 8 + ((bytes + 3) & ~3);
  }
  return INVALID;
}

/** `u32 entries`, then for each `u32 text bytes, u32 count`, text padded to 4. */
export function mappingTable(mapping: Entry): usize {
  let lengthBytes = 4;
  for (let i = 0; i < mapping.values.length; i++) {
    lengthBytes += 12 + String.UTF8.byteLength(mapping.values[i]);
  }
  const table = zeroed(lengthBytes);
  store<i32>(table, mapping.values.length);
  let at = table + 4;
  for (let i = 0; i < mapping.values.length; i++) {
    const value = mapping.values[i];
    const equals = value.lastIndexOf('=');
    const text = String.UTF8.encode(equals < 0 ? value : value.substring(0, equals));
    store<i32>(at, text.byteLength);
    store<i32>(at + 4, equals < 0 ? -1 : <i32>I32.parseInt(value.substring(equals + 1)));
    memory.copy(at + 8, changetype<usize>(text), text.byteLength);
    at += 8 + ((text.byteLength + 3) & ~3);
  }
  return table;
}
