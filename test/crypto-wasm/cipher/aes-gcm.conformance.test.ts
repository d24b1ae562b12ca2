/**
 * AES-GCM with keys of 128, 192 and 256 bits against NIST CAVP and Wycheproof, over every implementation; the counts
 * are printed.
 */

import { describe, expect, test } from 'vitest';
import { AES_KEY_BYTES, type Open, type Seal, TAG_BYTES } from '../../../crypto-wasm/cipher/aead.ts';
import { vectorsFolder } from '../../vectors.ts';
import { implementations } from './implementations.ts';
import { cavpCases, hex, type PublishedCase, runWycheproof, toHex, wycheproofCases } from './published.ts';

const folder = vectorsFolder();
const CAVP_CASES_COUNT = 7_875;

/** Holds every case against what it says; gives how many were run, and as what. */
function runCavp(seal: Seal, open: Open, cases: Iterable<PublishedCase>): Record<string, number> {
  const counts = { sealed: 0, opened: 0, refused: 0, withTruncatedTag: 0 };
  for (const { id, key, nonce, aad, ciphertext, tag, plaintext, genuine } of cases) {
    // A truncated tag cannot be opened: the text is recovered by sealing the ciphertext, and sealed again.
    const text = plaintext ?? seal(key, nonce, aad, ciphertext).subarray(0, -TAG_BYTES);
    const sealed = seal(key, nonce, aad, text);
    expect(toHex(sealed.subarray(0, -TAG_BYTES)), id).toBe(toHex(ciphertext));
    expect(toHex(sealed.subarray(-TAG_BYTES).subarray(0, tag.length)) === toHex(tag), id).toBe(genuine);
    counts[genuine ? 'sealed' : 'refused']++;
    if (tag.length < TAG_BYTES) {
      counts.withTruncatedTag++;
      continue;
    }
    const opened = open(key, nonce, aad, Buffer.concat([ciphertext, tag]));
    expect(toHex(opened), id).toBe(toHex(plaintext));
    if (genuine) counts.opened++;
  }
  return counts;
}

const CAVP_FILES = [128, 192, 256].flatMap((bits) => [
  `gcmEncryptExtIV${bits}.rsp.gz`,
  `gcmDecrypt${bits}.rsp.gz`,
]);

describe.each(implementations)('AES-GCM by $name', ({ name, aead, ivMaxBytes }) => {
  test.for(CAVP_FILES)('agrees with every vector of NIST CAVP %s', (file, context) => {
    if (folder === undefined) return context.skip('no test vectors');
    const cases = [...cavpCases(folder, file)];
    expect(cases.length).toBe(CAVP_CASES_COUNT);
    console.log(`${name}: ${file}: ${cases.length}`, runCavp(aead.aesGcmSeal, aead.aesGcmOpen, cases));
  });

  test('agrees with every vector of Wycheproof, and refuses what they refuse', (context) => {
    if (folder === undefined) return context.skip('no test vectors');
    const all = [...wycheproofCases(folder, 'aes_gcm_test.json')];
    expect(all.length).toBe(316);
    expect(all.every(({ key }) => AES_KEY_BYTES.includes(key.length))).toBe(true);
    const cases = all.filter(({ nonce }) => nonce.length <= ivMaxBytes);
    const counts = runWycheproof(aead.aesGcmSeal, aead.aesGcmOpen, cases);
    console.log(`${name}: aes_gcm_test.json: ${cases.length} of ${all.length}`, counts);
  });

  // NIST, "The Galois/Counter Mode of Operation (GCM)", appendix B.
  const key = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308';
  const text =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
  const aad = 'feedfacedeadbeeffeedfacedeadbeefabaddad2';
  const longIv =
    '9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728' +
    'c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b';
  const zeros = (count: number): string => '00'.repeat(count);
  test.each([
    ['13: nothing', zeros(32), zeros(12), '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
    [
      '14: one block',
      zeros(32),
      zeros(12),
      '',
      zeros(16),
      'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
    ],
    [
      '16: additional data and an odd length',
      key,
      'cafebabefacedbaddecaf888',
      aad,
      text,
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
        '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
        '76fc6ece0f4e1768cddf8853bb2d551b',
    ],
    [
      '17: an IV of 8 bytes',
      key,
      'cafebabefacedbad',
      aad,
      text,
      'c3762df1ca787d32ae47c13bf19844cbaf1ae14d0b976afac52ff7d79bba9de0' +
        'feb582d33934a4f0954cc2363bc73f7862ac430e64abe499f47c9b1f' +
        '3a337dbf46a792c45e454913fe2ea8f2',
    ],
    [
      '18: an IV of 60 bytes',
      key,
      longIv,
      aad,
      text,
      '5a8def2f0c9e53f1f75d7853659e2a20eeb2b22aafde6419a058ab4f6f746bf4' +
        '0fc0c3b780f244452da3ebf1c5d82cdea2418997200ef82e44ae7e3f' +
        'a44a8266ee1c8eb0c8b5d4cf5ae9f19a',
    ],
  ])('computes the published test case %s', (_name, keyHex, iv, aadHex, textHex, sealed) => {
    const args = [hex(keyHex), hex(iv), hex(aadHex)] as const;
    expect(toHex(aead.aesGcmSeal(...args, hex(textHex)))).toBe(sealed);
    expect(toHex(aead.aesGcmOpen(...args, hex(sealed)))).toBe(textHex);
  });
});
