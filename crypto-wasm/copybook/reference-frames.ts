/**
 * Record formats of the reference: where each record lies in the input.
 *
 * One function that asks for the next record; its answer is the record's bytes and where the one behind it begins.
 */

import type { CopybookLayout, CopybookOptions, LengthPrefix } from './face.ts';
import { referencePage } from './reference-code-page.ts';
import { fieldText } from './reference-record.ts';
import { placeRecord, RecordProblem, type ReferenceNode } from './reference-tree.ts';

export type Frame =
  /** `whole` counts what `recordStart` and `recordEnd` skip. */
  | { readonly kind: 'record'; readonly bytes: Uint8Array; readonly whole: number; readonly next: number }
  /** The input ends within it. */
  | { readonly kind: 'partial' }
  | { readonly kind: 'bad'; readonly message: string };

export interface Frames {
  /** The record that begins at a position; blocks are entered on the way. */
  next(at: number): Frame;
}

const WORD_BYTES = 4;

/** Big-endian: the first two bytes, or 31 bits of all four when the highest is set; little-endian: the last two, reversed. */
export function wordLength(
  bytes: Uint8Array,
  at: number,
  prefix: LengthPrefix = {},
  isBlock = false,
): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + WORD_BYTES);
  const isExtended = isBlock && prefix.endian !== 'little' && a >= 0x80;
  const said = isExtended
    ? ((a & 0x7f) << 24) + (b << 16) + (c << 8) + d
    : prefix.endian === 'little'
      ? c + d * 256
      : a * 256 + b;
  return said + (prefix.adjustment ?? 0) - (prefix.includesItself === false ? 0 : WORD_BYTES);
}

/** A record's word has two bytes of length and two that are zero; all zero says nothing. */
function isWord(bytes: Uint8Array, at: number, prefix: LengthPrefix = {}): boolean {
  const word = bytes.subarray(at, at + WORD_BYTES);
  const reserved = prefix.endian === 'little' ? word.subarray(0, 2) : word.subarray(2, 4);
  return reserved.every((byte) => byte === 0) && word.some((byte) => byte !== 0);
}

/** Frames over an input that is there in whole. */
export function createFrames(
  input: Uint8Array,
  layout: CopybookLayout,
  roots: readonly ReferenceNode[],
  options: CopybookOptions,
): Frames {
  const { recordFormat = 'F', recordStart = 0, recordEnd = 0 } = options;
  /** Ends of the blocks that were entered: position of a word → where its block ends. */
  let blockEnd = 0;

  const cutTo = (at: number, length: number, next = at + length): Frame => {
    if (length < 0) return { kind: 'bad', message: 'length' };
    if (next > input.length) return { kind: 'partial' };
    const end = Math.max(at, at + length - recordEnd);
    const bytes = input.subarray(Math.min(at + recordStart, end), end);
    return { kind: 'record', bytes, whole: length, next };
  };

  const fixed = (at: number): Frame => {
    if ((options.recordLength ?? 0) > 0) return cutTo(at, options.recordLength ?? 0);
    const around = recordStart + recordEnd;
    if (!layout.isVariable || options.odo === 'maximum') return cutTo(at, layout.recordBytes + around);
    const rest = input.subarray(at + recordStart);
    if (rest.length === 0) return { kind: 'partial' };
    const { bytes, bad } = placeRecord(roots, rest, options);
    if (bad !== undefined) throw new RecordProblem('the number of occurrences', bad.node.item.path, 0);
    return cutTo(at, bytes + around);
  };

  const prefixed = (at: number): Frame => {
    if (at + WORD_BYTES > input.length) return { kind: 'partial' };
    if (!isWord(input, at, options.rdw)) return { kind: 'bad', message: 'word' };
    return cutTo(at + WORD_BYTES, wordLength(input, at, options.rdw));
  };

  /** Enters a block where one begins: the position of the first record in it. */
  const enter = (at: number): number => {
    if (at < blockEnd) return at;
    blockEnd = at + WORD_BYTES + wordLength(input, at, options.bdw, true);
    return at + WORD_BYTES;
  };

  const spanned = (at: number): Frame => {
    const parts: Uint8Array[] = [];
    for (let next = at; ; ) {
      if (next + WORD_BYTES > input.length) return { kind: 'partial' };
      next = enter(next);
      if (next + WORD_BYTES > input.length) return { kind: 'partial' };
      const code = input[next + 2] ?? 0;
      const frame = cutTo(next + WORD_BYTES, wordLength(input, next, options.rdw));
      if (frame.kind !== 'record') return frame;
      // 0 whole, 1 first, 2 last, 3 middle.
      const isFirst = parts.length === 0;
      if (isFirst !== (code === 0 || code === 1)) return { kind: 'bad', message: 'segments' };
      parts.push(frame.bytes);
      next = frame.next;
      if (code === 0 || code === 2) {
        const bytes = Buffer.concat(parts);
        return { kind: 'record', bytes, whole: bytes.length, next };
      }
    }
  };

  const byField = (at: number): Frame => {
    const rest = input.subarray(at + recordStart);
    const text = fieldText(roots, rest, options, options.recordLengthField ?? '');
    if (text === undefined) return { kind: 'partial' };
    const map = options.recordLengthMap;
    const length = map === undefined ? Number(text) : map[text];
    if (length === undefined || !Number.isInteger(length) || length <= 0)
      return { kind: 'bad', message: 'length' };
    return cutTo(at, length);
  };

  const line = (at: number): Frame => {
    const isAscii = referencePage(options.codePage ?? 'cp037').isAscii;
    const newlines = isAscii ? [0x0a] : [0x15, 0x25];
    const found = input.subarray(at).findIndex((byte) => newlines.includes(byte));
    const end = found < 0 ? -1 : at + found;
    const stop = end < 0 ? input.length : end;
    const isReturn = end >= 0 && stop > at && input[stop - 1] === 0x0d;
    return cutTo(at, stop - at - (isReturn ? 1 : 0), end < 0 ? stop : stop + 1);
  };

  return {
    next(at) {
      if (recordFormat === 'V') return prefixed(at);
      if (recordFormat === 'VB') {
        return at + WORD_BYTES > input.length ? { kind: 'partial' } : prefixed(enter(at));
      }
      if (recordFormat === 'VBS') return spanned(at);
      if (recordFormat === 'D') return byField(at);
      return recordFormat === 'text' ? line(at) : fixed(at);
    },
  };
}
