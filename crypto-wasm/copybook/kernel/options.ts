/**
 * How a copybook and its data are to be read: every option, with its default. `README.md` beside this folder says what
 * each means; `read-options.ts` fills this from JSON and refuses what it does not know.
 */

export namespace RecordFormat {
  /** Fixed length, or the length that the record's own counters give. */
  export const F: i32 = 0;
  export const FB: i32 = 1;
  export const V: i32 = 2;
  export const VB: i32 = 3;
  export const VBS: i32 = 4;
  /** Length from a field or a map. */
  export const D: i32 = 5;
  /** Lines of text. */
  export const TEXT: i32 = 6;
  /** Four bytes before each record say how long it is, themselves not counted. */
  export const PREFIX: i32 = 7;
}

export namespace Trim {
  export const NONE: i32 = 0;
  export const LEFT: i32 = 1;
  export const RIGHT: i32 = 2;
  export const BOTH: i32 = 3;
}

export namespace Invalid {
  /** The first one ends the operation. */
  export const ERROR: i32 = 0;
  export const NULL: i32 = 1;
  /** Its bytes, as `{"raw":"<hex>"}`. */
  export const RAW: i32 = 2;
}

export namespace Blank {
  export const NULL: i32 = 0;
  export const ZERO: i32 = 1;
  /** As any other bytes that are not digits. */
  export const INVALID: i32 = 2;
}

export namespace Output {
  export const JSONL: i32 = 0;
  export const JSON: i32 = 1;
  export const CSV: i32 = 2;
  export const COLUMNS: i32 = 3;
}

/** RDW or BDW. */
export class Prefix {
  isLittleEndian: bool = false;
  includesItself: bool = true;
  /** Added to what the word says. */
  adjustment: i32 = 0;
}

/** A name with values: record lengths, segments, conditions of tables. Both arrays are of one length. */
export class Entry {
  constructor(
    readonly key: string,
    readonly values: string[],
  ) {}
}

export class Options {
  // The source.
  sourceFormat: i32 = 0; // 0 auto, 1 fixed, 2 free
  /** Alignment of SYNCHRONIZED binaries of 8 bytes: 4 as on z/OS, or 8. */
  syncDoublewordBytes: i32 = 4;
  /** Bytes of a binary of 1–2 digits: 2 as on z/OS, or 1. */
  smallBinaryBytes: i32 = 2;
  /** Of COMP-5, the machine's own: false as on z/OS, true as on x86. */
  nativeIsLittleEndian: bool = false;
  /** PIC N without a usage: false national (UTF-16), true DBCS. */
  nationalIsDbcs: bool = false;

  // Text.
  codePage: string = 'cp037';
  /** Item name or path → code page. */
  fieldCodePages: Entry[] = [];
  nationalIsLittleEndian: bool = false;
  trim: i32 = Trim.RIGHT;

  // Numbers.
  numbersAsText: bool = false;
  /** COMP-1 and COMP-2: false IBM hexadecimal, true IEEE 754. */
  floatIsIeee: bool = false;
  floatIsLittleEndian: bool = false;
  /** Signs over digits in ASCII, as they are written: false `{A…I` and `}J…R`, true `0…9` and `p…y`. */
  asciiSignsArePlain: bool = false;
  /** Only the sign nibbles a compiler writes (C, D, F), and no overpunch in unsigned fields. */
  strictSigns: bool = false;
  /** Numbers that are all spaces or all low-values. */
  blankNumbers: i32 = Blank.NULL;
  /** COMP beyond its picture's digits is invalid, as TRUNC(STD) has it. */
  truncateBinary: bool = false;

  // Invalid data.
  invalid: i32 = Invalid.ERROR;
  /** Item name or path → `error`, `null` or `raw`. */
  invalidFields: Entry[] = [];
  /** Adds `_errors` to records that have some. */
  errorColumn: bool = false;

  // Names and what is shown.
  /** The level 01 stays as an object around its members. */
  keepRoot: bool = false;
  underscoreNames: bool = false;
  groupFillers: bool = false;
  valueFillers: bool = false;
  /** false FILLER_1, FILLER_2, …; true after the item before: NAME_1. */
  fillersAfterPrevious: bool = false;
  /** Null members are left out. */
  omitNulls: bool = false;
  /** Groups shown as one text instead of an object: names or paths. */
  groupsAsText: string[] = [];
  /** Names or paths; empty shows everything. */
  fields: string[] = [];

  // Records.
  recordFormat: i32 = RecordFormat.F;
  /** 0: what the copybook says. */
  recordLengthBytes: i32 = 0;
  blockLengthBytes: i32 = 0;
  rdw: Prefix = new Prefix();
  bdw: Prefix = new Prefix();
  /** Item whose number is the record's length, or whose text `recordLengthMap` turns into it. */
  recordLengthField: string = '';
  recordLengthMap: Entry[] = [];
  /** Skipped at the beginning and end of every record. */
  recordStartBytes: i32 = 0;
  recordEndBytes: i32 = 0;
  /** Records outside are skipped; 0 is no bound. */
  recordMinBytes: i32 = 0;
  recordMaxBytes: i32 = 0;
  /** Tables with DEPENDING ON: true as many occurrences as counted lie in the record; false the maximum always. */
  odoIsVariable: bool = true;
  /** Table → counts by text: key is the table's name, values are `TEXT=COUNT`. */
  occursMappings: Entry[] = [];

  // Segments.
  segmentField: string = '';
  segmentFilter: string[] = [];
  /** Redefining group → segment values it is for. */
  redefineSegments: Entry[] = [];
  /** Group → its child groups: records are nested by it. */
  segmentChildren: Entry[] = [];
  /** Segment values of each level, from the root: adds `Seg_Id0`, `Seg_Id1`, …; entry keys are the level numbers. */
  segmentIdLevels: Entry[] = [];
  segmentIdPrefix: string = '';
  /** Adds `Record_Id` (from 0) and `Record_Byte_Length`. */
  recordIds: bool = false;

  // Output.
  output: i32 = Output.JSONL;
}
