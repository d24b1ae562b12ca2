/**
 * Cobblestone-128 and -256 against Wycheproof: from the front, at random, and sealed again with the same salt.
 */

import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { SALT_BYTES, STREAM_HEADER_BYTES, type StreamSuite } from '../../../crypto-wasm/formats/chunks.ts';
import { FormatError } from '../../../crypto-wasm/formats/errors.ts';
import { nativePrimitives } from '../../../crypto-wasm/formats/native.ts';
import {
  createChunkOpener,
  createStreamOpener,
  createStreamSealer,
  layoutOf,
} from '../../../crypto-wasm/formats/streams.ts';
import { fromHex } from '../bytes.ts';
import { hasVectors, readJson, type Wycheproof } from '../hash/vector-files.ts';

/** As a caller reads from the network: neither chunks nor their divisors. */
const PIECE_BYTES = 50_000;

interface StreamTest {
  readonly key: string;
  readonly ctx: string;
  readonly ct: string;
  readonly msgLength: number;
  readonly msgSha512: string;
  readonly flags: readonly string[];
}

type Options = Parameters<typeof createStreamOpener>[0];

const digestOf = (message: Uint8Array): string => createHash('sha512').update(message).digest('hex');

/** What is shown before the end, and the error, if it comes to that. */
function openFromFront(options: Options, sealed: Uint8Array): { shown: Buffer; error: unknown } {
  const shown: Uint8Array[] = [];
  try {
    const opener = createStreamOpener(options);
    for (let at = 0; at < sealed.length; at += PIECE_BYTES) {
      shown.push(opener.update(sealed.subarray(at, at + PIECE_BYTES)));
    }
    shown.push(opener.finish());
    return { shown: Buffer.concat(shown), error: undefined };
  } catch (error) {
    return { shown: Buffer.concat(shown), error };
  }
}

/** The last chunk first, as a reader does who asks for the length; then all of them. */
function openAtRandom(options: Options, sealed: Uint8Array): Uint8Array {
  const { chunkCount, chunkRange } = layoutOf(sealed.length);
  const opener = createChunkOpener(options, sealed.subarray(0, STREAM_HEADER_BYTES));
  const chunks: Uint8Array[] = [];
  for (let index = chunkCount - 1; index >= 0; index--) {
    const { startByte, endByte } = chunkRange(index);
    chunks.unshift(opener.open(index, sealed.subarray(startByte, endByte)));
  }
  return Buffer.concat(chunks);
}

test.runIf(hasVectors() || console.warn('streams: no Wycheproof vectors')).each([
  ['cobblestone-256', 'aes_256'],
  ['cobblestone-128', 'aes_128'],
] as const)('%s agrees with all of Wycheproof', (suite: StreamSuite, name) => {
  const file = readJson<Wycheproof<object, StreamTest>>(
    `wycheproof/c2sp_chunked_encryption_${name}_gcm_test.json`,
  );
  const counts = { valid: 0, invalid: 0 };
  for (const { tcId, comment, key, ctx, ct, msgLength, msgSha512, flags, result } of file.testGroups.flatMap(
    (group) => group.tests,
  )) {
    const label = `${tcId}: ${comment}`;
    const sealed = inflateSync(fromHex(ct));
    const options: Options = {
      primitives: nativePrimitives,
      key: fromHex(key),
      context: fromHex(ctx),
      suite,
    };
    const { shown, error } = openFromFront(options, sealed);
    if (result === 'valid') {
      expect(error, label).toBe(undefined);
      expect([shown.length, digestOf(shown)], label).toEqual([msgLength, msgSha512]);
      expect(digestOf(openAtRandom(options, sealed)), label).toBe(msgSha512);
      const sealer = createStreamSealer({ ...options, salt: sealed.subarray(0, SALT_BYTES) });
      const again = Buffer.concat([sealer.update(shown), sealer.finish()]);
      expect(Buffer.compare(again, sealed), label).toBe(0);
      counts.valid++;
    } else {
      const isKeySize = flags.includes('InvalidKeySize');
      expect(error, label).toBeInstanceOf(isKeySize ? RangeError : FormatError);
      expect(() => openAtRandom(options, sealed), label).toThrow(isKeySize ? RangeError : FormatError);
      // Nothing beyond the longest valid beginning is ever shown.
      expect(shown.length, label).toBeLessThanOrEqual(flags.includes('PartialPlaintext') ? msgLength : 0);
      counts.invalid++;
    }
  }
  expect(counts).toEqual({ valid: 10, invalid: 25 });
  console.log(`${suite}: Wycheproof ${counts.valid} valid, ${counts.invalid} invalid of 35`);
});
