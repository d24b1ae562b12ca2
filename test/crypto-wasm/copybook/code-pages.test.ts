/**
 * Code pages: what is committed is what iconv says, the kernel spreads out what is committed, and known characters
 * stand where the specifications of IBM put them.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFiles, makeTables, type Tables } from '../../../crypto-wasm/copybook/code-pages/generate.ts';
import { hasIconv, NONE } from '../../../crypto-wasm/copybook/code-pages/iconv.ts';
import { compileCodePages, pageOf } from './code-page-kernel.ts';

const folder = join(import.meta.dirname, '../../../crypto-wasm/copybook');
const tables = JSON.parse(readFileSync(join(folder, 'code-pages/tables.json'), 'utf8')) as Tables;
const module = await compileCodePages();

test('the committed tables are those of iconv, byte for byte', (context) => {
  if (!hasIconv()) {
    console.warn(
      '\n!!! NO ICONV with EBCDIC code pages here: the tables are NOT checked against it in this run. !!!\n',
    );
    return context.skip('there is no iconv with the EBCDIC code pages');
  }
  for (const [name, text] of makeFiles(makeTables())) {
    expect(readFileSync(join(folder, name), 'utf8') === text, name).toBe(true);
  }
});

describe.each(Object.entries(tables.single))('%s', (name, characters) => {
  const page = pageOf(module, name);

  test('the kernel has every character of the table, and the way back of each', () => {
    expect(page?.characters).toBe(characters);
    const back = Array.from({ length: 0x10000 }, (_, codePoint) => page?.fromUnicode(codePoint));
    const expected = back.map(() => -1);
    [...characters].forEach((character, byte) => {
      if (character !== NONE) expected[character.charCodeAt(0)] = byte;
    });
    expect(back).toEqual(expected);
    for (const beyond of [-1, 0x10000, 0x1f600, 0x10ffff, 0x7fffffff])
      expect(page?.fromUnicode(beyond)).toBe(-1);
  });

  test('printable ASCII characters are marked as such, and nothing else is', () => {
    const expected = [...characters].map((character) => {
      const unit = character.charCodeAt(0);
      return unit >= 0x20 && unit < 0x7f ? unit : 0;
    });
    expect([...(page?.ascii ?? [])]).toEqual(expected);
    expect(characters[page?.space ?? 0]).toBe(' ');
    expect(page?.isAscii).toBe(name === 'ascii' || name === 'latin1');
  });
});

test.each([
  ['cp300', 'japanese'],
  ['cp930', 'japanese'],
  ['cp939', 'japanese'],
  ['cp1364', 'korean'],
  ['cp1388', 'chinese'],
])('%s has the double-byte characters of %s, there and back', (name, half) => {
  const page = pageOf(module, name);
  expect(page?.hasDouble).toBe(true);
  const rows = tables.double[half] ?? {};
  const back = new Map<number, number>();
  let count = 0;
  for (let high = 0; high < 256; high++) {
    for (let low = 0; low < 256; low++) {
      const character = low < 0x40 || low > 0xfe ? undefined : rows[high.toString(16)]?.[low - 0x40];
      const expected = character === undefined || character === NONE ? -1 : character.charCodeAt(0);
      if (page?.doubleToUnicode(high, low) !== expected) expect.fail(`${name} ${high} ${low}`);
      if (expected >= 0) back.set(expected, (high << 8) | low);
      if (expected >= 0) count++;
    }
  }
  expect(back.size).toBe(count);
  expect(count).toBeGreaterThan(11_000);
  for (let codePoint = 0; codePoint < 0x10010; codePoint++) {
    if (page?.doubleFromUnicode(codePoint) !== (back.get(codePoint) ?? -1))
      expect.fail(`${name} ${codePoint}`);
  }
});

test('a single-byte page has no double-byte characters', () => {
  const page = pageOf(module, 'cp037');
  expect([page?.hasDouble, page?.doubleToUnicode(0x42, 0xc1), page?.doubleFromUnicode(0xff21)]).toEqual([
    false,
    -1,
    -1,
  ]);
});

test.each(['', 'cp', 'cp38', 'CP037', 'cp0370', 'utf-8'])('there is no page %j', (name) => {
  expect(pageOf(module, name)).toBeUndefined();
});

describe('known characters', () => {
  test.each([
    // The euro of the pages 1140–1149, which took the place of the currency sign.
    ['cp037', 0x9f, '¤'],
    ['cp1140', 0x9f, '€'],
    ['cp1141', 0x9f, '€'],
    ['cp1142', 0x5a, '€'],
    ['cp1148', 0x9f, '€'],
    ['cp1140', 0xff, '\u009f'],
    // German, and what is often confused with it.
    ['cp273', 0x59, '~'],
    ['cp273', 0xa1, 'ß'],
    ['cp273', 0xc0, 'ä'],
    ['cp273', 0x4a, 'Ä'],
    ['cp273', 0x7c, '§'],
    ['cp273', 0xb5, '@'],
    // Brackets, not sign and circumflex lie differently in the pages for English and for programs.
    ['cp037', 0xba, '['],
    ['cp1047', 0xad, '['],
    ['cp500', 0x4a, '['],
    ['cp037', 0x5f, '¬'],
    ['cp1047', 0x5f, '^'],
    ['cp1047', 0xb0, '¬'],
    ['cp037', 0xb0, '^'],
    ['cp870', 0xb6, 'ž'],
    ['cp1025', 0xb9, 'А'],
    ['cp875', 0x41, 'Α'],
    // Newlines.
    ['cp037', 0x15, '\u0085'],
    ['cp037', 0x25, '\n'],
    ['cp1047', 0x0d, '\r'],
    ['cp939', 0x82, 'b'],
    ['cp300', 0x62, 'a'],
    ['latin1', 0xe9, 'é'],
    ['ascii', 0x80, NONE],
  ])('%s has at 0x%s %j', (name, byte, character) => {
    expect(pageOf(module, name)?.characters[byte]).toBe(character);
  });

  test.each([
    ['cp939', 0x4040, '　'],
    ['cp930', 0x42c1, 'Ａ'],
    ['cp930', 0x4541, '一'],
    ['cp1364', 0xb091, '쌤'],
  ])('%s has for two bytes 0x%s %j', (name, code, character) => {
    expect(pageOf(module, name)?.doubleToUnicode(code >> 8, code & 0xff)).toBe(character.charCodeAt(0));
  });
});
