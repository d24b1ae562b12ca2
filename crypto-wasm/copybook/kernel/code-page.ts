/** Skeleton. */

/** One code page. All tables are in static memory. */
export class CodePage {
  /** As options name it, e.g. `cp037`. */
  name: string = '';
  /** 256 × u16: the character of each byte, 0xFFFD where there is none. */
  toUnicode: usize = 0;
  /** 256 bytes: the ASCII character of each byte, 0 where it is none or a control character. */
  toAscii: usize = 0;
  /** The byte of a space. */
  space: u8 = 0x40;
  isAscii: bool = false;
  /** It has double-byte characters, between SO and SI in texts and alone in graphic items. */
  hasDouble: bool = false;

  /** The byte of a character, or -1. */
  fromUnicode(_codePoint: i32): i32 {
    return -1;
  }
  /** The character of two bytes, or -1. */
  doubleToUnicode(_high: u8, _low: u8): i32 {
    return -1;
  }
  /** Two bytes, the high one above, or -1. */
  doubleFromUnicode(_codePoint: i32): i32 {
    return -1;
  }
}

/** Null when there is no such page. `cp037`, `ascii`, `latin1`, … */
export function codePageOf(_name: string): CodePage | null {
  return null;
}
