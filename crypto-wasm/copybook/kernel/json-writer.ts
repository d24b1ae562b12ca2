/**
 * JSON into one stretch of memory with a bound: what does not fit is left out, and `isFull` says so. Commas come by
 * themselves. For answers about copybooks; records are written elsewhere, without any of this.
 */

import { Item } from './item';

/** A longer piece than any that is written between two looks at the bound. */
const MARGIN_BYTES: i32 = 64;

export class JsonWriter {
  readonly start: usize;
  isFull: bool = false;
  private at: usize;
  private readonly end: usize;
  /** Nothing stands in the open object or array yet. */
  private isFirst: bool = true;

  /** The memory is the call's: it is given back when the call ends. */
  constructor(maxBytes: i32) {
    this.start = __new(maxBytes + MARGIN_BYTES, idof<ArrayBuffer>());
    this.at = this.start;
    this.end = this.start + maxBytes;
  }

  get lengthBytes(): i32 {
    return <i32>(this.at - this.start);
  }

  open(bracket: string): void {
    this.byte(<u8>bracket.charCodeAt(0));
    this.isFirst = true;
  }

  close(bracket: string): void {
    this.byte(<u8>bracket.charCodeAt(0));
    this.isFirst = false;
  }

  /** The value comes next. */
  member(name: string): JsonWriter {
    this.element();
    this.text(name);
    this.byte(0x3a);
    return this;
  }

  /** The value comes next. */
  element(): JsonWriter {
    if (!this.isFirst) this.byte(0x2c);
    this.isFirst = false;
    return this;
  }

  /** Left out when 0. */
  optional(name: string, value: i32): void {
    if (value != 0) this.member(name).integer(value);
  }

  /** Left out when false. */
  flag(name: string, value: bool): void {
    if (value) this.member(name).truth(true);
  }

  /** The member `type` of a schema. */
  type(name: string, isNullable: bool): void {
    this.member('type');
    if (!isNullable) {
      this.text(name);
      return;
    }
    this.open('[');
    this.element().text(name);
    this.element().text('null');
    this.close(']');
  }

  /** One of two types. */
  eitherType(name: string, other: string, isNullable: bool): void {
    this.member('type').open('[');
    this.element().text(name);
    this.element().text(other);
    if (isNullable) this.element().text('null');
    this.close(']');
  }

  integer(value: i64): void {
    this.raw(value.toString());
  }

  truth(value: bool): void {
    this.raw(value ? 'true' : 'false');
  }

  /** ASCII, as it is. */
  raw(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(<u8>text.charCodeAt(i));
  }

  text(text: string): void {
    this.byte(0x22);
    this.characters(text);
    this.byte(0x22);
  }

  /** Names from the record down, with dots. */
  path(item: Item): void {
    this.byte(0x22);
    this.pathCharacters(item);
    this.byte(0x22);
  }

  private pathCharacters(item: Item): void {
    const parent = item.parent;
    if (parent !== null) {
      this.pathCharacters(parent);
      this.byte(0x2e);
    }
    this.characters(item.name);
  }

  private characters(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit == 0x22 || unit == 0x5c) {
        this.byte(0x5c);
        this.byte(<u8>unit);
      } else if (unit >= 0x20 && unit < 0x80) this.byte(<u8>unit);
      else if (unit < 0x20) this.escape(unit);
      else if (unit < 0x800) {
        this.byte(<u8>(0xc0 | (unit >> 6)));
        this.byte(<u8>(0x80 | (unit & 0x3f)));
      } else if (unit < 0xd800 || unit > 0xdfff) this.three(unit);
      else if (unit < 0xdc00 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) == 0xdc00) {
        const point = 0x10000 + ((unit - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00);
        this.byte(<u8>(0xf0 | (point >> 18)));
        this.byte(<u8>(0x80 | ((point >> 12) & 0x3f)));
        this.byte(<u8>(0x80 | ((point >> 6) & 0x3f)));
        this.byte(<u8>(0x80 | (point & 0x3f)));
      } else this.escape(unit);
    }
  }

  private three(unit: i32): void {
    this.byte(<u8>(0xe0 | (unit >> 12)));
    this.byte(<u8>(0x80 | ((unit >> 6) & 0x3f)));
    this.byte(<u8>(0x80 | (unit & 0x3f)));
  }

  private escape(unit: i32): void {
    this.byte(0x5c);
    this.byte(0x75);
    for (let shift = 12; shift >= 0; shift -= 4) {
      const digit = (unit >> shift) & 15;
      this.byte(<u8>(digit < 10 ? 0x30 + digit : 0x57 + digit));
    }
  }

  private byte(value: u8): void {
    if (this.at >= this.end) {
      this.isFull = true;
      return;
    }
    store<u8>(this.at++, value);
  }
}
