/**
 * Everything that claims to compute the ciphers: the reference, both builds of the kernel, and node:crypto, which is
 * the judge where there are no vectors. The same suites run over all of them.
 */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../../crypto-wasm/build.ts';
import {
  type Aead,
  checkAesKey,
  checkIv,
  checkKey,
  checkNonce,
  TAG_BYTES,
} from '../../../crypto-wasm/cipher/aead.ts';
import { type CipherKernel, createCipherKernel } from '../../../crypto-wasm/cipher/cipher.ts';
import { referenceCipher } from '../../../crypto-wasm/cipher/reference.ts';

export interface Implementation {
  readonly name: string;
  readonly aead: Pick<Aead, 'aesGcmSeal' | 'aesGcmOpen' | 'chachaSeal' | 'chachaOpen'> & Partial<Aead>;
  /** Quick enough for long runs. */
  readonly quick: boolean;
  /** Longest IV of GCM it takes. */
  readonly ivMaxBytes: number;
}

export async function openKernel(features: readonly string[]): Promise<CipherKernel> {
  const bytes = await buildKernel('cipher', features);
  return createCipherKernel(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
}

export const relaxedKernel = await openKernel(RELAXED_FEATURES);
export const plainKernel = await openKernel(PLAIN_FEATURES);

/** OpenSSL has no XChaCha20-Poly1305; XAES is derived here from its AES in ECB mode, as the specification allows. */
export const nodeCipher: Omit<Aead, 'xchachaSeal' | 'xchachaOpen'> = {
  aesGcmSeal: (key, iv, aad, plaintext) => {
    checkAesKey(key);
    checkIv(iv);
    return seal(aesGcmOf(key), key, iv, aad, plaintext);
  },
  aesGcmOpen: (key, iv, aad, sealed) => {
    checkAesKey(key);
    checkIv(iv);
    return open(aesGcmOf(key), key, iv, aad, sealed);
  },
  chachaSeal: (key, nonce, aad, plaintext) => {
    checkKey(key);
    checkNonce(nonce, 12);
    return seal('chacha20-poly1305', key, nonce, aad, plaintext);
  },
  chachaOpen: (key, nonce, aad, sealed) => {
    checkKey(key);
    checkNonce(nonce, 12);
    return open('chacha20-poly1305', key, nonce, aad, sealed);
  },
  xaesSeal: (key, nonce, aad, plaintext) => {
    checkKey(key);
    checkNonce(nonce, 24);
    return seal('aes-256-gcm', xaesKey(key, nonce), nonce.subarray(12), aad, plaintext);
  },
  xaesOpen: (key, nonce, aad, sealed) => {
    checkKey(key);
    checkNonce(nonce, 24);
    return open('aes-256-gcm', xaesKey(key, nonce), nonce.subarray(12), aad, sealed);
  },
};

/** OpenSSL 3 refuses longer ones, though GCM takes them. */
const OPENSSL_IV_MAX_BYTES = 128;

export const implementations: readonly Implementation[] = [
  { name: 'relaxed kernel', aead: relaxedKernel, quick: true, ivMaxBytes: Infinity },
  { name: 'plain kernel', aead: plainKernel, quick: true, ivMaxBytes: Infinity },
  { name: 'node:crypto', aead: nodeCipher, quick: true, ivMaxBytes: OPENSSL_IV_MAX_BYTES },
  { name: 'reference', aead: referenceCipher, quick: false, ivMaxBytes: Infinity },
];

type NodeAead = `aes-${128 | 192 | 256}-gcm` | 'chacha20-poly1305';

const aesGcmOf = (key: Uint8Array): NodeAead => `aes-${(8 * key.length) as 128 | 192 | 256}-gcm`;

function seal(
  name: NodeAead,
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
): Uint8Array {
  // The declarations know `authTagLength` and `setAAD` of each cipher apart; both take the same here.
  const cipher = createCipheriv(name as 'aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function open(
  name: NodeAead,
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv(name as 'aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const text = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]);
  } catch {
    // The one thing `final` throws for here: the tag is wrong.
    return undefined;
  }
}

function xaesKey(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const l = BigInt(`0x${aes.update(new Uint8Array(16)).toString('hex')}`);
  const k1 = BigInt.asUintN(128, l << 1n) ^ (l >> 127n ? 0x87n : 0n);
  const halves = [1, 2].map((n) => {
    const m = BigInt(`0x${Buffer.from([0, n, 0x58, 0, ...nonce.subarray(0, 12)]).toString('hex')}`);
    return aes.update(Buffer.from((m ^ k1).toString(16).padStart(32, '0'), 'hex'));
  });
  return Buffer.concat(halves);
}
