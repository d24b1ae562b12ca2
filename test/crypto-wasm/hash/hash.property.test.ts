/**
 * The kernel against node:crypto and the reference on random cases, and hashers against calls that end at once.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Hasher, HasherSpec, HashKernel, Sha2Face } from '../../../crypto-wasm/hash/face.ts';
import { fromText, patterned, toHex } from '../bytes.ts';
import { createRandom, type Random, seedFromEnvironment } from '../random.ts';
import { kernels, node, reference } from './implementations.ts';

const RANDOM_CASES = 20_000;
const RANDOM_BLAKE3_CASES = 1_500;
/** Lengths are drawn around these: ends of blocks, paddings, lanes, chunks. */
const EDGES = [0, 32, 55, 64, 111, 119, 128, 192, 256, 512, 1_024, 2_048, 4_096];

const seed = seedFromEnvironment();

function lengthNearEdge(random: Random): number {
  return Math.max(0, random.oneOf(EDGES) + random.below(9) - 4);
}

type Case = (face: Sha2Face) => Uint8Array;

function randomCase(random: Random): readonly [string, Case] {
  const hash = random.oneOf(['sha256', 'sha512'] as const);
  const message = random.bytes(lengthNearEdge(random));
  const key = random.bytes(random.below(300));
  const info = random.bytes(random.below(200));
  const size = random.below(300);
  return random.oneOf([
    [`${hash} of ${message.length}`, (face) => face[hash](message)],
    [`hmac ${hash} of ${key.length}, ${message.length}`, (face) => face.hmac(hash, key, message)],
    [`hkdf ${hash} to ${size}`, (face) => face.hkdf(hash, message, key, info, size)],
    [`hkdfExpand ${hash} to ${size}`, (face) => face.hkdfExpand(hash, key, info, size)],
  ] as const satisfies readonly (readonly [string, Case])[]);
}

test(`the kernel agrees with node:crypto in ${RANDOM_CASES} random cases`, async () => {
  const all = await kernels();
  const random = createRandom(seed);
  console.log(`hash: ${RANDOM_CASES} random cases against node:crypto, HOTCELL_SEED=${seed}`);
  for (let i = 0; i < RANDOM_CASES; i++) {
    const [text, run] = randomCase(random);
    const { name, face } = random.oneOf(all);
    const [actual, expected] = [run(face), run(node.face)];
    if (Buffer.compare(actual, expected) !== 0) {
      expect(toHex(actual), `seed ${seed}, case ${i}, ${name}: ${text}`).toBe(toHex(expected));
    }
  }
});

test(`BLAKE3 of the kernel agrees with the reference in ${RANDOM_BLAKE3_CASES} random cases`, async () => {
  const all = await kernels();
  const random = createRandom(seed);
  console.log(
    `hash: ${RANDOM_BLAKE3_CASES} random cases of BLAKE3 against the reference, HOTCELL_SEED=${seed}`,
  );
  for (let i = 0; i < RANDOM_BLAKE3_CASES; i++) {
    const message = random.bytes(lengthNearEdge(random));
    const key = random.bytes(32);
    const size = random.below(200);
    const run = random.oneOf<(face: HashKernel) => Uint8Array>([
      (face) => face.blake3(message, size),
      (face) => face.blake3Keyed(key, message, size),
      (face) => face.blake3DeriveKey(`a context ${i}`, message, size),
    ]);
    const { name, face } = random.oneOf(all);
    expect(toHex(run(face)), `seed ${seed}, case ${i}, ${name}: ${message.length}`).toBe(
      toHex(run(reference.face)),
    );
  }
});

/** The name of a spec in a test's name. */
const named = (spec: HasherSpec): readonly [string, HasherSpec] => [
  'hash' in spec ? `${spec.kind} ${spec.hash}` : spec.kind,
  spec,
];

const SPECS: readonly HasherSpec[] = [
  { kind: 'sha256' },
  { kind: 'sha512' },
  { kind: 'hmac', hash: 'sha256', key: patterned(70) },
  { kind: 'hmac', hash: 'sha512', key: patterned(140) },
  { kind: 'blake3' },
  { kind: 'blake3-keyed', key: patterned(32) },
  { kind: 'blake3-derive-key', context: 'hotcell tests, pieces' },
];

function once(face: HashKernel, spec: HasherSpec, message: Uint8Array): Uint8Array {
  if (spec.kind === 'hmac') return face.hmac(spec.hash, spec.key, message);
  if (spec.kind === 'blake3-keyed') return face.blake3Keyed(spec.key, message);
  if (spec.kind === 'blake3-derive-key') return face.blake3DeriveKey(spec.context, message);
  return face[spec.kind](message);
}

const all = [reference, ...(await kernels())];

describe.each(all)('a hasher of the $name', ({ face, isSlow }) => {
  test.each(SPECS.map(named))('does not care how the message is cut: %s', (_name, spec) => {
    const messageMax = isSlow ? 1_500 : 200_000;
    const cuts = fc.record({
      length: fc.oneof(fc.nat(300), fc.nat(messageMax), fc.constantFrom(1_023, 1_024, 1_025)),
      pieces: fc.array(
        fc.oneof(fc.nat(3), fc.nat(70), fc.constantFrom(64, 128, 1_024, 4_096), fc.nat(70_000)),
        {
          maxLength: isSlow ? 6 : 20,
        },
      ),
    });
    fc.assert(
      fc.property(cuts, ({ length, pieces }) => {
        const message = patterned(length);
        const hasher = face.createHasher(spec);
        let at = 0;
        for (const piece of pieces) {
          hasher.update(message.subarray(at, at + piece));
          at = Math.min(length, at + piece);
        }
        hasher.update(message.subarray(at));
        const digest = toHex(hasher.digest());
        hasher.close();
        expect(digest).toBe(toHex(once(face, spec, message)));
      }),
      { numRuns: isSlow ? 10 : 60 },
    );
  });

  test('goes on after a digest, beside others', () => {
    const hashers = SPECS.map((spec): readonly [HasherSpec, Hasher] => [spec, face.createHasher(spec)]);
    const message = patterned(isSlow ? 1_200 : 9_000);
    const half = message.length >> 1;
    for (const [, hasher] of hashers) hasher.update(message.subarray(0, half));
    for (const [spec, hasher] of hashers) {
      expect(toHex(hasher.digest())).toBe(toHex(once(face, spec, message.subarray(0, half))));
    }
    for (const [, hasher] of hashers) hasher.update(message.subarray(half));
    for (const [spec, hasher] of hashers) {
      expect(toHex(hasher.digest())).toBe(toHex(once(face, spec, message)));
      expect(toHex(hasher.digest())).toBe(toHex(once(face, spec, message)));
      hasher.close();
    }
  });

  test('is of no use once it is closed, and may be closed twice', () => {
    const hasher = face.createHasher({ kind: 'sha256' });
    hasher.close();
    hasher.close();
    expect(() => hasher.update(fromText('x'))).toThrow(/closed/);
    expect(() => hasher.digest()).toThrow(/closed/);
  });

  test('gives part of its output only when it is BLAKE3', () => {
    for (const spec of SPECS.filter(({ kind }) => !kind.startsWith('blake3'))) {
      const hasher = face.createHasher(spec);
      expect(() => hasher.digest(16)).toThrow(RangeError);
      expect(() => hasher.digest(undefined, 1)).toThrow(RangeError);
      hasher.close();
    }
  });
});
