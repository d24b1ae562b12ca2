/**
 * ChaCha20-Poly1305 (nonce of 12 bytes) and XChaCha20-Poly1305 (24 bytes): seal and open, with a tag of 16 bytes.
 * Source: RFC 8439, section 2.8; draft-irtf-cfrg-xchacha-03, section 2.
 *
 * There is no key schedule: key and nonce are given with each message, and the context is room to work, placed by the
 * caller (`CHACHA_BYTES`, aligned to 16) and wiped before a function returns. `source` and `target` may be the same
 * address, and may not overlap otherwise. No byte of `target` is written before its tag was found right.
 */

import { addStream, clear, equalTags } from './bytes';
import { nextBlocks, setKey, STATE_BYTES, STREAM_BYTES } from './chacha20';
import { addBlocks, endPoly, POLY_BYTES, takePolyKey } from './poly1305';

/** Block 0 keys the authenticator; the message begins with block 1. RFC 8439, section 2.6. */
const HEAD_BYTES: usize = STREAM_BYTES - 64;

const STATE: usize = 0;
const STREAM: usize = STATE_BYTES;
const POLY: usize = STREAM + STREAM_BYTES;
const LAST: usize = POLY + POLY_BYTES;
const TAG: usize = LAST + 16;
/** Of a context. */
export const CHACHA_BYTES: usize = TAG + 16;

/** `lengthBytes` of plaintext → as much ciphertext, and 16 bytes of tag at `tag`. `nonceBytes` is 12 or 24. */
export function sealChaCha(
  context: usize,
  key: usize,
  nonce: usize,
  nonceBytes: usize,
  aad: usize,
  aadBytes: usize,
  source: usize,
  target: usize,
  lengthBytes: usize,
  tag: usize,
): void {
  begin(context, key, nonce, nonceBytes);
  crypt(context, source, target, lengthBytes);
  authenticate(context, aad, aadBytes, target, lengthBytes);
  v128.store(tag, v128.load(context, TAG));
  clear(context, CHACHA_BYTES);
}

/** Gives true, with the plaintext in `target`, when the tag is right; else false, with `target` untouched. */
export function openChaCha(
  context: usize,
  key: usize,
  nonce: usize,
  nonceBytes: usize,
  aad: usize,
  aadBytes: usize,
  source: usize,
  target: usize,
  lengthBytes: usize,
  tag: usize,
): bool {
  begin(context, key, nonce, nonceBytes);
  authenticate(context, aad, aadBytes, source, lengthBytes);
  const genuine = equalTags(context + TAG, tag);
  if (genuine) crypt(context, source, target, lengthBytes);
  clear(context, CHACHA_BYTES);
  return genuine;
}

/** The state, its first four blocks of key stream, and the authenticator keyed with the first of them. */
function begin(context: usize, key: usize, nonce: usize, nonceBytes: usize): void {
  setKey(context + STATE, key);
  if (nonceBytes == 24) {
    deriveKey(context, nonce);
    nonce += 12;
    store<u32>(context, 0, STATE + 52);
  } else {
    store<u32>(context, load<u32>(nonce), STATE + 52);
  }
  store<u32>(context, 0, STATE + 48);
  store<u64>(context, load<u64>(nonce, 4), STATE + 56);
  nextBlocks(context + STATE, context + STREAM);
  takePolyKey(context + POLY, context + STREAM);
}

/** HChaCha20 of the key and the nonce's first 16 bytes becomes the key. draft-irtf-cfrg-xchacha-03, section 2.2. */
function deriveKey(context: usize, nonce: usize): void {
  const state = context + STATE;
  const stream = context + STREAM;
  const first = v128.load(nonce);
  v128.store(state, first, 48);
  nextBlocks(state, stream);
  // The block function adds its input at the end and HChaCha20 does not: taken off again, of the rows that count.
  v128.store(stream, i32x4.sub(v128.load(stream), v128.load(state)));
  v128.store(stream, i32x4.sub(v128.load(stream, 48), first), 16);
  setKey(state, stream);
}

/** The tag over both parts, each filled up to whole blocks, and their lengths. RFC 8439, section 2.8. */
function authenticate(context: usize, aad: usize, aadBytes: usize, text: usize, textBytes: usize): void {
  addPart(context, aad, aadBytes);
  addPart(context, text, textBytes);
  store<u64>(context, aadBytes, LAST);
  store<u64>(context, textBytes, LAST + 8);
  addBlocks(context + POLY, context + LAST, 1);
  endPoly(context + POLY, context + TAG);
}

function addPart(context: usize, bytes: usize, lengthBytes: usize): void {
  const whole = lengthBytes & ~15;
  addBlocks(context + POLY, bytes, whole / 16);
  if (whole == lengthBytes) return;
  v128.store(context, i64x2.splat(0), LAST);
  memory.copy(context + LAST, bytes + whole, lengthBytes - whole);
  addBlocks(context + POLY, context + LAST, 1);
}

/** Adds the key stream from block 1 on; that of the head is there since `begin`. */
function crypt(context: usize, source: usize, target: usize, lengthBytes: usize): void {
  const head = min(lengthBytes, HEAD_BYTES);
  addStream(target, source, context + STREAM + 64, head);
  for (let at = head; at < lengthBytes; at += STREAM_BYTES) {
    nextBlocks(context + STATE, context + STREAM);
    addStream(target + at, source + at, context + STREAM, min(lengthBytes - at, STREAM_BYTES));
  }
}
