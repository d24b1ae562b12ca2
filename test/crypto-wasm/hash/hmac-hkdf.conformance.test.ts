/**
 * HMAC and HKDF over SHA-256 and SHA-512: one suite over the reference, both builds of the kernel and node:crypto.
 */

import { describe, expect, test } from 'vitest';
import type { Sha2 } from '../../../crypto-wasm/hash/face.ts';
import { fromHex, fromText, patterned, toHex } from '../bytes.ts';
import { kernels, type Named, node, reference, type Sha2Implementation } from './implementations.ts';
import { hasVectors, readJson, readResponses, type Wycheproof } from './vector-files.ts';

const HASHES: readonly Sha2[] = ['sha256', 'sha512'];

/** RFC 4231 §4.2, §4.3. */
const RFC_4231 = [
  {
    key: '0b'.repeat(20),
    text: 'Hi There',
    sha256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    sha512:
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
  },
  {
    key: toHex(fromText('Jefe')),
    text: 'what do ya want for nothing?',
    sha256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    sha512:
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  },
];

/** RFC 5869 A.1 to A.3. */
const RFC_5869 = [
  {
    ikm: '0b'.repeat(22),
    salt: '000102030405060708090a0b0c',
    info: 'f0f1f2f3f4f5f6f7f8f9',
    okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    ikm: toHex(Uint8Array.from({ length: 80 }, (_, i) => i)),
    salt: toHex(Uint8Array.from({ length: 80 }, (_, i) => 0x60 + i)),
    info: toHex(Uint8Array.from({ length: 80 }, (_, i) => 0xb0 + i)),
    okm: 'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    ikm: '0b'.repeat(22),
    salt: '',
    info: '',
    okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
];

interface MacTest {
  readonly key: string;
  readonly msg: string;
  readonly tag: string;
}

interface HkdfTest {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
}

function hmacHkdfConformance({ name, face, isSlow }: Named<Sha2Implementation>): void {
  describe(name, () => {
    test('HMAC gives the tags of RFC 4231', () => {
      for (const { key, text, ...tags } of RFC_4231) {
        for (const hash of HASHES)
          expect(toHex(face.hmac(hash, fromHex(key), fromText(text)))).toBe(tags[hash]);
      }
    });

    test('HKDF gives the keys of RFC 5869', () => {
      for (const { ikm, salt, info, okm } of RFC_5869) {
        const key = face.hkdf('sha256', fromHex(ikm), fromHex(salt), fromHex(info), okm.length / 2);
        expect(toHex(key)).toBe(okm);
      }
    });

    test.each(HASHES)('HMAC with %s is right for keys and messages at every edge of a block, ±1', (hash) => {
      const lengths = [
        0,
        1,
        31,
        32,
        33,
        63,
        64,
        65,
        127,
        128,
        129,
        200,
        ...(isSlow ? [] : [65_537, 140_000]),
      ];
      for (const keyBytes of lengths) {
        for (const bytes of [0, 1, 55, 56, 64, 65, 111, 112, 128, 129]) {
          const [key, message] = [patterned(keyBytes), patterned(bytes)];
          expect(toHex(face.hmac(hash, key, message)), `${keyBytes} ${bytes}`).toBe(
            toHex(node.face.hmac(hash, key, message)),
          );
        }
      }
    });

    test.each(HASHES)('HKDF with %s is right for every length around a digest, and at its limit', (hash) => {
      const limit = hash === 'sha256' ? 8_160 : 16_320;
      for (const bytes of [
        0,
        1,
        31,
        32,
        33,
        63,
        64,
        65,
        127,
        128,
        129,
        ...(isSlow ? [] : [limit - 1, limit]),
      ]) {
        const args = [hash, patterned(40), patterned(16), patterned(90), bytes] as const;
        expect(toHex(face.hkdf(...args)), `${bytes}`).toBe(toHex(node.face.hkdf(...args)));
        const [, key, , info] = args;
        expect(toHex(face.hkdfExpand(hash, key, info, bytes))).toBe(
          toHex(node.face.hkdfExpand(hash, key, info, bytes)),
        );
      }
      for (const bytes of [limit + 1, -1, 1.5, Number.NaN]) {
        expect(() => face.hkdf(hash, patterned(32), patterned(0), patterned(0), bytes)).toThrow(RangeError);
        expect(() => face.hkdfExpand(hash, patterned(32), patterned(0), bytes)).toThrow(RangeError);
      }
    });

    test.runIf(hasVectors() || console.warn('hmac: no vectors'))('HMAC agrees with NIST CAVP', () => {
      const cases = readResponses('nist-cavp/HMAC.rsp.gz').filter(({ L }) => L === '32' || L === '64');
      for (const { L, Count, Key = '', Msg = '', Mac, Tlen } of cases) {
        const tag = face.hmac(L === '32' ? 'sha256' : 'sha512', fromHex(Key), fromHex(Msg));
        expect(toHex(tag.subarray(0, Number(Tlen))), `L ${L} count ${Count}`).toBe(Mac);
      }
      expect(cases.length).toBeGreaterThan(400);
      console.log(`${name}: HMAC CAVP ${cases.length}`);
    });

    test.runIf(hasVectors() || console.warn('hmac: no vectors'))('HMAC agrees with Wycheproof', () => {
      let count = 0;
      for (const hash of HASHES) {
        const file = readJson<Wycheproof<{ tagSize: number }, MacTest>>(`wycheproof/hmac_${hash}_test.json`);
        for (const { tagSize, tests } of file.testGroups) {
          for (const { tcId, key, msg, tag, result } of tests) {
            const computed = toHex(face.hmac(hash, fromHex(key), fromHex(msg)).subarray(0, tagSize / 8));
            expect(computed === tag, `${hash} ${tcId}`).toBe(result === 'valid');
            count++;
          }
        }
      }
      expect(count).toBe(348);
      console.log(`${name}: HMAC Wycheproof ${count}`);
    });

    test.runIf(hasVectors() || console.warn('hkdf: no vectors'))('HKDF agrees with Wycheproof', () => {
      let count = 0;
      for (const hash of HASHES) {
        const file = readJson<Wycheproof<object, HkdfTest>>(`wycheproof/hkdf_${hash}_test.json`);
        const tests = file.testGroups.flatMap((group) => group.tests);
        for (const { tcId, ikm, salt, info, size, okm, result } of tests) {
          if (isSlow && size > 1_000) continue;
          const derive = () => toHex(face.hkdf(hash, fromHex(ikm), fromHex(salt), fromHex(info), size));
          if (result === 'valid') expect(derive(), `${hash} ${tcId}`).toBe(okm);
          else expect(derive, `${hash} ${tcId}`).toThrow(RangeError);
          count++;
        }
      }
      if (isSlow) expect(count).toBeGreaterThan(140);
      else expect(count).toBe(169);
      console.log(`${name}: HKDF Wycheproof ${count} of 169`);
    });
  });
}

for (const implementation of [reference, ...(await kernels()), node]) hmacHkdfConformance(implementation);
