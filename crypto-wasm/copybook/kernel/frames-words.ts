/**
 * Records behind length words: V, VB, VBS and `prefix`.
 *
 * A descriptor word is two bytes of length and two more, big-endian; little-endian files have all four bytes reversed,
 * so one byte swap reads both. The third byte is zero, or in VBS the segment's code: 0 whole, 1 first, 2 last,
 * 3 between. A block's word with its highest bit set has 31 bits of length. Whatever a word says is checked against
 * its block, the limits and the input before anything moves.
 *
 * Source: z/OS DFSMS Using Data Sets, record descriptor word, segment descriptor word, block descriptor word.
 */

import {
  at, bad, blockEndAt, endAt, endsFile, enterBlock, Next, originAt, short, take, takeSpanned, tooLong,
} from './frames';
import { Framing } from './framing';
import { hexByte } from './item-value';
import { RecordFormat } from './options';

const WORD_BYTES: usize = 4;

namespace Code {
  export const WHOLE: u32 = 0;
  export const FIRST: u32 = 1;
  export const LAST: u32 = 2;
  export const BETWEEN: u32 = 3;
}

/** Where spanned records are put together: room for all of one input. */
let room: usize = 0;
let roomNext: usize = 0;
let roomEnd: usize = 0;

/** Called with each input; in VBS there is room, because spanned records have no more bytes than it. */
export function makeRoom(isSpanned: bool, inputBytes: usize): void {
  room = 0;
  blocksCount = 0;
  spannedCount = 0;
  if (!isSpanned) return;
  // Readers of records look 16 bytes back and 32 bytes further.
  room = heap.alloc(inputBytes + 80) + 16;
  roomNext = room;
  roomEnd = room + inputBytes;
}

/** Of this input: blocks begun, records put together. */
export let blocksCount: i32 = 0;
export let spannedCount: i32 = 0;

export function nextInWords(framing: Framing): i32 {
  const format = framing.format;
  if (format == RecordFormat.PREFIX) return nextPrefixed(framing);
  if (at == endAt) {
    // Within a block that is a piece's end, or at the end of a file a block that was cut short.
    if (at >= blockEndAt || !endsFile) return Next.END;
    return bad('the file ends within a block: ' + (blockEndAt - at).toString() + ' bytes are missing');
  }
  if (format != RecordFormat.V && at == blockEndAt) {
    const next = nextBlock(framing);
    if (next != Next.RECORD) return next;
  }
  if (format == RecordFormat.VBS) return nextSpanned(framing);
  const bytes = wordAt(framing, at, false);
  if (bytes < 0) return failed(bytes);
  return take(at + WORD_BYTES, <i32>bytes);
}

const IS_SHORT: i64 = -1;
const IS_BAD: i64 = -2;
let segmentCode: u32 = 0;

function failed(bytes: i64): i32 {
  return bytes == IS_SHORT ? Next.MORE : Next.BAD;
}

function word(address: usize, isLittle: bool): u32 {
  const bytes = load<u32>(address);
  return isLittle ? bytes : bswap<u32>(bytes);
}

/** RECORD when a block was entered. */
function nextBlock(framing: Framing): i32 {
  if (endAt - at < WORD_BYTES) return short('of a block');
  const says = word(at, framing.bdwIsLittle);
  const isExtended = says >> 31 != 0;
  const length: i64 = isExtended ? says & 0x7fffffff : says >> 16;
  if (!isExtended && (says & 0xffff) != 0) {
    return bad('the block descriptor word ' + shown(at) + ' has bytes that should be zero');
  }
  const bytes = length + framing.bdwAdjustment;
  if (bytes < <i64>WORD_BYTES) {
    return bad('the block descriptor word ' + shown(at) + ' says ' + length.toString() + ', which holds no record');
  }
  if (bytes > framing.blockLimitBytes) {
    const limit = framing.blockLimitBytes.toString();
    return bad('the block would have ' + bytes.toString() + ' bytes, above the limit of ' + limit);
  }
  blocksCount++;
  enterBlock(at + WORD_BYTES, at + WORD_BYTES + <usize>bytes);
  return Next.RECORD;
}

/** Bytes behind the record's word at `from`, all there; IS_SHORT, or IS_BAD with a problem. Sets `segmentCode`. */
function wordAt(framing: Framing, from: usize, isSpanned: bool): i64 {
  const inBlock = framing.format != RecordFormat.V;
  if (inBlock && blockEndAt - from < WORD_BYTES) {
    bad((blockEndAt - from).toString() + ' bytes are left over at the end of a block');
    return IS_BAD;
  }
  if (endAt - from < WORD_BYTES) return shortOrBad('of a length word');
  const says = word(from, framing.rdwIsLittle);
  segmentCode = (says >> 8) & 0xff;
  const reserved = isSpanned ? says & 0xff : says & 0xffff;
  const length: i64 = says >> 16;
  if (says == 0) bad('the length word is zero');
  else if (reserved != 0) bad(reservedText(framing, from));
  else if (isSpanned && segmentCode > Code.BETWEEN) {
    bad('the length word ' + shown(from) + ' has no segment code from 0 to 3');
  } else {
    const bytes = length + framing.rdwAdjustment;
    if (bytes < 0) {
      bad('the length word ' + shown(from) + ' says ' + length.toString() + ', less than its own length');
    } else if (bytes > framing.recordLimitBytes) {
      tooLong(bytes);
    } else if (inBlock && <i64>(blockEndAt - from) < bytes + 4) {
      const left = (blockEndAt - from).toString();
      const text = 'the length word ' + shown(from) + ' says ' + length.toString();
      bad(text + ', and ' + left + ' bytes are left of the block');
    } else if (<i64>(endAt - from) < bytes + 4) {
      return shortOrBad('of ' + (<i64>(from - originAt) + bytes + 4).toString());
    } else {
      return bytes;
    }
  }
  return IS_BAD;
}

function shortOrBad(what: string): i64 {
  return short(what) == Next.MORE ? IS_SHORT : IS_BAD;
}

function reservedText(framing: Framing, from: usize): string {
  let text = 'the length word ' + shown(from) + ' has bytes that should be zero';
  const isCode = segmentCode >= Code.FIRST && segmentCode <= Code.BETWEEN;
  if (framing.format == RecordFormat.VB && isCode) text += ' (segments of spanned records are read as VBS)';
  return text;
}

function shown(from: usize): string {
  let text = "X'";
  for (let i = 0; i < 4; i++) text += hexByte(load<u8>(from + i));
  return text + "'";
}

function nextPrefixed(framing: Framing): i32 {
  if (at == endAt) return Next.END;
  if (endAt - at < WORD_BYTES) return short('of a length word');
  const length: i64 = word(at, framing.rdwIsLittle);
  const bytes = length + framing.rdwAdjustment;
  if (bytes < 0) return bad('the length word ' + shown(at) + ' says less than nothing');
  if (bytes > framing.recordLimitBytes) return tooLong(bytes);
  if (<i64>(endAt - at) < bytes + 4) return short('of ' + (bytes + 4).toString());
  return take(at + WORD_BYTES, <i32>bytes);
}

/** One record of one segment where it lies, or of several put together, over as many blocks as it has. */
function nextSpanned(framing: Framing): i32 {
  let bytes = wordAt(framing, at, true);
  if (bytes < 0) return failed(bytes);
  if (segmentCode == Code.WHOLE) return take(at + WORD_BYTES, <i32>bytes);
  if (segmentCode != Code.FIRST) {
    const code = segmentCode.toString();
    return bad('the segment at the beginning of a record has the code ' + code + ', neither whole nor first');
  }
  if (room == 0) return bad('a spanned record where none can be put together');
  const to = roomNext;
  let total: i64 = 0;
  let next = Next.RECORD;
  while (next == Next.RECORD) {
    total += bytes;
    if (total > framing.recordLimitBytes) return back(tooLong(total), to);
    memory.copy(roomNext, at + WORD_BYTES, <usize>bytes);
    roomNext += <usize>bytes;
    enterBlock(at + WORD_BYTES + <usize>bytes, blockEndAt);
    if (segmentCode == Code.LAST) {
      spannedCount++;
      takeSpanned(to, <i32>total, at, blockEndAt);
      return Next.RECORD;
    }
    if (at == endAt) next = short('of a spanned record');
    else if (at == blockEndAt) next = nextBlock(framing);
    if (next != Next.RECORD) break;
    bytes = wordAt(framing, at, true);
    if (bytes < 0) next = failed(bytes);
    else if (segmentCode != Code.LAST && segmentCode != Code.BETWEEN) {
      next = bad('a segment of the code ' + segmentCode.toString() + ' where a record that was begun goes on');
    }
  }
  return back(next, to);
}

/** What was put together is not a record. */
function back(next: i32, to: usize): i32 {
  roomNext = to;
  return next;
}
