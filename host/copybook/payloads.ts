/**
 * The layouts of payloads and answers, as `crypto-wasm/copybook/README.md` gives them. Answers are a guest's: nothing in
 * one is believed before it was held against what was asked.
 *
 * A payload is written around its input without copying it: a `Room` has the space for what comes first.
 */

import type { CopybookLayout, Detection } from './face.ts';
import { badResult } from './failures.ts';

/** Record, offset, rows or target, flags. */
const HEAD_BYTES = 24;
const ANSWER_HEAD_BYTES = 24;
/** Count, flags. */
const CUTS_HEAD_BYTES = 8;
/** End, records, flags. */
const CUT_BYTES = 12;

/** What is left over behind the last record is a record cut short, and not the beginning of one. */
export const INPUT_ENDS = 1;
/** Something of the output is there already. */
export const OUTPUT_BEGAN = 2;
/** The input is a piece that ends with a record; the file goes on behind it, perhaps within a block. */
export const IS_PIECE = 4;
/** The upper bits of flags, and of a status: where within a block the input goes on. Only the cell knows what they mean. */
const RESUME_BITS = 0xffff_ff00;

/** Bytes for the input of one call, and before them the place for what the payload says first. */
export interface Room {
  readonly whole: Uint8Array;
  /** Where the input begins in `whole`. */
  readonly from: number;
}

export interface Head {
  readonly firstRecord: number;
  readonly offset: number;
  /** `decode`: most rows, 0 for all. `cut`: wanted bytes of a piece. */
  readonly count: number;
  readonly flags: number;
}

export interface Answer {
  readonly consumedBytes: number;
  readonly recordCount: number;
  readonly rowCount: number;
  readonly fieldErrorCount: number;
  /** JSON of the problem that the record at `consumedBytes` has; undefined when all is well. */
  readonly problem: string | undefined;
  /** Flags of the call that goes on at `consumedBytes`. */
  readonly resume: number;
  readonly output: Uint8Array;
}

export interface Cut {
  /** Position of its end in the input. */
  readonly end: number;
  readonly recordCount: number;
  /** Of the call that decodes it. */
  readonly flags: number;
}

export interface Cuts {
  readonly pieces: readonly Cut[];
  /** Flags of the call that goes on behind the last piece. */
  readonly resume: number;
}

/** Bytes that every payload has before its input. */
export function prefixBytes(specification: Uint8Array): number {
  return 4 + specification.length + HEAD_BYTES;
}

/**
 * The payload for `lengthBytes` of the room's input from `at`. Overwrites what lies in the room before it: bytes that were
 * consumed, or the prefix.
 */
export function writePayload(
  room: Room,
  specification: Uint8Array,
  at: number,
  lengthBytes: number,
  { firstRecord, offset, count, flags }: Head,
): Uint8Array {
  const inputAt = room.from + at;
  const payloadAt = inputAt - prefixBytes(specification);
  const payload = room.whole.subarray(payloadAt, inputAt + lengthBytes);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  view.setUint32(0, specification.length, true);
  payload.set(specification, 4);
  const headAt = 4 + specification.length;
  view.setBigUint64(headAt, BigInt(firstRecord), true);
  view.setBigUint64(headAt + 8, BigInt(offset), true);
  view.setUint32(headAt + 16, count, true);
  view.setUint32(headAt + 20, flags, true);
  return payload;
}

/** The payload of `layout`, which has no input. */
export function layoutPayload(specification: Uint8Array): Uint8Array {
  const payload = new Uint8Array(4 + specification.length);
  new DataView(payload.buffer).setUint32(0, specification.length, true);
  payload.set(specification, 4);
  return payload;
}

/** Throws EXECUTOR_BAD_RESULT — not what may answer `inputBytes` of input and `rowsMax` (0: no bound). */
export function readAnswer(bytes: Uint8Array, inputBytes: number, rowsMax: number): Answer {
  if (bytes.length < ANSWER_HEAD_BYTES) throw badResult('an answer without its beginning');
  const view = viewOf(bytes);
  const word = (index: number): number => view.getUint32(4 * index, true);
  const [consumedBytes, recordCount, problemBytes] = [word(0), word(1), word(3)];
  const status = word(2) & 0xff;
  const [fieldErrorCount, rowCount] = [word(4), word(5)];
  if (consumedBytes > inputBytes) throw badResult('more was consumed than given');
  if (rowsMax > 0 && rowCount > rowsMax) throw badResult('more rows than asked for');
  if (problemBytes > bytes.length - ANSWER_HEAD_BYTES) throw badResult('a problem longer than the answer');
  if (status > 1 || (status === 1) !== problemBytes > 0) throw badResult('a status that is none');
  const outputAt = ANSWER_HEAD_BYTES + problemBytes;
  const problem = status === 0 ? undefined : textOf(bytes.subarray(ANSWER_HEAD_BYTES, outputAt));
  return {
    consumedBytes,
    recordCount,
    rowCount,
    fieldErrorCount,
    problem,
    resume: (word(2) & RESUME_BITS) >>> 0,
    output: bytes.subarray(outputAt),
  };
}

/** Ends in ascending order. Throws EXECUTOR_BAD_RESULT. */
export function readCuts(bytes: Uint8Array, inputBytes: number): Cuts {
  if (bytes.length < CUTS_HEAD_BYTES) throw badResult('cuts without their count');
  const view = viewOf(bytes);
  const count = view.getUint32(0, true);
  if (bytes.length !== CUTS_HEAD_BYTES + CUT_BYTES * count)
    throw badResult('cuts that are not as many as they say');
  const pieces: Cut[] = [];
  let before = 0;
  for (let at = CUTS_HEAD_BYTES; at < bytes.length; at += CUT_BYTES) {
    const end = view.getUint32(at, true);
    if (end <= before || end > inputBytes) throw badResult('cuts out of order');
    pieces.push({
      end,
      recordCount: view.getUint32(at + 4, true),
      flags: (view.getUint32(at + 8, true) & (RESUME_BITS | INPUT_ENDS | IS_PIECE)) >>> 0,
    });
    before = end;
  }
  return { pieces, resume: (view.getUint32(4, true) & RESUME_BITS) >>> 0 };
}

/** Throws EXECUTOR_BAD_RESULT — not the members that this host uses. */
export function readLayout(bytes: Uint8Array): CopybookLayout {
  const layout = parseObject(bytes, 'a layout') as Partial<CopybookLayout>;
  const { fixedRecordBytes, recordBytes, items, columns, schema } = layout;
  const isWhole =
    isSize(fixedRecordBytes) &&
    isSize(recordBytes) &&
    Array.isArray(items) &&
    Array.isArray(columns) &&
    typeof schema === 'object' &&
    schema !== null;
  if (!isWhole) throw badResult('a layout without its members');
  return layout as CopybookLayout;
}

/** Throws EXECUTOR_BAD_RESULT. */
export function readDetection(bytes: Uint8Array): Detection {
  const detection = parseObject(bytes, 'a detection') as Partial<Detection>;
  if (typeof detection.recordFormat !== 'string' || !Array.isArray(detection.why)) {
    throw badResult('a detection without its members');
  }
  return detection as Detection;
}

function parseObject(bytes: Uint8Array, what: string): object {
  try {
    const value: unknown = JSON.parse(textOf(bytes));
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw badResult(`${what} that is not JSON`, cause);
  }
  throw badResult(`${what} that is no object`);
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
