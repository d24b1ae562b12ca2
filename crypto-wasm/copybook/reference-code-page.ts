/**
 * Code pages of the reference: the tables that `code-pages/generate.ts` made from iconv, as maps from bytes to
 * characters and back. Shares nothing with the kernel's but where the tables came from.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tables } from './code-pages/generate.ts';

const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;
const NONE = '\ufffd';
/** The low byte of the first character in a row of the tables. */
const ROW_FIRST = 0x40;

const tables = JSON.parse(
  readFileSync(join(import.meta.dirname, 'code-pages', 'tables.json'), 'utf8'),
) as Tables;

/** Page → its name among single-byte tables, and its double-byte half. */
const MIXED: Readonly<Record<string, readonly [string, string]>> = {
  cp300: ['cp930', 'japanese'],
  cp930: ['cp930', 'japanese'],
  cp939: ['cp939', 'japanese'],
  cp1364: ['cp1364', 'korean'],
  cp1388: ['cp1388', 'chinese'],
};

export interface ReferencePage {
  readonly isAscii: boolean;
  readonly space: number;
  readonly isMixed: boolean;
  readonly characters: ReadonlyMap<number, string>;
  readonly bytes: ReadonlyMap<string, number>;
  /** Two bytes, the high one above ↔ character. */
  readonly pairs: ReadonlyMap<number, string>;
  readonly codes: ReadonlyMap<string, number>;
}

const pages = new Map<string, ReferencePage>();

/** Throws an Error — there is no such page. */
export function referencePage(name: string): ReferencePage {
  const known = pages.get(name);
  if (known !== undefined) return known;
  const [single, half] = MIXED[name] ?? [name, ''];
  const table = tables.single[single];
  if (table === undefined) throw new Error(`there is no code page ${name}`);
  const characters = new Map([...table].entries().filter(([, character]) => character !== NONE));
  const pairs = new Map<number, string>();
  for (const [high, row] of Object.entries(tables.double[half] ?? {})) {
    [...row].forEach((character, i) => {
      if (character !== NONE) pairs.set(Number.parseInt(high, 16) * 256 + ROW_FIRST + i, character);
    });
  }
  const isAscii = name === 'ascii' || name === 'latin1';
  const page: ReferencePage = {
    isAscii,
    space: isAscii ? 0x20 : 0x40,
    isMixed: half !== '',
    characters,
    bytes: invert(characters),
    pairs,
    codes: invert(pairs),
  };
  pages.set(name, page);
  return page;
}

function invert(map: ReadonlyMap<number, string>): Map<string, number> {
  return new Map([...map].map(([code, character]) => [character, code]));
}

/** The text of bytes, pairs between SO and SI; undefined when a character or a shift is missing. */
export function decodeText(bytes: Uint8Array, page: ReferencePage): string | undefined {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at++] ?? 0;
    if (page.isMixed && byte === SHIFT_OUT) {
      const end = bytes.indexOf(SHIFT_IN, at);
      const inner = end < 0 ? undefined : decodePairs(bytes.subarray(at, end), page);
      if (inner === undefined) return undefined;
      text += inner;
      at = end + 1;
    } else {
      const character = page.characters.get(byte);
      if (character === undefined) return undefined;
      text += character;
    }
  }
  return text;
}

/** The text of pairs; undefined when a character or the second byte of one is missing. */
export function decodePairs(bytes: Uint8Array, page: ReferencePage): string | undefined {
  if (bytes.length % 2 !== 0) return undefined;
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const character = page.pairs.get((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0));
    if (character === undefined) return undefined;
    text += character;
  }
  return text;
}

/** Bytes of a text, with shifts where they are needed; undefined when the page does not have a character. */
export function encodeText(text: string, page: ReferencePage): number[] | undefined {
  const bytes: number[] = [];
  let isShifted = false;
  for (const character of text) {
    const byte = page.bytes.get(character);
    const code = byte === undefined ? page.codes.get(character) : undefined;
    if (byte === undefined && code === undefined) return undefined;
    if (isShifted !== (code !== undefined)) {
      bytes.push(isShifted ? SHIFT_IN : SHIFT_OUT);
      isShifted = !isShifted;
    }
    bytes.push(...(byte !== undefined ? [byte] : [(code ?? 0) >> 8, (code ?? 0) & 0xff]));
  }
  if (isShifted) bytes.push(SHIFT_IN);
  return bytes;
}
