/**
 * The executor's side of the thread: reads requests, enters guests one at a time, writes answers.
 *
 * It holds cells by number and knows nothing of tenants, pools or HTTP. A cell that crashed is dropped before its
 * answer is written. It refuses to load on the main thread.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../clock.ts';
import { HostError } from '../errors.ts';
import { type CallForm, type Cell, type CellEnd, createCell } from './cell.ts';
import type { Scheduler } from './guest.ts';
import { type HostPort, LOG_LEVELS } from './imports-context.ts';
import { type Image, providedLink } from './link.ts';
import {
  BULK,
  COLLECT,
  COLLECTED,
  CREATE,
  CREATED,
  DESTROY,
  DONE,
  FAILURE,
  FAILURES,
  FRAME_BYTES,
  LOAD,
  LOG,
  NOT_BEGUN,
  PROBE,
  RAW_INPUT,
  RAW_OUTPUT,
  RUN,
  SERVED,
  SERVICE,
  UNLOAD,
} from './protocol.ts';
import { createAnswerWriter, type Placed } from './thread-answers.ts';
import { type CellMemories, createMemories } from './thread-memories.ts';
import { createQuestions } from './thread-questions.ts';
import { openThreadSide } from './thread-side.ts';

const link = providedLink() ?? openThreadSide();
const { requests, bulk } = link;
const writer = createAnswerWriter(link);
const { announce, answer, commit, crash, isAnnouncementDue, place } = writer;

const images = new Map<number, Image>();
const slots = new Map<number, Slot>();
const questions = createQuestions();

/** A cell with the call that it is in. */
interface Slot {
  readonly cell: Cell;
  readonly memories: CellMemories;
  /** Of the call under way. */
  sequence: number;
  /** Suspended: others run. */
  isResting: boolean;
}
const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** Longest text about a failed instantiation; the engine's own fit. */
const DETAIL_MAX_CHARS = 500;

/** After so many frames, or ms, the thread turns its event loop once: finalizers run only between turns. */
const TURN_FRAMES = 256;
const TURN_MS = 5;

/**
 * While nobody waits for anything but requests, the thread is blocked: being woken costs both sides a fraction of a message. No longer
 * than this, so that what only its event loop does is done.
 */
const BLOCK_MS = 20;
/** Cells that are suspended. */
let restingCount = 0;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const memories = createMemories((count) => {
  answer(COLLECTED, 0, 0, count, 0, 0, 0, NO_BYTES);
  announce();
});

function create(sequence: number, cellId: number, imageNumber: number): void {
  const image = images.get(imageNumber);
  const from = systemClock.now();
  const fail = (detail: string): void => {
    const code = 'POOL_CREATE_FAILED';
    crash(sequence, cellId, systemClock.now() - from, { code, detail: detail.slice(0, DETAIL_MAX_CHARS) });
  };
  if (!image) {
    fail('the adapter version was unloaded meanwhile');
    return;
  }
  const slot: { cell?: Cell; sequence: number; isResting: boolean } = { sequence, isResting: false };
  const scheduler: Scheduler = {
    rests() {
      if (!slot.isResting) restingCount++;
      slot.isResting = true;
      requests.rest();
    },
    turn: () => new Promise(takeTurn),
    resumes() {
      if (slot.isResting) restingCount--;
      slot.isResting = false;
      requests.run(slot.sequence, systemClock.now());
    },
  };
  const host: HostPort = {
    service: (method, argument) =>
      questions.ask(method, argument, (number, bytes) => {
        answer(SERVICE, slot.sequence, cellId, bytes.length, number, 0, 0, bytes);
        if (!isDraining) announceSoon();
      }),
    log(level, message) {
      const bytes = encoder.encode(message);
      answer(LOG, slot.sequence, cellId, bytes.length, LOG_LEVELS.indexOf(level), 0, 0, bytes);
    },
  };
  const held = memories.open(image);
  let cell: Cell;
  try {
    cell = createCell(image.modules, image.plan, {
      scheduler,
      loan: held.loan,
      grants: image.grants,
      host,
      operations: image.operations,
    });
  } catch (error) {
    fail(error instanceof HostError ? error.detail : String(error));
    return;
  }
  slots.set(cellId, Object.assign(slot, { cell, memories: held }));
  held.watch(cell);
  answer(CREATED, sequence, cellId, 0, 0, systemClock.now() - from, cell.memoryBytes, NO_BYTES);
}

/** Begins a call. A promise when it must be waited for before the next frame: it runs, or has ended and not yet answered. */
function enter(kind: number, sequence: number, cellId: number, offset: number): Promise<void> | undefined {
  const word = offset >> 2;
  const { i32, f64, u8 } = requests;
  const operationBytes = i32[word + 5] as number;
  const payloadBytes = i32[word + 6] as number;
  const flags = i32[word + 4] as number;
  // Taken from the port even when the call is not begun: the next announcement must find its own bytes.
  const carrier = flags & BULK ? new Uint8Array(bulk.receive() as ArrayBuffer) : undefined;
  const slot = slots.get(cellId);
  requests.take(sequence);
  const from = systemClock.now();
  if (!slot || from > (f64[(offset >> 3) + 4] as number)) {
    answer(NOT_BEGUN, sequence, cellId, slot ? 0 : 1, 0, 0, 0, NO_BYTES);
    return undefined;
  }
  const { cell } = slot;
  const operationAt = offset + FRAME_BYTES;
  const operation = u8.subarray(operationAt, operationAt + operationBytes);
  const payload =
    carrier?.subarray(0, payloadBytes) ??
    u8.subarray(operationAt + operationBytes, operationAt + operationBytes + payloadBytes);
  requests.begin(sequence, from);
  slot.sequence = sequence;
  const bounds = {
    deadlineMs: f64[(offset >> 3) + 5] as number,
    fuelMax: kind === PROBE ? Number.POSITIVE_INFINITY : (f64[(offset >> 3) + 6] as number),
  };
  const outputMaxBytes = i32[word + 7] as number;
  const form: CallForm = {
    isRawInput: (flags & RAW_INPUT) !== 0,
    isRawOutput: (flags & RAW_OUTPUT) !== 0,
  };
  let placed: Placed | undefined;
  let byteCount = 0;
  const take = (bytes: Uint8Array): void => {
    byteCount = bytes.length;
    placed = place(bytes, carrier);
  };
  const end = (end: CellEnd): void => {
    // Like a released frame: garbage keeps its bytes until it is collected. Unless they were overwritten by the answer's.
    if (carrier && placed?.beside !== carrier.buffer) carrier.fill(0);
    finish(slot, cellId, from, end, placed, byteCount);
  };
  if (!cell.isSuspendable) {
    end(
      kind === PROBE
        ? cell.health(bounds)
        : cell.invoke(operation, payload, outputMaxBytes, take, bounds, form),
    );
    return undefined;
  }
  const ended =
    kind === PROBE
      ? cell.healthSuspendably(end, bounds)
      : cell.invokeSuspendably(operation, payload, outputMaxBytes, take, end, bounds, form);
  return slot.isResting ? undefined : ended;
}

/** The host's answer: whoever asked goes on when it is its turn. */
function served(offset: number): void {
  const word = offset >> 2;
  const { i32, u8 } = requests;
  const at = offset + FRAME_BYTES;
  const bytes =
    (i32[word + 4] as number) & BULK
      ? new Uint8Array(bulk.receive() as ArrayBuffer)
      : u8.subarray(at, at + (i32[word + 6] as number));
  const goOn = questions.settle(i32[word + 5] as number, i32[word + 7] as number, bytes);
  if (!goOn) return;
  takeTurn(goOn);
}

/** Answers a call that ended. */
function finish(
  slot: Slot,
  cellId: number,
  from: number,
  end: CellEnd,
  placed: Placed | undefined,
  byteCount: number,
): void {
  const { cell, sequence } = slot;
  requests.rest();
  // Given up by the host meanwhile: nobody waits for an answer.
  if (slots.get(cellId) !== slot) return;
  const runMs = systemClock.now() - from;
  const fuel = cell.fuelUsed;
  if (end.kind === 'ok') {
    // Only now: a guest that traps in its post-return has not succeeded.
    commit(placed ?? place(NO_BYTES), DONE, sequence, cellId, byteCount, 0, runMs, cell.memoryBytes, fuel);
  } else if (end.kind === 'failure') {
    const message = encoder.encode(end.message);
    const failure = FAILURES.indexOf(end.failure);
    answer(FAILURE, sequence, cellId, message.length, failure, runMs, cell.memoryBytes, message, fuel);
  } else {
    slots.delete(cellId);
    crash(sequence, cellId, runMs, end, fuel);
  }
  if (!isDraining) announceSoon();
}

/** Forgets a cell; one that is in a call is stopped where it is suspended. A cell that crashed is gone before. */
function destroy(cellId: number): void {
  const slot = slots.get(cellId);
  slots.delete(cellId);
  if (slot?.isResting) {
    slot.cell.abandon();
  } else slot?.memories.giveBack(slot.cell);
}

function handle(offset: number): Promise<void> | undefined {
  const word = offset >> 2;
  const kind = requests.i32[word + 1] as number;
  const sequence = requests.i32[word + 2] as number;
  const cellId = requests.i32[word + 3] as number;
  switch (kind) {
    case RUN:
    case PROBE:
      return enter(kind, sequence, cellId, offset);
    case CREATE:
      requests.take(sequence);
      requests.begin(sequence, systemClock.now());
      create(sequence, cellId, requests.i32[word + 5] as number);
      requests.rest();
      break;
    case DESTROY:
      destroy(cellId);
      break;
    case LOAD:
      images.set(cellId, bulk.receive() as Image);
      break;
    case UNLOAD: {
      const image = images.get(cellId);
      if (image) memories.forget(image);
      images.delete(cellId);
      break;
    }
    case SERVED:
      served(offset);
      break;
    case COLLECT:
      collectGarbage();
      answer(DONE, sequence, 0, 0, 0, 0, 0, NO_BYTES);
      break;
    default:
      throw new Error(`unknown request ${kind}`);
  }
  return undefined;
}

let isDraining = false;
let isTurning = false;
/** Guests whose slice is used, in the order in which they go on. */
const turns: (() => void)[] = [];

function takeTurn(goOn: () => void): void {
  turns.push(goOn);
  turnSoon();
}

function turnSoon(): void {
  if (isTurning) return;
  isTurning = true;
  setImmediate(turn);
}

/** At once when nobody else has a turn, else with what the next turns bring. */
function announceSoon(): void {
  if (writer.unannouncedCount > 0 && (turns.length === 0 || isAnnouncementDue())) announce();
}

async function drain(): Promise<void> {
  // A message that was on its way while the ring was found not empty must not start a second chain of turns.
  if (isTurning || isDraining) return;
  isDraining = true;
  const until = systemClock.now() + TURN_MS;
  for (let frames = 0; ; frames++) {
    const offset = requests.next();
    if (offset < 0) {
      announceSoon();
      if (restingCount === 0 && !isTurning ? requests.sleepBlocked(BLOCK_MS) : requests.sleep()) break;
      continue;
    }
    if (frames >= TURN_FRAMES || ((frames & 15) === 15 && systemClock.now() > until)) {
      turnSoon();
      break;
    }
    const ended = handle(offset);
    requests.release(offset);
    // A guest on its own stack answers in a microtask; what comes behind it waits for that, as behind any other.
    if (ended) await ended;
    if (isAnnouncementDue()) announce();
  }
  isDraining = false;
  announceSoon();
}

/** New work first, then one slice of one guest that is on its way: a short call never waits for more. */
async function turn(): Promise<void> {
  isTurning = false;
  await drain();
  turns.shift()?.();
  if (turns.length > 0) turnSoon();
}

link.onWake(drain);
// The first bell: the host learns that this file is loaded.
link.wakeHost();
// Not asleep yet; work that came before this line is found here.
void drain();
