/** Values → JSON text without white space. Numbers and strings of the document are written as they stand there. */

import { Text } from 'hotcell/typed';
import { Case, fail, failed, Kind, Value } from './value';

/** A query multiplies what it finds; nobody reads more. */
const OUTPUT_MAX_BYTES: i32 = 4 * 1024 * 1024;

export function writeJson(text: Text, value: Value): void {
  if (text.length > OUTPUT_MAX_BYTES) {
    fail(Case.TooLarge, 'the result is longer than ' + OUTPUT_MAX_BYTES.toString() + ' bytes', 0);
  }
  if (failed) return;
  if (value.raw != 0) return text.put(value.raw, value.rawLength);
  switch (value.kind) {
    case Kind.True:
      return text.say('true');
    case Kind.False:
      return text.say('false');
    case Kind.Number:
      return text.say(numberText(value.number));
    case Kind.String:
      return writeString(text, value);
    case Kind.List: {
      text.putByte(0x5b);
      for (let index = 0; index < value.items.length && !failed; index++) {
        if (index > 0) text.putByte(0x2c);
        writeJson(text, value.items[index]);
      }
      return text.putByte(0x5d);
    }
    case Kind.Object: {
      text.putByte(0x7b);
      for (let index = 0; index < value.items.length && !failed; index++) {
        if (index > 0) text.putByte(0x2c);
        writeJson(text, value.names[index]);
        text.putByte(0x3a);
        writeJson(text, value.items[index]);
      }
      return text.putByte(0x7d);
    }
    default:
      return text.say('null');
  }
}

function numberText(value: f64): string {
  const text = value.toString();
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

function writeString(text: Text, value: Value): void {
  text.putByte(0x22);
  for (let index = 0; index < value.length; index++) {
    const byte = load<u8>(value.at + index);
    // Half of a pair of surrogates is no character; as an escape it is JSON.
    const isHalf = byte == 0xed && load<u8>(value.at + index + 1) >= 0xa0;
    if (isHalf) {
      writeEscape(text, 0xd000 | ((<u32>load<u8>(value.at + index + 1) & 0x3f) << 6) | (<u32>load<u8>(value.at + index + 2) & 0x3f));
      index += 2;
    } else if (byte == 0x22 || byte == 0x5c) {
      text.putByte(0x5c);
      text.putByte(byte);
    } else if (byte < 0x20) writeEscape(text, byte);
    else text.putByte(byte);
  }
  text.putByte(0x22);
}

function writeEscape(text: Text, unit: u32): void {
  const digits = '0123456789abcdef';
  text.say('\\u');
  for (let shift = 12; shift >= 0; shift -= 4) text.putByte(<u8>digits.charCodeAt((unit >> shift) & 15));
}
