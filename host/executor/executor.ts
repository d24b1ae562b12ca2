/**
 * The host's side of one executor thread: numbers requests, writes them into the ring, settles answers.
 *
 * What always holds: every promise handed out settles, also when the thread is killed or dies; a run that is reported
 * as not begun never entered its guest; answers that the thread committed before it died are delivered first. The
 * thread is killed only when the request it is *working on* is past its deadline by the grace: overload alone kills
 * nothing, calls that wait behind are answered as late and skipped by the thread. It does not move calls elsewhere.
 */

import { notice } from '../channels.ts';
import type { Timer } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { AdapterImage, CellInfo, Executor, RunRequest, RunResult } from '../types.ts';
import { bytesOf, createdCell, EXECUTOR_GONE, LATE, readAnswer } from './answers.ts';
import { CREATE_TIMEOUT_MS, SWEEP_MS, type ThreadExecutorOptions } from './executor-options.ts';
import { type Answer, askerOf, createGuestCalls, type GuestCalls } from './guest-calls.ts';
import {
  type By,
  cancelledRun,
  expectedMsOf,
  type InFlight,
  InFlightRequests,
  openRequest,
  standingOf,
} from './in-flight.ts';
import type { HostLink } from './link.ts';
import {
  COLLECT,
  COLLECTED,
  CREATE,
  DESTROY,
  fitsInline,
  isUpTo,
  LOAD,
  LOG,
  nextSequence,
  PROBE,
  RUN,
  SERVED,
  SERVICE,
  UNLOAD,
} from './protocol.ts';
import { createRequestWriter, type RequestFrame, type RequestWriter } from './requests.ts';
import { startThread } from './thread-link.ts';

export class ThreadExecutor implements Executor {
  readonly id: number;
  readonly #options: ThreadExecutorOptions;
  readonly #link: HostLink;
  readonly #writer: RequestWriter;
  readonly #inFlight = new InFlightRequests();
  readonly #images = new Map<string, number>();
  readonly #guestCalls: GuestCalls;
  readonly #ended: Promise<void>;
  readonly #online: Promise<void>;
  #lastSequence: number;
  #lastImage = 0;
  #lastCell = 0;
  #sweep: Timer | undefined;
  #state: 'live' | 'ending' | 'ended' = 'live';
  /** An answer could not be read: nothing behind it can be trusted. */
  #isBroken = false;
  #isCollecting = false;
  /** The call that the last sweep found past its end. */
  #overdue: number | undefined;

  constructor(options: ThreadExecutorOptions) {
    this.id = options.id;
    this.#options = options;
    this.#guestCalls = createGuestCalls(options.services);
    this.#lastSequence = options.lastSequence ?? 0;
    const online = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.#online = online.promise;
    this.#ended = ended.promise;
    const { startLink = startThread, id, threadUrl } = options;
    this.#link = startLink({
      id,
      lastSequence: this.#lastSequence,
      threadUrl,
      onWake: () => {
        // Its first bell says that it has loaded its code.
        online.resolve();
        this.#drain();
      },
      onError: (cause) =>
        notice({ level: 'error', event: 'executor.error', message: `executor ${this.id} failed`, cause }),
      onExit: () => {
        online.resolve();
        this.#settleAll();
        ended.resolve();
      },
    });
    this.#writer = createRequestWriter(this.#link.requests, this.#link.bulk, () => {
      if (this.alive) this.#link.wake();
    });
    this.#link.answers.sleep();
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get waitMs(): number {
    return this.#inFlight.waitMs(this.#link.requests, this.#options.clock.now());
  }

  get alive(): boolean {
    return this.#state === 'live';
  }

  /** Resolves when the thread is ready for requests, or dead. */
  online = (): Promise<void> => this.#online;

  load(image: AdapterImage): void {
    if (this.#images.has(image.id)) return;
    const number = ++this.#lastImage;
    this.#images.set(image.id, number);
    this.#send({ kind: LOAD, cell: number, message: this.#link.imageMessage(image) });
  }

  unload(imageId: string): void {
    const number = this.#images.get(imageId);
    if (number === undefined) return;
    this.#images.delete(imageId);
    this.#send({ kind: UNLOAD, cell: number });
  }

  async createCell(imageId: string): Promise<CellInfo> {
    const id = ++this.#lastCell;
    const limitMs = this.#options.createTimeoutMs ?? CREATE_TIMEOUT_MS;
    const frame = { kind: CREATE, cell: id, a: this.#images.get(imageId) ?? 0 };
    // However long it waits behind calls: were it given up, a cell that nobody knows would be made after all.
    return createdCell(await this.#request(Number.POSITIVE_INFINITY, limitMs, frame), id, limitMs);
  }

  destroyCell(cellId: number): void {
    this.#send({ kind: DESTROY, cell: cellId });
  }

  run(cellId: number, request: RunRequest): Promise<RunResult> {
    const frame: RequestFrame = {
      kind: RUN,
      cell: cellId,
      c: request.outputMaxBytes,
      x: Math.min(request.beginByMs, request.deadlineMs),
      y: request.deadlineMs,
      z: request.fuelMax ?? Number.POSITIVE_INFINITY,
      form: request,
      operation: request.operation,
      payload: request.exchange?.head ?? request.payload,
    };
    const by = { asker: askerOf(request), signal: request.signal, expectedMs: expectedMsOf(request) };
    return this.#request(request.deadlineMs, Number.POSITIVE_INFINITY, frame, by);
  }

  probe(cellId: number, deadlineMs: number): Promise<RunResult> {
    const frame = { kind: PROBE, cell: cellId, x: deadlineMs, y: deadlineMs };
    return this.#request(deadlineMs, Number.POSITIVE_INFINITY, frame);
  }

  /** Asks the thread to collect garbage between two calls; once, however often it is asked meanwhile. */
  collect(): void {
    if (this.#isCollecting) return;
    this.#isCollecting = true;
    void this.#request(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, { kind: COLLECT }).then(() => {
      this.#isCollecting = false;
    });
  }

  stop(): Promise<void> {
    this.#terminate('stopped');
    return this.#ended;
  }

  #request(deadlineMs: number, runMaxMs: number, frame: RequestFrame, by: By = {}): Promise<RunResult> {
    if (this.#state !== 'live') return Promise.resolve(EXECUTOR_GONE);
    const sequence = nextSequence(this.#lastSequence);
    this.#lastSequence = sequence;
    return new Promise<RunResult>((resolve) => {
      const about = { sequence, deadlineMs, runMaxMs, cell: frame.cell, sentMs: this.#options.clock.now() };
      this.#inFlight.add(openRequest(about, by, resolve, this.#giveUp));
      this.#startSweep();
      this.#writer.send(frame, sequence);
    });
  }

  #giveUp = ({ cell, settle, ...entry }: InFlight): void => {
    this.#send({ kind: DESTROY, cell });
    settle(cancelledRun(entry, this.#link.requests.begun, this.#options.clock.now()));
  };

  #send(frame: RequestFrame): void {
    if (this.#state !== 'live') return;
    this.#writer.send(frame, 0);
    // Not every request has an answer that would make this side look for room again.
    if (this.#writer.waiting > 0) this.#startSweep();
  }

  #drain(): void {
    const ring = this.#link.answers;
    while (!this.#isBroken) {
      const offset = ring.next();
      if (offset < 0) {
        if (this.#state === 'ended' || ring.sleep()) break;
        continue;
      }
      this.#receive(offset);
      ring.release(offset);
    }
    if (this.#state === 'live') this.#writer.flush();
  }

  #receive(offset: number): void {
    const { i32 } = this.#link.answers;
    const word = offset >> 2;
    if (i32[word + 1] === COLLECTED) {
      // Never below zero: what is not trusted must not make room by a count.
      this.#options.onCollected(this, Math.max(0, i32[word + 5] as number));
      return;
    }
    const sequence = i32[word + 2] as number;
    let result: RunResult;
    try {
      const kind = i32[word + 1];
      if (kind === SERVICE || kind === LOG) {
        this.#hear(kind, sequence, offset);
        return;
      }
      result = readAnswer(this.#link.answers, offset, this.#link.bulk);
    } catch (cause) {
      this.#isBroken = true;
      const message = `executor ${this.id} wrote an answer that cannot be read`;
      notice({ level: 'error', event: 'executor.broken', message, cause });
      this.#terminate('died');
      return;
    }
    const entry = this.#inFlight.get(sequence);
    // Answered as late before: the thread skipped it, or ended it without being killed.
    if (!entry) return;
    this.#inFlight.remove(entry);
    if (result.kind === 'ok' && !fitsInline(result.bytes.length))
      this.#writer.noteResult(result.bytes.length);
    entry.settle(result);
  }

  /** A guest asks, or writes to the log. */
  #hear(kind: number, sequence: number, offset: number): void {
    const { answers, bulk } = this.#link;
    const number = answers.i32[(offset >> 2) + 6] as number;
    const bytes = bytesOf(answers, offset, bulk);
    const asker = this.#inFlight.get(sequence)?.asker;
    const answer: Answer = (status, payload) => this.#send({ kind: SERVED, a: number, c: status, payload });
    if (kind === LOG) this.#guestCalls.log(asker, number, bytes);
    else this.#guestCalls.ask(asker, bytes, answer);
  }

  #compareDeadlines(): void {
    const { killGraceMs, clock } = this.#options;
    const requests = this.#link.requests;
    // The order of these reads matters. What was begun before the drain and is unanswered after it was running in
    // between; what is not taken after the clock was read will be late for the thread too (`Ring.take`).
    const { begun, running, runningSinceMs } = requests;
    const isBlocked = this.#link.answers.isWriterWaiting;
    const now = clock.now();
    // Timers can be late behind a busy loop: what the thread has already answered is not late.
    this.#drain();
    const marks = { taken: requests.taken, begun, running, runningSinceMs };
    let overdue: number | undefined;
    for (const entry of this.#inFlight.values()) {
      const standing = standingOf(entry, marks, now, killGraceMs);
      // A thread that finds no room for its answers waits for this host, not for its guest.
      if (standing === 'fine' || (isBlocked && standing !== 'late')) continue;
      if (standing === 'overdue') {
        // Looked at twice: after a long turn of this loop the thread may need a moment to hand over what it has.
        overdue = entry.sequence;
        if (this.#overdue !== overdue) continue;
      }
      this.#inFlight.remove(entry);
      if (standing === 'late' || standing === 'left') {
        entry.settle(LATE);
        continue;
      }
      const error = new HostError(
        'EXECUTOR_DEADLINE',
        'the guest had not ended at its deadline and was stopped',
      );
      const sinceMs = standing === 'overdue' ? runningSinceMs : entry.sentMs;
      entry.settle({ kind: 'crash', error, runMs: now - sinceMs });
      if (standing === 'stuck') {
        this.#send({ kind: DESTROY, cell: entry.cell });
        continue;
      }
      this.#terminate('killed');
      return;
    }
    this.#overdue = overdue;
    // Here and not with the last answer: a timer for each call would cost more than the call.
    if (this.#inFlight.size === 0 && this.#writer.waiting === 0) this.#stopSweep();
  }

  #startSweep(): void {
    this.#sweep ??= this.#options.clock.every(SWEEP_MS, () => this.#compareDeadlines());
  }

  #stopSweep(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }

  #terminate(end: 'killed' | 'died' | 'stopped'): void {
    if (this.#state !== 'live') return;
    this.#state = 'ending';
    this.#stopSweep();
    this.#options.onEnd(this, end);
    this.#link.kill();
  }

  /** After the thread is gone: first what it had answered, then who was in the guest, then who was not. */
  #settleAll(): void {
    if (this.#state === 'live') {
      this.#state = 'ending';
      this.#options.onEnd(this, 'died');
    }
    this.#stopSweep();
    this.#state = 'ended';
    this.#drain();
    const begun = this.#link.requests.begun;
    for (const entry of this.#inFlight.values()) {
      // Only the last one begun can be unanswered, unless the answers could not be read.
      if (isUpTo(entry.sequence, begun)) {
        const error = new HostError('EXECUTOR_DIED', 'the executor ended while this call was running');
        entry.settle({
          kind: 'crash',
          error,
          runMs: this.#options.clock.now() - this.#link.requests.runningSinceMs,
        });
      } else {
        entry.settle(EXECUTOR_GONE);
      }
    }
    this.#inFlight.clear();
    this.#writer.clear();
    this.#link.close();
  }
}
