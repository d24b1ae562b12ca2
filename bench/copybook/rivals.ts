/**
 * The rivals: JavaScript tuned by hand for the very records of `samples.ts`. Keys are bytes made once, output goes into
 * one buffer that was there before, byte after byte; no strings, no objects, no allocation for a record; digits and signs
 * are checked as the kernel checks them. Only encoding parses lines with JSON.parse, which is native and faster than
 * what JavaScript could do itself.
 */

import { PACKED_FIELDS, type Sample } from './samples.ts';

const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const CLOSE = 0x7d;
const NEWLINE = 0x0a;
const SPACE = 0x40;
/** Twice what the kernel writes for any of the samples. */
const OUTPUT_BYTES = 8 * 1_048_576;

/** cp037 → ASCII where it needs no escape, else 0; and back. */
const toAscii = new Uint8Array(256);
const fromAscii = new Uint8Array(128).fill(0x6f);
const PRINTABLE =
  " .<(+|&!$*);-/,%_>?`:#@'=abcdefghijklmnopqrstuvwxyz{ABCDEFGHI}JKLMNOPQRSTUVWXYZ0123456789~^[]";
const decoder = cp037();
for (const character of PRINTABLE) {
  const byte = decoder.indexOf(character);
  toAscii[byte] = character.charCodeAt(0);
  fromAscii[character.charCodeAt(0)] = byte;
}

/** The 256 characters of cp037, those that no text here has as U+FFFD. */
function cp037(): string {
  const page = Array<string>(256).fill('\ufffd');
  const put = (first: number, characters: string): void => {
    for (const [i, character] of [...characters].entries()) page[first + i] = character;
  };
  put(0x40, ' ');
  put(0x4b, '.<(+|&');
  put(0x5a, '!$*);');
  put(0x60, '-/');
  put(0x6b, ',%_>?');
  put(0x79, "`:#@'=");
  put(0x81, 'abcdefghi');
  put(0x91, 'jklmnopqr');
  put(0xa1, '~stuvwxyz');
  put(0xb0, '^');
  put(0xba, '[]');
  put(0xc0, '{ABCDEFGHI');
  put(0xd0, '}JKLMNOPQR');
  put(0xe2, 'STUVWXYZ');
  put(0xf0, '0123456789');
  return page.join('');
}

const output = Buffer.alloc(OUTPUT_BYTES);

/** Names of the items of a sample, FILLER left out. */
const namesOf = (sample: Sample): string[] =>
  [...sample.copybook.matchAll(/05 (\S+)/g)].flatMap(([, name]) =>
    name === undefined || name === 'FILLER' ? [] : [name],
  );

const keysOf = (sample: Sample, before: (index: number) => string): Buffer[] =>
  namesOf(sample).map((name, index) => Buffer.from(`${before(index)}"${name}":`));

function writeBytes(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < bytes.length; i++) output[at + i] = bytes[i] as number;
  return at + bytes.length;
}

function writeText(input: Uint8Array, from: number, lengthBytes: number, at: number): number {
  let end = from + lengthBytes;
  while (end > from && input[end - 1] === SPACE) end--;
  let to = at;
  output[to++] = QUOTE;
  for (let i = from; i < end; i++) {
    const character = toAscii[input[i] as number] as number;
    if (character === 0) throw new Error('the sample has a character that needs care');
    output[to++] = character;
  }
  output[to++] = QUOTE;
  return to;
}

function writeZoned(input: Uint8Array, from: number, count: number, at: number): number {
  let i = from;
  const last = from + count - 1;
  while (i < last && input[i] === 0xf0) i++;
  let to = at;
  for (; i <= last; i++) {
    const digit = (input[i] as number) ^ 0xf0;
    if (digit > 9) throw new Error('not a digit');
    output[to++] = ZERO + digit;
  }
  return to;
}

/** Digits of an odd number with `scale` places, 0 or 2. */
function writePacked(input: Uint8Array, from: number, count: number, scale: number, at: number): number {
  const lastByte = input[from + (count >> 1)] as number;
  const sign = lastByte & 15;
  if (sign < 10) throw new Error('not a sign');
  let to = at;
  const isMinus = sign === 13 || sign === 11;
  const begin = isMinus ? to + 1 : to;
  if (isMinus) output[to++] = MINUS;
  const guard = count - scale - 1;
  let isNonZero = false;
  for (let i = 0; i < count; i++) {
    const byte = input[from + (i >> 1)] as number;
    const digit = (i & 1) === 0 ? byte >> 4 : byte & 15;
    if (digit > 9) throw new Error('not a digit');
    if (digit !== 0) isNonZero = true;
    else if (to === begin && i < guard) continue;
    if (i === guard + 1) output[to++] = POINT;
    output[to++] = ZERO + digit;
  }
  if (isMinus && !isNonZero) {
    // No -0: what was written moves down by one.
    output.copyWithin(begin - 1, begin, to);
    to--;
  }
  return to;
}

function writeInteger(value: number, at: number): number {
  let to = at;
  let rest = value;
  if (rest < 0) {
    output[to++] = MINUS;
    rest = -rest;
  }
  let end = to + 1;
  for (let power = 10; power <= rest; power *= 10) end++;
  for (let i = end - 1; i >= to; i--) {
    const tenth = (rest / 10) | 0;
    output[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/** JSONL of the mixed sample; the bytes are valid until the next call of any of these. */
export function createMixedDecoder(sample: Sample): () => Uint8Array {
  const keys = keysOf(sample, (index) => (index === 0 ? '{' : ','));
  const { records: input, count, recordBytes } = sample;
  return () => {
    let to = 0;
    for (let record = 0; record < count; record++) {
      let at = record * recordBytes;
      let field = 0;
      for (; field < 5; field++, at += 20)
        to = writeText(input, at, 20, writeBytes(keys[field] as Buffer, to));
      for (; field < 9; field++, at += 8)
        to = writeZoned(input, at, 8, writeBytes(keys[field] as Buffer, to));
      for (; field < 13; field++, at += 5)
        to = writePacked(input, at, 9, 2, writeBytes(keys[field] as Buffer, to));
      for (; field < 15; field++, at += 4) {
        const value =
          ((input[at] as number) << 24) |
          ((input[at + 1] as number) << 16) |
          ((input[at + 2] as number) << 8) |
          (input[at + 3] as number);
        to = writeInteger(value, writeBytes(keys[field] as Buffer, to));
      }
      output[to++] = CLOSE;
      output[to++] = NEWLINE;
    }
    return output.subarray(0, to);
  };
}

/** JSONL of the packed sample. */
export function createPackedDecoder(sample: Sample): () => Uint8Array {
  const keys = keysOf(sample, (index) => (index === 0 ? '{' : ','));
  const { records: input, count } = sample;
  return () => {
    let to = 0;
    let at = 0;
    for (let record = 0; record < count; record++) {
      for (let field = 0; field < PACKED_FIELDS.length; field++) {
        const [digits, scale] = PACKED_FIELDS[field] as readonly [number, number];
        to = writePacked(input, at, digits, scale, writeBytes(keys[field] as Buffer, to));
        at += (digits >> 1) + 1;
      }
      output[to++] = CLOSE;
      output[to++] = NEWLINE;
    }
    return output.subarray(0, to);
  };
}

/** Values of the columns of the display sample, one buffer behind the other: int32, then offsets and bytes of texts. */
export function createColumnsDecoder(sample: Sample): () => Uint8Array {
  const { records: input, count, recordBytes } = sample;
  const numbers = Array.from({ length: 12 }, () => new Int32Array(count));
  const offsets = Array.from({ length: 6 }, () => new Int32Array(count + 1));
  const texts = Array.from({ length: 6 }, () => new Uint8Array(count * 24));
  return () => {
    for (const [column, values] of numbers.entries()) {
      for (let record = 0, at = column * 8; record < count; record++, at += recordBytes) {
        let value = 0;
        for (let i = 0; i < 8; i++) {
          const digit = (input[at + i] as number) ^ 0xf0;
          if (digit > 9) throw new Error('not a digit');
          value = value * 10 + digit;
        }
        values[record] = value;
      }
    }
    for (const [column, bytes] of texts.entries()) {
      const ends = offsets[column] as Int32Array;
      let to = 0;
      for (let record = 0, at = 96 + column * 24; record < count; record++, at += recordBytes) {
        let end = at + 24;
        while (end > at && input[end - 1] === SPACE) end--;
        for (let i = at; i < end; i++) bytes[to++] = toAscii[input[i] as number] as number;
        ends[record + 1] = to;
      }
    }
    let to = 0;
    const put = (bytes: Uint8Array): void => {
      output.set(bytes, to);
      to += bytes.length;
    };
    for (const values of numbers) put(new Uint8Array(values.buffer));
    for (const [column, ends] of offsets.entries()) {
      put(new Uint8Array(ends.buffer));
      put((texts[column] as Uint8Array).subarray(0, ends[count]));
    }
    return output.subarray(0, to);
  };
}

/** Records of the mixed sample from its JSONL. */
export function createMixedEncoder(sample: Sample, lines: Buffer): () => Uint8Array {
  const names = namesOf(sample);
  const { recordBytes } = sample;
  const digits = new Uint8Array(9);
  const writeDigits = (amount: number, count: number): void => {
    let rest = amount;
    for (let i = count - 1; i >= 0; i--) {
      const tenth = Math.floor(rest / 10);
      digits[i] = rest - tenth * 10;
      rest = tenth;
    }
    if (rest !== 0) throw new Error('the number does not fit');
  };
  return () => {
    let to = 0;
    for (let from = 0; from < lines.length; ) {
      const end = lines.indexOf(NEWLINE, from);
      const row: Record<string, string | number> = JSON.parse(lines.toString('latin1', from, end));
      from = end + 1;
      output.fill(SPACE, to, to + recordBytes);
      for (let field = 0; field < 5; field++) {
        const text = row[names[field] as string] as string;
        if (text.length > 20) throw new Error('the text does not fit');
        for (let i = 0; i < text.length; i++) output[to + i] = fromAscii[text.charCodeAt(i)] as number;
        to += 20;
      }
      for (let field = 5; field < 9; field++) {
        writeDigits(row[names[field] as string] as number, 8);
        for (let i = 0; i < 8; i++) output[to++] = 0xf0 | (digits[i] as number);
      }
      for (let field = 9; field < 13; field++) {
        const value = row[names[field] as string] as number;
        writeDigits(Math.round(Math.abs(value) * 100), 9);
        for (let i = 0; i < 8; i += 2)
          output[to++] = ((digits[i] as number) << 4) | (digits[i + 1] as number);
        output[to++] = ((digits[8] as number) << 4) | (value < 0 ? 13 : 12);
      }
      for (let field = 13; field < 15; field++) {
        const value = row[names[field] as string] as number;
        output[to++] = value >> 24;
        output[to++] = value >> 16;
        output[to++] = value >> 8;
        output[to++] = value;
      }
      to += 40;
    }
    return output.subarray(0, to);
  };
}

/** Transcodes a text byte by byte; undefined characters are no concern of the sample. */
export function createTranscoder(input: Uint8Array): () => Uint8Array {
  return () => {
    for (let i = 0; i < input.length; i++) output[i] = toAscii[input[i] as number] as number;
    return output.subarray(0, input.length);
  };
}
