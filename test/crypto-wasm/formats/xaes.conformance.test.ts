/**
 * XAES-256-GCM's derivation against what C2SP publishes: both worked examples, and ten thousand random messages.
 */

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { nativePrimitives } from '../../../crypto-wasm/formats/native.ts';
import { createXaesKey } from '../../../crypto-wasm/formats/xaes.ts';
import { fromText, patterned, toHex } from '../bytes.ts';

/** XAES-256-GCM.md, 'Test Vectors': the second key makes the doubling carry. */
const EXAMPLES = [
  {
    key: '01',
    aad: '',
    derived: 'c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b',
    sealed: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271',
  },
  {
    key: '03',
    aad: 'c2sp.org/XAES-256-GCM',
    derived: 'e9c621d4cdd9b11b00a6427ad7e559aeedd66b3857646677748f8ca796cb3fd8',
    sealed: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
  },
];

function seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  const root = createXaesKey(nativePrimitives, key);
  const derived = root.derive(nonce);
  root.close();
  return nativePrimitives.aesGcmSeal(derived.key, derived.nonce, aad, plaintext);
}

test('the published examples come out', () => {
  for (const { key, aad, derived, sealed } of EXAMPLES) {
    const root = Buffer.from(key.repeat(32), 'hex');
    const nonce = fromText('ABCDEFGHIJKLMNOPQRSTUVWX');
    const keys = createXaesKey(nativePrimitives, root).derive(nonce);
    expect([toHex(keys.key), toHex(keys.nonce)]).toEqual([derived, '4d4e4f505152535455565758']);
    expect(toHex(seal(root, nonce, fromText('XAES-256-GCM'), fromText(aad)))).toBe(sealed);
  }
});

test('ten thousand messages add up to the published hash', () => {
  const stream = createHash('shake128', { outputLength: 10_000 * 568 }).digest();
  let at = 0;
  const take = (count: number): Uint8Array => {
    at += count;
    return stream.subarray(at - count, at);
  };
  const sum = createHash('shake128', { outputLength: 32 });
  for (let i = 0; i < 10_000; i++) {
    const [key, nonce] = [take(32), take(24)];
    const plaintext = take(take(1)[0] ?? 0);
    const aad = take(take(1)[0] ?? 0);
    sum.update(seal(key, nonce, plaintext, aad));
  }
  expect(sum.digest('hex')).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939');
});

test('keys and nonces of another length are programmer errors', () => {
  for (const bytes of [0, 16, 31, 33]) {
    expect(() => createXaesKey(nativePrimitives, patterned(bytes))).toThrow(RangeError);
  }
  const root = createXaesKey(nativePrimitives, patterned(32));
  for (const bytes of [0, 12, 23, 25]) expect(() => root.derive(patterned(bytes))).toThrow(RangeError);
});
