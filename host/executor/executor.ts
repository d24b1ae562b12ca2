/**
 * The host's side of one executor thread: numbers requests, writes them into the ring, settles answers.
 *
 * What always holds: every promise handed out settles, also when the thread is killed or dies; a run that is reported
 * as not begun never entered its guest; answers that the thread committed before it died are delivered first. The
 * thread is killed only when the request it is *working on* is past its deadline by the grace: overload alone kills
 * nothing, requests that wait behind are answered as late and skipped by the thread.
 */

import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { notice } from '../channels.ts';
import type { Clock, Timer } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { AdapterImage, CellInfo, Executor, RunRequest, RunResult } from '../types.ts';
import {
  BULK,
  COLLECT,
  COLLECTED,
  CRASH,
  CREATE,
  CREATED,
  type CrashNote,
  DESTROY,
  DONE,
  FAILURE,
  FAILURES,
  FRAME_BYTES,
  fitsInline,
  LOAD,
  NOT_BEGUN,
  PROBE,
  RUN,
  type ThreadStart,
  UNLOAD,
  writeFrame,
} from './protocol.ts';
import { Ring } from './ring.ts';

/** How often the running request is compared with its deadline while anything is in flight. */
const SWEEP_MS = 5;

/** An instantiation that takes longer than this hangs (a `start` function that loops). */
const CREATE_TIMEOUT_MS = 5_000;

export interface ThreadExecutorOptions {
  readonly id: number;
  readonly clock: Clock;
  /** A running guest past its deadline is left so long before the thread is killed. */
  readonly killGraceMs: number;
  /** Called once when the thread is gone, before pending requests are settled. */
  readonly onEnd: (executor: Executor, end: 'killed' | 'died' | 'stopped') => void;
  /** Memories of dropped cells that the garbage collector has taken. */
  readonly onCollected: (executor: Executor, memories: number) => void;
}

const decoder = new TextDecoder();

const LATE: RunResult = { kind: 'not-begun', reason: 'late', cellLost: false };
const CELL_GONE: RunResult = { kind: 'not-begun', reason: 'cell-gone', cellLost: true };
const EXECUTOR_GONE: RunResult = { kind: 'not-begun', reason: 'executor-died', cellLost: true };

interface InFlight {
  readonly sequence: number;
  readonly deadlineMs: number;
  readonly settle: (result: RunResult) => void;
}

export class ThreadExecutor implements Executor {
  readonly id: number;
  readonly #options: ThreadExecutorOptions;
  readonly #requests = new Ring();
  readonly #answers = new Ring();
  readonly #bulk = new MessageChannel();
  readonly #worker: Worker;
  readonly #inFlight = new Map<number, InFlight>();
  readonly #images = new Map<string, number>();
  /** Requests that found the ring full, in order. */
  readonly #backlog: (() => boolean)[] = [];
  readonly #ended: Promise<void>;
  readonly #online: Promise<void>;
  #lastSequence = 0;
  #lastImage = 0;
  #lastCell = 0;
  #sweep: Timer | undefined;
  #state: 'live' | 'ending' | 'ended' = 'live';

  constructor(options: ThreadExecutorOptions) {
    this.id = options.id;
    this.#options = options;
    const start: ThreadStart = {
      requests: this.#requests.shared,
      answers: this.#answers.shared,
      bulk: this.#bulk.port2,
    };
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: `executor-${options.id}`,
      workerData: start,
      transferList: [this.#bulk.port2],
      // A guest has no way to these; an empty environment keeps a bug from becoming a leak.
      env: {},
      argv: [],
    });
    this.#bulk.port1.unref();
    this.#worker.on('message', () => this.#drain());
    this.#worker.on('error', (cause) =>
      notice({ level: 'error', event: 'executor.error', message: `executor ${this.id} failed`, cause }),
    );
    this.#online = new Promise((resolve) => {
      this.#worker.once('online', resolve);
      this.#worker.once('exit', () => resolve());
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#settleAll();
        resolve();
      });
    });
    this.#answers.sleep();
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get alive(): boolean {
    return this.#state === 'live';
  }

  /** Resolves when the thread runs. A new thread takes about 20 ms. */
  online(): Promise<void> {
    return this.#online;
  }

  load(image: AdapterImage): void {
    if (this.#images.has(image.id)) return;
    const number = ++this.#lastImage;
    this.#images.set(image.id, number);
    const message = { modules: image.modules, plan: image.plan };
    this.#send(LOAD, 0, number, 0, 0, 0, undefined, () => this.#bulk.port1.postMessage(message));
  }

  unload(imageId: string): void {
    const number = this.#images.get(imageId);
    if (number === undefined) return;
    this.#images.delete(imageId);
    this.#send(UNLOAD, 0, number, 0, 0, 0);
  }

  async createCell(imageId: string): Promise<CellInfo> {
    const id = ++this.#lastCell;
    const image = this.#images.get(imageId) ?? 0;
    const deadlineMs = this.#options.clock.now() + CREATE_TIMEOUT_MS;
    const result = await this.#request(CREATE, id, deadlineMs, image, 0, deadlineMs);
    if (result.kind === 'ok') return { id, createMs: result.runMs, memoryBytes: result.memoryBytes };
    if (result.kind === 'crash') {
      throw result.error.code === 'EXECUTOR_DEADLINE'
        ? new HostError('POOL_CREATE_FAILED', `instantiation did not end within ${CREATE_TIMEOUT_MS} ms`)
        : result.error;
    }
    throw new HostError('EXECUTOR_DIED', 'the executor died while the cell was created');
  }

  destroyCell(cellId: number): void {
    this.#send(DESTROY, 0, cellId, 0, 0, 0);
  }

  run(cellId: number, request: RunRequest): Promise<RunResult> {
    return this.#request(
      RUN,
      cellId,
      request.deadlineMs,
      0,
      request.outputMaxBytes,
      request.beginByMs,
      request,
    );
  }

  probe(cellId: number, deadlineMs: number): Promise<RunResult> {
    return this.#request(PROBE, cellId, deadlineMs, 0, 0, deadlineMs);
  }

  /** Asks the thread to collect garbage between two calls. */
  collect(): void {
    this.#send(COLLECT, 0, 0, 0, 0, 0);
  }

  stop(): Promise<void> {
    this.#terminate('stopped');
    return this.#ended;
  }

  #request(
    kind: number,
    cell: number,
    deadlineMs: number,
    a: number,
    c: number,
    x: number,
    bytes?: { readonly operation: string; readonly payload: Uint8Array },
  ): Promise<RunResult> {
    if (this.#state !== 'live') {
      return Promise.resolve(EXECUTOR_GONE);
    }
    const sequence = (this.#lastSequence + 1) & 0x7fffffff;
    this.#lastSequence = sequence;
    const promise = new Promise<RunResult>((settle) => {
      this.#inFlight.set(sequence, { sequence, deadlineMs, settle });
    });
    this.#sweep ??= this.#options.clock.every(SWEEP_MS, () => this.#compareDeadlines());
    this.#send(kind, sequence, cell, a, c, x, bytes);
    return promise;
  }

  /** Writes a frame now, or as soon as the ring has room; never reorders. */
  #send(
    kind: number,
    sequence: number,
    cell: number,
    a: number,
    c: number,
    x: number,
    bytes?: { readonly operation: string; readonly payload: Uint8Array },
    before?: () => void,
  ): void {
    if (this.#state !== 'live') return;
    const write = (payload: Uint8Array | undefined): boolean =>
      this.#write(kind, sequence, cell, a, c, x, bytes?.operation ?? '', payload, before);
    if (this.#backlog.length === 0 && write(bytes?.payload)) return;
    // The caller keeps its bytes, so what waits is a copy.
    const copy = bytes?.payload.slice();
    this.#backlog.push(() => write(copy));
  }

  #write(
    kind: number,
    sequence: number,
    cell: number,
    a: number,
    c: number,
    x: number,
    operation: string,
    payload: Uint8Array | undefined,
    before: (() => void) | undefined,
  ): boolean {
    const ring = this.#requests;
    const operationBytes = operation.length;
    const payloadBytes = payload?.length ?? 0;
    let inline = fitsInline(operationBytes + payloadBytes);
    let offset = ring.reserve(FRAME_BYTES + operationBytes + (inline ? payloadBytes : 0));
    if (offset < 0 && inline && payloadBytes > 0) {
      inline = false;
      offset = ring.reserve(FRAME_BYTES + operationBytes);
    }
    if (offset < 0) return false;
    before?.();
    const at = offset + FRAME_BYTES;
    // Operation names are ASCII by the manifest's schema.
    for (let i = 0; i < operationBytes; i++) ring.u8[at + i] = operation.charCodeAt(i);
    if (payload && payloadBytes > 0) {
      if (inline) {
        ring.u8.set(payload, at + operationBytes);
      } else {
        const copy = payload.slice().buffer as ArrayBuffer;
        this.#bulk.port1.postMessage(copy, [copy]);
      }
    }
    writeFrame(
      ring,
      offset,
      kind,
      sequence,
      cell,
      inline ? 0 : BULK,
      kind === RUN ? operationBytes : a,
      payloadBytes,
      c,
      x,
      0,
    );
    ring.commit();
    if (ring.wakeNeeded()) this.#worker.postMessage(0);
    return true;
  }

  #drain(): void {
    const ring = this.#answers;
    for (;;) {
      const offset = ring.next();
      if (offset < 0) {
        if (this.#state === 'ended' || ring.sleep()) break;
        continue;
      }
      this.#receive(offset);
      ring.release(offset);
    }
    while (this.#backlog.length > 0 && this.#backlog[0]?.()) this.#backlog.shift();
  }

  #receive(offset: number): void {
    const { i32, f64, u8 } = this.#answers;
    const word = offset >> 2;
    const kind = i32[word + 1] as number;
    const sequence = i32[word + 2] as number;
    const byteCount = i32[word + 5] as number;
    if (kind === COLLECTED) {
      this.#options.onCollected(this, byteCount);
      return;
    }
    const runMs = f64[(offset >> 3) + 4] as number;
    const memoryBytes = f64[(offset >> 3) + 5] as number;
    const atBytes = offset + FRAME_BYTES;
    let bytes: Uint8Array;
    if ((i32[word + 4] as number) & BULK) {
      const received = receiveMessageOnPort(this.#bulk.port1);
      if (!received) throw new Error('an answer announced bytes that did not come');
      bytes = new Uint8Array(received.message as ArrayBuffer);
    } else {
      bytes = Buffer.allocUnsafe(byteCount);
      bytes.set(u8.subarray(atBytes, atBytes + byteCount));
    }
    const entry = this.#inFlight.get(sequence);
    // Answered as late before: the thread skipped it, or ended it without being killed.
    if (!entry) return;
    this.#inFlight.delete(sequence);
    if (this.#inFlight.size === 0) this.#stopSweep();
    switch (kind) {
      case DONE:
      case CREATED:
        entry.settle({ kind: 'ok', bytes, runMs, memoryBytes });
        break;
      case FAILURE:
        entry.settle({
          kind: 'failure',
          failure: FAILURES[i32[word + 6] as number] ?? 'internal',
          message: decoder.decode(bytes),
          runMs,
          memoryBytes,
        });
        break;
      case CRASH: {
        const note = JSON.parse(decoder.decode(bytes)) as CrashNote;
        entry.settle({ kind: 'crash', error: new HostError(note.code, note.detail), runMs });
        break;
      }
      case NOT_BEGUN:
        entry.settle(byteCount === 1 ? CELL_GONE : LATE);
        break;
      default:
        throw new Error(`unknown answer ${kind}`);
    }
  }

  #compareDeadlines(): void {
    // Timers can be late behind a busy loop: what the thread has already answered is not late.
    this.#drain();
    const now = this.#options.clock.now();
    const begun = this.#requests.begun;
    for (const entry of this.#inFlight.values()) {
      if (now <= entry.deadlineMs) continue;
      const isBegun = ((begun - entry.sequence) & 0x7fffffff) < 0x40000000;
      if (!isBegun) {
        this.#inFlight.delete(entry.sequence);
        entry.settle(LATE);
      } else if (now > entry.deadlineMs + this.#options.killGraceMs) {
        this.#inFlight.delete(entry.sequence);
        const error = new HostError(
          'EXECUTOR_DEADLINE',
          'the guest was still running at its deadline and was stopped',
        );
        entry.settle({ kind: 'crash', error, runMs: now - this.#requests.begunAtMs });
        this.#terminate('killed');
        return;
      }
    }
    if (this.#inFlight.size === 0) this.#stopSweep();
  }

  #stopSweep(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }

  #terminate(end: 'killed' | 'stopped'): void {
    if (this.#state !== 'live') return;
    this.#state = 'ending';
    this.#stopSweep();
    this.#options.onEnd(this, end);
    void this.#worker.terminate();
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
    const begun = this.#requests.begun;
    for (const entry of this.#inFlight.values()) {
      if (entry.sequence === begun) {
        const error = new HostError('EXECUTOR_DIED', 'the executor ended while this call was running');
        entry.settle({ kind: 'crash', error, runMs: this.#options.clock.now() - this.#requests.begunAtMs });
      } else {
        entry.settle(EXECUTOR_GONE);
      }
    }
    this.#inFlight.clear();
    this.#backlog.length = 0;
    this.#bulk.port1.close();
  }
}
