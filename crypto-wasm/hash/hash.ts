/**
 * The door to the hash kernel: BLAKE3, SHA-256, SHA-512, HMAC and HKDF over one instance of the module.
 *
 * It implements the face of `face.ts`, as `reference.ts` does. What always holds: when a call returns, nothing of its
 * input, keys or output is left in the kernel's memory; a hasher keeps its state there until `close`. It does not build
 * the module and does not choose between builds.
 */

import { algorithmOf, BITS, digestOnce } from './contexts.ts';
import { checkHkdf, type Hasher, type HasherSpec, type HashKernel, type Sha2 } from './face.ts';
import { CONTEXT_BYTES, type HashMemory, instantiateHash } from './instance.ts';

/** One instance of the module and its door. Not for use from two threads: each makes its own. */
export function createHashKernel(module: WebAssembly.Module): HashKernel {
  return createHashKernelOver(instantiateHash(module));
}

/** The door over an instance whose memory the caller can look at. */
export function createHashKernelOver(place: HashMemory): HashKernel {
  const hkdfExpand = (hash: Sha2, key: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array => {
    checkHkdf(hash, info, lengthBytes);
    const { exports, context, input, output } = place;
    // The context of calls that end at once is free here, and longer than a block: RFC 2104 §2 hashes longer keys.
    const prk = key.length > CONTEXT_BYTES ? digestOnce({ kind: hash }, key, place) : key;
    place.lend(prk, context, () =>
      place.lend(info, input, () => {
        exports.hkdfExpand(BITS[hash], context, prk.length, input, info.length, output, lengthBytes);
      }),
    );
    return place.take(lengthBytes);
  };

  return {
    sha256: (message) => digestOnce({ kind: 'sha256' }, message, place),
    sha512: (message) => digestOnce({ kind: 'sha512' }, message, place),
    hmac: (hash, key, message) => digestOnce({ kind: 'hmac', hash, key }, message, place),
    hkdf(hash, material, salt, info, lengthBytes) {
      checkHkdf(hash, info, lengthBytes);
      const key = digestOnce({ kind: 'hmac', hash, key: salt }, material, place);
      const out = hkdfExpand(hash, key, info, lengthBytes);
      key.fill(0);
      return out;
    },
    hkdfExpand,
    blake3: (message, lengthBytes) => digestOnce({ kind: 'blake3' }, message, place, lengthBytes),
    blake3Keyed: (key, message, lengthBytes) =>
      digestOnce({ kind: 'blake3-keyed', key }, message, place, lengthBytes),
    blake3DeriveKey: (context, material, lengthBytes) =>
      digestOnce({ kind: 'blake3-derive-key', context }, material, place, lengthBytes),
    createHasher: (spec) => openHasher(spec, place),
  };
}

function openHasher(spec: HasherSpec, place: HashMemory): Hasher {
  const algorithm = algorithmOf(spec, place);
  const slot = place.acquire();
  let isOpen = false;
  try {
    algorithm.begin(slot);
    isOpen = true;
  } finally {
    if (!isOpen) place.release(slot);
  }
  const checkOpen = (): void => {
    if (!isOpen) throw new Error('the hasher is closed');
  };
  return {
    update(piece) {
      checkOpen();
      place.feed(piece, (input, bytes) => algorithm.update(slot, input, bytes));
    },
    digest(lengthBytes, offsetBytes) {
      checkOpen();
      return algorithm.digest(slot, lengthBytes, offsetBytes);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      algorithm.wipe(slot);
      place.release(slot);
    },
  };
}
