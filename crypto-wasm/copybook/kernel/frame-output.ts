/**
 * Records into a file's format: length words, blocks, spanned segments, lines. The counterpart of `frames.ts`, from the
 * same options.
 *
 * A record is built in place: `beginFrame` says where its first byte goes, `endFrame` is told how long it became and
 * puts around it what belongs there. Blocks end with the call: they are never longer than the options say, and a call's
 * output can stand behind another's. What a format cannot hold is refused, never cut.
 */

import { Framing } from './framing';
import { Options, RecordFormat } from './options';

/** Longest block where the options say nothing: that of z/OS. */
const BLOCK_BYTES: i32 = 32_760;
/** What a length word of 16 bits can say; blocks can say 31 bits, in the extended form. */
const WORD_MAX_BYTES: i64 = 65_535;
const EXTENDED_MAX_BYTES: i64 = 0x7fffffff;
const WORD_BYTES: usize = 4;
/** Segments of spanned records have at least one byte, but for records of none. */
const SEGMENT_MIN_BYTES: i32 = 1;

/** Of a segment. */
namespace Code {
  export const WHOLE: u32 = 0;
  export const FIRST: u32 = 1;
  export const LAST: u32 = 2;
  export const BETWEEN: u32 = 3;
}

let framing: Framing = new Framing();
let blockBytes: i32 = 0;
/** The block that records are put into; 0 between blocks. */
let blockAt: usize = 0;
let recordAt: usize = 0;
let fixedBytes: i32 = 0;

/** Why the last record did not go into its format. */
export let frameReason: string = '';

export function openOutput(by: Framing, options: Options): void {
  framing = by;
  blockBytes = options.blockLengthBytes > 0 ? options.blockLengthBytes : BLOCK_BYTES;
  blockAt = 0;
  fixedBytes = by.fixedRecordBytes;
}

/** The most bytes that a record of so many adds to the output, and that are written over behind it. */
export function frameMaxBytes(recordBytes: i32): i64 {
  const whole = max<i64>(<i64>recordBytes + framing.startBytes + framing.endBytes, fixedBytes);
  // Every segment of a spanned record has its word, and may begin a block.
  const segments = framing.format == RecordFormat.VBS ? whole / max(blockBytes - 2 * <i32>WORD_BYTES, 1) + 2 : 1;
  return whole + segments * 2 * <i64>WORD_BYTES + 2;
}

/** Where the record's own bytes go. */
export function beginFrame(out: usize): usize {
  recordAt = out;
  let at = out;
  const format = framing.format;
  if (format == RecordFormat.VB && blockAt == 0) at += WORD_BYTES;
  if (format == RecordFormat.V || format == RecordFormat.VB || format == RecordFormat.PREFIX) at += WORD_BYTES;
  // A spanned record is taken apart from behind the first words it can have.
  if (format == RecordFormat.VBS) at += 2 * WORD_BYTES;
  if (framing.startBytes > 0) memory.fill(at, 0, framing.startBytes);
  return at + framing.startBytes;
}

/** The end of the output with this record, which has so many bytes of its own; 0 with `frameReason`. */
export function endFrame(recordBytes: i32): usize {
  const bytes = recordBytes + framing.startBytes + framing.endBytes;
  const format = framing.format;
  switch (format) {
    case RecordFormat.V:
    case RecordFormat.PREFIX: {
      const end = closeRecord(recordAt + WORD_BYTES, bytes);
      return storeRecordWord(recordAt, bytes, 0) ? end : 0;
    }
    case RecordFormat.VB:
      return endBlocked(bytes);
    case RecordFormat.VBS:
      closeRecord(recordAt + 2 * WORD_BYTES, bytes);
      return endSpanned(bytes);
    case RecordFormat.TEXT: {
      const end = closeRecord(recordAt, bytes);
      for (let at = recordAt; at < end; at++) {
        const byte = load<u8>(at);
        if (byte != framing.newline && byte != framing.otherNewline) continue;
        return refuse('a line cannot have a newline in it');
      }
      store<u8>(end, framing.newline);
      return end + 1;
    }
    default:
      return endFixed(bytes);
  }
}

function refuse(what: string): usize {
  frameReason = what;
  return 0;
}

/** `at` is where the record's start begins. */
function closeRecord(at: usize, bytes: i32): usize {
  if (framing.endBytes > 0) memory.fill(at + bytes - framing.endBytes, 0, framing.endBytes);
  return at + bytes;
}

function endFixed(bytes: i32): usize {
  if (fixedBytes == 0 || bytes == fixedBytes) return closeRecord(recordAt, bytes);
  if (bytes > fixedBytes) {
    return refuse('the record has ' + bytes.toString() + ' bytes, and recordLength says ' + fixedBytes.toString());
  }
  memory.fill(recordAt + bytes - framing.endBytes, 0, fixedBytes - bytes + framing.endBytes);
  return recordAt + fixedBytes;
}

/** False with `frameReason`. */
function storeRecordWord(at: usize, bytes: i32, code: u32): bool {
  const says = <i64>bytes - framing.rdwAdjustment;
  const isPrefix = framing.format == RecordFormat.PREFIX;
  if (says < 0 || says > (isPrefix ? EXTENDED_MAX_BYTES : WORD_MAX_BYTES) || bytes > framing.recordLimitBytes) {
    const limit = min<i64>(framing.recordLimitBytes, WORD_MAX_BYTES + framing.rdwAdjustment);
    refuse('the record has ' + bytes.toString() + ' bytes, and its length word can say ' + limit.toString());
    return false;
  }
  const word = isPrefix ? <u32>says : (<u32>says << 16) | (code << 8);
  store<u32>(at, framing.rdwIsLittle ? word : bswap<u32>(word));
  return true;
}

function storeBlockWord(at: usize, bytes: i32): bool {
  const says = <i64>bytes - framing.bdwAdjustment;
  if (says < 0 || says > EXTENDED_MAX_BYTES) {
    refuse('the block descriptor word cannot say ' + says.toString());
    return false;
  }
  const word = says <= 0x7fff ? <u32>says << 16 : <u32>says | 0x80000000;
  store<u32>(at, framing.bdwIsLittle ? word : bswap<u32>(word));
  return true;
}

function endBlocked(bytes: i32): usize {
  const isNew = blockAt == 0;
  let wordAt = recordAt + (isNew ? WORD_BYTES : 0);
  let end = closeRecord(wordAt + WORD_BYTES, bytes);
  if (isNew) {
    blockAt = recordAt;
  } else if (end - blockAt > <usize>blockBytes) {
    // It begins the next block, four bytes further on.
    memory.copy(wordAt + 2 * WORD_BYTES, wordAt + WORD_BYTES, bytes);
    blockAt = wordAt;
    wordAt += WORD_BYTES;
    end += WORD_BYTES;
  }
  if (end - blockAt > <usize>blockBytes) {
    return refuse('the record has ' + bytes.toString() + ' bytes, too many for blocks of ' + blockBytes.toString());
  }
  if (!storeRecordWord(wordAt, bytes, 0)) return 0;
  return storeBlockWord(blockAt, <i32>(end - blockAt - WORD_BYTES)) ? end : 0;
}

/** The record lies eight bytes behind `recordAt`; its segments are moved apart, the last one first. */
function endSpanned(bytes: i32): usize {
  if (bytes > framing.recordLimitBytes) {
    const limit = framing.recordLimitBytes.toString();
    return refuse('the record has ' + bytes.toString() + ' bytes, above the limit of ' + limit);
  }
  const most = blockBytes - 2 * <i32>WORD_BYTES; // of a segment that has a block for itself
  if (most < SEGMENT_MIN_BYTES) return refuse('blocks of ' + blockBytes.toString() + ' bytes hold no record');
  // The rest of the block that the record before it left open, when a segment goes into it.
  const openBlock = blockAt;
  const left = openBlock == 0 ? -1 : blockBytes - <i32>(recordAt - openBlock + WORD_BYTES);
  const isOpen = left >= min(bytes, SEGMENT_MIN_BYTES);
  const first = min(bytes, isOpen ? left : most);
  const others = (bytes - first + most - 1) / most;
  const from = recordAt + 2 * WORD_BYTES;
  const firstAt = isOpen ? recordAt : recordAt + WORD_BYTES;
  memory.copy(firstAt + WORD_BYTES, from, first);
  blockAt = isOpen ? openBlock : recordAt;
  const firstEnd = firstAt + WORD_BYTES + first;
  const firstBlock = blockAt;
  for (let i = others; i > 0; i--) {
    const begin = first + (i - 1) * most;
    const part = min(bytes - begin, most);
    const to = firstAt + WORD_BYTES + begin + i * 2 * WORD_BYTES;
    memory.copy(to, from + begin, part);
    if (!storeRecordWord(to - WORD_BYTES, part, i == others ? Code.LAST : Code.BETWEEN)) return 0;
    if (!storeBlockWord(to - 2 * WORD_BYTES, part + <i32>WORD_BYTES)) return 0;
    if (i == others) blockAt = to - 2 * WORD_BYTES;
  }
  if (!storeRecordWord(firstAt, first, others == 0 ? Code.WHOLE : Code.FIRST)) return 0;
  if (!storeBlockWord(firstBlock, <i32>(firstEnd - firstBlock - WORD_BYTES))) return 0;
  return firstEnd + (bytes - first) + others * 2 * WORD_BYTES;
}
