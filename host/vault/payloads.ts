/**
 * Payloads of the adapter `cipher`, as its README lays them out. Numbers are little-endian.
 *
 * Each function says first how long a payload is and then writes it, so that it can be written into a buffer that is
 * zeroed after use.
 */

import type { KeyRef, OpenRequest, RunRequest, SealRequest, StreamRequest } from './backend.ts';

/** Slots of the table of derived keys in a cell: a handle's slot is its number modulo this. */
export const HANDLE_SLOTS_COUNT = 1024;
/** Something that can be written, and its length. */
export interface Payload {
  readonly lengthBytes: number;
  write(target: Uint8Array): void;
}

export function keyPayload(version: number, key: Uint8Array): Uint8Array {
  const payload = new Uint8Array(4 + key.length);
  writeU32(payload, 0, version);
  payload.set(key, 4);
  return payload;
}

export function u32List(numbers: readonly number[]): Uint8Array {
  const payload = new Uint8Array(4 * numbers.length);
  for (const [i, number] of numbers.entries()) writeU32(payload, 4 * i, number);
  return payload;
}

export function derivePayload(key: KeyRef): Payload {
  return joined([keyPart(key)]);
}

export function sealPayload({ key, nonce, associatedData, plaintext }: SealRequest): Payload {
  return joined([keyPart(key), nonce, u32(associatedData.length), associatedData, plaintext]);
}

export function openPayload({ key, associatedData, record }: OpenRequest): Payload {
  return joined([keyPart(key), u32(associatedData.length), associatedData, record]);
}

export function rewrapPayload(opening: OpenRequest, sealing: SealRequest): Payload {
  const open = openPayload(opening);
  const seal = sealPayload({ ...sealing, plaintext: new Uint8Array() });
  return {
    lengthBytes: 4 + open.lengthBytes + seal.lengthBytes,
    write(target) {
      writeU32(target, 0, open.lengthBytes);
      open.write(target.subarray(4));
      seal.write(target.subarray(4 + open.lengthBytes));
    },
  };
}

export function batchPayload(items: readonly Payload[]): Payload {
  return {
    lengthBytes: items.reduce((sum, item) => sum + 4 + item.lengthBytes, 0),
    write(target) {
      let at = 0;
      for (const item of items) {
        writeU32(target, at, item.lengthBytes);
        item.write(target.subarray(at + 4));
        at += 4 + item.lengthBytes;
      }
    },
  };
}

export function streamPayload(stream: StreamRequest): Payload {
  return joined(streamPart(stream));
}

export function runPayload({ stream, direction, firstIndex, isLast, bytes }: RunRequest): Payload {
  const head = new Uint8Array(10);
  head[0] = direction === 'seal' ? 0 : 1;
  head[1] = isLast ? 1 : 0;
  new DataView(head.buffer).setBigUint64(2, BigInt(firstIndex), true);
  return joined([head, ...streamPart(stream), bytes]);
}

/** One answer of a batch: a result, or the kind of failure (1 bad input, 2 not found, 3 internal) and its text. */
export type BatchAnswer =
  | { readonly bytes: Uint8Array }
  | { readonly failureKind: number; readonly text: string };

/** The answers in `result`, each a copy of its own. */
export function batchAnswers(result: Uint8Array): BatchAnswer[] {
  const view = new DataView(result.buffer, result.byteOffset, result.byteLength);
  const answers: BatchAnswer[] = [];
  for (let at = 0; at < result.length; ) {
    const kind = view.getUint8(at);
    const end = at + 5 + view.getUint32(at + 1, true);
    const bytes = Uint8Array.from(result.subarray(at + 5, end));
    answers.push(kind === 0 ? { bytes } : { failureKind: kind, text: Buffer.from(bytes).toString('utf8') });
    at = end;
  }
  return answers;
}

function streamPart({ key, salt, associatedData }: StreamRequest): Uint8Array[] {
  return [keyPart(key), salt, u32(associatedData.length), associatedData];
}

/** u32 handle, u32 key version, u8 length of the context, context. */
function keyPart({ handle, keyVersion, context }: KeyRef): Uint8Array {
  const part = new Uint8Array(9 + context.length);
  writeU32(part, 0, handle);
  writeU32(part, 4, keyVersion);
  part[8] = context.length;
  part.set(context, 9);
  return part;
}

function joined(parts: readonly Uint8Array[]): Payload {
  return {
    lengthBytes: parts.reduce((sum, part) => sum + part.length, 0),
    write(target) {
      let at = 0;
      for (const part of parts) {
        target.set(part, at);
        at += part.length;
      }
    },
  };
}

function u32(value: number): Uint8Array {
  return u32List([value]);
}

function writeU32(target: Uint8Array, at: number, value: number): void {
  new DataView(target.buffer, target.byteOffset).setUint32(at, value, true);
}
