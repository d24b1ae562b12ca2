/**
 * The cipher kernels as contestants: a message that lies in the module's memory under a key that is ready, and the same
 * through the door of the kernel, which takes the key anew and copies both ways for each call.
 */

import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../crypto-wasm/build.ts';
import { TAG_BYTES } from '../../crypto-wasm/cipher/aead.ts';
import { type CipherKernel, createCipherKernel } from '../../crypto-wasm/cipher/cipher.ts';

/** What every contestant of a table seals. */
export interface Message {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly text: Uint8Array;
}

/** A contestant before it is one: seals the table's message once, and again and again. */
export interface Sealer {
  readonly row: string;
  /** The sealed message, ciphertext ‖ tag. */
  answer(): Uint8Array;
  /** The work of one message, its result left where it is. */
  once(): void;
}

export type CipherName = 'aes-gcm' | 'chacha';

export async function openKernels(): Promise<{ relaxed: CipherKernel; plain: CipherKernel }> {
  const open = async (features: readonly string[]): Promise<CipherKernel> => {
    const bytes = (await buildKernel('cipher', features)) as Uint8Array<ArrayBuffer>;
    return createCipherKernel(new WebAssembly.Module(bytes));
  };
  return { relaxed: await open(RELAXED_FEATURES), plain: await open(PLAIN_FEATURES) };
}

/** In the module's memory, in place; for AES the key schedule and the hash tables are there already. */
export function residentSealer(
  row: string,
  kernel: CipherKernel,
  cipher: CipherName,
  message: Message,
): Sealer & { readonly takeKeyAndSeal: () => void } {
  const { exports } = kernel;
  const context = kernel.reserve(Math.max(exports.gcmBytes(), exports.chachaBytes()));
  const key = kernel.reserve(message.key.length);
  const nonce = kernel.reserve(message.nonce.length);
  const aad = kernel.reserve(message.aad.length);
  const text = kernel.reserve(message.text.length + TAG_BYTES);
  const tag = text + message.text.length;
  const rest = [nonce, 12, aad, message.aad.length, text, text, message.text.length, tag] as const;
  const once =
    cipher === 'aes-gcm'
      ? () => exports.sealGcm(context, ...rest)
      : () => exports.sealChaCha(context, key, ...rest);
  const takeKey = (): void => {
    if (cipher === 'aes-gcm') exports.takeGcmKey(context, key, message.key.length);
  };
  return {
    row,
    answer() {
      const bytes = new Uint8Array(exports.memory.buffer);
      bytes.set(message.key, key);
      bytes.set(message.nonce, nonce);
      bytes.set(message.aad, aad);
      bytes.set(message.text, text);
      takeKey();
      once();
      return bytes.slice(text, tag + TAG_BYTES);
    },
    once,
    takeKeyAndSeal() {
      takeKey();
      once();
    },
  };
}

/** Through the door: key taken, bytes copied in and out, everything wiped, for each message. */
export function doorSealer(row: string, kernel: CipherKernel, cipher: CipherName, message: Message): Sealer {
  const { key, nonce, aad, text } = message;
  const seal = cipher === 'aes-gcm' ? kernel.aesGcmSeal : kernel.chachaSeal;
  return { row, answer: () => seal(key, nonce, aad, text), once: () => void seal(key, nonce, aad, text) };
}
