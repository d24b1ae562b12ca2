/**
 * Who the kernels are measured against: node:crypto as it is mostly called and at its best, and the two best-known
 * packages that run everywhere. A peer that is not installed keeps its row, without figures.
 */

import { createCipheriv } from 'node:crypto';
import { TAG_BYTES } from '../../crypto-wasm/cipher/aead.ts';
import { loadPeer } from '../peers.ts';
import type { CipherName, Message, Sealer } from './kernels.ts';

/** A sealer, or the name of a row without one. */
export type Rival = Sealer | { readonly row: string };

const NODE_NAMES = { 'aes-gcm': 'aes-256-gcm', chacha: 'chacha20-poly1305' } as const;

/** Both ciphers take the same calls; the declarations tell them apart. */
const create = (cipher: CipherName, { key, nonce }: Message) =>
  createCipheriv(NODE_NAMES[cipher] as 'aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });

/** Object, additional data, update, final, tag: the message in three parts, for programs that write them one by one. */
export function nodeParts(cipher: CipherName, message: Message): Sealer {
  const seal = (): Buffer[] => {
    const object = create(cipher, message).setAAD(message.aad);
    return [object.update(message.text), object.final(), object.getAuthTag()];
  };
  return {
    row: 'node:crypto one-shot, in parts',
    answer: () => Buffer.concat(seal()),
    once: () => void seal(),
  };
}

/** The same as one message, ciphertext ‖ tag, which is what all others give. */
export function nodeOneShot(cipher: CipherName, message: Message): Sealer {
  const { answer } = nodeParts(cipher, message);
  return { row: 'node:crypto one-shot', answer, once: () => void answer() };
}

/** `update` alone, on one object for ever: no more than the machine's own instructions and an allocation. */
export function nodeUpdate(cipher: CipherName, message: Message): Sealer {
  const object = create(cipher, message).setAAD(message.aad);
  return {
    row: 'node:crypto update only',
    answer: nodeOneShot(cipher, message).answer,
    once: () => void object.update(message.text),
  };
}

interface NobleCipher {
  encrypt(text: Uint8Array): Uint8Array;
}
type Noble = Record<string, (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) => NobleCipher>;

export async function noble(cipher: CipherName, { key, nonce, aad, text }: Message): Promise<Rival> {
  const [file, name] = cipher === 'aes-gcm' ? ['aes.js', 'gcm'] : ['chacha.js', 'chacha20poly1305'];
  const { row, module } = await loadPeer<Noble>('@noble/ciphers', `@noble/ciphers/${file}`);
  const make = module?.[name];
  if (make === undefined) return { row };
  const seal = (): Uint8Array => make(key, nonce, aad).encrypt(text);
  return { row, answer: seal, once: () => void seal() };
}

interface Sodium {
  readonly default: {
    readonly ready: Promise<void>;
    crypto_aead_chacha20poly1305_ietf_encrypt(
      text: Uint8Array,
      aad: Uint8Array,
      secretNonce: null,
      nonce: Uint8Array,
      key: Uint8Array,
    ): Uint8Array;
  };
}

/** Of ChaCha20-Poly1305 only: libsodium has AES-GCM only where the machine has instructions for it, so not here. */
export async function sodium({ key, nonce, aad, text }: Message): Promise<Rival> {
  const name = 'libsodium-wrappers-sumo';
  const { row, module } = await loadPeer<Sodium>(name, name);
  if (module === undefined) return { row };
  const library = module.default;
  await library.ready;
  const seal = (): Uint8Array =>
    library.crypto_aead_chacha20poly1305_ietf_encrypt(text, aad, null, nonce, key);
  return { row, answer: seal, once: () => void seal() };
}
