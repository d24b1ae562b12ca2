/**
 * The kernel's memory: any alignment of its arguments, and nothing secret left behind.
 */

import { describe, expect, test } from 'vitest';
import type { HasherSpec } from '../../../crypto-wasm/hash/face.ts';
import { createHashKernel, createHashKernelOver } from '../../../crypto-wasm/hash/hash.ts';
import { HASHERS_MAX_COUNT, instantiateHash } from '../../../crypto-wasm/hash/instance.ts';
import { patterned, toHex } from '../bytes.ts';
import { createRandom } from '../random.ts';
import { kernelModules, node, reference } from './implementations.ts';

/** Any eight bytes of a secret found in memory are a finding. */
const WINDOW_BYTES = 8;

describe.each(await kernelModules())('$name', ({ module }) => {
  test('input, output and context may lie at any alignment', () => {
    const { exports, context, input, output } = instantiateHash(module);
    const memory = new Uint8Array(exports.memory.buffer);
    const message = patterned(5_200);
    const read = (at: number, count: number): string => toHex(memory.slice(at, at + count));
    for (let shift = 0; shift < 16; shift++) {
      memory.set(message, input + shift);
      const [from, at, out] = [input + shift, context + ((shift * 5) % 16), output + ((shift * 3) % 16)];
      for (const bytes of [1, 63, 64, 65, 127, 129, 1_024, 1_025, 2_049, 4_096, 5_200]) {
        const part = message.subarray(0, bytes);
        exports.blake3InitKeyed(at, from);
        exports.blake3Update(at, from, bytes);
        exports.blake3Output(at, 5n, out, 77);
        expect(read(out, 77), `blake3 ${shift} ${bytes}`).toBe(
          expected(`blake3 ${bytes}`, () =>
            reference.face.blake3Keyed(message.subarray(0, 32), part, 82).slice(5),
          ),
        );
        for (const bits of [256, 512] as const) {
          const hash = `sha${bits}` as const;
          exports.hmacInit(at, bits, from, bytes);
          exports.hmacUpdate(at, from, bytes);
          exports.hmacFinish(at, out);
          const tag = expected(`hmac ${hash} ${bytes}`, () => node.face.hmac(hash, part, part));
          expect(read(out, bits / 8), `hmac ${shift} ${bytes}`).toBe(tag);
          exports.hkdfExtract(bits, from, bytes, from, bytes, out);
          expect(read(out, bits / 8)).toBe(tag);
          exports.hkdfExpand(bits, from, bytes, from, 30, out, 99);
          expect(read(out, 99)).toBe(
            expected(`hkdf ${hash} ${bytes}`, () =>
              node.face.hkdfExpand(hash, part, message.subarray(0, 30), 99),
            ),
          );
        }
      }
      memory.fill(0, input, input + 5_300);
    }
  });

  test('hkdfExpand refuses more than 255 digests and writes nothing', () => {
    const { exports, context, input, output } = instantiateHash(module);
    expect(exports.hkdfExpand(256, context, 32, input, 0, output, 8_161)).toBe(0);
    expect(new Uint8Array(exports.memory.buffer, output, 8_161).every((byte) => byte === 0)).toBe(true);
    expect(exports.hkdfExpand(256, context, 32, input, 0, output, 8_160)).toBe(1);
  });

  test('nothing of keys, messages, digests or inner states is left when a call returns', () => {
    const place = instantiateHash(module);
    const kernel = createHashKernelOver(place);
    const random = createRandom(7);
    const snapshot = (): Uint8Array => new Uint8Array(place.exports.memory.buffer).slice();
    const untouched = toHex(snapshot());
    const calls: readonly (() => Uint8Array)[] = [
      () => kernel.sha256(random.bytes(200)),
      () => kernel.sha512(random.bytes(200)),
      () => kernel.hmac('sha256', random.bytes(32), random.bytes(500)),
      () => kernel.hmac('sha512', random.bytes(300), random.bytes(500)),
      () => kernel.hkdf('sha256', random.bytes(32), random.bytes(16), random.bytes(20), 100),
      () => kernel.hkdfExpand('sha512', random.bytes(3_000), random.bytes(20), 100),
      () => kernel.blake3(random.bytes(100_000), 70_000),
      () => kernel.blake3Keyed(random.bytes(32), random.bytes(10_000), 300),
      () => kernel.blake3DeriveKey('hotcell tests, wiping', random.bytes(3_000), 64),
    ];
    for (const call of calls) {
      call();
      expect(toHex(snapshot()) === untouched, call.toString()).toBe(true);
    }
  });

  test('a hasher holds its secret until it is closed, and not after', () => {
    const place = instantiateHash(module);
    const kernel = createHashKernelOver(place);
    const random = createRandom(8);
    const key = random.bytes(32);
    const memory = (): Buffer => Buffer.from(place.exports.memory.buffer);
    const specs: readonly HasherSpec[] = [
      { kind: 'hmac', hash: 'sha256', key },
      { kind: 'hmac', hash: 'sha512', key },
      { kind: 'blake3-keyed', key },
    ];
    // Makes the slot, which grows the memory.
    kernel.createHasher({ kind: 'sha256' }).close();
    const untouched = toHex(new Uint8Array(place.exports.memory.buffer));
    for (const spec of specs) {
      const hasher = kernel.createHasher(spec);
      hasher.update(random.bytes(5_000));
      const digest = hasher.digest();
      expect(memory().includes(digest.subarray(0, WINDOW_BYTES))).toBe(false);
      if (spec.kind === 'blake3-keyed') expect(memory().includes(key.subarray(0, WINDOW_BYTES))).toBe(true);
      expect(toHex(new Uint8Array(place.exports.memory.buffer)) === untouched).toBe(false);
      hasher.close();
      expect(toHex(new Uint8Array(place.exports.memory.buffer)) === untouched, spec.kind).toBe(true);
    }
  });

  test('a hasher that could not be made takes no slot, and there is an end to slots', () => {
    const kernel = createHashKernel(module);
    for (let i = 0; i < 10; i++) {
      expect(() => kernel.createHasher({ kind: 'blake3-keyed', key: patterned(31) })).toThrow(RangeError);
    }
    const hashers = Array.from({ length: HASHERS_MAX_COUNT }, () => kernel.createHasher({ kind: 'blake3' }));
    expect(() => kernel.createHasher({ kind: 'blake3' })).toThrow(/are open/);
    for (const [i, hasher] of hashers.entries()) hasher.update(patterned(i));
    for (const [i, hasher] of hashers.entries()) {
      if (i % 97 === 0) expect(toHex(hasher.digest())).toBe(toHex(reference.face.blake3(patterned(i))));
      hasher.close();
    }
    kernel.createHasher({ kind: 'blake3' }).close();
  });
});

const known = new Map<string, string>();

/** The reference's answer in hex, computed once. */
function expected(name: string, compute: () => Uint8Array): string {
  const answer = known.get(name) ?? toHex(compute());
  known.set(name, answer);
  return answer;
}
