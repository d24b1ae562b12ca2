/**
 * Code pages as the system's `iconv` has them: the source of the tables that are committed, and what tests check them
 * against. glibc follows IBM's CCSIDs: 0x15 is NEL (U+0085), 0x25 is LF, and every mapping is one to one.
 */

import { spawnSync } from 'node:child_process';

/** Where a page has no character. */
export const NONE = '\ufffd';

/** Single-byte pages by the name that options use → iconv's name. */
export const SINGLE_PAGES: Readonly<Record<string, string>> = {
  cp037: 'IBM037',
  cp273: 'IBM273',
  cp500: 'IBM500',
  cp870: 'IBM870',
  cp875: 'IBM875',
  cp1025: 'IBM1025',
  cp1047: 'IBM1047',
  cp1140: 'IBM1140',
  cp1141: 'IBM1141',
  cp1142: 'IBM1142',
  cp1143: 'IBM1143',
  cp1144: 'IBM1144',
  cp1145: 'IBM1145',
  cp1146: 'IBM1146',
  cp1147: 'IBM1147',
  cp1148: 'IBM1148',
  cp1149: 'IBM1149',
  ascii: 'US-ASCII',
  latin1: 'ISO-8859-1',
};

/** Pages with single bytes and, between SO and SI, double ones. */
export const MIXED_PAGES: Readonly<Record<string, string>> = {
  cp930: 'IBM930',
  cp939: 'IBM939',
  cp1364: 'IBM1364',
  cp1388: 'IBM1388',
};

/** Double-byte halves by the name of their table → the page that has it. cp930 and cp939 share CCSID 300. */
export const DOUBLE_HALVES: Readonly<Record<string, string>> = {
  japanese: 'IBM930',
  korean: 'IBM1364',
  chinese: 'IBM1388',
};

export const SHIFT_OUT = 0x0e;
export const SHIFT_IN = 0x0f;
/** A byte of a double-byte character is none of 0x00–0x3F, nor 0xFF. */
export const DOUBLE_FIRST = 0x40;
export const DOUBLE_LAST = 0xfe;

/** True when there is an `iconv` with the EBCDIC pages. */
export function hasIconv(): boolean {
  const answer = spawnSync('iconv', ['-f', 'IBM1388', '-t', 'UTF-16BE'], { input: Buffer.of(0xf1) });
  return answer.status === 0 && answer.stdout.equals(Buffer.of(0, 0x31));
}

/** 256 characters, `NONE` where the byte alone is none. Throws an Error — iconv does not know the page. */
export function singleTable(page: string): string {
  const isAscii = !page.startsWith('IBM');
  const isMixed = Object.values(MIXED_PAGES).includes(page);
  const mark = isAscii ? 0x31 : 0xf1;
  const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => byte !== mark && !(isMixed && (byte === SHIFT_OUT || byte === SHIFT_IN)),
  );
  // Between marks, so that what is left out shows where: iconv says nothing about what `-c` drops.
  const found = convert(
    page,
    bytes.flatMap((byte) => [byte, mark]),
  ).split('1');
  if (found.length !== bytes.length + 1) throw new Error(`${page}: a mark is missing in what iconv gave`);
  const table = Array.from({ length: 256 }, () => NONE);
  table[mark] = '1';
  bytes.forEach((byte, i) => {
    table[byte] = character(page, found[i] ?? '');
  });
  return table.join('');
}

/** High byte → characters of the low bytes `DOUBLE_FIRST` … `DOUBLE_LAST`, `NONE` where there is none; no empty rows. */
export function doubleTable(page: string): Map<number, string> {
  const width = DOUBLE_LAST - DOUBLE_FIRST + 1;
  const codes = Array.from({ length: width * width }, (_, i) => [
    DOUBLE_FIRST + Math.floor(i / width),
    DOUBLE_FIRST + (i % width),
  ]);
  const found = convert(
    page,
    codes.flatMap((code) => [SHIFT_OUT, ...code, SHIFT_IN, 0xf1]),
  ).split('1');
  if (found.length !== codes.length + 1) throw new Error(`${page}: a mark is missing in what iconv gave`);
  const rows = new Map<number, string>();
  for (let row = 0; row < width; row++) {
    const text = found
      .slice(row * width, (row + 1) * width)
      .map((part) => character(page, part))
      .join('');
    if (text !== NONE.repeat(width)) rows.set(DOUBLE_FIRST + row, text);
  }
  return rows;
}

function character(page: string, text: string): string {
  if (text.length > 1) throw new Error(`${page}: ${JSON.stringify(text)} is no single UTF-16 unit`);
  return text === '' ? NONE : text;
}

function convert(page: string, bytes: readonly number[]): string {
  const answer = spawnSync('iconv', ['-c', '-f', page, '-t', 'UTF-16LE'], {
    input: Uint8Array.from(bytes),
    maxBuffer: 1 << 24,
  });
  // 1 says that something was left out.
  if (answer.error !== undefined) throw answer.error;
  if (answer.stdout.length === 0) throw new Error(`iconv -f ${page}: ${answer.stderr}`);
  return answer.stdout.toString('utf16le');
}
