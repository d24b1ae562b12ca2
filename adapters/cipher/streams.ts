/**
 * Streams: C2SP chunked encryption, Cobblestone-256. The bytes are those of `crypto-wasm/formats/streams`.
 *
 * Every call says which stream it means, so any cell that holds the root key works on any run of chunks. The keys of the
 * last few streams are kept; a stream that is not among them costs one derivation. Names and limits: C2SP
 * chunked-encryption.md.
 */

import { GCM_BYTES, openGcm, sealGcm, takeGcmKey } from '../../crypto-wasm/cipher/kernel/aes-gcm';
import { equalTags } from '../../crypto-wasm/cipher/kernel/bytes';
import { BLAKE3_CONTEXT_BYTES, blake3Init, blake3Output, blake3Update } from '../../crypto-wasm/hash/kernel/blake3';
import { hkdfExpand } from '../../crypto-wasm/hash/kernel/hkdf';

export const CHUNK_BYTES: usize = 16384;
export const SALT_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
export const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
export const HEADER_BYTES: usize = 56;
const CHUNKS_MAX_COUNT: u64 = 1 << 38;

/** More streams than a host runs through one cell at a time. */
const ENTRY_COUNT: usize = 8;
/** u32 last use (0: empty), u32 handle, u32 version, pad; then: */
const NAME: usize = 16;
const COMMITMENT: usize = NAME + 32;
const BASE_NONCE: usize = COMMITMENT + 32;
const GCM: usize = BASE_NONCE + 16;
const ENTRY_SIZE: usize = GCM + GCM_BYTES;
const ENTRIES: usize = heap.alloc(ENTRY_COUNT * ENTRY_SIZE);
memory.fill(ENTRIES, 0, ENTRY_COUNT * ENTRY_SIZE);

/** 'c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM' and a zero byte. */
const LABEL: string = 'c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0';
const LABEL_BYTES: usize = 48;
/** Key 32, base nonce 12, commitment 32. */
const DERIVED: usize = memory.data(80, 16);
const NONCE: usize = memory.data(16, 16);
const WANTED: usize = memory.data(32, 16);
const HASHER: usize = memory.data(2048, 16);

class Uses {
  count: u32 = 0;
}
const uses = new Uses();

/** A name for the stream that the bytes at `identity` describe; kept until the next call of this function. */
export function nameStream(identity: usize, identityBytes: usize): void {
  blake3Init(HASHER);
  blake3Update(HASHER, identity, identityBytes);
  blake3Output(HASHER, 0, WANTED, 32);
}

/** The entry of the stream just named, or 0. */
export function findStream(): usize {
  for (let n: usize = 0; n < ENTRY_COUNT; n++) {
    const entry = ENTRIES + n * ENTRY_SIZE;
    if (load<u32>(entry) != 0 && memory.compare(entry + NAME, WANTED, 32) == 0) {
      store<u32>(entry, ++uses.count);
      return entry;
    }
  }
  return 0;
}

/** Derives the keys of the stream just named, in the place of the one used longest ago. `key` is 32 bytes. */
export function beginStream(handle: u32, version: u32, key: usize, salt: usize, context: usize, contextBytes: usize): usize {
  let entry = ENTRIES;
  for (let n: usize = 1; n < ENTRY_COUNT; n++) {
    const other = ENTRIES + n * ENTRY_SIZE;
    if (load<u32>(other) < load<u32>(entry)) entry = other;
  }
  const infoBytes = LABEL_BYTES + SALT_BYTES + contextBytes;
  const info = changetype<usize>(new ArrayBuffer(<i32>infoBytes));
  String.UTF8.encodeUnsafe(changetype<usize>(LABEL), LABEL.length, info);
  memory.copy(info + LABEL_BYTES, salt, SALT_BYTES);
  memory.copy(info + LABEL_BYTES + SALT_BYTES, context, contextBytes);
  hkdfExpand(512, key, 32, info, infoBytes, DERIVED, 76);
  store<u32>(entry, ++uses.count);
  store<u32>(entry, handle, 4);
  store<u32>(entry, version, 8);
  memory.copy(entry + NAME, WANTED, 32);
  takeGcmKey(entry + GCM, DERIVED, 32);
  memory.copy(entry + BASE_NONCE, DERIVED + 32, 12);
  memory.copy(entry + COMMITMENT, DERIVED + 44, 32);
  memory.fill(DERIVED, 0, 80);
  return entry;
}

/** Of an entry: the 32 bytes that follow the salt. */
export function commitmentOf(entry: usize): usize {
  return entry + COMMITMENT;
}

export function endStream(entry: usize): void {
  memory.fill(entry, 0, ENTRY_SIZE);
}

/** Wipes the streams of one handle, or of all handles of a version. */
export function endStreamsOf(handle: u32, version: u32, isVersion: bool): void {
  for (let n: usize = 0; n < ENTRY_COUNT; n++) {
    const entry = ENTRIES + n * ENTRY_SIZE;
    if (load<u32>(entry) == 0) continue;
    if (isVersion ? load<u32>(entry, 8) == version : load<u32>(entry, 4) == handle) endStream(entry);
  }
}

/** Bytes that a run of `bytes` becomes, or -1 when no run has this length: whole chunks, and at the end a shorter one. */
export function runBytes(bytes: usize, isOpening: bool, isLast: bool): i32 {
  const unit = isOpening ? SEALED_CHUNK_BYTES : CHUNK_BYTES;
  const whole = bytes / unit;
  const rest = bytes % unit;
  if (!isLast) return rest == 0 && whole > 0 ? <i32>(whole * (isOpening ? CHUNK_BYTES : SEALED_CHUNK_BYTES)) : -1;
  if (!isOpening) return <i32>(bytes + (whole + 1) * TAG_BYTES);
  return rest < TAG_BYTES ? -1 : <i32>(bytes - (whole + 1) * TAG_BYTES);
}

/** True when chunks `index` … of a run of `bytes` exist. */
export function isWithinLimit(index: u64, bytes: usize): bool {
  return index < CHUNKS_MAX_COUNT && <u64>(bytes / CHUNK_BYTES) + 1 <= CHUNKS_MAX_COUNT - index;
}

/** Seals a run whose length `runBytes` accepts. */
export function sealRun(entry: usize, index: u64, source: usize, bytes: usize, isLast: bool, out: usize): void {
  for (; bytes >= CHUNK_BYTES; bytes -= CHUNK_BYTES) {
    nonceOf(entry, index++);
    sealGcm(entry + GCM, NONCE, 12, 0, 0, source, out, CHUNK_BYTES, out + CHUNK_BYTES);
    source += CHUNK_BYTES;
    out += SEALED_CHUNK_BYTES;
  }
  if (!isLast) return;
  nonceOf(entry, index);
  sealGcm(entry + GCM, NONCE, 12, 0, 0, source, out, bytes, out + bytes);
}

/** Opens a run whose length `runBytes` accepts. False at the first chunk that is not authentic. */
export function openRun(entry: usize, index: u64, source: usize, bytes: usize, isLast: bool, out: usize): bool {
  for (; bytes >= SEALED_CHUNK_BYTES; bytes -= SEALED_CHUNK_BYTES) {
    nonceOf(entry, index++);
    if (!openGcm(entry + GCM, NONCE, 12, 0, 0, source, out, CHUNK_BYTES, source + CHUNK_BYTES)) return false;
    source += SEALED_CHUNK_BYTES;
    out += CHUNK_BYTES;
  }
  if (!isLast) return true;
  const text = bytes - TAG_BYTES;
  nonceOf(entry, index);
  return openGcm(entry + GCM, NONCE, 12, 0, 0, source, out, text, source + text);
}

/** The base nonce with the index, big-endian, added without carry. */
function nonceOf(entry: usize, index: u64): void {
  memory.copy(NONCE, entry + BASE_NONCE, 12);
  store<u64>(NONCE, load<u64>(NONCE, 4) ^ bswap(index), 4);
}

assert(BLAKE3_CONTEXT_BYTES <= 2048);
