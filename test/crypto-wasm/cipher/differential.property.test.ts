/**
 * Both builds of the kernel against node:crypto (where it lacks a cipher, against the reference): random bytes,
 * lengths around every block, lane and group edge, every alignment in memory. The seed is printed; give it back in
 * `HOTCELL_SEED` to run the same cases.
 */

import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CipherKernel } from '../../../crypto-wasm/cipher/cipher.ts';
import { referenceCipher } from '../../../crypto-wasm/cipher/reference.ts';
import { nodeCipher, plainKernel, relaxedKernel } from './implementations.ts';

const CASES_COUNT = 20_000;
const XCHACHA_CASES_COUNT = 300;
const SEED_MAX = 2 ** 32;

const seed = process.env.HOTCELL_SEED === undefined ? randomInt(SEED_MAX) : Number(process.env.HOTCELL_SEED);

/** Block of AES and Poly1305, of ChaCha20, of the AES stream (8 blocks, less the tag's), of lanes and of both streams. */
const EDGES_BYTES = [0, 16, 32, 64, 112, 128, 192, 240, 256, 448, 512, 768, 1_024, 4_096];
/** Just above the size from which GHASH builds its table, and around whole groups of sixteen blocks. */
const GROUP_EDGES_BYTES = [976, 992, 1_008, 1_264, 1_280, 2_032, 2_288];

/** Mulberry32: small, seedable, and quite random enough for lengths and bytes. */
function createRandom(state: number): (below: number) => number {
  let current = state;
  return (below) => {
    current = (current + 0x6d2b79f5) | 0;
    let word = Math.imul(current ^ (current >>> 15), 1 | current);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) % below;
  };
}

/** Arguments of one call, made without regard to which cipher runs. */
function* drawCases(count: number, random: (below: number) => number) {
  const bytes = (lengthBytes: number): Uint8Array =>
    Uint8Array.from({ length: lengthBytes }, () => random(256));
  // Copied from here at any offset: making every byte of every message anew would take most of the time.
  const pool = bytes(16_384);
  const take = (lengthBytes: number): Uint8Array => {
    const from = random(pool.length - lengthBytes);
    return pool.slice(from, from + lengthBytes);
  };
  const edges = [...EDGES_BYTES, ...GROUP_EDGES_BYTES];
  const length = (most: number): number => {
    const edge = edges[random(edges.length)] ?? 0;
    const near = Math.max(0, edge + random(5) - 2);
    return random(3) === 0 ? random(most) : Math.min(near, most);
  };
  for (let index = 0; index < count; index++) {
    const aad = random(4) === 0 ? take(0) : take(length(300));
    yield { index, key: bytes(32), ivBytes: 1 + random(128), take, aad, text: take(length(4_200)), random };
  }
}

type Drawn = ReturnType<typeof drawCases> extends Generator<infer Item> ? Item : never;

/** Seals and opens in the module's own memory, at any alignment of every argument, in place or not. */
function createResident(kernel: CipherKernel) {
  const { exports } = kernel;
  const context = kernel.reserve(Math.max(exports.gcmBytes(), exports.chachaBytes()));
  const area = kernel.reserve(32_768);
  return ({ key, aad, text, random }: Drawn, nonce: Uint8Array, cipher: 'gcm' | 'chacha') => {
    const bytes = new Uint8Array(exports.memory.buffer);
    let free = area;
    const place = (content: Uint8Array): number => {
      const address = Math.ceil(free / 16) * 16 + random(16);
      bytes.set(content, address);
      free = address + content.length;
      return address;
    };
    const keyAt = place(key);
    const nonceAt = place(nonce);
    const aadAt = place(aad);
    const source = place(text);
    const target = random(2) === 0 ? source : place(new Uint8Array(text.length).fill(0xa5));
    const tag = place(new Uint8Array(16));
    const guard = place(Uint8Array.of(0x5a));
    const rest = [nonceAt, nonce.length, aadAt, aad.length] as const;
    if (cipher === 'gcm') {
      exports.takeGcmKey(context, keyAt, key.length);
      exports.sealGcm(context, ...rest, source, target, text.length, tag);
    } else {
      exports.sealChaCha(context, keyAt, ...rest, source, target, text.length, tag);
    }
    const sealed = Buffer.concat([bytes.slice(target, target + text.length), bytes.slice(tag, tag + 16)]);
    const genuine =
      cipher === 'gcm'
        ? exports.openGcm(context, ...rest, target, target, text.length, tag)
        : exports.openChaCha(context, keyAt, ...rest, target, target, text.length, tag);
    return { sealed, genuine, opened: bytes.slice(target, target + text.length), guard: bytes[guard] };
  };
}

describe.each([
  ['relaxed kernel', relaxedKernel],
  ['plain kernel', plainKernel],
] as const)('the %s', (name, kernel) => {
  test(`seals what node:crypto seals, and opens it again: ${CASES_COUNT} cases`, () => {
    console.log(`${name}: ${CASES_COUNT} cases, HOTCELL_SEED=${seed}`);
    const run = createResident(kernel);
    let gcm = 0;
    for (const drawn of drawCases(CASES_COUNT, createRandom(seed))) {
      const { index, aad, text, take, ivBytes } = drawn;
      const isGcm = index % 2 === 0;
      // Keys of AES have three lengths in turn.
      const key = isGcm ? drawn.key.subarray(0, 16 + 8 * ((index / 2) % 3)) : drawn.key;
      // Every fourth IV of GCM has another length than 12.
      const nonce = take(isGcm && index % 8 === 0 ? ivBytes : 12);
      const { sealed, genuine, opened, guard } = run({ ...drawn, key }, nonce, isGcm ? 'gcm' : 'chacha');
      const expected = (isGcm ? nodeCipher.aesGcmSeal : nodeCipher.chachaSeal)(key, nonce, aad, text);
      const where = `case ${index} of HOTCELL_SEED=${seed}: ${text.length} bytes, ${aad.length} additional`;
      if (!sealed.equals(expected))
        expect(sealed.toString('hex'), where).toBe(Buffer.from(expected).toString('hex'));
      if (genuine !== 1 || guard !== 0x5a || Buffer.compare(opened, text) !== 0) {
        expect({ genuine, guard, opened }, where).toEqual({ genuine: 1, guard: 0x5a, opened: text });
      }
      if (isGcm) gcm++;
    }
    expect(gcm).toBe(CASES_COUNT / 2);
  });

  test(`seals with XChaCha20 what the reference seals: ${XCHACHA_CASES_COUNT} cases`, () => {
    for (const { index, key, aad, text, take } of drawCases(XCHACHA_CASES_COUNT, createRandom(seed + 1))) {
      const nonce = take(24);
      const short = text.subarray(0, 700);
      const sealed = kernel.xchachaSeal(key, nonce, aad, short);
      const where = `case ${index} of HOTCELL_SEED=${seed}`;
      expect(Buffer.compare(sealed, referenceCipher.xchachaSeal(key, nonce, aad, short)), where).toBe(0);
      expect(kernel.xchachaOpen(key, nonce, aad, sealed), where).toEqual(short);
    }
  });

  test('long messages cross from one window of counters to the next, at any place', () => {
    const random = createRandom(seed + 3);
    const pool = new Uint8Array(80_000);
    for (const index of pool.keys()) pool[index] = random(256);
    const none = new Uint8Array(0);
    for (const ivBytes of [12, 8, 16]) {
      // A window is 256 blocks, a step 8 of them: lengths that end in, at and behind both edges.
      for (const blocks of [246, 247, 248, 254, 255, 256, 257, 263, 503, 511, 512, 520, 4_300]) {
        const key = new Uint8Array(16 + 8 * (blocks % 3)).fill(seed & 0xff);
        const iv = pool.subarray(blocks, blocks + ivBytes);
        const text = pool.subarray(7, 7 + 16 * blocks - random(16));
        const sealed = kernel.aesGcmSeal(key, iv, none, text);
        const where = `${blocks} blocks, IV of ${ivBytes}, HOTCELL_SEED=${seed}`;
        expect(Buffer.compare(sealed, nodeCipher.aesGcmSeal(key, iv, none, text)), where).toBe(0);
        expect(Buffer.compare(kernel.aesGcmOpen(key, iv, none, sealed) ?? none, text), where).toBe(0);
      }
    }
  });

  test('one context serves messages of every length in any order', () => {
    // Powers and table are made when a message first needs them: each order of lengths meets them in another state.
    const random = createRandom(seed + 2);
    const { exports } = kernel;
    const context = kernel.reserve(exports.gcmBytes());
    const area = kernel.reserve(16_384);
    for (let key = 0; key < 40; key++) {
      const keyBytes = Uint8Array.from({ length: 16 + 8 * (key % 3) }, () => random(256));
      const iv = Uint8Array.from({ length: 12 }, () => random(256));
      const bytes = new Uint8Array(exports.memory.buffer);
      bytes.set(keyBytes, area);
      bytes.set(iv, area + 32);
      exports.takeGcmKey(context, area, keyBytes.length);
      for (let message = 0; message < 12; message++) {
        const text = new Uint8Array(random(2) === 0 ? random(300) : random(8_000)).fill(message);
        bytes.set(text, area + 64);
        const tag = area + 64 + text.length;
        exports.sealGcm(context, area + 32, 12, 0, 0, area + 64, area + 64, text.length, tag);
        const expected = nodeCipher.aesGcmSeal(keyBytes, iv, new Uint8Array(0), text);
        expect(Buffer.compare(bytes.subarray(area + 64, tag + 16), expected)).toBe(0);
      }
    }
  });
});
