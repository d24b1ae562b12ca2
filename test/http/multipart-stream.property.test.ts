/** Multipart bodies read while they come: the same parts, whatever pieces they come in; and nothing cut short looks whole. */

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPartReader } from '../../host/http/multipart-stream.ts';
import { multipart } from './fake-host.ts';

async function* piecesOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = Math.min(cut, bytes.length);
    if (end > at) yield bytes.subarray(at, end);
    at = Math.max(at, end);
  }
  if (at < bytes.length) yield bytes.subarray(at);
}

async function partsOf(bytes: Buffer, cuts: readonly number[] = [], boundary = 'cut') {
  const reader = createPartReader(piecesOf(bytes, cuts), boundary);
  const parts: { headers: object; text: string }[] = [];
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    parts.push({ headers: { ...part.headers }, text: Buffer.concat(chunks).toString('latin1') });
  }
  return parts;
}

/** Made of what delimiters are made of. */
const tricky = fc
  .array(fc.constantFrom('\r', '\n', '-', '--cut', '\r\n--cu', '\r\n--', 'cut', 'x', '\0'), { maxLength: 12 })
  .map((parts) => parts.join(''))
  .filter((text) => !text.includes('\r\n--cut'));

test('every part comes as it was sent', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(tricky, { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 }),
      async (texts, cuts) => {
        const body = multipart(
          'cut',
          texts.map((text, index) => [`X-Index: ${index}`, Buffer.from(text, 'latin1')] as const),
        );
        expect(await partsOf(body, cuts)).toEqual(
          texts.map((text, index) => ({ headers: { 'x-index': String(index) }, text })),
        );
      },
    ),
  );
});

test('a body that ends anywhere before its last dashes is refused', async () => {
  const body = multipart('cut', [
    ['A: 1', 'one'],
    ['B: 2', 'two'],
  ]);
  const whole = body.lastIndexOf('--') + 2;
  for (let length = 0; length < whole; length++) {
    await expect(partsOf(body.subarray(0, length))).rejects.toMatchObject({ code: 'HTTP_MALFORMED' });
  }
  expect(await partsOf(body.subarray(0, whole))).toHaveLength(2);
});

describe('as RFC 2046 has it', () => {
  test.each([
    ['a preamble and an epilogue are no parts', 'before\r\n--cut\r\n\r\nx\r\n--cut--\r\nafter', ['x']],
    ['blanks may follow a boundary', '--cut \t\r\n\r\nx\r\n--cut--', ['x']],
    ['a part may have no headers', '--cut\r\n\r\nx\r\n--cut\r\nA: b\r\n\r\ny\r\n--cut--', ['x', 'y']],
    ['a part may be empty', '--cut\r\n\r\n\r\n--cut--', ['']],
    ['there may be no part', '--cut--', []],
  ])('%s', async (_what, text, texts) => {
    expect((await partsOf(Buffer.from(text))).map((part) => part.text)).toEqual(texts);
  });

  test.each([
    ['bytes behind a boundary', '--cut!\r\n\r\nx\r\n--cut--', 'HTTP_MALFORMED'],
    ['headers without end', `--cut\r\n${'A: b\r\n'.repeat(2000)}`, 'HTTP_MALFORMED'],
    [
      'a part in base64',
      '--cut\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--cut--',
      'HTTP_UNSUPPORTED_TYPE',
    ],
  ])('%s: refused', async (_what, text, code) => {
    await expect(partsOf(Buffer.from(text))).rejects.toMatchObject({ code });
  });
});
