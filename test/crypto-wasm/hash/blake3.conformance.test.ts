/**
 * BLAKE3 in its three modes: one suite over the reference and both builds of the kernel.
 */

import { describe, expect, test } from 'vitest';
import type { HasherSpec } from '../../../crypto-wasm/hash/face.ts';
import { fromHex, fromText, patterned, toHex } from '../bytes.ts';
import { type Blake3Implementation, kernels, type Named, reference } from './implementations.ts';
import { hasVectors, readJson } from './vector-files.ts';

const KEY = fromText('whats the Elvish word for friend');
const CONTEXT = 'BLAKE3 2019-12-27 16:29:52 test vectors context';
const MODES: readonly HasherSpec[] = [
  { kind: 'blake3' },
  { kind: 'blake3-keyed', key: KEY },
  { kind: 'blake3-derive-key', context: CONTEXT },
];

interface Vectors {
  readonly key: string;
  readonly context_string: string;
  readonly cases: readonly {
    readonly input_len: number;
    readonly hash: string;
    readonly keyed_hash: string;
    readonly derive_key: string;
  }[];
}

/** Around every block, chunk, group of lanes, subtree and window of the door. */
const EDGES = [64, 128, 1_024, 2_048, 3_072, 4_096, 5_120, 8_192, 16_384, 65_536, 69_632, 131_072].flatMap(
  (edge) => [edge - 1, edge, edge + 1],
);

function blake3Conformance({ name, face, isSlow }: Named<Blake3Implementation>): void {
  const once = (spec: HasherSpec, message: Uint8Array, lengthBytes?: number): string => {
    if (spec.kind === 'blake3-keyed') return toHex(face.blake3Keyed(spec.key, message, lengthBytes));
    if (spec.kind === 'blake3-derive-key')
      return toHex(face.blake3DeriveKey(spec.context, message, lengthBytes));
    return toHex(face.blake3(message, lengthBytes));
  };

  describe(name, () => {
    test('gives the published digests of nothing and of a chunk and one byte, in all modes', () => {
      expect(once({ kind: 'blake3' }, patterned(0))).toBe(
        'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
      );
      expect(MODES.map((mode) => once(mode, patterned(1_025)))).toEqual([
        'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444',
        '357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69',
        'effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb',
      ]);
    });

    test.runIf(hasVectors() || console.warn('blake3: no vectors'))(
      'agrees with all published vectors',
      () => {
        const { cases, key, context_string } = readJson<Vectors>('blake3/test_vectors.json');
        expect([key, context_string]).toEqual([new TextDecoder().decode(KEY), CONTEXT]);
        for (const { input_len, hash, keyed_hash, derive_key } of cases) {
          const expected = [hash, keyed_hash, derive_key];
          const message = patterned(input_len);
          const bytes = hash.length / 2;
          expect(
            MODES.map((mode) => once(mode, message, bytes)),
            `${input_len} bytes`,
          ).toEqual(expected);
          expect(MODES.map((mode) => once(mode, message))).toEqual(
            expected.map((digest) => digest.slice(0, 64)),
          );
        }
        expect(cases).toHaveLength(35);
        console.log(`${name}: BLAKE3 ${cases.length} lengths in ${MODES.length} modes, extended output`);
      },
    );

    test('is right at every edge of block, chunk, lanes and subtree, ±1', () => {
      const lengths = [...Array(isSlow ? 10 : 140).keys(), ...EDGES];
      for (const length of lengths.filter((bytes) => !isSlow || bytes < 9_000)) {
        const message = patterned(length);
        expect(once({ kind: 'blake3' }, message), `${length} bytes`).toBe(expectedDigest(message));
      }
    });

    test('gives any part of its output, in any order', () => {
      for (const mode of MODES) {
        const hasher = face.createHasher(mode);
        hasher.update(patterned(2_500));
        const whole = hasher.digest(1_000);
        for (const offset of [0, 1, 31, 63, 64, 65, 127, 500, 999]) {
          for (const length of [0, 1, 63, 64, 65, 300]) {
            const part = hasher.digest(length, offset);
            expect(toHex(part.subarray(0, 1_000 - offset))).toBe(
              toHex(whole.subarray(offset, offset + length)),
            );
            expect(part).toHaveLength(length);
          }
        }
        // 2^32 blocks on: the counter's upper word counts too.
        const far = 2 ** 38;
        expect(toHex(hasher.digest(64, far - 32)).slice(64)).toBe(toHex(hasher.digest(32, far)));
        expect(toHex(hasher.digest(32, far))).not.toBe(toHex(hasher.digest(32, 0)));
        hasher.close();
      }
    });
  });
}

const known = new Map<number, string>();

function expectedDigest(message: Uint8Array): string {
  const digest = known.get(message.length) ?? toHex(reference.face.blake3(message));
  known.set(message.length, digest);
  return digest;
}

for (const implementation of [reference, ...(await kernels())]) blake3Conformance(implementation);

test('a keyed hash wants 32 bytes of key', async () => {
  for (const { face } of [reference, ...(await kernels())]) {
    for (const bytes of [0, 31, 33]) {
      expect(() => face.blake3Keyed(patterned(bytes), patterned(3))).toThrow(RangeError);
      expect(() => face.createHasher({ kind: 'blake3-keyed', key: patterned(bytes) })).toThrow(RangeError);
    }
    expect(() => face.blake3(fromHex(''), -1)).toThrow(RangeError);
    expect(() => face.blake3(fromHex(''), 0.5)).toThrow(RangeError);
    expect(() => face.blake3DeriveKey('x'.repeat(65_537), fromHex(''))).toThrow(RangeError);
  }
});
