/**
 * Files of records as mainframes and what imitates them write them: one writer for each format, from the payloads.
 *
 * Written against the formats' descriptions, not against the reader: what the tests compare is two accounts.
 */

import type { CopybookOptions, LengthPrefix } from '../../../crypto-wasm/copybook/face.ts';
import type { Random } from '../random.ts';

export interface RecordFile {
  readonly name: string;
  readonly options: CopybookOptions;
  readonly bytes: Uint8Array;
  readonly payloads: readonly Uint8Array[];
}

/** The word that stands before `payloadBytes` bytes. `third` is the segment's code in VBS. */
export function descriptorWord(payloadBytes: number, word: LengthPrefix, third = 0): Uint8Array {
  const says = payloadBytes + ((word.includesItself ?? true) ? 4 : 0) - (word.adjustment ?? 0);
  const bytes = Uint8Array.of(says >>> 8, says & 255, third, 0);
  return word.endian === 'little' ? bytes.reverse() : bytes;
}

/** Length of 31 bits, the highest bit set. */
export function extendedBlockWord(payloadBytes: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((0x80000000 + payloadBytes + 4) >>> 0);
  return bytes;
}

export function writeV(payloads: readonly Uint8Array[], rdw: LengthPrefix): Uint8Array {
  return Buffer.concat(payloads.flatMap((payload) => [descriptorWord(payload.length, rdw), payload]));
}

/** `perBlock` records in each block. */
export function writeVB(
  payloads: readonly Uint8Array[],
  rdw: LengthPrefix,
  bdw: LengthPrefix,
  perBlock: number,
  isExtended = false,
): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let i = 0; i < payloads.length; i += perBlock) {
    const block = writeV(payloads.slice(i, i + perBlock), rdw);
    blocks.push(isExtended ? extendedBlockWord(block.length) : descriptorWord(block.length, bdw), block);
  }
  return Buffer.concat(blocks);
}

/** Blocks of `blockBytes` at most, all of them filled: records go on in the next block wherever they do not fit. */
export function writeVBS(
  payloads: readonly Uint8Array[],
  rdw: LengthPrefix,
  bdw: LengthPrefix,
  blockBytes: number,
): Uint8Array {
  const blocks: Uint8Array[] = [];
  let block: Uint8Array[] = [];
  let used = 0;
  const flush = (): void => {
    if (block.length > 0) blocks.push(descriptorWord(used, bdw), ...block);
    block = [];
    used = 0;
  };
  for (const payload of payloads) {
    let done = 0;
    do {
      // A segment has a byte at least, unless its record has none.
      if (blockBytes - used < 4 + Math.min(1, payload.length - done)) flush();
      const count = Math.min(payload.length - done, blockBytes - used - 4);
      const isFirst = done === 0;
      const isLast = done + count === payload.length;
      const code = isFirst ? (isLast ? 0 : 1) : isLast ? 2 : 3;
      block.push(descriptorWord(count, rdw, code), payload.subarray(done, done + count));
      used += 4 + count;
      done += count;
    } while (done < payload.length);
  }
  flush();
  return Buffer.concat(blocks);
}

export function writePrefixed(
  payloads: readonly Uint8Array[],
  endian: 'big' | 'little' = 'big',
  adjustment = 0,
): Uint8Array {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const word = Buffer.alloc(4);
      word.writeUInt32BE(payload.length - adjustment);
      return [endian === 'little' ? word.reverse() : word, payload];
    }),
  );
}

export function writeLines(
  payloads: readonly Uint8Array[],
  newline: readonly number[],
  endsWithOne: boolean,
) {
  return Buffer.concat(
    payloads.flatMap((payload, i) =>
      endsWithOne || i < payloads.length - 1 ? [payload, Uint8Array.from(newline)] : [payload],
    ),
  );
}

/** Capitals and digits in EBCDIC or ASCII. */
export function textPayload(random: Random, count: number, isAscii = false): Uint8Array {
  const characters = isAscii
    ? Buffer.from('ABCDEFGHIRSTUVWXYZ0123456789')
    : Buffer.from('c1c2c3c4c5c6c7c8c9d9e2e3e4e5e6e7e8e9f0f1f2f3f4f5f6f7f8f9', 'hex');
  return Uint8Array.from({ length: count }, () => characters[random.below(characters.length)] as number);
}

const WORDS: readonly LengthPrefix[] = (['big', 'little'] as const).flatMap((endian) => [
  { endian, includesItself: true, adjustment: 0 },
  { endian, includesItself: true, adjustment: 2 },
  { endian, includesItself: false, adjustment: 0 },
  { endian, includesItself: false, adjustment: -3 },
]);

function nameOf(word: LengthPrefix): string {
  return `${word.endian} ${word.includesItself ? 'counting itself' : 'payload'} ${word.adjustment}`;
}

/** A file of every format, with every kind of word. Payloads are of 5 to `maxBytes` bytes. */
export function filesOfEveryFormat(random: Random, count: number, maxBytes: number): RecordFile[] {
  const payloads = Array.from({ length: count }, () => textPayload(random, 5 + random.below(maxBytes - 4)));
  const files: RecordFile[] = [];
  const add = (name: string, options: CopybookOptions, bytes: Uint8Array, of = payloads): void => {
    files.push({ name, options, bytes, payloads: of });
  };
  for (const rdw of WORDS) {
    add(`V ${nameOf(rdw)}`, { recordFormat: 'V', rdw }, writeV(payloads, rdw));
    for (const bdw of WORDS) {
      const name = `${nameOf(rdw)} in ${nameOf(bdw)}`;
      add(`VB ${name}`, { recordFormat: 'VB', rdw, bdw }, writeVB(payloads, rdw, bdw, 1 + random.below(5)));
      const blockBytes = 12 + random.below(3 * maxBytes);
      add(`VBS ${name}`, { recordFormat: 'VBS', rdw, bdw }, writeVBS(payloads, rdw, bdw, blockBytes));
    }
  }
  add('VB in extended blocks', { recordFormat: 'VB' }, writeVB(payloads, {}, {}, 4, true));
  for (const endian of ['big', 'little'] as const) {
    const rdw = { endian, adjustment: 1 };
    add(`prefix ${endian}`, { recordFormat: 'prefix', rdw: { endian } }, writePrefixed(payloads, endian));
    add(`prefix ${endian} adjusted`, { recordFormat: 'prefix', rdw }, writePrefixed(payloads, endian, 1));
  }
  const ascii = payloads.map((payload) => textPayload(random, payload.length, true));
  for (const [name, newline] of [
    ['LF', [10]],
    ['CRLF', [13, 10]],
  ] as const) {
    for (const ends of [true, false]) {
      const options = { recordFormat: 'text', codePage: 'ascii' } as const;
      add(
        `text ${name} ${ends ? 'at' : 'but not at'} the end`,
        options,
        writeLines(ascii, newline, ends),
        ascii,
      );
    }
  }
  for (const [name, newline] of [
    ['NEL', [0x15]],
    ['LF', [0x25]],
    ['CR LF', [0x0d, 0x25]],
  ] as const) {
    add(`text EBCDIC ${name}`, { recordFormat: 'text' }, writeLines(payloads, newline, true));
  }
  const even = payloads.map(() => textPayload(random, maxBytes));
  add('F', { recordFormat: 'F', recordLength: maxBytes }, Buffer.concat(even), even);
  add(
    'FB',
    { recordFormat: 'FB', recordLength: maxBytes, blockLength: 3 * maxBytes },
    Buffer.concat(even),
    even,
  );
  return files;
}
