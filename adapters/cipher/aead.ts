/**
 * The operations `aead-seal` and `aead-open`: one message under a key that comes with it, in the plain algorithms.
 *
 * For those who keep their keys and count their nonces themselves. Nothing of the key stays after the call.
 */

import { badInput, okAt, Reply } from 'hotcell/kit';
import { GCM_BYTES, openGcm, sealGcm, takeGcmKey } from '../../crypto-wasm/cipher/kernel/aes-gcm';
import { CHACHA_BYTES, openChaCha, sealChaCha } from '../../crypto-wasm/cipher/kernel/chacha20-poly1305';
import { isShort, left, position, read, take, takeU32, takeU8 } from './payload';

const AES_256_GCM: u32 = 1;
const CHACHA20_POLY1305: u32 = 2;
const XCHACHA20_POLY1305: u32 = 3;
const TAG_BYTES: usize = 16;

/** Fields of the payload, as addresses into it. */
class Message {
  algorithm: u32 = 0;
  key: usize = 0;
  nonce: usize = 0;
  nonceBytes: usize = 0;
  aad: usize = 0;
  aadBytes: usize = 0;
}
const message = new Message();

export function sealWithKey(at: usize, end: usize): Reply {
  const problem = takeMessage(at, end);
  if (problem.length > 0) return badInput(problem);
  const source = position();
  const bytes = left();
  const out = changetype<usize>(new ArrayBuffer(<i32>(bytes + TAG_BYTES)));
  const m = message;
  if (m.algorithm == AES_256_GCM) {
    const gcm = gcmKey();
    sealGcm(gcm, m.nonce, m.nonceBytes, m.aad, m.aadBytes, source, out, bytes, out + bytes);
  } else {
    sealChaCha(chachaRoom(), m.key, m.nonce, m.nonceBytes, m.aad, m.aadBytes, source, out, bytes, out + bytes);
  }
  return okAt(out, <i32>(bytes + TAG_BYTES));
}

export function openWithKey(at: usize, end: usize): Reply {
  const problem = takeMessage(at, end);
  if (problem.length > 0) return badInput(problem);
  const source = position();
  if (left() < TAG_BYTES) return badInput('authentication: shorter than a tag');
  const bytes = left() - TAG_BYTES;
  const out = changetype<usize>(new ArrayBuffer(<i32>bytes));
  const m = message;
  const isGenuine = m.algorithm == AES_256_GCM
    ? openGcm(gcmKey(), m.nonce, m.nonceBytes, m.aad, m.aadBytes, source, out, bytes, source + bytes)
    : openChaCha(chachaRoom(), m.key, m.nonce, m.nonceBytes, m.aad, m.aadBytes, source, out, bytes, source + bytes);
  return isGenuine ? okAt(out, <i32>bytes) : badInput('authentication: the tag is not that of the message');
}

/** Reads all fields but the text. Gives what is wrong with them, or an empty text. */
function takeMessage(at: usize, end: usize): string {
  read(at, end);
  message.algorithm = takeU8();
  message.key = take(32);
  message.nonceBytes = <usize>takeU8();
  message.nonce = take(message.nonceBytes);
  message.aadBytes = <usize>takeU32();
  message.aad = take(message.aadBytes);
  if (isShort()) return 'malformed: the payload does not have the layout of this operation';
  if (message.algorithm == AES_256_GCM && message.nonceBytes >= 1) return '';
  if (message.algorithm == CHACHA20_POLY1305 && message.nonceBytes == 12) return '';
  if (message.algorithm == XCHACHA20_POLY1305 && message.nonceBytes == 24) return '';
  return 'malformed: 1 AES-256-GCM takes any nonce but an empty one, 2 ChaCha20-Poly1305 12 bytes, 3 XChaCha20-Poly1305 24';
}

/** In the memory of the call, which is wiped after it. */
function gcmKey(): usize {
  const gcm = changetype<usize>(new ArrayBuffer(<i32>GCM_BYTES));
  takeGcmKey(gcm, message.key, 32);
  return gcm;
}

function chachaRoom(): usize {
  return changetype<usize>(new ArrayBuffer(<i32>CHACHA_BYTES));
}
