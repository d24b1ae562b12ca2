/**
 * Authenticated encryption in a cell: which operation means what. The layout of every payload is in `README.md`.
 *
 * Root keys and what is derived from them stay in this memory; no operation gives a key out. There is no randomness
 * here: nonces and salts come with the payload, so every operation gives the same bytes in any cell that has the key.
 * Payloads, results and all else that a call allocates are wiped after it.
 */

import { badInput, notFound, ok, okAt, Reply } from 'hotcell/kit';
import { openWithKey, sealWithKey } from './aead';
import { digest } from './digest';
import {
  CONTEXT_MAX_BYTES, dropRoot, forgetHandle, isDerived, loadRoot, recordKeyOf, ROOT_BYTES, slotFor, streamKeyOf,
} from './keys';
import { isShort, left, position, read, take, takeU32, takeU64, takeU8 } from './payload';
import { NONCE_BYTES, openRecord, overheadBytes, plaintextBytes, sealRecord } from './records';
import {
  beginStream, commitmentOf, endStream, endStreamsOf, findStream, HEADER_BYTES, isWithinLimit, nameStream, openRun,
  runBytes, SALT_BYTES, sealRun,
} from './streams';

export const wipesMemory: bool = true;

const MALFORMED: string = 'malformed: the payload does not have the layout of this operation';
const NOT_LOADED: string = 'key: this version of the key is not loaded here';
const NOT_AUTHENTIC: string = 'authentication: the bytes are not what was sealed with this key and context';
const FULL: string = 'key: no more versions of keys can be loaded';

/** The key part of a payload: who reads it reads these. */
class KeyPart {
  handle: u32 = 0;
  version: u32 = 0;
  context: usize = 0;
  contextBytes: usize = 0;
}
const part = new KeyPart();

export function handle(operation: string, payload: Uint8Array): Reply {
  const at = payload.dataStart;
  const end = at + payload.byteLength;
  if (operation == 'stream-chunk') return streamChunk(at, end);
  if (operation == 'seal') return seal(at, end);
  if (operation == 'open') return open(at, end);
  if (operation == 'seal-batch') return batch(at, end, true);
  if (operation == 'open-batch') return batch(at, end, false);
  if (operation == 'derive') return derive(at, end);
  if (operation == 'stream-begin') return streamBegin(at, end);
  if (operation == 'stream-end') return streamEnd(at, end);
  if (operation == 'forget') return forget(at, end);
  if (operation == 'rewrap') return rewrap(at, end);
  if (operation == 'load-key') return loadKey(at, end);
  if (operation == 'drop-key') return dropKey(at, end);
  if (operation == 'aead-seal') return sealWithKey(at, end);
  if (operation == 'aead-open') return openWithKey(at, end);
  if (operation == 'hash') return digest(at, end);
  return notFound('cipher has no operation ' + operation);
}

function loadKey(at: usize, end: usize): Reply {
  if (end - at != 4 + ROOT_BYTES) return badInput('malformed: a key is a version of 4 bytes and 32 bytes');
  return loadRoot(load<u32>(at), at + 4) ? okAt(at, 0) : badInput(FULL);
}

function dropKey(at: usize, end: usize): Reply {
  if (end - at != 4) return badInput(MALFORMED);
  dropRoot(load<u32>(at));
  endStreamsOf(0, load<u32>(at), true);
  return okAt(at, 0);
}

function forget(at: usize, end: usize): Reply {
  if (((end - at) & 3) != 0) return badInput(MALFORMED);
  for (; at < end; at += 4) {
    forgetHandle(load<u32>(at));
    endStreamsOf(load<u32>(at), 0, false);
  }
  return okAt(at, 0);
}

function derive(at: usize, end: usize): Reply {
  read(at, end);
  takeKeyPart();
  if (isShort() || left() != 0) return badInput(MALFORMED);
  const wasThere = isDerived(part.handle, part.version, part.context, part.contextBytes);
  if (partSlot() == 0) return notFound(NOT_LOADED);
  const result = new Uint8Array(1);
  result[0] = wasThere ? 0 : 1;
  return ok(result);
}

function seal(at: usize, end: usize): Reply {
  read(at, end);
  takeKeyPart();
  const nonce = take(NONCE_BYTES);
  const adBytes = <usize>takeU32();
  const ad = take(adBytes);
  if (isShort()) return badInput(MALFORMED);
  return sealBytes(nonce, ad, adBytes, position(), left());
}

function sealBytes(nonce: usize, ad: usize, adBytes: usize, source: usize, bytes: usize): Reply {
  const slot = partSlot();
  if (slot == 0) return notFound(NOT_LOADED);
  const recordBytes = bytes + overheadBytes(part.contextBytes);
  const out = changetype<usize>(new ArrayBuffer(<i32>recordBytes));
  const key = recordKeyOf(slot);
  sealRecord(key, part.version, part.context, part.contextBytes, nonce, ad, adBytes, source, bytes, out);
  return okAt(out, <i32>recordBytes);
}

function open(at: usize, end: usize): Reply {
  read(at, end);
  takeKeyPart();
  const adBytes = <usize>takeU32();
  const ad = take(adBytes);
  if (isShort()) return badInput(MALFORMED);
  const record = position();
  const bytes = plaintextBytes(record, left(), part.version, part.context, part.contextBytes);
  const slot = partSlot();
  if (slot == 0) return notFound(NOT_LOADED);
  if (bytes < 0) return badInput(NOT_AUTHENTIC);
  const out = changetype<usize>(new ArrayBuffer(bytes));
  const isGenuine = openRecord(recordKeyOf(slot), part.contextBytes, ad, adBytes, record, bytes, out);
  return isGenuine ? okAt(out, bytes) : badInput(NOT_AUTHENTIC);
}

/** The plaintext is never outside of this cell. */
function rewrap(at: usize, end: usize): Reply {
  read(at, end);
  const openBytes = <usize>takeU32();
  const opening = take(openBytes);
  if (isShort()) return badInput(MALFORMED);
  const sealing = position();
  const opened = open(opening, opening + openBytes);
  if (opened.kind != 0) return opened;
  read(sealing, end);
  takeKeyPart();
  const nonce = take(NONCE_BYTES);
  const adBytes = <usize>takeU32();
  const ad = take(adBytes);
  if (isShort() || left() != 0) return badInput(MALFORMED);
  return sealBytes(nonce, ad, adBytes, opened.address, opened.lengthBytes);
}

/** Items one after another, an answer for each: one that fails does not end the others. */
function batch(at: usize, end: usize, isSealing: bool): Reply {
  let count = 0;
  let largest: usize = 0;
  for (let next = at; next < end; count++) {
    if (end - next < 4 || <usize>load<u32>(next) > end - next - 4) return badInput(MALFORMED);
    largest += load<u32>(next);
    next += 4 + load<u32>(next);
  }
  // A record is at most this much longer than the item it was made of; failures' texts are shorter than that.
  const out = changetype<usize>(new ArrayBuffer(<i32>(largest + count * 160)));
  let to = out;
  while (at < end) {
    const item = at + 4;
    at = item + load<u32>(at);
    const reply = isSealing ? seal(item, at) : open(item, at);
    store<u8>(to, <u8>reply.kind);
    store<u32>(to, reply.lengthBytes, 1);
    memory.copy(to + 5, reply.address, reply.lengthBytes);
    to += 5 + reply.lengthBytes;
  }
  return okAt(out, <i32>(to - out));
}

function streamBegin(at: usize, end: usize): Reply {
  const entry = takeStream(at, end);
  if (isShort() || left() != 0) return badInput(MALFORMED);
  if (entry == 0) return notFound(NOT_LOADED);
  const header = new Uint8Array(<i32>HEADER_BYTES);
  memory.copy(header.dataStart, salt(at), SALT_BYTES);
  memory.copy(header.dataStart + SALT_BYTES, commitmentOf(entry), HEADER_BYTES - SALT_BYTES);
  return ok(header);
}

function streamChunk(at: usize, end: usize): Reply {
  read(at, end);
  const direction = takeU8();
  const last = takeU8();
  const index = takeU64();
  if (isShort() || direction > 1 || last > 1) return badInput(MALFORMED);
  const isOpening = direction == 1;
  const isLast = last == 1;
  const entry = takeStream(position(), end);
  if (isShort()) return badInput(MALFORMED);
  const source = position();
  const bytes = left();
  const outBytes = runBytes(bytes, isOpening, isLast);
  if (outBytes < 0) return badInput('malformed: a run is whole chunks, and at the end of the stream a shorter one');
  if (!isWithinLimit(index, bytes)) return badInput('limit: a stream has at most 2^38 chunks');
  if (entry == 0) return notFound(NOT_LOADED);
  const out = changetype<usize>(new ArrayBuffer(outBytes));
  if (!isOpening) sealRun(entry, index, source, bytes, isLast, out);
  else if (!openRun(entry, index, source, bytes, isLast, out)) return badInput(NOT_AUTHENTIC);
  return okAt(out, outBytes);
}

function streamEnd(at: usize, end: usize): Reply {
  read(at, end);
  takeStreamPart();
  if (isShort() || left() != 0) return badInput(MALFORMED);
  nameStream(at, end - at);
  const entry = findStream();
  if (entry != 0) endStream(entry);
  return okAt(at, 0);
}

/** Reads a stream part at `at` and gives the stream's entry; 0 when it was short or its key is not loaded. */
function takeStream(at: usize, end: usize): usize {
  read(at, end);
  const saltAt = takeStreamPart();
  if (isShort()) return 0;
  const contextBytes = <usize>load<u32>(saltAt, SALT_BYTES);
  nameStream(at, position() - at);
  const entry = findStream();
  if (entry != 0) return entry;
  const slot = partSlot();
  if (slot == 0) return 0;
  return beginStream(part.handle, part.version, streamKeyOf(slot), saltAt, saltAt + SALT_BYTES + 4, contextBytes);
}

/** Key part, salt, length and bytes of the context of the stream. Gives the address of the salt. */
function takeStreamPart(): usize {
  takeKeyPart();
  const saltAt = take(SALT_BYTES);
  take(takeU32());
  return saltAt;
}

/** Of a stream part that was read. */
function salt(at: usize): usize {
  return at + 9 + <usize>load<u8>(at, 8);
}

function takeKeyPart(): void {
  part.handle = takeU32();
  part.version = takeU32();
  part.contextBytes = <usize>takeU8();
  part.context = take(part.contextBytes);
  // A context that no record can hold is cut off here, like a payload that ends too early.
  if (part.contextBytes > CONTEXT_MAX_BYTES) take(left() + 1);
}

function partSlot(): usize {
  return slotFor(part.handle, part.version, part.context, part.contextBytes);
}
