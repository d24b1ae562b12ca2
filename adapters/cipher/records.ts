/**
 * Records: one value under one key, header and all authenticated. The bytes are those of `crypto-wasm/formats/records`.
 *
 * Nothing is decrypted of a record that is not authentic. What a message leaves behind in static memory is wiped before
 * a function returns; what lies in the call's memory is wiped after the call.
 */

import { GCM_BYTES, openGcm, sealGcm, takeGcmKey } from '../../crypto-wasm/cipher/kernel/aes-gcm';
import { equalTags } from '../../crypto-wasm/cipher/kernel/bytes';
import { deriveXaesKey } from '../../crypto-wasm/cipher/kernel/xaes-key';
import { hkdfExpand } from '../../crypto-wasm/hash/kernel/hkdf';

/** 'HCRD', version 1, suite 1. */
const MAGIC: u32 = 0x44524348;
const VERSION: u8 = 1;
const SUITE: u8 = 1;
const FIXED_BYTES: usize = 11;
export const NONCE_BYTES: usize = 24;
const COMMITMENT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

/** 'hotcell/record/v1/commitment' and a zero byte. */
const LABEL_BYTES: usize = 29;
const INFO: usize = memory.data(144, 16);
const LABEL: usize = memory.data<u8>([
  104, 111, 116, 99, 101, 108, 108, 47, 114, 101, 99, 111, 114, 100, 47, 118, 49, 47,
  99, 111, 109, 109, 105, 116, 109, 101, 110, 116, 0,
]);
const MESSAGE_KEY: usize = memory.data(32, 16);
const COMMITMENT: usize = memory.data(32, 16);
const ROOM: usize = heap.alloc(GCM_BYTES);

/** What a record has besides its plaintext. */
export function overheadBytes(contextBytes: usize): usize {
  return FIXED_BYTES + contextBytes + NONCE_BYTES + COMMITMENT_BYTES + TAG_BYTES;
}

/** Writes the record of `lengthBytes` of plaintext at `source` to `out`, which has room for it and does not overlap. */
export function sealRecord(
  key: usize,
  version: u32,
  context: usize,
  contextBytes: usize,
  nonce: usize,
  ad: usize,
  adBytes: usize,
  source: usize,
  lengthBytes: usize,
  out: usize,
): void {
  store<u32>(out, MAGIC);
  store<u8>(out, VERSION, 4);
  store<u8>(out, SUITE, 5);
  store<u32>(out, bswap(version), 6);
  store<u8>(out, <u8>contextBytes, 10);
  memory.copy(out + FIXED_BYTES, context, contextBytes);
  const boundBytes = FIXED_BYTES + contextBytes + NONCE_BYTES;
  memory.copy(out + boundBytes - NONCE_BYTES, nonce, NONCE_BYTES);
  prepare(key, nonce, out, boundBytes);
  memory.copy(out + boundBytes, COMMITMENT, COMMITMENT_BYTES);
  const headerBytes = boundBytes + COMMITMENT_BYTES;
  const text = out + headerBytes;
  const aad = joined(out, headerBytes, ad, adBytes);
  sealGcm(ROOM, nonce + 12, 12, aad, headerBytes + adBytes, source, text, lengthBytes, text + lengthBytes);
  memory.fill(ROOM, 0, GCM_BYTES);
}

/** Bytes of plaintext in a record of this version and context, or -1 when its open part is another. */
export function plaintextBytes(record: usize, recordBytes: usize, version: u32, context: usize, contextBytes: usize): i32 {
  if (recordBytes < overheadBytes(contextBytes)) return -1;
  if (load<u32>(record) != MAGIC || load<u8>(record, 4) != VERSION || load<u8>(record, 5) != SUITE) return -1;
  if (load<u32>(record, 6) != bswap(version) || <usize>load<u8>(record, 10) != contextBytes) return -1;
  if (memory.compare(record + FIXED_BYTES, context, contextBytes) != 0) return -1;
  return <i32>(recordBytes - overheadBytes(contextBytes));
}

/** Writes the plaintext, whose length `plaintextBytes` said, to `out`; false, and nothing written, if not authentic. */
export function openRecord(
  key: usize,
  contextBytes: usize,
  ad: usize,
  adBytes: usize,
  record: usize,
  lengthBytes: usize,
  out: usize,
): bool {
  const boundBytes = FIXED_BYTES + contextBytes + NONCE_BYTES;
  const nonce = record + boundBytes - NONCE_BYTES;
  prepare(key, nonce, record, boundBytes);
  const given = record + boundBytes;
  // Both halves are always compared.
  let genuine = equalTags(COMMITMENT, given) & equalTags(COMMITMENT + 16, given + 16);
  if (genuine) {
    const headerBytes = boundBytes + COMMITMENT_BYTES;
    const text = record + headerBytes;
    const aad = joined(record, headerBytes, ad, adBytes);
    genuine = openGcm(ROOM, nonce + 12, 12, aad, headerBytes + adBytes, text, out, lengthBytes, text + lengthBytes);
  }
  memory.fill(ROOM, 0, GCM_BYTES);
  return genuine;
}

/** The message's key into `ROOM`, and the commitment to it over all of the header before it. */
function prepare(key: usize, nonce: usize, bound: usize, boundBytes: usize): void {
  deriveXaesKey(key, nonce, MESSAGE_KEY);
  takeGcmKey(ROOM, MESSAGE_KEY, 32);
  memory.copy(INFO, LABEL, LABEL_BYTES);
  memory.copy(INFO + LABEL_BYTES, bound, boundBytes);
  hkdfExpand(512, MESSAGE_KEY, 32, INFO, LABEL_BYTES + boundBytes, COMMITMENT, COMMITMENT_BYTES);
  memory.fill(MESSAGE_KEY, 0, 32);
}

/** Header and associated data side by side. */
function joined(header: usize, headerBytes: usize, ad: usize, adBytes: usize): usize {
  if (adBytes == 0) return header;
  const both = changetype<usize>(new ArrayBuffer(<i32>(headerBytes + adBytes)));
  memory.copy(both, header, headerBytes);
  memory.copy(both + headerBytes, ad, adBytes);
  return both;
}
