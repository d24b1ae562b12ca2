/**
 * What host and executor say to each other: frames in two rings (requests, answers), each with a sequence number.
 *
 * Bytes that do not fit a frame go by a `MessagePort` of their own, sent before the frame and read synchronously when
 * the frame is met, so that the order of frames is the order of everything. Nothing here knows pools or adapters.
 *
 * Both kinds of frame share one shape: words, three numbers, then bytes.
 *
 *   word 0  size      word 1  kind       word 2  sequence   word 3  cell or image number
 *   word 4  flags     word 5  a          word 6  b          word 7  c
 *   f64 4   x         f64 5   y          f64 6   z          byte 56…  bytes
 */

import type { ErrorCode } from '../errors.ts';
import type { FrameRing } from './link.ts';
import { INLINE_MAX_BYTES } from './ring.ts';

export const FRAME_BYTES = 56;

/** Host to executor. */
export const LOAD = 1; // cell = image number; the image comes by the port
export const UNLOAD = 2; // cell = image number
export const CREATE = 3; // cell = new cell number, a = image number
export const DESTROY = 4; // cell
export const RUN = 5; // cell, a = operation bytes, b = payload bytes, c = output limit, x = begin by (ms), y = deadline (ms), z = fuel
export const PROBE = 6; // cell, x = begin by (ms), y = deadline (ms)
export const COLLECT = 7; // collect garbage now, then DONE
export const SERVED = 8; // a = number of the question, c = SERVED_…; bytes = plain data

/** Executor to host; the sequence is that of the request. */
export const DONE = 1; // a = byte count, x = run ms, y = memory bytes, z = fuel used or NOT_METERED
export const FAILURE = 2; // a = message bytes, b = index into FAILURES, x, y, z
export const CRASH = 3; // bytes = JSON CrashNote, x, z
export const NOT_BEGUN = 4; // a = 1: there is no such cell; 0: too late
export const CREATED = 5; // x = create ms, y = memory bytes
export const COLLECTED = 6; // a = memories found dead since the last report
export const SERVICE = 7; // of the call with this sequence; a = bytes, b = number of the question; bytes = { method, argument }
export const LOG = 8; // of the call with this sequence; a = bytes, b = level; bytes = text

/** How a question ended: with a value, with a failure that the guest may be told, with an error of the host. */
export const SERVED_OK = 0;
export const SERVED_FAILURE = 1;
export const SERVED_FAULT = 2;

/** In the place of fuel: the guest has no counters. */
export const NOT_METERED = -1;

/** Flag: the bytes come by the port. */
export const BULK = 1;

/** Flags of RUN: the payload is the argument of a typed operation as it is; its result is wanted as it is. */
export const RAW_INPUT = 2;
export const RAW_OUTPUT = 4;

/** `declared`: the message is JSON, the error value of a typed operation. `bad-arguments`: JSON, its problems. */
export const FAILURES = [
  'bad-input',
  'not-found',
  'internal',
  'output-too-large',
  'no-response',
  'response-cut',
  'declared',
  'bad-arguments',
] as const;
export type Failure = (typeof FAILURES)[number];

export interface CrashNote {
  readonly code: ErrorCode;
  readonly detail: string;
}

/**
 * JavaScript heap of a thread, in MiB: room for some ten thousand cells (5 to 40 KB each). At the limit the thread ends and
 * is replaced; without one a guest's exceptions and tables could take gigabytes, and the engine then ends the process.
 */
export const THREAD_HEAP_MAX_MIB = 512;

/** Given to a thread when it starts. */
export interface ThreadStart {
  readonly requests: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
  /** `MessagePort` for bytes that do not fit a frame; typed by its owner. */
  readonly bulk: unknown;
}

/** Writes the fixed part. The bytes follow at `offset + FRAME_BYTES`; then the caller commits. */
export function writeFrame(
  ring: FrameRing,
  offset: number,
  kind: number,
  sequence: number,
  cell: number,
  flags: number,
  a: number,
  b: number,
  c: number,
  x: number,
  y: number,
  z = 0,
): void {
  const { i32, f64 } = ring;
  const word = offset >> 2;
  i32[word + 1] = kind;
  i32[word + 2] = sequence;
  i32[word + 3] = cell;
  i32[word + 4] = flags;
  i32[word + 5] = a;
  i32[word + 6] = b;
  i32[word + 7] = c;
  f64[(offset >> 3) + 4] = x;
  f64[(offset >> 3) + 5] = y;
  f64[(offset >> 3) + 6] = z;
}

/** Sequence numbers wrap at 2³¹. */
export const nextSequence = (sequence: number): number => (sequence + 1) & 0x7fffffff;

/** True when `sequence` is `mark` or came before it; far fewer than 2³⁰ are in flight at once. */
export const isUpTo = (sequence: number, mark: number): boolean =>
  ((mark - sequence) & 0x7fffffff) < 0x40000000;

/** True when `bytes` may travel inside a frame. */
export const fitsInline = (bytes: number): boolean => bytes <= INLINE_MAX_BYTES - FRAME_BYTES;
