/**
 * What is not genuine is refused, whole: no byte of plaintext comes out, none is written into the module's memory, and
 * no secret stays there after a call.
 */

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../../crypto-wasm/build.ts';
import type { Aead, Open, Seal } from '../../../crypto-wasm/cipher/aead.ts';
import { createCipherKernel } from '../../../crypto-wasm/cipher/cipher.ts';
import { implementations, openKernel, plainKernel, relaxedKernel } from './implementations.ts';

const AES_GCM = 'AES-GCM';
const suites = (aead: Partial<Aead>): [string, number, Seal, Open][] => {
  const list: [string, number, Seal | undefined, Open | undefined][] = [
    [AES_GCM, 12, aead.aesGcmSeal, aead.aesGcmOpen],
    ['ChaCha20-Poly1305', 12, aead.chachaSeal, aead.chachaOpen],
    ['XChaCha20-Poly1305', 24, aead.xchachaSeal, aead.xchachaOpen],
    ['XAES-256-GCM', 24, aead.xaesSeal, aead.xaesOpen],
  ];
  return list.flatMap(([name, nonceBytes, seal, open]) =>
    seal && open ? [[name, nonceBytes, seal, open]] : [],
  );
};

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

const cases = implementations.flatMap(({ name, aead }) =>
  suites(aead).map(([cipher, nonceBytes, seal, open]) => ({ name, cipher, nonceBytes, seal, open })),
);

describe.each(cases)('$cipher by $name', ({ cipher, nonceBytes, seal, open }) => {
  const key = randomBytes(32);
  const nonce = randomBytes(nonceBytes);
  const aad = randomBytes(21);
  const text = randomBytes(37);
  const sealed = seal(key, nonce, aad, text);

  test('opens what was sealed', () => {
    expect(Buffer.from(open(key, nonce, aad, sealed) ?? [])).toEqual(text);
  });

  test('refuses every single flipped bit of the ciphertext and of the tag', () => {
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      expect(open(key, nonce, aad, flipped(sealed, bit)), `bit ${bit}`).toBeUndefined();
    }
  });

  test('refuses every single flipped bit of key, nonce and additional data', () => {
    for (let bit = 0; bit < 256; bit += 5)
      expect(open(flipped(key, bit), nonce, aad, sealed)).toBeUndefined();
    for (let bit = 0; bit < 8 * nonceBytes; bit++) {
      expect(open(key, flipped(nonce, bit), aad, sealed), `bit ${bit}`).toBeUndefined();
    }
    for (let bit = 0; bit < 8 * aad.length; bit++) {
      expect(open(key, nonce, flipped(aad, bit), sealed), `bit ${bit}`).toBeUndefined();
    }
  });

  test('refuses a message cut at any byte, or with one more', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(open(key, nonce, aad, sealed.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
    expect(open(key, nonce, aad, Buffer.concat([sealed, Uint8Array.of(0)]))).toBeUndefined();
  });

  test('does not take bytes from one part for those of another', () => {
    const moved = seal(key, nonce, aad.subarray(0, 20), text);
    expect(open(key, nonce, aad, moved)).toBeUndefined();
    expect(open(key, nonce, Buffer.concat([aad, new Uint8Array(11)]), sealed)).toBeUndefined();
  });

  test('throws RangeError for a key or nonce of a wrong length', () => {
    const others = cipher === AES_GCM ? [15, 17, 23, 25] : [16, 24];
    for (const length of [0, ...others, 31, 33]) {
      expect(() => seal(randomBytes(length), nonce, aad, text)).toThrow(RangeError);
      expect(() => open(randomBytes(length), nonce, aad, sealed)).toThrow(RangeError);
    }
    expect(() => seal(key, new Uint8Array(0), aad, text)).toThrow(RangeError);
    expect(() => open(key, new Uint8Array(0), aad, sealed)).toThrow(RangeError);
  });
});

describe.each([
  ['relaxed kernel', relaxedKernel, RELAXED_FEATURES],
  ['plain kernel', plainKernel, PLAIN_FEATURES],
] as const)('the memory of the %s', (_name, shared, features) => {
  test('gets no plaintext of a message whose tag is wrong', () => {
    const { exports } = shared;
    const context = shared.reserve(Math.max(exports.gcmBytes(), exports.chachaBytes()));
    const at = shared.reserve(2_048);
    const [key, nonce, tag, source, target] = [at, at + 32, at + 48, at + 64, at + 1_024] as const;
    for (const open of [
      (length: number) => exports.openGcm(context, nonce, 12, 0, 0, source, target, length, tag),
      (length: number) => exports.openChaCha(context, key, nonce, 12, 0, 0, source, target, length, tag),
    ]) {
      for (const length of [1, 16, 100, 800]) {
        const bytes = new Uint8Array(exports.memory.buffer);
        bytes.set(randomBytes(64 + 800), at);
        bytes.fill(0xa5, target, target + 900);
        exports.takeGcmKey(context, key, 32);
        expect(open(length)).toBe(0);
        expect(bytes.subarray(target, target + 900).every((byte) => byte === 0xa5)).toBe(true);
      }
    }
  });

  test('keeps nothing of a call: not the key, not the text, not what was derived', async () => {
    const kernel = await openKernel(features);
    const { memory } = kernel.exports;
    const before = new Uint8Array(memory.buffer).slice();
    for (const [, nonceBytes, seal, open] of suites(kernel)) {
      const [key, nonce, text] = [randomBytes(32), randomBytes(nonceBytes), randomBytes(3_000)];
      const sealed = seal(key, nonce, text, text);
      expect(open(key, nonce, text, sealed)).toBeDefined();
      expect(open(key, nonce, text, flipped(sealed, 9))).toBeUndefined();
    }
    expect(memory.buffer.byteLength).toBe(before.length);
    expect(Buffer.compare(new Uint8Array(memory.buffer), before)).toBe(0);
  });

  test('is left clean by a context that was used and wiped', () => {
    const { exports } = shared;
    const context = shared.reserve(exports.gcmBytes());
    const at = shared.reserve(4_096);
    const bytes = new Uint8Array(exports.memory.buffer);
    bytes.set(randomBytes(32), at);
    exports.takeGcmKey(context, at, 32);
    exports.sealGcm(context, at, 12, 0, 0, at, at, 3_000, at + 3_000);
    expect(bytes.subarray(context, context + exports.gcmBytes()).some((byte) => byte !== 0)).toBe(true);
    exports.wipe(context, exports.gcmBytes());
    expect(bytes.subarray(context, context + exports.gcmBytes()).every((byte) => byte === 0)).toBe(true);
  });
});

test('a call over its limit is refused before anything is copied', async () => {
  const bytes = (await buildKernel('cipher', PLAIN_FEATURES)) as Uint8Array<ArrayBuffer>;
  const kernel = createCipherKernel(new WebAssembly.Module(bytes), { callMaxBytes: 1_000 });
  const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
  expect(kernel.aesGcmSeal(key, nonce, none, new Uint8Array(988)).length).toBe(1_004);
  expect(() => kernel.aesGcmSeal(key, nonce, none, new Uint8Array(989))).toThrow(RangeError);
  expect(() => kernel.chachaOpen(key, nonce, new Uint8Array(900), new Uint8Array(100))).toThrow(
    /at most 1000/,
  );
});

test('a module that is not a build of the kernel is not taken for one', () => {
  const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  expect(() => createCipherKernel(empty)).toThrow(TypeError);
});

test('tags are equal only when every bit is', () => {
  for (const { exports, reserve } of [relaxedKernel, plainKernel]) {
    const a = reserve(32);
    const bytes = new Uint8Array(exports.memory.buffer);
    const tag = randomBytes(16);
    bytes.set(tag, a);
    bytes.set(tag, a + 16);
    expect(exports.equalTags(a, a + 16)).toBe(1);
    for (let bit = 0; bit < 128; bit++) {
      bytes.set(flipped(tag, bit), a + 16);
      expect(exports.equalTags(a, a + 16), `bit ${bit}`).toBe(0);
    }
  }
});
