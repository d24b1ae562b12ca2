/**
 * Root keys, and what is derived from them. The only memory in which either lies between calls.
 *
 * A handle is a number by which the caller names one context under one key version. Its slot holds the keys of records
 * and of streams, derived by BLAKE3; a slot is found by the handle's low bits, and a handle that comes to a slot in use
 * takes its place. A lost slot costs one derivation and nothing else. What leaves a table is wiped.
 */

import { takeXaesKey, XAES_BYTES } from '../../crypto-wasm/cipher/kernel/xaes-key';
import { BLAKE3_CONTEXT_BYTES, blake3InitDeriveKey, blake3Output, blake3Update, blake3Wipe } from '../../crypto-wasm/hash/kernel/blake3';

export const ROOT_BYTES: usize = 32;
export const CONTEXT_MAX_BYTES: usize = 64;

/** Versions at a time: the active one and the older ones that are still read. */
const ROOT_COUNT: usize = 16;
/** u32 version, u32 in use, the key. */
const ROOT_KEY: usize = 16;
const ROOT_SIZE: usize = ROOT_KEY + ROOT_BYTES;
const ROOTS: usize = memory.data(768, 16);

/** 400 KiB of slots: with more contexts than that at a time, a call costs a derivation of some microseconds more. */
const SLOT_COUNT: usize = 1024;
/** u32 handle, u32 version, u32 context length, u32 in use; then: */
const SLOT_CONTEXT: usize = 16;
const SLOT_RECORD: usize = SLOT_CONTEXT + CONTEXT_MAX_BYTES;
const SLOT_STREAM: usize = SLOT_RECORD + XAES_BYTES;
const SLOT_SIZE: usize = SLOT_STREAM + 32;
const SLOTS: usize = heap.alloc(SLOT_COUNT * SLOT_SIZE);
memory.fill(SLOTS, 0, SLOT_COUNT * SLOT_SIZE);

/** Two purposes, two keys. Never to be changed: everything sealed depends on them. */
const RECORD_PURPOSE: string = 'Hotcell vault 2026-11-21 v1 key of records';
const STREAM_PURPOSE: string = 'Hotcell vault 2026-11-21 v1 key of streams';

const HASHER: usize = memory.data(2048, 16);
const DERIVED: usize = memory.data(32, 16);

/** Takes 32 bytes at `key`, in the place of what this version was. False when there is no place for another version. */
export function loadRoot(version: u32, key: usize): bool {
  dropRoot(version);
  for (let n: usize = 0; n < ROOT_COUNT; n++) {
    const root = ROOTS + n * ROOT_SIZE;
    if (load<u32>(root, 4) != 0) continue;
    store<u32>(root, version);
    store<u32>(root, 1, 4);
    memory.copy(root + ROOT_KEY, key, ROOT_BYTES);
    return true;
  }
  return false;
}

/** Wipes the version and every slot derived from it. */
export function dropRoot(version: u32): void {
  const root = rootOf(version);
  if (root == 0) return;
  memory.fill(root, 0, ROOT_SIZE);
  for (let n: usize = 0; n < SLOT_COUNT; n++) {
    const slot = SLOTS + n * SLOT_SIZE;
    if (load<u32>(slot, 12) != 0 && load<u32>(slot, 4) == version) memory.fill(slot, 0, SLOT_SIZE);
  }
}

/** Wipes the handle's slot. A handle without one is no error. */
export function forgetHandle(handle: u32): void {
  const slot = slotOf(handle);
  if (load<u32>(slot, 12) != 0 && load<u32>(slot) == handle) memory.fill(slot, 0, SLOT_SIZE);
}

/** True when the slot holds the keys of just this handle, version and context. */
export function isDerived(handle: u32, version: u32, context: usize, contextBytes: usize): bool {
  const slot = slotOf(handle);
  return (
    load<u32>(slot, 12) != 0 &&
    load<u32>(slot) == handle &&
    load<u32>(slot, 4) == version &&
    load<u32>(slot, 8) == <u32>contextBytes &&
    memory.compare(slot + SLOT_CONTEXT, context, contextBytes) == 0
  );
}

/** The handle's slot with its keys in it, or 0 when the version is not loaded. */
export function slotFor(handle: u32, version: u32, context: usize, contextBytes: usize): usize {
  const slot = slotOf(handle);
  if (isDerived(handle, version, context, contextBytes)) return slot;
  const root = rootOf(version);
  if (root == 0) return 0;
  memory.fill(slot, 0, SLOT_SIZE);
  store<u32>(slot, handle);
  store<u32>(slot, version, 4);
  store<u32>(slot, <u32>contextBytes, 8);
  store<u32>(slot, 1, 12);
  memory.copy(slot + SLOT_CONTEXT, context, contextBytes);
  derive(RECORD_PURPOSE, root + ROOT_KEY, context, contextBytes);
  takeXaesKey(slot + SLOT_RECORD, DERIVED);
  derive(STREAM_PURPOSE, root + ROOT_KEY, context, contextBytes);
  memory.copy(slot + SLOT_STREAM, DERIVED, 32);
  memory.fill(DERIVED, 0, 32);
  return slot;
}

/** Of a slot: the context of XAES for `sealRecord` and `openRecord`. */
export function recordKeyOf(slot: usize): usize {
  return slot + SLOT_RECORD;
}

/** Of a slot: 32 bytes. */
export function streamKeyOf(slot: usize): usize {
  return slot + SLOT_STREAM;
}

/** BLAKE3's derive_key over root key and context; the root key's length is fixed, so no two pairs give one input. */
function derive(purpose: string, key: usize, context: usize, contextBytes: usize): void {
  const name = String.UTF8.encode(purpose);
  blake3InitDeriveKey(HASHER, changetype<usize>(name), name.byteLength);
  blake3Update(HASHER, key, ROOT_BYTES);
  blake3Update(HASHER, context, contextBytes);
  blake3Output(HASHER, 0, DERIVED, 32);
  blake3Wipe(HASHER);
}

function slotOf(handle: u32): usize {
  return SLOTS + (<usize>handle & (SLOT_COUNT - 1)) * SLOT_SIZE;
}

function rootOf(version: u32): usize {
  for (let n: usize = 0; n < ROOT_COUNT; n++) {
    const root = ROOTS + n * ROOT_SIZE;
    if (load<u32>(root, 4) != 0 && load<u32>(root) == version) return root;
  }
  return 0;
}

assert(BLAKE3_CONTEXT_BYTES <= 2048 && ROOT_COUNT * ROOT_SIZE == 768);
