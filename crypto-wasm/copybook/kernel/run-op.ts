/**
 * Runs: leaves that follow one another in a record, written in one go as long as all their bytes are plain.
 *
 * A run lies beside its leaves' operations (`decode-op.ts`), which say the same and decide whatever it does not take.
 * In memory it is a head, the vectors of characters that are transcoded first, and a step of 144 bytes for each leaf.
 * What stands between two values (`","NAME":"`) is one literal, of the step that comes behind it.
 */

export namespace Run {
  /** Behind the last byte that it reads, from the base of its operations. */
  export const END: usize = 0;
  /** The operation behind its last leaf. */
  export const NEXT: usize = 4;
  export const VECTORS_COUNT: usize = 8;
  /** Tables of `transcode.ts`, 0 for a page of ASCII. */
  export const TABLES: usize = 12;
  /** Records for which it is left out, since it did not take those before; how many there were last time. */
  export const PAUSE: usize = 16;
  export const PAUSE_LAST: usize = 20;
  export const STEPS: usize = 24;
  export const HEAD_BYTES: usize = 32;
}

/** Sixteen characters: v128 with FF in the lanes that are not the text's, u32 where they are. */
export namespace Characters {
  export const BEYOND: usize = 0;
  export const OFFSET: usize = 16;
  export const BYTES: usize = 32;
}

/** Fields, by their offset in bytes; u32 unless said otherwise. */
export namespace Step {
  export const KIND: usize = 0;
  /** Where the field is; of a text, where its characters are among the transcoded ones. */
  export const OFFSET: usize = 4;
  export const LITERAL_BYTES: usize = 8;
  /** Slots of the text; of a text, its bytes. */
  export const WIDTH: usize = 12;
  /** Three vectors. */
  export const LITERAL: usize = 16;
  /** Of texts: bits of its characters, and of the one that is shown at least. */
  export const CHARACTER_BITS: usize = 64;
  export const KEPT_BITS: usize = 68;
  /** Bit of the last digit before the point. */
  export const GUARD_BITS: usize = 64;
  /** 256 bytes, by the byte with the sign: 0, 1 minus, more: none. */
  export const SIGN_TABLE: usize = 68;
  /** Offset of the byte with the sign. */
  export const SIGN_OFFSET: usize = 72;
  /** Long packed: bits of the first byte that are 0. */
  export const PAD: usize = 76;
  /** Packed: how many of the same kind follow. */
  export const FURTHER_COUNT: usize = 76;
  /** Binaries, u64: the largest amount. */
  export const MOST: usize = 72;
  /** v128 each, as those of the operation; of zoned ones, LOW is the vector of zones. */
  export const SLOTS: usize = 80;
  export const HIGH: usize = 96;
  export const LOW: usize = 112;
  export const TEMPLATE: usize = 128;
  /** Of a long one, address of its two times four vectors. */
  export const LONG: usize = 80;
  export const BYTES: usize = 144;
}

export const LITERAL_MAX_BYTES: i32 = 48;

export namespace StepKind {
  export const END: i32 = 0;
  export const TEXT: i32 = 1;
  /** More than 32 bytes. */
  export const TEXT_LONG: i32 = 2;
  /** Every digit has the zone of an unsigned one, and there is no point. */
  export const ZONED_PLAIN: i32 = 3;
  export const ZONED: i32 = 4;
  export const PACKED: i32 = 5;
  export const PACKED_LONG: i32 = 6;
  export const BINARY_2: i32 = 7;
  export const BINARY_4: i32 = 8;
  export const BINARY_8: i32 = 9;
  export const UNSIGNED_2: i32 = 10;
  export const UNSIGNED_4: i32 = 11;
  export const UNSIGNED_8: i32 = 12;
  /** With a nibble before the first digit, which has to be 0. */
  export const PACKED_PADDED: i32 = 13;
}

/** Where the characters of a run are transcoded to. */
export const CHARACTERS_MAX_BYTES: i32 = 8192;
export const CHARACTERS: usize = memory.data(8192 + 64, 16);
