/**
 * Writes requests to an executor: into the ring, or beside it by the port when the bytes do not fit a frame.
 *
 * Never reorders: when the ring is full, requests wait here in order and go as soon as the reader made room. A payload
 * is copied before `send` returns; the caller keeps its bytes.
 */

import type { RunRequest } from '../types.ts';
import type { FrameRing, HostBulk } from './link.ts';
import { BULK, FRAME_BYTES, fitsInline, RAW_INPUT, RAW_OUTPUT, RUN, writeFrame } from './protocol.ts';

export interface RequestFrame {
  readonly kind: number;
  readonly cell?: number | undefined;
  readonly a?: number;
  readonly c?: number;
  readonly x?: number;
  readonly y?: number;
  readonly z?: number;
  /** Of a typed operation. */
  readonly form?: Pick<RunRequest, 'isRawInput' | 'isRawOutput'>;
  /** ASCII, by the manifest's schema. */
  readonly operation?: string;
  readonly payload?: Uint8Array;
  /** A message that goes by the port right before the frame. */
  readonly message?: unknown;
}

export interface RequestWriter {
  /** Requests that wait for room in the ring. */
  readonly waiting: number;
  /** `sequence` is 0 for requests without an answer. */
  send(frame: RequestFrame, sequence: number): void;
  /** Writes what had to wait, as far as there is room. */
  flush(): void;
  /** A result came that did not fit a frame. */
  noteResult(lengthBytes: number): void;
  /** Forgets what waits: the reader is gone. */
  clear(): void;
}

/** `slice` of a `Buffer` shares its memory, and a transfer would take that from the caller: this always copies. */
const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/**
 * Room for the result, which goes back in the same buffer (`thread.ts`): one that is a little longer than its payload, or as
 * long as the last large one was, but no more than four times the payload. Two buffers a call instead of one were a
 * quarter of this thread's time in garbage collection, when a megabyte became one and a half.
 */
const carrierBytes = (payloadBytes: number, lastResultBytes: number): number =>
  Math.max(
    payloadBytes + (payloadBytes >> 6),
    Math.min(lastResultBytes + (lastResultBytes >> 4), payloadBytes * 4),
  ) + 4096;

/**
 * `wake` is called when the reader sleeps and must be woken by a message: at the end of the turn of the event loop. The
 * reader is faster than whoever writes, so woken at each frame it would fall asleep between any two: one message a turn
 * instead of one a call.
 */
export function createRequestWriter(ring: FrameRing, port: HostBulk, wake: () => void): RequestWriter {
  const waiting: { readonly frame: RequestFrame; readonly sequence: number }[] = [];

  let lastResultBytes = 0;
  let isWaking = false;
  const wakeReader = (): void => {
    isWaking = false;
    if (ring.wakeNeeded()) wake();
  };

  const write = (frame: RequestFrame, sequence: number): boolean => {
    const { operation = '', payload } = frame;
    const operationBytes = operation.length;
    const payloadBytes = payload?.length ?? 0;
    let isInline = fitsInline(operationBytes + payloadBytes);
    let offset = ring.reserve(FRAME_BYTES + operationBytes + (isInline ? payloadBytes : 0));
    if (offset < 0 && isInline && payloadBytes > 0) {
      isInline = false;
      offset = ring.reserve(FRAME_BYTES + operationBytes);
    }
    if (offset < 0) return false;
    if (frame.message !== undefined) port.postMessage(frame.message);
    const at = offset + FRAME_BYTES;
    for (let i = 0; i < operationBytes; i++) ring.u8[at + i] = operation.charCodeAt(i);
    if (payload && isInline) {
      ring.u8.set(payload, at + operationBytes);
    } else if (payload) {
      port.postPayload(payload, carrierBytes(payloadBytes, lastResultBytes));
    }
    const a = frame.kind === RUN ? operationBytes : (frame.a ?? 0);
    const { kind, cell = 0, c = 0, x = 0, y = 0, z = 0, form } = frame;
    const raw = (form?.isRawInput ? RAW_INPUT : 0) | (form?.isRawOutput ? RAW_OUTPUT : 0);
    const flags = raw | (isInline ? 0 : BULK);
    writeFrame(ring, offset, kind, sequence, cell, flags, a, payloadBytes, c, x, y, z);
    ring.commit();
    if (!isWaking) {
      isWaking = true;
      setImmediate(wakeReader);
    }
    return true;
  };

  return {
    get waiting() {
      return waiting.length;
    },
    send(frame, sequence) {
      if (waiting.length === 0 && write(frame, sequence)) return;
      waiting.push({ frame: frame.payload ? { ...frame, payload: copyOf(frame.payload) } : frame, sequence });
    },
    flush() {
      let written = 0;
      for (let next = waiting[0]; next && write(next.frame, next.sequence); next = waiting[written])
        written++;
      if (written > 0) waiting.splice(0, written);
    },
    noteResult(lengthBytes) {
      lastResultBytes = lengthBytes;
    },
    clear() {
      waiting.length = 0;
    },
  };
}
