/**
 * The tree that encoding walks: a node for every item with what its encoder needs, and the plan around it.
 *
 * Nodes also hold what encoding has to remember from member to member (marks of what was seen, positions in tables): a plan
 * serves one record at a time.
 */

import { CodePage } from './code-page';
import { EditedPlan } from './edited';
import { EditedTextPlan } from './edited-text';
import { Copybook, Item, Kind } from './item';
import { Options } from './options';

/** Digits whose places the fast path has: one vector, less the character behind the number. */
export const FAST_DIGITS_MAX: i32 = 15;

/** ASCII characters 0…127 in a code page: bytes, and whether there is one. */
export class AsciiTable {
  readonly bytes: usize = heap.alloc(256);
  /** Every printable character has a byte, none of them zero. */
  isComplete: bool = true;

  constructor(readonly page: CodePage) {
    for (let character = 0; character < 128; character++) {
      const byte = page.fromUnicode(character);
      store<u8>(this.bytes + character, byte < 0 ? 0 : byte);
      store<u8>(this.bytes + 128 + character, byte < 0 ? 0 : 1);
      if (byte <= 0 && character >= 0x20 && character < 0x7f) this.isComplete = false;
    }
  }
}

/** Views of one place: an item and those that redefine it. */
export class Area {
  /** Every view's, the longest. */
  lengthBytes: i32 = 0;
  /** The longest of the views whose length never changes. */
  fixedBytes: i32 = 0;
  isVariable: bool = false;
  // Of the occurrence at hand.
  mark: u32 = 0;
  best: EncodeNode | null = null;
  bestRank: i32 = 0;
  /** Where the chosen view of each occurrence is remembered when views differ in length; -1: nowhere. */
  slot: i32 = -1;
}

/** Encoders that are tried before anything else is asked about a member. */
export namespace Direct {
  export const NONE: i32 = 0;
  export const NUMBER: i32 = 1;
  export const TEXT: i32 = 2;
}

export class EncodeNode {
  kind: i32 = Kind.GROUP;
  children: StaticArray<EncodeNode> = new StaticArray<EncodeNode>(0);
  /** The children that have keys, in the order of the copybook. */
  members: StaticArray<EncodeNode> = new StaticArray<EncodeNode>(0);
  /** Members that a complete object has; those of one area count as one. */
  membersNeeded: i32 = 0;
  parent: EncodeNode | null = null;
  /** Its members are those of several records. */
  isFlat: bool = false;
  /** Among those members: of which record, and how far behind the first one's buffer that one's lies. */
  owner: i32 = 0;
  shiftBytes: i32 = 0;
  /** Position among the parent's members, -1 without a key. */
  ordinal: i32 = -1;

  /** `"KEY":` and zeros to 32 bytes at least, then a mask of the first 32. */
  key: usize = 0;
  keyMask: usize = 0;
  /** Of the whole literal. */
  keyBytes: i32 = 0;
  /** Hash table of `members`: ordinal + 1 or 0; a power of two. Null for few members. */
  hashed: StaticArray<i32> | null = null;

  /** From the beginning of the parent's occurrence. */
  offsetBytes: i32 = 0;
  lengthBytes: i32 = 0;
  occursMin: i32 = 1;
  occursMax: i32 = 1;
  isTable: bool = false;
  isVariable: bool = false;
  area: Area | null = null;
  /** Position among the area's views. */
  viewIndex: i32 = 0;
  /** `redefineSegments` names it: when it is there, it is what the record has. */
  isSegment: bool = false;

  // Tables that count, and counters.
  counter: EncodeNode | null = null;
  isCounter: bool = false;
  /** Texts of a counter that is not a number, and what they count. */
  countTexts: StaticArray<string> | null = null;
  counts: StaticArray<i32> | null = null;
  /** First of its lengths (table) or values (counter), one for each occurrence of the tables around it. */
  slot: i32 = -1;
  /** The nearest table around it, itself included when it is one. */
  table: EncodeNode | null = null;
  /** Of a table: which occurrence is at hand. */
  occurrence: i32 = 0;

  // Numbers.
  digits: i32 = 0;
  scale: i32 = 0;
  wholeDigits: i32 = 0;
  isSigned: bool = false;
  /** PACKED: the sign of what is not below zero; one more for what is. */
  positiveSign: i32 = 15;
  signLeading: bool = false;
  signSeparate: bool = false;
  isLittleEndian: bool = false;
  blankWhenZero: bool = false;
  /** 16 bytes: for each place of the vector, the character of the number that goes there, less the whole digits. */
  places: usize = 0;
  /** Binaries: largest magnitudes. */
  positiveMax: u64 = 0;
  negativeMax: u64 = 0;
  isRanged: bool = false;
  /** EBCDIC or ASCII digits, and the signs in them. */
  zone: u8 = 0xf0;
  /** Over the digits `0…9`, negative `p…y`: in ASCII only. */
  hasPlainSigns: bool = false;
  edited: EditedPlan | null = null;
  editedText: EditedTextPlan | null = null;
  /** `lengthBytes` for a text that is to be edited. */
  scratch: usize = 0;

  // Texts.
  ascii: AsciiTable | null = null;
  table128: usize = 0;
  isJustified: bool = false;
  /** A text that the fast way takes: not justified, all printable ASCII in its code page. */
  isPlain: bool = false;
  /** One of Direct; not for tables, counters and views. */
  direct: i32 = Direct.NONE;
  space: u8 = 0x40;

  /** Stamp of the last object that had this member. */
  mark: u32 = 0;

  constructor(readonly item: Item) {}
}

export class EncodePlan {
  /** The record's members: of the record, or of an object around it. */
  root: EncodeNode | null = null;
  recordMaxBytes: i32 = 0;
  /** Several records whose members are in one object; empty otherwise. Then, of each: */
  records: StaticArray<EncodeNode> = new StaticArray<EncodeNode>(0);
  /** members that were there, how many below them were not, and members that were there and not null. */
  flatSeen: StaticArray<i32> = new StaticArray<i32>(0);
  flatMissing: StaticArray<i32> = new StaticArray<i32>(0);
  flatGiven: StaticArray<i32> = new StaticArray<i32>(0);
  /** Their blanks, one behind the other. */
  flatBlank: usize = 0;
  flatStride: i32 = 0;
  flatBytes: i32 = 0;
  /** A record before its members are written. */
  blank: usize = 0;
  isVariable: bool = false;
  /** Lengths of tables and values of counters, for the record at hand. */
  slots: StaticArray<i32> = new StaticArray<i32>(0);
  /** Why records of this copybook cannot be encoded; empty when they can. */
  refusal: string = '';
  floatIsIeee: bool = false;
  floatIsLittleEndian: bool = false;
  nationalIsLittleEndian: bool = false;
  odoIsVariable: bool = true;
  /** Of several records, a shorter one may lie in the file as it is: something says how long it is. */
  recordsDiffer: bool = true;
  /** Views that are tried keep bytes aside: so many at the most. */
  scratchBytes: i32 = 0;
  /** The item that says how long a record is, for records of the format D. */
  lengthNode: EncodeNode | null = null;
  /** Members that decoding adds and encoding ignores. */
  ignoresIds: bool = false;
  ignoresErrors: bool = false;
  ignoresSegmentIds: bool = false;
}

/** What is at hand while a plan is made. */
export class Building {
  tables: AsciiTable[] = [];
  nodes: EncodeNode[] = [];
  slotsCount: i64 = 0;
  constructor(
    readonly copybook: Copybook,
    readonly options: Options,
    readonly plan: EncodePlan,
  ) {}
}

/** The slot of a node for the occurrences that are at hand. */
export function slotOf(first: i32, node: EncodeNode): i32 {
  let index = 0;
  let weight = 1;
  let table: EncodeNode | null = node.parent!.table;
  while (table !== null) {
    index += table.occurrence * weight;
    weight *= table.occursMax;
    table = table.parent!.table;
  }
  return first + index;
}
