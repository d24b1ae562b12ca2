/**
 * One algorithm on one context of the kernel's memory: begin, update, digest, wipe. What the door's calls that end at
 * once and its hashers have in common.
 */

import {
  BLAKE3_DIGEST_BYTES,
  checkBlake3Key,
  checkBlake3Range,
  checkWholeDigest,
  DIGEST_BYTES,
  encodeBlake3Context,
  type HasherSpec,
  type Sha2,
} from './face.ts';
import { type HashMemory, WINDOW_BYTES } from './instance.ts';

export const BITS = { sha256: 256, sha512: 512 } as const satisfies Record<Sha2, number>;

export interface Algorithm {
  /** Throws RangeError — the spec's sizes. */
  begin(context: number): void;
  update(context: number, input: number, bytes: number): void;
  /** Leaves the context as it is. */
  digest(context: number, lengthBytes?: number, offsetBytes?: number): Uint8Array;
  /** Clears the context and all scratch. */
  wipe(context: number): void;
}

export function algorithmOf(spec: HasherSpec, place: HashMemory): Algorithm {
  const { exports, output } = place;
  if (spec.kind === 'sha256' || spec.kind === 'sha512') {
    return {
      begin: (context) => exports.sha2Init(context, BITS[spec.kind]),
      update: exports.sha2Update,
      digest: (context, lengthBytes = DIGEST_BYTES[spec.kind], offsetBytes = 0) => {
        checkWholeDigest(DIGEST_BYTES[spec.kind], lengthBytes, offsetBytes);
        place.copyOf(context, (copy) => exports.sha2Finish(copy, output));
        return place.take(lengthBytes);
      },
      wipe: exports.sha2Wipe,
    };
  }
  if (spec.kind === 'hmac') {
    const { hash } = spec;
    return {
      begin(context) {
        const key = fittingKey(hash, spec.key, place);
        place.lend(key, place.input, () => exports.hmacInit(context, BITS[hash], place.input, key.length));
      },
      update: exports.hmacUpdate,
      digest: (context, lengthBytes = DIGEST_BYTES[hash], offsetBytes = 0) => {
        checkWholeDigest(DIGEST_BYTES[hash], lengthBytes, offsetBytes);
        place.copyOf(context, (copy) => exports.hmacFinish(copy, output));
        return place.take(lengthBytes);
      },
      wipe: exports.hmacWipe,
    };
  }
  return {
    begin(context) {
      if (spec.kind === 'blake3') return exports.blake3Init(context);
      if (spec.kind === 'blake3-keyed') {
        checkBlake3Key(spec.key);
        return place.lend(spec.key, place.input, () => exports.blake3InitKeyed(context, place.input));
      }
      const name = encodeBlake3Context(spec.context);
      return place.lend(name, place.input, () =>
        exports.blake3InitDeriveKey(context, place.input, name.length),
      );
    },
    update: exports.blake3Update,
    digest(context, lengthBytes = BLAKE3_DIGEST_BYTES, offsetBytes = 0) {
      checkBlake3Range(lengthBytes, offsetBytes);
      if (lengthBytes <= WINDOW_BYTES) {
        exports.blake3Output(context, BigInt(offsetBytes), output, lengthBytes);
        return place.take(lengthBytes);
      }
      const digest = new Uint8Array(lengthBytes);
      for (let done = 0; done < lengthBytes; done += WINDOW_BYTES) {
        const bytes = Math.min(WINDOW_BYTES, lengthBytes - done);
        exports.blake3Output(context, BigInt(offsetBytes) + BigInt(done), output, bytes);
        digest.set(place.take(bytes), done);
      }
      return digest;
    },
    wipe: exports.blake3Wipe,
  };
}

/** RFC 2104 §2: a key longer than a block is hashed first; one that the window cannot hold is hashed here. */
function fittingKey(hash: Sha2, key: Uint8Array, place: HashMemory): Uint8Array {
  return key.length > WINDOW_BYTES ? digestOnce({ kind: hash }, key, place) : key;
}

/** A whole message at once. Nothing of it stays. */
export function digestOnce(
  spec: HasherSpec,
  message: Uint8Array,
  place: HashMemory,
  lengthBytes?: number,
): Uint8Array {
  const { context } = place;
  const algorithm = algorithmOf(spec, place);
  algorithm.begin(context);
  place.feed(message, (input, bytes) => algorithm.update(context, input, bytes));
  try {
    return algorithm.digest(context, lengthBytes);
  } finally {
    algorithm.wipe(context);
  }
}
