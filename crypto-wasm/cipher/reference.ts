/**
 * The readable implementation behind the face of the kernels: what they are compared with, and where to read what they
 * compute. The standards' text stands in `reference-aes-gcm.ts` and `reference-chacha.ts`.
 *
 * Slow and not constant-time: never to be given a real key.
 */

import {
  type Aead,
  CHACHA_NONCE_BYTES,
  checkAesKey,
  checkIv,
  checkKey,
  checkNonce,
  LONG_NONCE_BYTES,
  type Open,
  type Seal,
} from './aead.ts';
import { deriveXaes, openAesGcm, sealAesGcm } from './reference-aes-gcm.ts';
import { deriveXchacha, openChacha, sealChacha } from './reference-chacha.ts';

type Check = (bytes: Uint8Array) => void;
const exactly =
  (lengthBytes: number): Check =>
  (nonce) =>
    checkNonce(nonce, lengthBytes);

/** Judges the lengths, then computes. Seal and open have one shape but for what they give. */
const checked =
  <Result>(
    check: Check,
    compute: (...args: Parameters<Seal>) => Result,
    checkKeyOf: Check = checkKey,
  ): ((...args: Parameters<Seal>) => Result) =>
  (key, nonce, aad, text) => {
    checkKeyOf(key);
    check(nonce);
    return compute(key, nonce, aad, text);
  };

const xaes =
  <Result>(compute: (...args: Parameters<Seal>) => Result) =>
  (...[key, nonce, aad, text]: Parameters<Seal>): Result => {
    const derived = deriveXaes(key, nonce);
    return compute(derived.key, derived.iv, aad, text);
  };

const xchacha =
  <Result>(compute: (...args: Parameters<Open>) => Result) =>
  (...[key, nonce, aad, text]: Parameters<Open>): Result => {
    const derived = deriveXchacha(key, nonce);
    return compute(derived.key, derived.nonce, aad, text);
  };

export const referenceCipher: Aead = {
  aesGcmSeal: checked(checkIv, sealAesGcm, checkAesKey),
  aesGcmOpen: checked(checkIv, openAesGcm, checkAesKey),
  chachaSeal: checked(exactly(CHACHA_NONCE_BYTES), sealChacha),
  chachaOpen: checked(exactly(CHACHA_NONCE_BYTES), openChacha),
  xchachaSeal: checked(exactly(LONG_NONCE_BYTES), xchacha(sealChacha)),
  xchachaOpen: checked(exactly(LONG_NONCE_BYTES), xchacha(openChacha)),
  xaesSeal: checked(exactly(LONG_NONCE_BYTES), xaes(sealAesGcm)),
  xaesOpen: checked(exactly(LONG_NONCE_BYTES), xaes(openAesGcm)),
};
