/**
 * Streams open to what was sealed and to nothing else: cut, reordered, doubled, added to, flipped, of another key.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CHUNK_BYTES,
  CHUNKS_MAX_COUNT,
  SEALED_CHUNK_BYTES,
  STREAM_HEADER_BYTES,
} from '../../../crypto-wasm/formats/chunks.ts';
import { nativePrimitives } from '../../../crypto-wasm/formats/native.ts';
import {
  createChunkOpener,
  createStreamOpener,
  createStreamSealer,
  layoutOf,
  type StreamTransform,
} from '../../../crypto-wasm/formats/streams.ts';
import { fromHex, fromText, patterned, toHex } from '../bytes.ts';
import { codeOf, flipBit } from './tamper.ts';

const options = { primitives: nativePrimitives, key: patterned(32), context: fromText('backup 3') };

/** Runs a message through in pieces, each as long as asked for. */
function run(stream: StreamTransform, message: Uint8Array, pieces: readonly number[] = []): Uint8Array {
  const out: Uint8Array[] = [];
  let at = 0;
  for (const piece of pieces) {
    out.push(stream.update(message.subarray(at, at + piece)));
    at = Math.min(message.length, at + piece);
  }
  out.push(stream.update(message.subarray(at)), stream.finish());
  return Buffer.concat(out);
}

const seal = (message: Uint8Array, pieces?: readonly number[]) =>
  run(createStreamSealer(options), message, pieces);
const open = (sealed: Uint8Array, pieces?: readonly number[]) =>
  run(createStreamOpener(options), sealed, pieces);
const chunk = (sealed: Uint8Array, index: number): Uint8Array => {
  const startByte = STREAM_HEADER_BYTES + index * SEALED_CHUNK_BYTES;
  return sealed.subarray(startByte, startByte + SEALED_CHUNK_BYTES);
};
const header = (sealed: Uint8Array): Uint8Array => sealed.subarray(0, STREAM_HEADER_BYTES);

/** Key 00 … 1f, salt 40 … 57, context 'backup 3'. */
const GOLDEN =
  '404142434445464748494a4b4c4d4e4f505152535455565785d0c6ba207112832584da17747c932d7a89ebb50d5ff44962c051d3b0a307326aaa8e89609bc139bf97e083f2c8cb7e17db7b1dc90715952ae9ac4ea75837ba611f9812a8';

test('the bytes of Cobblestone-256 stay what they are', () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i);
  const salt = Uint8Array.from({ length: 24 }, (_, i) => 0x40 + i);
  const message = fromText('what must not be lost');
  expect(toHex(run(createStreamSealer({ ...options, key, salt }), message))).toBe(GOLDEN);
  expect(toHex(run(createStreamOpener({ ...options, key }), fromHex(GOLDEN)))).toBe(toHex(message));
});

test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 77])(
  'a message of %i bytes comes back, and its length is told by its layout',
  (bytes) => {
    const message = patterned(bytes);
    const sealed = seal(message);
    expect(Buffer.compare(open(sealed), message)).toBe(0);
    const layout = layoutOf(sealed.length);
    expect(layout.plaintextBytes).toBe(bytes);
    expect(layout.chunkCount).toBe(Math.floor(bytes / CHUNK_BYTES) + 1);
    expect(layout.chunkRange(layout.chunkCount - 1).endByte).toBe(sealed.length);
    expect(() => layout.chunkRange(layout.chunkCount)).toThrow(RangeError);
  },
);

test('it does not matter how either side is cut', () => {
  const pieces = fc.array(
    fc.oneof(fc.nat(60), fc.nat(40_000), fc.constantFrom(CHUNK_BYTES, SEALED_CHUNK_BYTES)),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(fc.nat(80_000), pieces, pieces, (bytes, sealing, opening) => {
      const message = patterned(bytes);
      expect(Buffer.compare(open(seal(message, sealing), opening), message)).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('bytes come one by one as well', () => {
  const message = patterned(150);
  const sealed = seal(message, Array(150).fill(1));
  expect(toHex(open(sealed, Array(sealed.length).fill(1)))).toBe(toHex(message));
});

describe('a stream that is not whole and untouched is refused', () => {
  const message = patterned(2 * CHUNK_BYTES + 100);
  const sealed = seal(message);

  test('cut off at any byte of a short one', () => {
    const short = seal(patterned(100));
    for (let bytes = 0; bytes < short.length; bytes++) {
      const code = codeOf(() => open(short.subarray(0, bytes)));
      const expected = bytes < STREAM_HEADER_BYTES + 16 ? 'FORMAT_TRUNCATED' : 'FORMAT_AUTHENTICATION';
      expect(code, `${bytes} bytes`).toBe(expected);
    }
  });

  test('cut off at, before and behind every edge of a chunk', () => {
    for (const index of [0, 1, 2]) {
      const edge = STREAM_HEADER_BYTES + index * SEALED_CHUNK_BYTES;
      for (let shift = -20; shift <= 20; shift++) {
        const code = codeOf(() => open(sealed.subarray(0, edge + shift)));
        expect(['FORMAT_TRUNCATED', 'FORMAT_AUTHENTICATION'], `chunk ${index} ${shift}`).toContain(code);
      }
      expect(codeOf(() => open(sealed.subarray(0, edge)))).toBe('FORMAT_TRUNCATED');
    }
  });

  test('with any bit flipped', () => {
    const short = seal(patterned(40));
    for (let bit = 0; bit < short.length * 8; bit++) {
      expect(
        codeOf(() => open(flipBit(short, bit))),
        `bit ${bit}`,
      ).toBe('FORMAT_AUTHENTICATION');
    }
    for (let bit = 0; bit < sealed.length * 8; bit += 4_099) {
      expect(
        codeOf(() => open(flipBit(sealed, bit))),
        `bit ${bit}`,
      ).toBe('FORMAT_AUTHENTICATION');
    }
  });

  test('with chunks in another order, doubled, left out, or of another stream', () => {
    const [c0, c1, c2] = [chunk(sealed, 0), chunk(sealed, 1), chunk(sealed, 2)];
    const other = seal(message);
    const wrong: readonly (readonly Uint8Array[])[] = [
      [c1, c0, c2],
      [c0, c0, c1, c2],
      [c0, c1, c1, c2],
      [c0, c2],
      [c1, c2],
      [c2],
      [c0, c2, c1],
      [chunk(other, 0), c1, c2],
      [c0, c1, chunk(other, 2)],
    ];
    for (const [i, chunks] of wrong.entries()) {
      const code = codeOf(() => open(Buffer.concat([header(sealed), ...chunks])));
      expect(code, `case ${i}`).toBe('FORMAT_AUTHENTICATION');
    }
    expect(codeOf(() => open(Buffer.concat([header(other), c0, c1, c2])))).toBe('FORMAT_AUTHENTICATION');
  });

  test('with something behind its end', () => {
    for (const more of [Uint8Array.of(0), patterned(16), chunk(sealed, 2), chunk(sealed, 0), sealed]) {
      expect(codeOf(() => open(Buffer.concat([sealed, more])))).toBe('FORMAT_AUTHENTICATION');
    }
  });

  test('under another key or context', () => {
    const others = [
      { ...options, key: patterned(33).subarray(1) },
      { ...options, context: fromText('backup 4') },
      { ...options, context: fromText('') },
    ];
    for (const other of others) {
      expect(codeOf(() => run(createStreamOpener(other), sealed))).toBe('FORMAT_AUTHENTICATION');
      expect(codeOf(() => createChunkOpener(other, header(sealed)))).toBe('FORMAT_AUTHENTICATION');
    }
  });

  test('and stays refused: the first error is the last word', () => {
    const opener = createStreamOpener(options);
    opener.update(sealed.subarray(0, STREAM_HEADER_BYTES + SEALED_CHUNK_BYTES));
    expect(codeOf(() => opener.update(flipBit(chunk(sealed, 1), 5)))).toBe('FORMAT_AUTHENTICATION');
    expect(codeOf(() => opener.update(chunk(sealed, 1)))).toBe('FORMAT_AUTHENTICATION');
    expect(codeOf(() => opener.finish())).toBe('FORMAT_AUTHENTICATION');
  });

  test('and no byte of a chunk is shown before the chunk is known to be right', () => {
    const opener = createStreamOpener(options);
    const first = STREAM_HEADER_BYTES + SEALED_CHUNK_BYTES;
    expect(opener.update(sealed.subarray(0, first - 1))).toHaveLength(0);
    expect(opener.update(sealed.subarray(first - 1, first))).toHaveLength(CHUNK_BYTES);
    expect(opener.update(sealed.subarray(first, first + 100))).toHaveLength(0);
    expect(codeOf(() => opener.finish())).toBe('FORMAT_AUTHENTICATION');
  });
});

describe('chunks open in any order', () => {
  const message = patterned(3 * CHUNK_BYTES + 5);
  const sealed = seal(message);

  test('each at its own index, and nowhere else', () => {
    const opener = createChunkOpener(options, header(sealed));
    const layout = layoutOf(sealed.length);
    for (const index of [3, 0, 2, 1]) {
      const { startByte, endByte } = layout.chunkRange(index);
      const plaintext = opener.open(index, sealed.subarray(startByte, endByte));
      const expected = message.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      expect(Buffer.compare(plaintext, expected)).toBe(0);
      for (const other of [index + 1, index + 256, index + 2 ** 32, CHUNKS_MAX_COUNT - 1]) {
        const attempt = () => opener.open(other, sealed.subarray(startByte, endByte));
        expect(codeOf(attempt), `${index} at ${other}`).toBe('FORMAT_AUTHENTICATION');
      }
    }
    opener.close();
  });

  test('and what is no chunk or no index is refused', () => {
    const opener = createChunkOpener(options, header(sealed));
    expect(codeOf(() => opener.open(0, patterned(15)))).toBe('FORMAT_TRUNCATED');
    expect(codeOf(() => opener.open(0, patterned(SEALED_CHUNK_BYTES + 1)))).toBe('FORMAT_MALFORMED');
    for (const index of [-1, 0.5, CHUNKS_MAX_COUNT]) {
      expect(codeOf(() => opener.open(index, chunk(sealed, 0)))).toBe('FORMAT_LIMIT');
    }
  });
});

test('lengths that no stream has are refused by the layout', () => {
  for (const bytes of [
    0,
    55,
    56,
    71,
    STREAM_HEADER_BYTES + SEALED_CHUNK_BYTES,
    56 + 15 + SEALED_CHUNK_BYTES,
  ]) {
    expect(
      codeOf(() => layoutOf(bytes)),
      `${bytes}`,
    ).toBe('FORMAT_TRUNCATED');
  }
  expect(layoutOf(72).plaintextBytes).toBe(0);
  expect(codeOf(() => layoutOf(STREAM_HEADER_BYTES + CHUNKS_MAX_COUNT * SEALED_CHUNK_BYTES + 16))).toBe(
    'FORMAT_LIMIT',
  );
});

test('keys, salts and headers of another length are programmer errors, found at once', () => {
  for (const bytes of [0, 16, 31, 33]) {
    const wrong = { ...options, key: patterned(bytes) };
    expect(() => createStreamSealer(wrong)).toThrow(RangeError);
    expect(() => createStreamOpener(wrong)).toThrow(RangeError);
  }
  expect(() => createStreamSealer({ ...options, salt: patterned(23) })).toThrow(RangeError);
  expect(() => createChunkOpener(options, patterned(55))).toThrow(RangeError);
});

test('a key that came in a Buffer is left alone', () => {
  const own = Buffer.from(options.key);
  for (const make of [createStreamSealer, createStreamOpener]) make({ ...options, key: own }).close();
  expect(toHex(own)).toBe(toHex(options.key));
});

test('a stream that has ended takes no more, and may be closed at any time', () => {
  for (const make of [createStreamSealer, createStreamOpener]) {
    const stream = make(options);
    stream.close();
    stream.close();
    expect(codeOf(() => stream.update(patterned(1)))).toBe('FORMAT_ENDED');
    expect(codeOf(() => stream.finish())).toBe('FORMAT_ENDED');
  }
  const sealer = createStreamSealer(options);
  sealer.finish();
  expect(codeOf(() => sealer.update(patterned(1)))).toBe('FORMAT_ENDED');
  expect(codeOf(() => sealer.finish())).toBe('FORMAT_ENDED');
});
