/**
 * The iterator over records: `openFrames` on an input, then `nextFrame` until it gives something else than RECORD.
 *
 * It finds where records begin and end, and nothing of what is in them, except counters and length fields. Records lie
 * in the input where they are; only spanned ones are put together elsewhere, and stay there until the call ends. So
 * addresses of earlier records remain good. Nothing is allocated for a record.
 *
 * A place where another call may go on is a position and a *resume*: 0, or within a block the bytes that are left of
 * it, in the upper 24 bits of a word, as the flags of the call take it.
 */

import { Framing } from './framing';
import { nextLine } from './frames-lines';
import { makeRoom, nextInWords } from './frames-words';
import { BAD_COUNT, measuredCount, measuredItem, TOO_FEW } from './measure';
import { NOT_A_NUMBER } from './item-value';
import { RecordFormat } from './options';
import { DATA, failInRecord, FRAMING } from './problem';

export namespace Next {
  /** `frameAt`, `frameBytes` and the rest are of a record. */
  export const RECORD: i32 = 0;
  /** The input ends with the record before. */
  export const END: i32 = 1;
  /** The input ends within the record at `originAt`, and may go on. */
  export const MORE: i32 = 2;
  /** A problem is set, about the record at `originAt`. */
  export const BAD: i32 = 3;
}

/** Flags of a call. */
export namespace Flag {
  /** Nothing comes behind the input: what is left over is a record cut short. */
  export const LAST: u32 = 1;
  /** The output began already. */
  export const CONTINUED: u32 = 2;
  /** Nothing of the input's last record comes behind it, but the file may go on, within a block too. */
  export const PIECE: u32 = 4;
  /** Above: bytes that are left of the block in which the input begins. */
  export const RESUME: u32 = 0xffffff00;
}

/** The record without its word, and without what `recordStart` and `recordEnd` skip: its first byte, its bytes. */
export let frameAt: usize = 0;
export let frameBytes: i32 = 0;
/** Bytes of the record in the input, without its word. */
export let wholeBytes: i32 = 0;
/** Where the record begins in the input, with its word, and its block's if it is the first. A call may go on here. */
export let originAt: usize = 0;
export let originResume: u32 = 0;
/** Number of the record in the whole file, from 0. */
export let frameNumber: i64 = 0;
/** Records read so far, skipped ones among them. */
export let framesCount: i32 = 0;

/** Set by `openFrames`. */
let framing: Framing = changetype<Framing>(0);
let startAt: usize = 0;
let firstNumber: i64 = 0;
let inputOffset: i64 = 0;

// What the formats share. They move `at` behind the record, or leave it.
/** Where the next record begins. */
export let at: usize = 0;
export let endAt: usize = 0;
export let isLast: bool = false;
/** The file ends where the input does. */
export let endsFile: bool = false;
/** End of the block that `at` is in; `at` itself between blocks. */
export let blockEndAt: usize = 0;

export function openFrames(by: Framing, from: usize, to: usize, flags: u32, firstRecord: i64, offset: i64): void {
  framing = by;
  startAt = from;
  at = from;
  endAt = to;
  originAt = from;
  originResume = flags & Flag.RESUME;
  isLast = (flags & (Flag.LAST | Flag.PIECE)) != 0;
  endsFile = (flags & (Flag.LAST | Flag.PIECE)) == Flag.LAST;
  blockEndAt = at + (flags >> 8);
  firstNumber = firstRecord;
  inputOffset = offset;
  framesCount = 0;
  makeRoom(by.format == RecordFormat.VBS, to - from);
}

/** Behind the last record, where another call goes on. */
export function resumeHere(): u32 {
  return at < blockEndAt ? <u32>(blockEndAt - at) << 8 : 0;
}

/** Position in the whole file of an address in the input. */
export function offsetOf(address: usize): i64 {
  return inputOffset + <i64>(address - startAt);
}

/** Position in the whole file of the record's first byte; of its beginning when it was put together. */
export function frameOffset(): i64 {
  return offsetOf(frameAt >= startAt && frameAt <= endAt ? frameAt : originAt);
}

/** One of Next. Records outside of `recordMin` and `recordMax` are counted and passed over. */
export function nextFrame(): i32 {
  for (;;) {
    originAt = at;
    originResume = resumeHere();
    frameNumber = firstNumber + framesCount;
    const originBlockEnd = blockEndAt;
    let next = advance();
    const around = framing.startBytes + framing.endBytes;
    const isRead = wholeBytes >= framing.recordMinBytes && wholeBytes <= framing.recordMaxBytes;
    if (next == Next.RECORD && isRead && wholeBytes < around) {
      next = bad('the record has ' + wholeBytes.toString() + ' bytes, fewer than recordStart and recordEnd skip');
    }
    if (next != Next.RECORD) {
      // Asked again, it gives the same again.
      at = originAt;
      blockEndAt = originBlockEnd;
      return next;
    }
    framesCount++;
    if (!isRead) continue;
    frameAt += framing.startBytes;
    frameBytes = wholeBytes - around;
    return Next.RECORD;
  }
}

/** So many records, each of the framing's fixed length, were read without asking. */
export function passFrames(count: i32): void {
  framesCount += count;
  at += <usize>count * framing.eachBytes;
}

function advance(): i32 {
  if (framing.eachBytes > 0) {
    if (endAt - at >= <usize>framing.eachBytes) return take(at, framing.eachBytes);
    return at == endAt ? Next.END : short('of ' + framing.eachBytes.toString());
  }
  const format = framing.format;
  if (format == RecordFormat.TEXT) return nextLine(framing);
  if (format == RecordFormat.F) return measured();
  if (format == RecordFormat.D) return lengthByField();
  return nextInWords(framing);
}

/** A record at `from`, and on behind it. */
export function take(from: usize, bytes: i32): i32 {
  frameAt = from;
  wholeBytes = bytes;
  at = from + bytes;
  return Next.RECORD;
}

/** A record that was put together at `from`, from segments that end at `next`. */
export function takeSpanned(from: usize, bytes: i32, next: usize, blockEnd: usize): void {
  frameAt = from;
  wholeBytes = bytes;
  at = next;
  blockEndAt = blockEnd;
}

/** On behind a block's word. */
export function enterBlock(from: usize, to: usize): void {
  at = from;
  blockEndAt = to;
}

/** A problem with the record at `originAt`. */
export function bad(what: string): i32 {
  failInRecord(FRAMING, frameNumber, offsetOf(originAt), '', what);
  return Next.BAD;
}

/** The input ends within a record: MORE, or at the end of the file a problem. `what` says how long it should be. */
export function short(what: string): i32 {
  if (!isLast) return Next.MORE;
  const there = <i64>(endAt - originAt);
  return bad('the file ends within a record: ' + there.toString() + ' bytes ' + what + ' are there');
}

function measured(): i32 {
  if (at == endAt) return Next.END;
  const start = framing.startBytes;
  const measure = framing.measure;
  if (measure === null || endAt - at < <usize>start) return short('of a record');
  const bytes = measure.run(at + start, endAt);
  if (bytes == TOO_FEW) return short('of a record whose counters lie further on');
  if (bytes == BAD_COUNT) {
    const table = measuredItem!;
    const count = measuredCount == NOT_A_NUMBER ? 'no number' : measuredCount.toString();
    const most = table.occursMax.toString();
    const text = 'the counter says ' + count + ', and the table occurs at most ' + most + ' times';
    failInRecord(DATA, frameNumber, offsetOf(originAt), table.path(), text);
    return Next.BAD;
  }
  const whole = <i64>bytes + start + framing.endBytes;
  if (whole == 0) return bad('a record of no bytes: its counters say so, and the input would never end');
  if (whole > framing.recordLimitBytes) return tooLong(whole);
  return <i64>(endAt - at) < whole ? short('of ' + whole.toString()) : take(at, <i32>whole);
}

function lengthByField(): i32 {
  if (at == endAt) return Next.END;
  const value = framing.lengthValue!;
  const fieldEnd = framing.lengthOffset + value.lengthBytes;
  if (<i64>(endAt - at) < <i64>fieldEnd) return short('of a record whose length lies further on');
  const field = at + framing.lengthOffset;
  const texts = framing.lengthTexts;
  let length: i64 = 0;
  if (texts !== null) {
    const index = texts.find(field);
    if (index < 0) {
      return bad('the length field says ' + value.shownAt(field) + ', which recordLengthMap does not have');
    }
    length = framing.lengths[index];
  } else {
    length = value.integerAt(field);
    if (length == NOT_A_NUMBER) return bad('the length field says ' + value.shownAt(field) + ', which is no number');
    // Eighteen digits and an adjustment are within 64 bits.
    length += framing.rdwAdjustment;
  }
  if (length < fieldEnd) return bad('the length ' + length.toString() + ' ends before the length field does');
  if (length > framing.recordLimitBytes) return tooLong(length);
  return <i64>(endAt - at) < length ? short('of ' + length.toString()) : take(at, <i32>length);
}

export function tooLong(bytes: i64): i32 {
  const limit = framing.recordLimitBytes.toString();
  const text = 'the record would have ' + bytes.toString() + ' bytes, above the limit of ' + limit;
  return bad(text + ' (recordLength sets it)');
}
