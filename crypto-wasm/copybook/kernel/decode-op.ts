/**
 * One operation of a decode plan, as it lies in memory: 128 bytes, one for each thing that is written or skipped.
 *
 * Plans are arrays of these, so that decoding touches no managed object: `decode-plan.ts` fills them in once,
 * `write-members.ts` executes them for every record. Positions are from the record's first byte with every table at its
 * maximum; addresses within a plan are those of operations.
 */

export namespace Op {
  /** Ends a program. */
  export const END: i32 = 0;
  /** Single-byte texts of up to 16, up to 32, more bytes: fast as long as every character is plain ASCII. */
  export const TEXT_16: i32 = 1;
  export const TEXT_32: i32 = 2;
  export const TEXT_LONG: i32 = 3;
  /** Numbers whose digits fit one vector with their point. */
  export const ZONED: i32 = 4;
  export const PACKED: i32 = 5;
  export const BINARY_2: i32 = 6;
  export const BINARY_4: i32 = 7;
  export const BINARY_8: i32 = 8;
  /** Packed numbers whose digits fit two vectors. */
  export const PACKED_LONG: i32 = 9;
  /** Everything else, by `value-text.ts` and `character-text.ts`. */
  export const NUMBER: i32 = 10;
  export const TEXT: i32 = 11;
  export const GROUP: i32 = 12;
  export const GROUP_END: i32 = 13;
  export const TABLE: i32 = 14;
  export const TABLE_END: i32 = 15;
  /** Reads the number that a table depends on. */
  export const COUNTER: i32 = 16;
  /** Jumps over a view that is not this record's. */
  export const SEGMENT: i32 = 17;
  /** Around views of one area, of which one at least has a length of its own. */
  export const VIEWS: i32 = 18;
  export const VIEW_END: i32 = 19;
  export const VIEWS_END: i32 = 20;
  /** Around the silent operations of a group that is shown as one text and has a length of its own. */
  export const GROUP_TEXT: i32 = 21;
  export const GROUP_TEXT_END: i32 = 22;
}

export namespace Flag {
  /** Left out when it is null. */
  export const OMITS_NULL: i32 = 1;
  /** Nothing of it is written. */
  export const IS_SILENT: i32 = 2;
  /** Invalid bytes are null and no error: another view's. */
  export const IS_LENIENT: i32 = 4;
  /** The literal ends with the quote that opens the value. */
  export const HAS_QUOTE: i32 = 8;
  /** The value is a text: it may be cut short. */
  export const IS_TEXT: i32 = 16;
  /** What is behind a short table moves. */
  export const SHIFTS: i32 = 32;
  export const TRIMS_RIGHT: i32 = 64;
  export const TRIMS_LEFT: i32 = 128;
  export const IS_SIGNED: i32 = 256;
  export const IS_LITTLE: i32 = 512;
  export const IS_ASCII: i32 = 1024;
}

export const OP_BYTES: i32 = 128;

/** Fields, by their offset in bytes; i32 unless said otherwise. */
export namespace At {
  export const KIND: usize = 0;
  export const OFFSET: usize = 4;
  export const LENGTH: usize = 8;
  /** Literal before the value, its bytes padded with more up to a multiple of 16. */
  export const KEY: usize = 12;
  export const KEY_BYTES: usize = 16;
  /** The managed item. */
  export const ITEM: usize = 20;
  export const FLAGS: usize = 24;
  /** Operation behind the end of what this one begins; of an end, the beginning; of a leaf, the run it begins, or 0. */
  export const JUMP: usize = 28;
  /** `Invalid` of the item. */
  export const POLICY: usize = 32;

  // Tables and counters.
  export const COUNT_MIN: usize = 36;
  export const COUNT_MAX: usize = 40;
  /** Slot of the counter, -1 without. */
  export const SLOT: usize = 44;
  /** Mapping of texts to counts, or 0. */
  export const MAPPING: usize = 48;
  /** Segments: a byte for each value, 1 where the view is shown. */
  export const SEGMENTS: usize = 36;
  /** Texts: tables of `transcode.ts`. */
  export const TABLES: usize = 36;

  // Numbers.
  /** u16: `,` or `",`, and how many bytes of it. */
  export const CLOSE: usize = 36;
  export const CLOSE_BYTES: usize = 40;
  /** Slots of the text; bits of slots that are digits, and of the last digit before the point. */
  export const WIDTH: usize = 44;
  export const DIGIT_BITS: usize = 48;
  export const GUARD_BITS: usize = 52;
  /** v128: which byte (of a zoned or packed one) or digit (of a binary) goes to which slot. */
  export const SLOTS: usize = 64;
  /** v128: 0F where a slot takes the high nibble (packed); what of a byte is its digit (zoned). */
  export const HIGH: usize = 80;
  /** Zoned, in the place of LOW: address of the vector of zones. */
  export const ZONES: usize = 96;
  /** v128: 0F where a slot takes the low nibble. */
  export const LOW: usize = 96;
  /** v128: `0` for digits, `.` */
  export const TEMPLATE: usize = 112;
  /** Zoned: offset of the byte with the sign, table of what it says. */
  export const SIGN_OFFSET: usize = 56;
  export const SIGN_TABLE: usize = 60;
  /** Packed: table of the sign nibbles, too, at SIGN_TABLE; bits of the first byte that are 0. */
  export const PAD: usize = 56;
  /** Binaries, u64: the largest amount that the fast way takes. */
  export const MOST: usize = 56;
  /** Long numbers: address of two times SLOTS, HIGH, LOW, TEMPLATE. */
  export const LONG: usize = 64;
}
