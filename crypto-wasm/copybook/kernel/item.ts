/**
 * What a copybook says, laid out: the tree of items that every other part works from.
 *
 * The parser makes it, the layout pass fills in offsets and lengths, and from then on nothing changes it. Offsets are
 * from the record's first byte with every table at its maximum; where tables are shorter (OCCURS DEPENDING ON with the
 * option `odo: variable`), everything behind them moves forward by what is missing.
 */

import { CodePage } from './code-page';
import { EditedPlan } from './edited';

/** What the bytes of an item are. */
export namespace Kind {
  /** Has children, no bytes of its own. */
  export const GROUP: i32 = 0;
  /** PIC X and A: one byte a character in the code page (mixed with DBCS between SO and SI where the page has it). */
  export const TEXT: i32 = 1;
  /** PIC 9 DISPLAY: one digit a byte; the sign by `signLeading` and `signSeparate`. */
  export const ZONED: i32 = 2;
  /** COMP-3, PACKED-DECIMAL: two digits a byte, the sign in the last nibble. */
  export const PACKED: i32 = 3;
  /** COMP-6, COMP-3U: two digits a byte, no sign nibble. */
  export const PACKED_UNSIGNED: i32 = 4;
  /** COMP, COMP-4, BINARY: two's complement, big-endian (`isLittleEndian` for COMP-9). COMP-5 and COMP-X alike. */
  export const BINARY: i32 = 5;
  /** COMP-1 and COMP-2 by `lengthBytes`: IBM hexadecimal or IEEE 754 by the options. */
  export const FLOAT: i32 = 6;
  /** Edited numeric pictures: text that shows a number (`Z,ZZ9.99CR`). */
  export const EDITED: i32 = 7;
  /** Edited alphanumeric pictures (`XX/XX`, `XBX0X`): text with insertion characters. */
  export const EDITED_TEXT: i32 = 8;
  /** PIC N, USAGE NATIONAL: UTF-16, big-endian unless the options say little. */
  export const NATIONAL: i32 = 9;
  /** PIC G, DISPLAY-1: two bytes a character in the code page's double-byte half. */
  export const GRAPHIC: i32 = 10;
  /** INDEX, POINTER, PIC X COMP…: bytes, shown in hexadecimal. */
  export const BYTES: i32 = 11;
}

/** A level 88: a name for values of the item that it stands under. */
export class Condition {
  constructor(
    readonly name: string,
    /** Pairs of low and high as written, without quotes; equal where there is no THRU. */
    readonly values: string[],
  ) {}
}

/** One entry of a copybook. The parser sets the first part, the layout pass the second. */
export class Item {
  // As written.
  level: i32 = 0;
  /** As in the source, in capitals; `FILLER` for an unnamed one. */
  name: string = '';
  isFiller: bool = false;
  line: i32 = 0;
  column: i32 = 0;
  parent: Item | null = null;
  children: Item[] = [];
  kind: i32 = Kind.GROUP;
  /** The picture as written, in capitals, repetitions not expanded; empty without one. */
  picture: string = '';
  /** As written, normalised: DISPLAY, COMP, COMP-3, …; empty for a group that has none. */
  usage: string = '';
  /** Digits that have storage. */
  digits: i32 = 0;
  /** Decimal places: value = integer of the digits × 10^-scale. Negative for PIC 9(3)PP. */
  scale: i32 = 0;
  isSigned: bool = false;
  signLeading: bool = false;
  signSeparate: bool = false;
  isLittleEndian: bool = false;
  /** COMP-5, COMP-X and such: the whole range of the bytes counts, not only that of the picture. */
  isNativeBinary: bool = false;
  isJustified: bool = false;
  isSynchronized: bool = false;
  blankWhenZero: bool = false;
  /** VALUE as written; empty without one. */
  value: string = '';
  hasValue: bool = false;
  /** 1 and 1 without OCCURS. */
  occursMin: i32 = 1;
  occursMax: i32 = 1;
  hasOccurs: bool = false;
  dependsOn: Item | null = null;
  redefines: Item | null = null;
  conditions: Condition[] = [];
  /** Level 66: the first and last item that it renames; it stands among the record's `renames`, not in the tree. */
  renamesFrom: Item | null = null;
  renamesThru: Item | null = null;

  // Laid out.
  /** Name that the output uses: unique among its siblings, after the options for fillers and names. */
  key: string = '';
  /** False for fillers and what a projection or a policy leaves out; a shown group has a shown item below. */
  isShown: bool = true;
  /** Of the first occurrence, with every table at its maximum. */
  offsetBytes: i32 = 0;
  /** Of one occurrence, with every table in it at its maximum; slack bytes at its end included. */
  lengthBytes: i32 = 0;
  /** Slack bytes before the first occurrence. */
  slackBytes: i32 = 0;
  /** Itself or something below it has OCCURS DEPENDING ON, so that its real length can be shorter. */
  isVariable: bool = false;
  /** This one or a group above it redefines or is redefined: its bytes may be another view's. */
  isOverlaid: bool = false;
  /** Position in `Copybook.items`. */
  index: i32 = 0;
  /** Of its texts and digits; `pageOf` fills it in, for every leaf when the decode plan is compiled. */
  codePage: CodePage | null = null;
  /** Of an EDITED one; `editedPlanOf` fills it in, likewise. */
  editedPlan: EditedPlan | null = null;

  /** Names from the record down, with dots: how options and errors name an item. */
  path(): string {
    const names: string[] = [];
    let at: Item | null = this;
    while (at !== null) {
      names.push(at.name);
      at = at.parent;
    }
    return names.reverse().join('.');
  }

  /** Of all occurrences at their maximum. */
  spanBytes(): i32 {
    return this.lengthBytes * this.occursMax;
  }
}

/** A parsed and laid-out copybook. */
export class Copybook {
  /** Level 01, 77, or whatever the lowest level is; several records are redefinitions of one another. */
  records: Item[] = [];
  /** Every item, as in the source; level 66 not among them. */
  items: Item[] = [];
  renames: Item[] = [];
  /** Longest record, every table at its maximum. */
  recordBytes: i32 = 0;
  /** Shortest record, every table at its minimum. */
  recordMinBytes: i32 = 0;
  isVariable: bool = false;
}
