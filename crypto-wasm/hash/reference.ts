/**
 * The hash face, slow and readable: what the kernel is held against, and where to read what it computes.
 *
 * HMAC and HKDF stand here; BLAKE3 and SHA-2 in files of their own. Its hashers keep the whole message and hash it anew
 * for each digest, so that nothing incremental is shared with the kernel. Not for secrets, and not for large messages.
 */

import {
  BLAKE3_DIGEST_BYTES,
  checkBlake3Key,
  checkBlake3Range,
  checkHkdf,
  checkWholeDigest,
  DIGEST_BYTES,
  encodeBlake3Context,
  type HasherSpec,
  type HashKernel,
  type Sha2,
} from './face.ts';
import {
  blake3Output,
  DERIVE_KEY_CONTEXT,
  DERIVE_KEY_MATERIAL,
  KEYED_HASH,
  NO_KEY,
  toWords,
} from './reference-blake3.ts';
import { sha2 } from './reference-sha2.ts';

const BLOCK_BYTES = { sha256: 64, sha512: 128 } as const satisfies Record<Sha2, number>;

export function createReferenceHash(): HashKernel {
  return {
    sha256: (message) => sha2('sha256', message),
    sha512: (message) => sha2('sha512', message),
    hmac,
    hkdf(hash, material, salt, info, lengthBytes) {
      checkHkdf(hash, info, lengthBytes);
      // RFC 5869 §2.2: PRK = HMAC(salt, IKM).
      return hkdfExpand(hash, hmac(hash, salt, material), info, lengthBytes);
    },
    hkdfExpand,
    blake3: (message, lengthBytes) => digest({ kind: 'blake3' }, message, lengthBytes),
    blake3Keyed: (key, message, lengthBytes) => digest({ kind: 'blake3-keyed', key }, message, lengthBytes),
    blake3DeriveKey: (context, material, lengthBytes) =>
      digest({ kind: 'blake3-derive-key', context }, material, lengthBytes),
    createHasher(spec) {
      let message: Uint8Array | undefined = new Uint8Array();
      digest(spec, message);
      const taken = (): Uint8Array => {
        if (message === undefined) throw new Error('the hasher is closed');
        return message;
      };
      return {
        update: (piece) => {
          message = join(taken(), piece);
        },
        digest: (lengthBytes, offsetBytes) => digest(spec, taken(), lengthBytes, offsetBytes),
        close: () => {
          message = undefined;
        },
      };
    },
  };
}

function digest(spec: HasherSpec, message: Uint8Array, lengthBytes?: number, offsetBytes = 0): Uint8Array {
  if (spec.kind === 'sha256' || spec.kind === 'sha512' || spec.kind === 'hmac') {
    const hash = spec.kind === 'hmac' ? spec.hash : spec.kind;
    checkWholeDigest(DIGEST_BYTES[hash], lengthBytes ?? DIGEST_BYTES[hash], offsetBytes);
    return spec.kind === 'hmac' ? hmac(hash, spec.key, message) : sha2(hash, message);
  }
  const bytes = lengthBytes ?? BLAKE3_DIGEST_BYTES;
  checkBlake3Range(bytes, offsetBytes);
  if (spec.kind === 'blake3') return blake3Output(message, NO_KEY, 0, bytes, offsetBytes);
  if (spec.kind === 'blake3-keyed') {
    checkBlake3Key(spec.key);
    return blake3Output(message, toWords(spec.key, 8), KEYED_HASH, bytes, offsetBytes);
  }
  // BLAKE3 §2.3: the context's hash is the key of the material's.
  const name = encodeBlake3Context(spec.context);
  const key = blake3Output(name, NO_KEY, DERIVE_KEY_CONTEXT, BLAKE3_DIGEST_BYTES, 0);
  return blake3Output(message, toWords(key, 8), DERIVE_KEY_MATERIAL, bytes, offsetBytes);
}

/** RFC 2104 §2: H(K XOR opad, H(K XOR ipad, text)). */
function hmac(hash: Sha2, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES[hash]);
  block.set(key.length > block.length ? sha2(hash, key) : key);
  const inner = sha2(
    hash,
    join(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  );
  return sha2(
    hash,
    join(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

/** RFC 5869 §2.3: T(n) = HMAC(PRK, T(n-1) | info | n), and the output is the beginning of T(1) | T(2) | … */
function hkdfExpand(hash: Sha2, key: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array {
  checkHkdf(hash, info, lengthBytes);
  let output: Uint8Array = new Uint8Array();
  let previous: Uint8Array = new Uint8Array();
  for (let counter = 1; output.length < lengthBytes; counter++) {
    previous = hmac(hash, key, join(previous, info, Uint8Array.of(counter)));
    output = join(output, previous);
  }
  return output.slice(0, lengthBytes);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
