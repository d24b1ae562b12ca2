/** text-tools against node:crypto, zlib, the engine's Unicode tables, and differences that are applied again. */

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReferenceHash } from '../../crypto-wasm/hash/reference.ts';
import { anyText } from './any-text.ts';
import { type BundledSession, openBundled } from './bundled-session.ts';

let tools: BundledSession;
beforeAll(async () => {
  tools = await openBundled('text-tools');
}, 120_000);
afterAll(() => tools[Symbol.asyncDispose]());

const ok = async (operation: string, given: unknown): Promise<unknown> => {
  const answer = await tools.call(operation, given);
  expect(answer, `${operation} of ${JSON.stringify(given).slice(0, 200)}`).toHaveProperty('ok');
  return (answer as { ok: unknown }).ok;
};

/** Whole code points, many of them beyond ASCII. */
const text = anyText(60);

describe('hash', () => {
  const reference = createReferenceHash();
  const hex = (name: string, bytes: Uint8Array): string => {
    if (name === 'crc-32') return crc32(bytes).toString(16).padStart(8, '0');
    if (name === 'blake3') return Buffer.from(reference.blake3(bytes)).toString('hex');
    return createHash(name.replace('-', '')).update(bytes).digest('hex');
  };

  it.each(['sha-256', 'sha-512', 'blake3', 'crc-32'])(
    '%s is that of others, at every length up to two blocks',
    async (algorithm) => {
      for (const length of [...Array(130).keys(), 1_023, 1_024, 1_025, 2_049, 100_003]) {
        const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
        const data = Buffer.from(bytes).toString('base64');
        expect(await ok('hash-bytes', { data, algorithm }), `${length} bytes`).toBe(hex(algorithm, bytes));
      }
    },
  );

  it('of a text is that of its UTF-8, by SHA-256 unless another is named', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        expect(await ok('hash', { text: given })).toBe(hex('sha-256', Buffer.from(given)));
        expect(await ok('hash', { text: given, algorithm: 'crc-32' })).toBe(
          hex('crc-32', Buffer.from(given)),
        );
      }),
    );
  });
});

describe('count', () => {
  it('says of any text what regular expressions say of it', async () => {
    const spaced = fc.array(
      fc.oneof(text, fc.constantFrom(' ', '\n', '\r\n', '\u2003', '\u3000', '\u200b', '\ufeff', '\u0085')),
    );
    await fc.assert(
      fc.asyncProperty(spaced, async (parts) => {
        const given = parts.join('');
        expect(await ok('count', { text: given })).toEqual({
          lines: given.match(/[^\n]*\n|[^\n]+$/g)?.length ?? 0,
          words: given.match(/\P{White_Space}+/gu)?.length ?? 0,
          characters: [...given].length,
          bytes: Buffer.byteLength(given),
        });
      }),
    );
  });
});

describe('slug', () => {
  const PAIRS: Record<string, string> = { ß: 'ss', æ: 'ae', œ: 'oe', þ: 'th' };
  const SINGLE: Record<string, string> = {
    ð: 'd',
    ø: 'o',
    đ: 'd',
    ħ: 'h',
    ı: 'i',
    ł: 'l',
    ŋ: 'n',
    ŧ: 't',
    ĸ: 'k',
    ſ: 's',
  };
  /** One character; undefined parts words, an empty text vanishes. */
  const ofCharacter = (character: string): string | undefined => {
    const point = character.codePointAt(0) as number;
    if (point === 0x27 || point === 0x2019 || (point >= 0x300 && point <= 0x36f)) return '';
    const isLatin = point < 0x250 || (point >= 0x1e00 && point <= 0x1eff);
    if (!(point < 0x80 ? /[a-z0-9]/i : isLatin ? /\p{L}/u : /[\p{L}\p{N}\p{M}]/u).test(character))
      return undefined;
    if (isLatin && point >= 0x80 && point < 0xc0) return undefined;
    const lower = character.toLowerCase();
    if (!isLatin) return [...lower].length === 1 ? lower : character;
    const base = lower.normalize('NFKD').replace(/[\p{M}ʼ]/gu, '');
    const folded = [...base].map((one) => PAIRS[one] ?? SINGLE[one] ?? one).join('');
    return /^[a-z0-9]{1,2}$/.test(folded) ? folded : lower;
  };

  /** Capital letters of Unicode 14 and later: the compiler's tables of cases do not have them, so they stay. */
  const NEWER_THAN_THE_COMPILER: readonly (readonly [number, number?])[] = [
    [0x1c89],
    [0x2c2f],
    [0xa7c0],
    [0xa7cb, 0xa7cc],
    [0xa7ce],
    [0xa7d0],
    [0xa7d2],
    [0xa7d4],
    [0xa7d6],
    [0xa7d8],
    [0xa7da],
    [0xa7dc],
    [0x10570, 0x1057a],
    [0x1057c, 0x1058a],
    [0x1058c, 0x10592],
    [0x10594, 0x10595],
    [0x10d50, 0x10d65],
    [0x16ea0, 0x16eb8],
  ];

  it('knows every character of Unicode as this engine does', async () => {
    const points = [...Array(0x110000).keys()].filter((point) => point < 0xd800 || point > 0xdfff);
    const unlike: string[] = [];
    for (let start = 0; start < points.length; start += 8_000) {
      const characters = points.slice(start, start + 8_000).map((point) => String.fromCodePoint(point));
      const expected = characters.map((one) => ofCharacter(one) || '').filter((one) => one !== '');
      const answer = await tools.call('slug', { text: characters.join(' ') });
      const got = 'ok' in answer ? (answer.ok as string).split('-') : [];
      expect(got.length, `words from U+${points[start]?.toString(16)} on`).toBe(expected.length);
      unlike.push(...got.filter((one, index) => one !== expected[index]));
    }
    const newer = NEWER_THAN_THE_COMPILER.flatMap(([first, last = first]) =>
      Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index)),
    );
    expect(unlike).toEqual(newer);
  }, 60_000);

  it('has no hyphen at an end or twice, is its own slug, and is never longer than it may be', async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.nat(20), async (given, maxCharacters) => {
        const answer = await tools.call('slug', { text: given });
        const letters = [...given].map(ofCharacter).join('');
        if (!('ok' in answer)) {
          expect(answer).toEqual({ code: 'ADAPTER_FAILED', failure: 'nothing-left' });
          expect(letters).toBe('');
          return;
        }
        const slug = answer.ok as string;
        expect(slug).toMatch(/^[^-]+(-[^-]+)*$/);
        expect(slug.replaceAll('-', '')).toBe(letters);
        expect(await ok('slug', { text: slug })).toBe(slug);
        const cut = await tools.call('slug', { text: given, 'max-characters': maxCharacters });
        if (!('ok' in cut)) expect(maxCharacters).toBeLessThan(2);
        else {
          expect([...(cut.ok as string)].length).toBeLessThanOrEqual(maxCharacters);
          expect(`${slug}-`.startsWith(`${cut.ok}-`) || !(cut.ok as string).includes('-')).toBe(true);
        }
      }),
    );
  });
});

describe('diff', () => {
  interface Difference {
    readonly unified: string;
    readonly added: number;
    readonly removed: number;
  }

  const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

  /** What the unified format says is done to a text. Throws where its lines are not those of the text. */
  function apply(before: string, unified: string): string {
    if (unified === '') return before;
    const lines = linesOf(before);
    const [from, to, ...rest] = splitMarked(unified);
    expect([from, to]).toEqual(['--- before\n', '+++ after\n']);
    expect(rest.length).toBeGreaterThan(1);
    const out: string[] = [];
    let at = 0;
    for (let index = 0; index < rest.length; ) {
      const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n$/.exec(rest[index++] ?? '');
      if (header === null) throw new Error(`no header of a hunk: ${rest[index - 1]}`);
      const [x, xCount, y, yCount] = [1, 2, 3, 4].map((group) => Number(header[group] ?? 1)) as [
        number,
        number,
        number,
        number,
      ];
      const start = xCount === 0 ? x : x - 1;
      while (at < start) out.push(lines[at++] as string);
      expect(out.length).toBe(yCount === 0 ? y : y - 1);
      let [taken, put] = [0, 0];
      while (index < rest.length && !(rest[index] as string).startsWith('@@')) {
        const line = rest[index++] as string;
        if (!line.startsWith('+')) {
          expect(line.slice(1)).toBe(lines[at++]);
          taken++;
        }
        if (!line.startsWith('-')) {
          out.push(line.slice(1));
          put++;
        }
      }
      expect([taken, put]).toEqual([xCount, yCount]);
    }
    return [...out, ...lines.slice(at)].join('');
  }

  /** Lines of the format; a mark behind a line takes its line feed away. */
  function splitMarked(unified: string): string[] {
    const lines: string[] = [];
    for (const line of unified.match(/[^\n]*\n/g) ?? []) {
      if (line === '\\ No newline at end of file\n') lines.push((lines.pop() as string).slice(0, -1));
      else lines.push(line);
    }
    return lines;
  }

  /** Length of the longest common subsequence, by its definition. */
  function commonCount(a: readonly string[], b: readonly string[]): number {
    let row = Array<number>(b.length + 1).fill(0);
    for (const one of a) {
      const next = [0];
      b.forEach((other, index) => {
        next.push(
          one === other
            ? (row[index] as number) + 1
            : Math.max(row[index + 1] as number, next[index] as number),
        );
      });
      row = next;
    }
    return row.at(-1) as number;
  }

  it('applied to the one text gives the other, and there is none smaller', async () => {
    // Few different lines, so that many of them are in both; none looks like a header.
    const lines = fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', '\n', '-\n', '\\ x\n', '🌍\r\n'), {
      maxLength: 40,
    });
    const ended = fc
      .tuple(lines, fc.constantFrom('', '', 'a', '+'))
      .map(([all, last]) => all.join('') + last);
    await fc.assert(
      fc.asyncProperty(
        ended,
        ended,
        fc.option(fc.nat(4), { nil: undefined }),
        async (before, after, context) => {
          const { unified, added, removed } = (await ok('diff', { before, after, context })) as Difference;
          expect(apply(before, unified)).toBe(after);
          const [a, b] = [linesOf(before), linesOf(after)];
          const common = commonCount(a, b);
          expect([removed, added]).toEqual([a.length - common, b.length - common]);
          const unchanged = splitMarked(unified).filter((line) => line.startsWith(' ')).length;
          const hunks = splitMarked(unified).filter((line) => line.startsWith('@@')).length;
          expect(unchanged).toBeLessThanOrEqual(2 * (context ?? 3) * Math.max(hunks, added + removed));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('of long texts is found, and given up where it helps nobody', async () => {
    const many = (count: number, word: (index: number) => unknown): string =>
      Array.from({ length: count }, (_, index) => `${word(index)}\n`).join('');
    const before = many(100_000, (index) => index);
    const after = before.replace('\n500\n', '\n').replace('\n99000\n', '\n99000\nnew\n');
    expect(await ok('diff', { before, after, context: 0 })).toEqual({
      unified: '--- before\n+++ after\n@@ -501 +500,0 @@\n-500\n@@ -99001,0 +99001 @@\n+new\n',
      added: 1,
      removed: 1,
    });
    const failed = (failure: object) => ({ code: 'ADAPTER_FAILED', failure });
    const shuffled = many(6_000, (index) => `x${index}`);
    expect(await tools.call('diff', { before: many(6_000, (index) => index), after: shuffled })).toEqual(
      failed({ tag: 'too-different', value: 10_000 }),
    );
    expect(await tools.call('diff', { before: '\n'.repeat(200_001), after: '' })).toEqual(
      failed({ tag: 'too-many-lines', value: 200_000 }),
    );
  });
});
