/**
 * Writes answers: copies bytes out of guest memory into the ring or beside it, and tells the host when it is worth it.
 *
 * Always: a frame is complete before it is visible; between `place` and `commit` nothing else is written; an answer waits no
 * longer than `ANNOUNCE_MAX_MS` for its announcement while the thread turns.
 */

import { systemClock } from '../clock.ts';
import type { ExecutorLink } from './link.ts';
import { BULK, CRASH, type CrashNote, FRAME_BYTES, fitsInline, NOT_METERED, writeFrame } from './protocol.ts';

/**
 * Answers are announced when nothing is left to do. While there is, those who wait are told once the oldest answer has
 * waited for the first time below and at least as many are done as are left, so that the host brings new work before the old
 * runs out; after the second time in any case. A message to a sleeping host costs up to 0.15 ms here: one an
 * answer was a fifth of the time of calls of a quarter of a millisecond. A guest that runs on and on holds nothing
 * up: while anything is in flight the host looks every 5 ms by itself.
 */
const ANNOUNCE_MIN_MS = 0.25;
const ANNOUNCE_MAX_MS = 1;

/** A frame that is reserved and filled but not visible yet. */
export interface Placed {
  readonly offset: number;
  /** Copy of bytes that did not fit the frame; zeros behind them. */
  readonly beside: ArrayBuffer | undefined;
  readonly byteCount: number;
}

const encoder = new TextEncoder();

function copyInto(bytes: Uint8Array, carrier: Uint8Array<ArrayBuffer> | undefined): ArrayBuffer {
  if (carrier === undefined || carrier.length < bytes.length) return bytes.slice().buffer as ArrayBuffer;
  carrier.set(bytes);
  carrier.fill(0, bytes.length);
  return carrier.buffer;
}

/** Its functions may be taken apart; `unannouncedCount` may not, it changes. */
export function createAnswerWriter(link: ExecutorLink) {
  const { requests, answers, bulk } = link;
  /** Answers that the host was not told of, and when the oldest was committed. */
  let unannouncedCount = 0;
  let unannouncedMs = 0;

  /** Wakes the host if it sleeps. */
  function announce(): void {
    unannouncedCount = 0;
    if (answers.wakeNeeded()) link.wakeHost();
  }

  function isAnnouncementDue(): boolean {
    if (unannouncedCount === 0) return false;
    const waitedMs = systemClock.now() - unannouncedMs;
    if (waitedMs < ANNOUNCE_MIN_MS) return false;
    return waitedMs >= ANNOUNCE_MAX_MS || requests.waitingCount <= unannouncedCount;
  }

  /**
   * Copies the bytes of an answer out of guest memory. Nothing is visible to the host before `commit`. `carrier` brought the
   * payload; it takes the answer back when it is large enough: a fresh megabyte costs 0.4 ms of page faults.
   */
  function place(bytes: Uint8Array, carrier?: Uint8Array<ArrayBuffer>): Placed {
    const inline = fitsInline(bytes.length);
    const beside = inline ? undefined : copyInto(bytes, carrier);
    const frameBytes = FRAME_BYTES + (inline ? bytes.length : 0);
    let offset = answers.reserve(frameBytes);
    while (offset < 0) {
      // The host reads whenever its loop turns; being asleep it must hear of it.
      announce();
      answers.waitForRoom();
      offset = answers.reserve(frameBytes);
    }
    if (inline && bytes.length > 0) answers.u8.set(bytes, offset + FRAME_BYTES);
    return { offset, beside, byteCount: bytes.length };
  }

  function commit(
    placed: Placed,
    kind: number,
    sequence: number,
    cell: number,
    a: number,
    b: number,
    x: number,
    y: number,
    z: number = NOT_METERED,
  ): void {
    if (placed.beside) bulk.post(placed.beside, placed.byteCount);
    writeFrame(answers, placed.offset, kind, sequence, cell, placed.beside ? BULK : 0, a, b, 0, x, y, z);
    answers.commit();
    if (unannouncedCount++ === 0) unannouncedMs = systemClock.now();
  }

  function answer(
    kind: number,
    sequence: number,
    cell: number,
    a: number,
    b: number,
    x: number,
    y: number,
    bytes: Uint8Array,
    z: number = NOT_METERED,
  ): void {
    commit(place(bytes), kind, sequence, cell, a, b, x, y, z);
  }

  function crash(sequence: number, cell: number, runMs: number, note: CrashNote, fuel?: number): void {
    const bytes = encoder.encode(JSON.stringify(note));
    answer(CRASH, sequence, cell, bytes.length, 0, runMs, 0, bytes, fuel);
  }

  return {
    get unannouncedCount() {
      return unannouncedCount;
    },
    announce,
    isAnnouncementDue,
    place,
    commit,
    answer,
    crash,
  };
}
