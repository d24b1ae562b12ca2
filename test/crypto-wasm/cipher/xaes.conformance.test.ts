/**
 * XAES-256-GCM against the vectors of its specification, over every implementation: two examples, and the accumulated
 * hash over 10,000 random messages, which the reference is too slow for.
 */

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { deriveXaes } from '../../../crypto-wasm/cipher/reference-aes-gcm.ts';
import { readVectors, vectorsFolder } from '../../vectors.ts';
import { implementations } from './implementations.ts';
import { hex, toHex } from './published.ts';

const folder = vectorsFolder();
const MESSAGES_COUNT = 10_000;
/** Key, nonce, and two parts of up to 255 bytes with their lengths. */
const DRAW_MAX_BYTES = 32 + 24 + 2 * 256;

const text = (ascii: string): Uint8Array => new TextEncoder().encode(ascii);
const examples = [
  {
    key: hex('01'.repeat(32)),
    aad: text(''),
    derived: 'c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b',
    sealed: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271',
  },
  {
    key: hex('03'.repeat(32)),
    aad: text('c2sp.org/XAES-256-GCM'),
    derived: 'e9c621d4cdd9b11b00a6427ad7e559aeedd66b3857646677748f8ca796cb3fd8',
    sealed: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
  },
];
const NONCE = text('ABCDEFGHIJKLMNOPQRSTUVWX');

const withXaes = implementations.flatMap(({ name, aead: { xaesSeal, xaesOpen }, quick }) =>
  xaesSeal && xaesOpen ? [{ name, xaesSeal, xaesOpen, quick }] : [],
);

test('every implementation has XAES-256-GCM', () => {
  expect(withXaes.length).toBe(implementations.length);
});

describe.each(withXaes)('XAES-256-GCM by $name', ({ name, xaesSeal, xaesOpen }) => {
  test.each(examples)('computes the published example with $sealed', ({ key, aad, sealed }) => {
    expect(toHex(xaesSeal(key, NONCE, aad, text('XAES-256-GCM')))).toBe(sealed);
    expect(toHex(xaesOpen(key, NONCE, aad, hex(sealed)))).toBe(toHex(text('XAES-256-GCM')));
  });

  test('the examples are those of the specification', (context) => {
    if (folder === undefined) return context.skip('no test vectors');
    const { vectors } = JSON.parse(readVectors(folder, 'crypto/c2sp/xaes_256_gcm.json'));
    expect(vectors.length).toBe(2);
    for (const vector of vectors) {
      const sealed = xaesSeal(
        hex(vector.K),
        text(vector.N_ascii),
        text(vector.aad_ascii),
        text(vector.plaintext_ascii),
      );
      expect(toHex(sealed)).toBe(vector.ct);
    }
    console.log(`${name}: xaes_256_gcm.json: ${vectors.length} examples`);
  });
});

test.each(examples)('the reference derives the published key $derived', ({ key, derived }) => {
  expect(toHex(deriveXaes(key, NONCE).key)).toBe(derived);
  expect(toHex(deriveXaes(key, NONCE).iv)).toBe(toHex(text('MNOPQRSTUVWX')));
});

describe.each(withXaes.filter(({ quick }) => quick))(
  '10,000 random messages by $name',
  ({ name, xaesSeal, xaesOpen }) => {
    test('hash to the published sum', () => {
      const stream = createHash('shake128', { outputLength: MESSAGES_COUNT * DRAW_MAX_BYTES }).digest();
      let at = 0;
      const draw = (lengthBytes: number): Buffer => {
        at += lengthBytes;
        return stream.subarray(at - lengthBytes, at);
      };
      const sum = createHash('shake128', { outputLength: 32 });
      for (let message = 0; message < MESSAGES_COUNT; message++) {
        const key = draw(32);
        const nonce = draw(24);
        const plaintext = draw(draw(1)[0] ?? 0);
        const aad = draw(draw(1)[0] ?? 0);
        const sealed = xaesSeal(key, nonce, aad, plaintext);
        sum.update(sealed);
        if (message % 10 === 0) expect(toHex(xaesOpen(key, nonce, aad, sealed))).toBe(toHex(plaintext));
      }
      expect(sum.digest('hex')).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939');
      console.log(`${name}: accumulated over ${MESSAGES_COUNT} messages`);
    });
  },
);
