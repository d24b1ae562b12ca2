/**
 * How records lie in the input, compiled from the options: lengths, words, the fields that give a length or a segment.
 *
 * Everything an option can get wrong about framing is refused here, once, with the option's name; the iterator
 * (`frames.ts`) trusts what it finds.
 */

import { CodePage, codePageOf } from './code-page';
import { itemNamed } from './named-item';
import { Copybook, Item } from './item';
import { integerOf, ItemValue, ValueTable } from './item-value';
import { Measure } from './measure';
import { Options, Output, Prefix, RecordFormat } from './options';
import { fail, hasProblem, OPTIONS } from './problem';
import { RecordIds } from './record-ids';
import { compileSegments, Segments } from './segments';

/** Longest record of z/OS without its length word (32,760 with it). */
export const RECORD_MAX_BYTES: i32 = 32_756;
/** Longest record where no word of 16 bits bounds it (spanned, prefixed, lines): far above what is written, far below a cell. */
export const LONG_RECORD_MAX_BYTES: i32 = 1_048_576;
/** What `recordLength` may say: a record has to fit into one call, whose input is at most 8 MiB. */
export const RECORD_LIMIT_BYTES: i32 = 4_194_304;
/** Extended block descriptors say up to 2 GiB. What is left of a block has to fit into 24 bits, see `frames.ts`. */
export const BLOCK_LIMIT_BYTES: i32 = 16_777_215;
const ADJUSTMENT_LIMIT_BYTES: i32 = 65_536;

export class Framing {
  /** Every record has so many bytes and pieces end at any of them; 0 when the input has to be read to find out. */
  fixedRecordBytes: i32 = 0;

  /** Every record has so many bytes in the input; 0 when they differ. */
  eachBytes: i32 = 0;
  format: i32 = RecordFormat.F;
  /** Longest record that is not an error, its start and end included, its word not. */
  recordLimitBytes: i32 = 0;
  blockLimitBytes: i32 = BLOCK_LIMIT_BYTES;
  rdwIsLittle: bool = false;
  /** Word → bytes behind it. */
  rdwAdjustment: i32 = 0;
  bdwIsLittle: bool = false;
  bdwAdjustment: i32 = 0;
  startBytes: i32 = 0;
  endBytes: i32 = 0;
  recordMinBytes: i32 = 0;
  recordMaxBytes: i32 = i32.MAX_VALUE;

  /** F without a fixed length. */
  measure: Measure | null = null;
  /** D. */
  lengthValue: ItemValue | null = null;
  lengthOffset: i32 = 0;
  lengthTexts: ValueTable | null = null;
  lengths: StaticArray<i32> = new StaticArray<i32>(0);

  /** `text`: bytes that end a line, and one that may stand before. */
  newline: u8 = 0x0a;
  otherNewline: u8 = 0x0a;
  carriageReturn: u8 = 0x0d;

  segments: Segments | null = null;
  /** Null when records get no ids. */
  ids: RecordIds | null = null;
}

/** Sets a problem when the options do not fit one another or the copybook. */
export function compileFraming(copybook: Copybook, options: Options): Framing {
  const framing = new Framing();
  const format = options.recordFormat;
  framing.format = format;
  checkLengths(options);
  if (hasProblem()) return framing;
  framing.startBytes = options.recordStartBytes;
  framing.endBytes = options.recordEndBytes;
  framing.recordMinBytes = options.recordMinBytes;
  if (options.recordMaxBytes > 0) framing.recordMaxBytes = options.recordMaxBytes;
  setLimits(framing, options);
  setWords(framing, options);
  if (hasProblem()) return framing;
  if (format == RecordFormat.F || format == RecordFormat.FB) compileFixed(framing, copybook, options);
  else if (format == RecordFormat.D) compileLengthField(framing, copybook, options);
  else if (format == RecordFormat.TEXT) compileLines(framing, options);
  if (hasProblem()) return framing;
  framing.segments = compileSegments(copybook, options);
  if (options.recordIds || options.segmentIdLevels.length > 0) framing.ids = new RecordIds(options);
  const segments = framing.segments;
  if (segments === null || !segments.needsRoots()) framing.fixedRecordBytes = framing.eachBytes;
  if (!hasProblem()) checkFlat(options);
  return framing;
}

function checkLengths(options: Options): void {
  bounded('recordLength', options.recordLengthBytes, RECORD_LIMIT_BYTES);
  bounded('blockLength', options.blockLengthBytes, BLOCK_LIMIT_BYTES);
  bounded('recordStart', options.recordStartBytes, RECORD_LIMIT_BYTES);
  bounded('recordEnd', options.recordEndBytes, RECORD_LIMIT_BYTES);
  bounded('recordMin', options.recordMinBytes, i32.MAX_VALUE);
  bounded('recordMax', options.recordMaxBytes, i32.MAX_VALUE);
  if (options.recordMaxBytes > 0 && options.recordMinBytes > options.recordMaxBytes) {
    fail(OPTIONS, 'recordMin: it is above recordMax, so no record would be read');
  }
  if (options.recordFormat != RecordFormat.D) {
    if (options.recordLengthField.length > 0) fail(OPTIONS, 'recordLengthField: it needs the recordFormat D');
    if (options.recordLengthMap.length > 0) fail(OPTIONS, 'recordLengthMap: it needs the recordFormat D');
  }
}

function bounded(option: string, value: i32, limit: i32): void {
  if (value >= 0 && value <= limit) return;
  fail(OPTIONS, option + ': from 0 to ' + limit.toString() + ' bytes, not ' + value.toString());
}

function setLimits(framing: Framing, options: Options): void {
  const format = options.recordFormat;
  const isShort = format == RecordFormat.V || format == RecordFormat.VB;
  framing.recordLimitBytes = isShort ? RECORD_MAX_BYTES : LONG_RECORD_MAX_BYTES;
  if (options.recordLengthBytes > 0) framing.recordLimitBytes = options.recordLengthBytes;
  if (options.blockLengthBytes > 0) framing.blockLimitBytes = options.blockLengthBytes;
}

function setWords(framing: Framing, options: Options): void {
  framing.rdwIsLittle = options.rdw.isLittleEndian;
  framing.rdwAdjustment = adjustmentOf(options.rdw, 'rdw');
  framing.bdwIsLittle = options.bdw.isLittleEndian;
  framing.bdwAdjustment = adjustmentOf(options.bdw, 'bdw');
  // A prefix never counts itself: that is what tells it from a record descriptor word.
  const counts = options.recordFormat == RecordFormat.PREFIX || options.recordFormat == RecordFormat.D;
  if (counts) framing.rdwAdjustment = options.rdw.adjustment;
}

function adjustmentOf(word: Prefix, option: string): i32 {
  if (word.adjustment > ADJUSTMENT_LIMIT_BYTES || word.adjustment < -ADJUSTMENT_LIMIT_BYTES) {
    fail(OPTIONS, option + ': an adjustment is at most ' + ADJUSTMENT_LIMIT_BYTES.toString() + ' bytes either way');
    return 0;
  }
  return word.adjustment - (word.includesItself ? 4 : 0);
}

function compileFixed(framing: Framing, copybook: Copybook, options: Options): void {
  const length = options.recordLengthBytes;
  const around = options.recordStartBytes + options.recordEndBytes;
  if (length == 0 && options.odoIsVariable && copybook.isVariable) {
    if (options.recordFormat == RecordFormat.FB) {
      return fail(OPTIONS, 'recordFormat: records of FB are all of one length; give recordLength, or odo maximum');
    }
    framing.measure = new Measure(copybook, options);
    framing.recordLimitBytes = RECORD_LIMIT_BYTES;
    return;
  }
  if (length > 0 && length < around) return fail(OPTIONS, 'recordLength: it is less than recordStart and recordEnd');
  const bytes: i64 = length > 0 ? length : <i64>copybook.recordBytes + around;
  if (bytes < 1 || bytes > RECORD_LIMIT_BYTES) {
    const limit = RECORD_LIMIT_BYTES.toString();
    return fail(OPTIONS, 'recordLength: a record has 1 to ' + limit + ' bytes, not ' + bytes.toString());
  }
  framing.eachBytes = <i32>bytes;
  framing.recordLimitBytes = <i32>bytes;
  const block = options.blockLengthBytes;
  if (options.recordFormat == RecordFormat.FB && block > 0 && block % <i32>bytes != 0) {
    const text = 'blockLength: ' + block.toString() + ' is not a multiple of the record length ';
    fail(OPTIONS, text + bytes.toString());
  }
}

function compileLengthField(framing: Framing, copybook: Copybook, options: Options): void {
  if (options.recordLengthField.length == 0) {
    return fail(OPTIONS, 'recordLengthField: the recordFormat D needs the item that says how long a record is');
  }
  const item = fixedItem(copybook, options, options.recordLengthField, 'recordLengthField');
  if (item === null) return;
  const value = new ItemValue(item, options);
  framing.lengthValue = value;
  framing.lengthOffset = options.recordStartBytes + item.offsetBytes;
  const map = options.recordLengthMap;
  if (map.length == 0) {
    if (value.isNumber() || value.isText()) return;
    return fail(OPTIONS, 'recordLengthField: ' + item.name + ' is not a whole number');
  }
  if (!value.isNumber() && !value.isText()) {
    return fail(OPTIONS, 'recordLengthMap: ' + item.name + ' is neither a text nor a whole number');
  }
  const texts: string[] = [];
  framing.lengths = new StaticArray<i32>(map.length);
  for (let i = 0; i < map.length; i++) {
    texts.push(map[i].key);
    const bytes: i64 = map[i].values.length == 1 ? integerOf(map[i].values[0], 'recordLengthMap') : 0;
    if (bytes < 1 || bytes > RECORD_LIMIT_BYTES) {
      return fail(OPTIONS, 'recordLengthMap: ' + map[i].key + ' needs a length from 1 to ' + RECORD_LIMIT_BYTES.toString());
    }
    framing.lengths[i] = <i32>bytes;
  }
  framing.lengthTexts = new ValueTable(value, texts, 'recordLengthMap');
}

/** An item that lies at the same place in every record. Null with a problem set. */
export function fixedItem(copybook: Copybook, options: Options, name: string, option: string): Item | null {
  const item = itemNamed(copybook, name, option);
  if (item === null) return null;
  for (let above: Item | null = item; above !== null; above = above.parent) {
    if (above.hasOccurs) {
      fail(OPTIONS, option + ': ' + item.name + ' is in a table, so there are several in a record');
      return null;
    }
  }
  if (options.odoIsVariable && isBehindTable(copybook, item)) {
    fail(OPTIONS, option + ': ' + item.name + ' lies behind a table of changing length, so not always at the same place');
    return null;
  }
  return item;
}

function isBehindTable(copybook: Copybook, item: Item): bool {
  for (let i = 0; i < copybook.items.length; i++) {
    const other = copybook.items[i];
    if (other.dependsOn === null || other.offsetBytes + other.spanBytes() > item.offsetBytes) continue;
    // A table of another record, or of another view of the same bytes, moves nothing here.
    if (rootOf(other) === rootOf(item)) return true;
  }
  return false;
}

function rootOf(item: Item): Item {
  let root = item;
  for (let above = root.parent; above !== null; above = root.parent) root = above;
  return root;
}

function compileLines(framing: Framing, options: Options): void {
  const page: CodePage | null = codePageOf(options.codePage);
  if (page === null) return fail(OPTIONS, 'codePage: there is no code page ' + options.codePage);
  if (page.isAscii) return;
  // z/OS ends lines with NEL; what came through ASCII has LF.
  framing.newline = 0x15;
  framing.otherNewline = 0x25;
}

function checkFlat(options: Options): void {
  if (options.output != Output.CSV && options.output != Output.COLUMNS) return;
  if (options.recordIds) return fail(OPTIONS, 'recordIds: the output has to be jsonl or json');
  if (options.segmentIdLevels.length > 0) return fail(OPTIONS, 'segmentIdLevels: the output has to be jsonl or json');
  if (options.segmentChildren.length > 0) return fail(OPTIONS, 'segmentChildren: the output has to be jsonl or json');
}

/** The distinct values of `redefineSegments`, in the order of the options. A record's segment is an index here, or -1. */
export function segmentValues(options: Options): string[] {
  const values: string[] = [];
  const entries = options.redefineSegments;
  for (let i = 0; i < entries.length; i++) {
    for (let k = 0; k < entries[i].values.length; k++) {
      if (!values.includes(entries[i].values[k])) values.push(entries[i].values[k]);
    }
  }
  return values;
}
