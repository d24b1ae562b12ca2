/**
 * ChaCha20-Poly1305 and XChaCha20-Poly1305 against Wycheproof and the examples of their specifications, over every
 * implementation that has them; the counts are printed.
 */

import { describe, expect, test } from 'vitest';
import { vectorsFolder } from '../../vectors.ts';
import { implementations } from './implementations.ts';
import { hex, runWycheproof, toHex, wycheproofCases } from './published.ts';

const folder = vectorsFolder();

const SUNSCREEN = new TextEncoder().encode(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
);
const KEY = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
const AAD = hex('50515253c0c1c2c3c4c5c6c7');

describe.each(implementations)('ChaCha20-Poly1305 by $name', ({ name, aead }) => {
  test('agrees with every vector of Wycheproof, and refuses what they refuse', (context) => {
    if (folder === undefined) return context.skip('no test vectors');
    const cases = [...wycheproofCases(folder, 'chacha20_poly1305_test.json')];
    expect(cases.length).toBe(325);
    const counts = runWycheproof(aead.chachaSeal, aead.chachaOpen, cases);
    console.log(`${name}: chacha20_poly1305_test.json: ${cases.length}`, counts);
  });

  test('computes the example of RFC 8439, section 2.8.2', () => {
    const nonce = hex('070000004041424344454647');
    const sealed =
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6' +
      '3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
      '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
      '3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd060' +
      '0691';
    expect(toHex(aead.chachaSeal(KEY, nonce, AAD, SUNSCREEN))).toBe(sealed);
    expect(toHex(aead.chachaOpen(KEY, nonce, AAD, hex(sealed)))).toBe(toHex(SUNSCREEN));
  });
});

const withXchacha = implementations.flatMap(({ name, aead: { xchachaSeal, xchachaOpen } }) =>
  xchachaSeal && xchachaOpen ? [{ name, xchachaSeal, xchachaOpen }] : [],
);

test('only node:crypto lacks XChaCha20-Poly1305', () => {
  expect(withXchacha.map(({ name }) => name)).toEqual(['relaxed kernel', 'plain kernel', 'reference']);
});

describe.each(withXchacha)('XChaCha20-Poly1305 by $name', ({ name, xchachaSeal, xchachaOpen }) => {
  test('agrees with every vector of Wycheproof, and refuses what they refuse', (context) => {
    if (folder === undefined) return context.skip('no test vectors');
    const cases = [...wycheproofCases(folder, 'xchacha20_poly1305_test.json')];
    expect(cases.length).toBe(315);
    const counts = runWycheproof(xchachaSeal, xchachaOpen, cases);
    console.log(`${name}: xchacha20_poly1305_test.json: ${cases.length}`, counts);
  });

  test('computes the example of draft-irtf-cfrg-xchacha-03, appendix A.3.1', () => {
    const nonce = hex('404142434445464748494a4b4c4d4e4f5051525354555657');
    const sealed =
      'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb' +
      '731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452' +
      '2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9' +
      '21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780a' +
      'cf49';
    expect(toHex(xchachaSeal(KEY, nonce, AAD, SUNSCREEN))).toBe(sealed);
    expect(toHex(xchachaOpen(KEY, nonce, AAD, hex(sealed)))).toBe(toHex(SUNSCREEN));
  });
});
