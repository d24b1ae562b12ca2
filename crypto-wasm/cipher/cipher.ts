/**
 * The door to the cipher kernels: an instance of the built module behind the common face (`aead.ts`).
 *
 * Each instance has its own memory. Every call copies its arguments in, computes, copies the result out, and wipes
 * keys, schedules and plaintext from the memory before it returns, also when it throws. One call at a time, as it is
 * synchronous. It loads nothing by itself: whoever owns the module (built by `../build.ts`) passes it.
 *
 * Timing depends on lengths only, as far as the kernels go (see ../README.md); copies in JavaScript's heap, the
 * caller's key among them, are the caller's to wipe.
 */

import {
  type Aead,
  CHACHA_NONCE_BYTES,
  checkAesKey,
  checkIv,
  checkKey,
  checkNonce,
  KEY_BYTES,
  LONG_NONCE_BYTES,
  type Open,
  type Seal,
  TAG_BYTES,
} from './aead.ts';

const PAGE_BYTES = 65_536;

/** What the module exports. Addresses and lengths are in bytes of `memory`; contexts are aligned to 16. */
export interface CipherExports {
  readonly memory: WebAssembly.Memory;
  freeFrom(): number;
  gcmBytes(): number;
  xaesBytes(): number;
  xaesRoomBytes(): number;
  chachaBytes(): number;
  /** Of AES, `keyBytes` is 16, 24 or 32. */
  takeGcmKey(context: number, key: number, keyBytes: number): void;
  /** context, IV, its length, additional data, its length, source, target, their length, tag. */
  sealGcm(...args: NineNumbers): void;
  /** The same; gives 1 when the tag is right, else 0 with the target untouched. */
  openGcm(...args: NineNumbers): number;
  /** context, key, nonce, its length (12 or 24), additional data, its length, source, target, their length, tag. */
  sealChaCha(...args: TenNumbers): void;
  openChaCha(...args: TenNumbers): number;
  takeXaesKey(root: number, key: number): void;
  /** root, room of `xaesRoomBytes`, nonce, additional data, its length, source, target, their length, tag. */
  sealXaes(...args: NineNumbers): void;
  openXaes(...args: NineNumbers): number;
  /** 1 when the sixteen bytes at both addresses are equal. */
  equalTags(a: number, b: number): number;
  wipe(address: number, lengthBytes: number): void;
}

type NineNumbers = [number, number, number, number, number, number, number, number, number];
type TenNumbers = [...NineNumbers, number];

export interface CipherKernelOptions {
  /**
   * Most bytes that one call may bring: nonce, additional data and text. The instance's memory grows up to that and
   * never shrinks. Default 256 MiB.
   */
  readonly callMaxBytes?: number;
}

export interface CipherKernel extends Aead {
  /** For callers that keep bytes and contexts in the module's memory themselves. They wipe what they place. */
  readonly exports: CipherExports;
  /** Address, aligned to 16, of so many bytes above everything that the calls of this object use now. Grows memory. */
  reserve(lengthBytes: number): number;
}

/** Where one call's bytes lie. */
interface Placed {
  readonly keyBytes: number;
  readonly nonce: number;
  readonly aad: number;
  readonly text: number;
  readonly textBytes: number;
  readonly tag: number;
}

/**
 * Asserts that the module is one of the builds of this kernel.
 * Its functions throw RangeError — wrong length of key or nonce, a call over `callMaxBytes`, no memory left.
 */
export function createCipherKernel(
  module: WebAssembly.Module,
  { callMaxBytes = 256 * 1024 * 1024 }: CipherKernelOptions = {},
): CipherKernel {
  const kernel = new WebAssembly.Instance(module).exports as unknown as CipherExports;
  if (typeof kernel.freeFrom !== 'function')
    throw new TypeError('the module is not a build of the cipher kernel');
  const align = (address: number): number => Math.ceil(address / 16) * 16;
  let reservedFrom = kernel.freeFrom();
  const reserve = (lengthBytes: number): number => {
    const address = reservedFrom;
    reservedFrom = align(address + lengthBytes);
    grow(reservedFrom);
    return address;
  };
  const grow = (end: number): void => {
    const missing = end - kernel.memory.buffer.byteLength;
    if (missing > 0) kernel.memory.grow(Math.ceil(missing / PAGE_BYTES));
  };
  const keyAt = reserve(KEY_BYTES);
  const gcm = reserve(kernel.gcmBytes());
  const xaes = reserve(kernel.xaesBytes());
  const xaesRoom = reserve(kernel.xaesRoomBytes());
  const chacha = reserve(kernel.chachaBytes());
  const contextsEnd = reservedFrom;

  /** Copies in, runs, and wipes, whatever happens. */
  function call<Result>(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    text: Uint8Array,
    run: (placed: Placed, bytes: Uint8Array) => Result,
  ): Result {
    const totalBytes = nonce.length + aad.length + text.length;
    if (totalBytes > callMaxBytes) {
      throw new RangeError(`a call brings at most ${callMaxBytes} bytes, not ${totalBytes}`);
    }
    const nonceAt = reservedFrom;
    const aadAt = align(nonceAt + nonce.length);
    const textAt = align(aadAt + aad.length);
    const end = align(textAt + text.length + TAG_BYTES);
    grow(end);
    const bytes = new Uint8Array(kernel.memory.buffer);
    try {
      bytes.set(key, keyAt);
      bytes.set(nonce, nonceAt);
      bytes.set(aad, aadAt);
      bytes.set(text, textAt);
      const tag = textAt + text.length;
      const [keyBytes, textBytes] = [key.length, text.length];
      return run({ keyBytes, nonce: nonceAt, aad: aadAt, text: textAt, textBytes, tag }, bytes);
    } finally {
      bytes.fill(0, keyAt, contextsEnd);
      bytes.fill(0, nonceAt, end);
    }
  }

  /** What differs between the ciphers: how lengths are judged and which functions run on the placed bytes. */
  interface Suite {
    checkKey(key: Uint8Array): void;
    checkNonce(nonce: Uint8Array): void;
    seal(placed: Placed, nonceBytes: number, aadBytes: number): void;
    open(placed: Placed, nonceBytes: number, aadBytes: number): number;
  }

  const sealWith =
    (suite: Suite): Seal =>
    (key, nonce, aad, plaintext) => {
      suite.checkKey(key);
      suite.checkNonce(nonce);
      return call(key, nonce, aad, plaintext, (placed, bytes) => {
        suite.seal(placed, nonce.length, aad.length);
        return bytes.slice(placed.text, placed.tag + TAG_BYTES);
      });
    };

  const openWith =
    (suite: Suite): Open =>
    (key, nonce, aad, sealed) => {
      suite.checkKey(key);
      suite.checkNonce(nonce);
      if (sealed.length < TAG_BYTES) return undefined;
      return call(key, nonce, aad, sealed, (placed, bytes) => {
        const tag = placed.tag - TAG_BYTES;
        const textBytes = placed.textBytes - TAG_BYTES;
        const genuine = suite.open({ ...placed, tag, textBytes }, nonce.length, aad.length);
        return genuine ? bytes.slice(placed.text, tag) : undefined;
      });
    };

  const aesGcm: Suite = {
    checkKey: checkAesKey,
    checkNonce: checkIv,
    seal({ keyBytes, nonce, aad, text, textBytes, tag }, nonceBytes, aadBytes) {
      kernel.takeGcmKey(gcm, keyAt, keyBytes);
      kernel.sealGcm(gcm, nonce, nonceBytes, aad, aadBytes, text, text, textBytes, tag);
    },
    open({ keyBytes, nonce, aad, text, textBytes, tag }, nonceBytes, aadBytes) {
      kernel.takeGcmKey(gcm, keyAt, keyBytes);
      return kernel.openGcm(gcm, nonce, nonceBytes, aad, aadBytes, text, text, textBytes, tag);
    },
  };
  const chachaOf = (nonceLength: number): Suite => ({
    checkKey,
    checkNonce: (nonce) => checkNonce(nonce, nonceLength),
    seal({ nonce, aad, text, textBytes, tag }, nonceBytes, aadBytes) {
      kernel.sealChaCha(chacha, keyAt, nonce, nonceBytes, aad, aadBytes, text, text, textBytes, tag);
    },
    open({ nonce, aad, text, textBytes, tag }, nonceBytes, aadBytes) {
      return kernel.openChaCha(chacha, keyAt, nonce, nonceBytes, aad, aadBytes, text, text, textBytes, tag);
    },
  });
  const xaesGcm: Suite = {
    checkKey,
    checkNonce: (nonce) => checkNonce(nonce, LONG_NONCE_BYTES),
    seal({ nonce, aad, text, textBytes, tag }, _nonceBytes, aadBytes) {
      kernel.takeXaesKey(xaes, keyAt);
      kernel.sealXaes(xaes, xaesRoom, nonce, aad, aadBytes, text, text, textBytes, tag);
    },
    open({ nonce, aad, text, textBytes, tag }, _nonceBytes, aadBytes) {
      kernel.takeXaesKey(xaes, keyAt);
      return kernel.openXaes(xaes, xaesRoom, nonce, aad, aadBytes, text, text, textBytes, tag);
    },
  };
  const ietf = chachaOf(CHACHA_NONCE_BYTES);
  const extended = chachaOf(LONG_NONCE_BYTES);
  return {
    exports: kernel,
    reserve,
    aesGcmSeal: sealWith(aesGcm),
    aesGcmOpen: openWith(aesGcm),
    chachaSeal: sealWith(ietf),
    chachaOpen: openWith(ietf),
    xchachaSeal: sealWith(extended),
    xchachaOpen: openWith(extended),
    xaesSeal: sealWith(xaesGcm),
    xaesOpen: openWith(xaesGcm),
  };
}
