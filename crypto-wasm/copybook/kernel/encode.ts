/**
 * The operation `encode`: JSON records, one a line or in one array, to a file's bytes.
 *
 * The input is read where it is up to its last newline, which ends whatever is not JSON there; what follows is copied
 * to where a zero byte ends it. So the reader needs no bound for every byte it looks at. A record that is wrong ends
 * the output before itself and is reported beside it; what is incomplete is left for the next call. The output is that
 * of whole records, up to its bound.
 */

import { answer } from './answer';
import { encodeMembers, beginEncoding } from './encode-members';
import { encodeAnyNumber } from './encode-number';
import { setNationalEndian } from './encode-blank';
import { EncodeNode, EncodePlan } from './encode-node';
import { settleTables } from './encode-tables';
import { setTextEndian } from './encode-text';
import { beginFrame, endFrame, frameMaxBytes, frameReason, openOutput } from './frame-output';
import { Flag } from './frames';
import { Framing } from './framing';
import { NOT_A_NUMBER } from './item-value';
import { Kind } from './item';
import { beginRecordAt, isSpace, isTruncated, malformed, offsetOf, openInput, skipSpaces, unfit } from './json-input';
import { Layout } from './layout';
import { RecordFormat } from './options';
import { clearProblem, fail, failInRecord, hasProblem, LIMIT, problemJson, VALUE } from './problem';
import { firstRecord, flags, inputAt, inputEnd, inputOffset, readInput } from './read-input';

/** One answer, as the adapter's limit of 16 MiB allows with room for what is around it. */
const OUTPUT_MAX_BYTES: i64 = 14 * 1024 * 1024;
const HEADER_BYTES: usize = 24;
/** Room for the problem before the output; a longer one moves the output. */
const PROBLEM_BYTES: usize = 4096;
/** Vectors are stored whole, tables are moved: so many bytes behind a record may be written. */
const SLACK_BYTES: i64 = 64;
/** The reader looks at so many bytes at once. */
const SENTINEL_BYTES: usize = 64;

// State of a call.
let layout: Layout | null = null;
let recordsCount: i32 = 0;
let out: usize = 0;
let outEnd: usize = 0;
let isFull: bool = false;
/** The records are elements of an array. */
let isArray: bool = false;
let isArrayOver: bool = false;
let isFirst: bool = true;
/** A record of the largest size, with what its format puts around it. */
let recordRoom: i64 = 0;

export function encode(by: Layout, at: usize, end: usize): void {
  if (!readInput(at, end)) return;
  const plan = by.encodePlan;
  if (plan.refusal.length > 0) return fail(LIMIT, plan.refusal);
  layout = by;
  setNationalEndian(plan.nationalIsLittleEndian);
  setTextEndian(plan.nationalIsLittleEndian);
  openOutput(by.framing, by.options);
  recordRoom = frameMaxBytes(plan.recordMaxBytes) + SLACK_BYTES;
  if (recordRoom > OUTPUT_MAX_BYTES) {
    return fail(LIMIT, 'a record of ' + plan.recordMaxBytes.toString() + ' bytes is more than one answer has');
  }
  // The shortest record is `{}` and a newline.
  const records: i64 = <i64>(inputEnd - inputAt) / 2 + 1;
  const room = min(OUTPUT_MAX_BYTES + recordRoom, records * recordRoom);
  const before = HEADER_BYTES + PROBLEM_BYTES;
  const begin = heap.alloc(before + <usize>room + <usize>SLACK_BYTES) + before;
  beginEncoding(plan, heap.alloc(<usize>plan.scratchBytes + <usize>plan.flatBytes));
  out = begin;
  outEnd = begin + <usize>min(room, OUTPUT_MAX_BYTES);
  recordsCount = 0;
  isFull = false;
  isArray = false;
  isArrayOver = false;
  isFirst = true;
  const consumed = readAll();
  finish(begin, consumed);
}

/** Gives how many bytes of the input are done with; a problem may be set. */
function readAll(): usize {
  let newlineEnd = inputEnd;
  while (newlineEnd > inputAt && load<u8>(newlineEnd - 1) != 0x0a) newlineEnd--;
  let done = inputAt;
  if (newlineEnd > inputAt) {
    openInput(inputAt, newlineEnd, inputOffset);
    done = readRecords(inputAt, newlineEnd, newlineEnd == inputEnd);
    if (hasProblem() || isFull) return done - inputAt;
  }
  const bytes = inputEnd - done;
  if (bytes > 0) {
    const copy = heap.alloc(bytes + SENTINEL_BYTES);
    memory.copy(copy, done, bytes);
    memory.fill(copy + bytes, 0, SENTINEL_BYTES);
    openInput(copy, copy + bytes, inputOffset + <i64>(done - inputAt));
    done += readRecords(copy, copy + bytes, true) - copy;
  }
  return done - inputAt;
}

/** Records from `from` on; gives where the first one begins that was not written. `isTail`: the input ends at `end`. */
function readRecords(from: usize, end: usize, isTail: bool): usize {
  let at = from;
  const isLast = (flags & Flag.LAST) != 0 && isTail;
  while (true) {
    beginRecordAt(firstRecord + recordsCount);
    let begin = skipSpaces(at);
    // Nothing but spaces is left.
    if (begin == 0) return ended(at, end, isLast);
    if (isArrayOver) return refuse(begin, at, 'something stands behind the array');
    if (isFirst) {
      const byte = load<u8>(begin);
      const isContinued = (flags & Flag.CONTINUED) != 0;
      if (byte == 0x5b && !isContinued) { // [
        isArray = true;
        begin = skipSpaces(begin + 1);
        if (begin == 0) return truncated(at, end, isLast);
        if (load<u8>(begin) == 0x5d) {
          isArrayOver = true;
          isFirst = false;
          at = begin + 1;
          continue;
        }
      } else if (isContinued && (byte == 0x2c || byte == 0x5d)) {
        isArray = true;
        isFirst = false;
        continue;
      }
    } else if (isArray) {
      const byte = load<u8>(begin);
      if (byte == 0x5d) {
        isArrayOver = true;
        at = begin + 1;
        continue;
      }
      if (byte != 0x2c) return refuse(begin, at, 'a comma or ] is missing');
      begin = skipSpaces(begin + 1);
      if (begin == 0) return truncated(at, end, isLast);
    }
    if (outEnd - out < <usize>recordRoom) {
      isFull = true;
      return at;
    }
    const next = encodeRecord(begin);
    if (next == 0) return isTruncated ? truncated(at, end, isLast) : at;
    // Between lines, a newline; the end of the text will do.
    let behind = next;
    if (!isArray) {
      while (behind < end && isSpace(load<u8>(behind)) && load<u8>(behind) != 0x0a) behind++;
      if (behind < end && load<u8>(behind) != 0x0a) {
        return refuse(behind, at, 'something stands behind the record on its line');
      }
      if (behind < end) behind++;
    }
    out = recordEnd;
    isFirst = false;
    recordsCount++;
    at = behind;
  }
}

function refuse(at: usize, done: usize, what: string): usize {
  malformed(at, what);
  return done;
}

/** Spaces up to the end: done with, unless an array is still open. */
function ended(at: usize, end: usize, isLast: bool): usize {
  if (!isArray || isArrayOver) return end;
  return truncated(at, end, isLast);
}

function truncated(at: usize, end: usize, isLast: bool): usize {
  if (isLast) failInRecord(VALUE, firstRecord + recordsCount, offsetOf(end), '', 'the JSON ends too early');
  return at;
}

let recordEnd: usize = 0;

/** Gives the end of the record's JSON and sets `recordEnd`; 0 with a problem, or when the text is too short. */
function encodeRecord(begin: usize): usize {
  const by = layout!;
  const plan = by.encodePlan;
  const at = beginFrame(out);
  const next = encodeMembers(firstRecord + recordsCount, begin, at);
  if (next == 0) return 0;
  let bytes = plan.recordMaxBytes;
  if (plan.slots.length > 0) {
    bytes = settleTables(plan, begin, at);
    if (bytes < 0) return 0;
  }
  if (by.framing.format == RecordFormat.D) {
    bytes = settleLength(by.framing, plan, begin, at, bytes);
    if (bytes < 0) return 0;
  }
  recordEnd = endFrame(bytes);
  if (recordEnd == 0) return unfit(begin, '', frameReason);
  return next;
}

/** The length field of format D: set when it is absent or zero, otherwise what it says is what the record gets. */
function settleLength(framing: Framing, plan: EncodePlan, begin: usize, at: usize, bytes: i32): i32 {
  const around = framing.startBytes + framing.endBytes;
  const value = framing.lengthValue!;
  const field = at + framing.lengthOffset - framing.startBytes;
  const node = plan.lengthNode!;
  const texts = framing.lengthTexts;
  let says: i64 = 0;
  if (texts !== null) {
    const index = texts.find(field);
    if (index < 0) return noLength(begin, node, 'recordLengthMap does not have what it says');
    says = framing.lengths[index];
  } else {
    says = value.integerAt(field);
    if (says == NOT_A_NUMBER || says == 0) {
      if (node.kind == Kind.TEXT) return noLength(begin, node, 'it has to be given');
      const text = (<i64>bytes + around - framing.rdwAdjustment).toString();
      const to = LENGTH + String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, LENGTH);
      store<u16>(to, 0x2c);
      return encodeAnyNumber(node, LENGTH, field) == 0 ? -1 : bytes;
    }
    says += framing.rdwAdjustment;
  }
  const wanted = says - around;
  if (wanted == bytes) return bytes;
  if (wanted > bytes && wanted <= plan.recordMaxBytes) {
    memory.fill(at + bytes, 0, <i32>wanted - bytes);
    return <i32>wanted;
  }
  // Shorter records end where nothing was given any more.
  const isBlank = wanted >= 0 && wanted < bytes && !plan.isVariable &&
    memory.compare(at + <usize>wanted, plan.blank + <usize>wanted, bytes - <i32>wanted) == 0;
  if (isBlank) return <i32>wanted;
  const has = (bytes + around).toString();
  return noLength(begin, node, 'it says ' + says.toString() + ', and the record has ' + has + ' bytes');
}

const LENGTH: usize = memory.data(64, 16);

function noLength(begin: usize, node: EncodeNode, what: string): i32 {
  unfit(begin, node.item.path(), 'the length of the record: ' + what);
  return -1;
}

/** Header, problem and output, one behind the other. */
function finish(begin: usize, consumed: usize): void {
  const outputBytes = out - begin;
  const isBad = hasProblem();
  let problemBytes: usize = 0;
  let at = begin;
  if (isBad) {
    const problem = String.UTF8.encode(problemJson());
    problemBytes = problem.byteLength;
    clearProblem();
    if (problemBytes > PROBLEM_BYTES) {
      at = heap.alloc(HEADER_BYTES + problemBytes + outputBytes) + HEADER_BYTES + problemBytes;
      memory.copy(at, begin, outputBytes);
    }
    memory.copy(at - problemBytes, changetype<usize>(problem), problemBytes);
  }
  const header = at - problemBytes - HEADER_BYTES;
  store<u32>(header, <u32>consumed);
  store<u32>(header, <u32>recordsCount, 4);
  store<u32>(header, isBad ? 1 : 0, 8);
  store<u32>(header, <u32>problemBytes, 12);
  store<u32>(header, 0, 16);
  store<u32>(header, <u32>recordsCount, 20);
  answer(header, HEADER_BYTES + problemBytes + outputBytes);
}
