/**
 * AES-GCM: seal and open, with an IV of any length from 1 byte on, and a tag of 16 bytes. Source: NIST SP 800-38D.
 *
 * A key is one context of `GCM_BYTES` that the caller places (aligned to 16) and wipes with `clear`. What a message
 * leaves in it besides the key is wiped before a function returns. `source` and `target` may be the same address, and
 * may not overlap otherwise. No byte of `target` is written before its tag was found right.
 */

import { enterState, finishRounds, SCHEDULE_BYTES } from './aes';
import { closeWindow, nextStream, STREAM_BYTES, WINDOW_BYTES } from './aes-counter';
import { expandKey } from './aes-key';
import { addStream, clear, equalTags } from './bytes';
import { addToHash, beginHash, endHash, HASH_BYTES, takeHashKey } from './ghash';

/** The first stream block masks the tag. */
const HEAD_BYTES: usize = STREAM_BYTES - 16;

const STREAM: usize = SCHEDULE_BYTES;
const WINDOW: usize = STREAM + STREAM_BYTES;
const COUNTER: usize = WINDOW + WINDOW_BYTES;
/** The masked tag as computed. */
const TAG: usize = COUNTER + 16;
const HASH: usize = TAG + 16;
/** Of a context: key schedule, powers and tables of the hash key, and room to work. */
export const GCM_BYTES: usize = HASH + HASH_BYTES;

/** Key schedule and hash key of the 16, 24 or 32 bytes at `key`, which may be wiped afterwards. */
export function takeGcmKey(context: usize, key: usize, keyBytes: i32): void {
  expandKey(context, key, keyBytes);
  clear(context + STREAM, STREAM_BYTES);
  encrypt(context, 2);
  takeHashKey(context + HASH, context + STREAM);
  clear(context + STREAM, STREAM_BYTES);
}

/** `lengthBytes` of plaintext → as much ciphertext, and 16 bytes of tag at `tag`. `ivBytes` is at least 1. */
export function sealGcm(
  context: usize,
  iv: usize,
  ivBytes: usize,
  aad: usize,
  aadBytes: usize,
  source: usize,
  target: usize,
  lengthBytes: usize,
  tag: usize,
): void {
  begin(context, iv, ivBytes, lengthBytes);
  const mask = v128.load(context, STREAM);
  crypt(context, source, target, lengthBytes, ivBytes == 12);
  authenticate(context, aad, aadBytes, target, lengthBytes);
  v128.store(tag, v128.xor(mask, v128.load(context, TAG)));
  forget(context);
}

/** Gives true, with the plaintext in `target`, when the tag is right; else false, with `target` untouched. */
export function openGcm(
  context: usize,
  iv: usize,
  ivBytes: usize,
  aad: usize,
  aadBytes: usize,
  source: usize,
  target: usize,
  lengthBytes: usize,
  tag: usize,
): bool {
  begin(context, iv, ivBytes, lengthBytes);
  authenticate(context, aad, aadBytes, source, lengthBytes);
  v128.store(context, v128.xor(v128.load(context, STREAM), v128.load(context, TAG)), TAG);
  const genuine = equalTags(context + TAG, tag);
  if (genuine) crypt(context, source, target, lengthBytes, ivBytes == 12);
  forget(context);
  return genuine;
}

/** J₀ (SP 800-38D, section 7.1, step 2), and the first key-stream blocks: of the tag and of the head of the message. */
function begin(context: usize, iv: usize, ivBytes: usize, lengthBytes: usize): void {
  if (ivBytes == 12) {
    store<u64>(context, load<u64>(iv), COUNTER);
    store<u32>(context, load<u32>(iv, 8), COUNTER + 8);
    store<u32>(context, bswap<u32>(1), COUNTER + 12);
  } else {
    beginHash(context + HASH, <i32>((ivBytes + 15) / 16) + 1);
    addToHash(context + HASH, iv, ivBytes);
    endHash(context + HASH, 0, ivBytes, context + COUNTER);
  }
  closeWindow(context + WINDOW);
  // One step: a window would not pay for itself.
  stepStream(context, <i32>((min(lengthBytes, HEAD_BYTES) + 15) / 16) + 1, false);
}

/** The sum over additional data, ciphertext and lengths, at `TAG`. SP 800-38D, section 7.1, steps 4 and 5. */
function authenticate(context: usize, aad: usize, aadBytes: usize, text: usize, textBytes: usize): void {
  const hash = context + HASH;
  beginHash(hash, <i32>((aadBytes + 15) / 16 + (textBytes + 15) / 16) + 1);
  addToHash(hash, aad, aadBytes);
  addToHash(hash, text, textBytes);
  endHash(hash, aadBytes, textBytes, context + TAG);
}

/**
 * GCTR from J₀ + 1 on; the stream of the head is there since `begin`. SP 800-38D, section 6.5. Of an IV of 12 bytes the
 * counter is no secret; otherwise it comes out of the hash and is one.
 */
function crypt(context: usize, source: usize, target: usize, lengthBytes: usize, counterIsPublic: bool): void {
  const head = min(lengthBytes, HEAD_BYTES);
  addStream(target, source, context + STREAM + 16, head);
  for (let at = head; at < lengthBytes; at += STREAM_BYTES) {
    const taken = min(lengthBytes - at, STREAM_BYTES);
    stepStream(context, <i32>((taken + 15) / 16), counterIsPublic);
    addStream(target + at, source + at, context + STREAM, taken);
  }
}

function stepStream(context: usize, blocks: i32, windowed: bool): void {
  nextStream(context, context + WINDOW, context + COUNTER, context + STREAM, blocks, windowed);
}

/** The blocks of `STREAM`, an even number, in place. */
function encrypt(context: usize, blocks: i32): void {
  const end = context + STREAM + 16 * blocks;
  enterState(context, context + STREAM, end);
  finishRounds(context, context + STREAM, end, 1);
}

function forget(context: usize): void {
  clear(context + STREAM, HASH - STREAM);
}
