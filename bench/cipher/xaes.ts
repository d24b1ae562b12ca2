/**
 * Question: what does a random nonce of 24 bytes cost? A message sealed with XAES-256-GCM under a root key that is ready,
 * against the same bytes sealed by AES-256-GCM alone under the key that XAES derives: ready as well, and taken anew.
 *
 * What XAES adds is one derivation (two blocks of AES) and, as every message has a key of its own, the key schedule and
 * the tables of GHASH for each message.
 */

import { TAG_BYTES } from '../../crypto-wasm/cipher/aead.ts';
import type { CipherKernel } from '../../crypto-wasm/cipher/cipher.ts';
import { nativePrimitives } from '../../crypto-wasm/formats/native.ts';
import { createXaesKey } from '../../crypto-wasm/formats/xaes.ts';
import type { Table } from '../harness.ts';
import { type Message, openKernels, residentSealer, type Sealer } from './kernels.ts';
import { contestantOf, effortOf, messageOf, RATE } from './rates.ts';
import { nodeOneShot } from './rivals.ts';

const GCM = 'kernel, AES-256-GCM, key ready';
const NONCE_BYTES = 24;

/** In the module's memory, in place. */
function residentXaesSealer(row: string, kernel: CipherKernel, message: Message): Sealer {
  const { exports } = kernel;
  const root = kernel.reserve(exports.xaesBytes());
  const room = kernel.reserve(exports.xaesRoomBytes());
  const key = kernel.reserve(message.key.length);
  const nonce = kernel.reserve(message.nonce.length);
  const aad = kernel.reserve(message.aad.length);
  const text = kernel.reserve(message.text.length + TAG_BYTES);
  const tag = text + message.text.length;
  const once = (): void =>
    exports.sealXaes(root, room, nonce, aad, message.aad.length, text, text, message.text.length, tag);
  return {
    row,
    answer() {
      const bytes = new Uint8Array(exports.memory.buffer);
      bytes.set(message.key, key);
      bytes.set(message.nonce, nonce);
      bytes.set(message.aad, aad);
      bytes.set(message.text, text);
      exports.takeXaesKey(root, key);
      once();
      return bytes.slice(text, tag + TAG_BYTES);
    },
    once,
  };
}

function xaesTable(size: string, lengthBytes: number): Table {
  return {
    name: `xaes-${size}`,
    question: `XAES-256-GCM: messages of ${size} sealed on one thread (µs a message, MB/s of plaintext)`,
    unit: 'µs',
    baseline: GCM,
    headline: RATE,
    ...effortOf(lengthBytes),
    async open() {
      const message = messageOf(lengthBytes, NONCE_BYTES);
      const root = createXaesKey(nativePrimitives, message.key);
      const derive = (): Message => ({ ...message, ...root.derive(message.nonce) });
      // A kernel for each: growing the memory of one must not move another's.
      const gcm = residentSealer(GCM, (await openKernels()).relaxed, 'aes-gcm', derive());
      const fresh = residentSealer(
        'kernel, AES-256-GCM, key taken for each message',
        (await openKernels()).relaxed,
        'aes-gcm',
        derive(),
      );
      const { relaxed, plain } = await openKernels();
      const native = (): Uint8Array => nodeOneShot('aes-gcm', derive()).answer();
      const sealers: Sealer[] = [
        gcm,
        { ...fresh, once: fresh.takeKeyAndSeal },
        residentXaesSealer('kernel, XAES-256-GCM, root key ready', relaxed, message),
        residentXaesSealer('kernel, XAES-256-GCM, plain SIMD', plain, message),
        { row: 'node:crypto, XAES-256-GCM one-shot', answer: native, once: () => void native() },
      ];
      return {
        contestants: sealers.map((sealer) => contestantOf(sealer, lengthBytes, [])),
        close: () => root.close(),
      };
    },
  };
}

export const xaesTables: readonly Table[] = [xaesTable('1KB', 1_024), xaesTable('64KB', 65_536)];
