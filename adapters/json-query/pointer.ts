/** JSON Pointer. Source: RFC 6901; what is no pointer (§3) is a fault of syntax, what is not there (§4, §7) is `not-found`. */

import { Text } from 'hotcell/typed';
import { Case, fail, Kind, NULL, Value } from './value';

export function findPointer(document: Value, pointer: usize, length: i32): Value {
  if (length > 0 && load<u8>(pointer) != 0x2f) {
    fail(Case.Syntax, 'a pointer is empty or begins with /', 0);
    return NULL;
  }
  for (let index = 0; index < length; index++) {
    if (load<u8>(pointer + index) != 0x7e) continue;
    const next: u8 = index + 1 < length ? load<u8>(pointer + index + 1) : 0;
    if (next != 0x30 && next != 0x31) {
      fail(Case.Syntax, '~ is followed by 0 or 1', index);
      return NULL;
    }
  }
  let value = document;
  for (let index = 0; index < length; ) {
    const part = index++;
    const token = new Text();
    for (; index < length && load<u8>(pointer + index) != 0x2f; index++) {
      const byte = load<u8>(pointer + index);
      if (byte != 0x7e) token.putByte(byte);
      else token.putByte(load<u8>(pointer + ++index) == 0x30 ? 0x7e : 0x2f);
    }
    const found = childOf(value, token);
    if (found == null) {
      fail(Case.NotFound, whyNot(value), part);
      return NULL;
    }
    value = found;
  }
  return value;
}

function childOf(value: Value, token: Text): Value | null {
  if (value.kind == Kind.Object) return value.field(token.address, token.length);
  if (value.kind != Kind.List) return null;
  const index = indexOf(token);
  return index >= 0 && index < value.items.length ? value.items[index] : null;
}

/** Digits without a leading zero; nothing else names an item. */
function indexOf(token: Text): i32 {
  const first = load<u8>(token.address);
  if (token.length == 0 || token.length > 9 || (first == 0x30 && token.length > 1)) return -1;
  let index = 0;
  for (let at = 0; at < token.length; at++) {
    const byte = load<u8>(token.address + at);
    if (byte < 0x30 || byte > 0x39) return -1;
    index = index * 10 + (byte - 0x30);
  }
  return index;
}

function whyNot(value: Value): string {
  if (value.kind == Kind.Object) return 'the object has no such name';
  if (value.kind == Kind.List) return 'the list has no such item, of ' + value.items.length.toString();
  return 'what is here has no parts';
}
