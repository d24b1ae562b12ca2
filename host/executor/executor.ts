/**
 * The host's side of one executor thread: numbers requests, writes them into the ring, settles answers.
 *
 * What always holds: every promise handed out settles, also when the thread is killed or dies; a run that is reported
 * as not begun never entered its guest; answers that the thread committed before it died are delivered first. The
 * thread is killed only when the request it is *working on* is past its deadline by the grace: overload alone kills
 * nothing, requests that wait behind are answered as late and skipped by the thread.
 */

import { MessageChannel, Worker } from 'node:worker_threads';
import { notice } from '../channels.ts';
import type { Clock, Timer } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { AdapterImage, CellInfo, Executor, RunRequest, RunResult } from '../types.ts';
import { EXECUTOR_GONE, LATE, readAnswer } from './answers.ts';
import {
  COLLECT,
  COLLECTED,
  CREATE,
  DESTROY,
  LOAD,
  PROBE,
  RUN,
  type ThreadStart,
  UNLOAD,
} from './protocol.ts';
import { createRequestWriter, type RequestFrame, type RequestWriter } from './requests.ts';
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
  readonly #writer: RequestWriter;
  readonly #inFlight = new Map<number, InFlight>();
  readonly #images = new Map<string, number>();
  readonly #ended: Promise<void>;
  readonly #online: Promise<void>;
  #lastSequence = 0;
  #isWaking = false;
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
    this.#writer = createRequestWriter(this.#requests, this.#bulk.port1, () => this.#wakeSoon());
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
    this.#send({ kind: LOAD, cell: number, message });
  }

  unload(imageId: string): void {
    const number = this.#images.get(imageId);
    if (number === undefined) return;
    this.#images.delete(imageId);
    this.#send({ kind: UNLOAD, cell: number });
  }

  async createCell(imageId: string): Promise<CellInfo> {
    const id = ++this.#lastCell;
    const image = this.#images.get(imageId) ?? 0;
    const deadlineMs = this.#options.clock.now() + CREATE_TIMEOUT_MS;
    const result = await this.#request(deadlineMs, { kind: CREATE, cell: id, a: image, x: deadlineMs });
    if (result.kind === 'ok') return { id, createMs: result.runMs, memoryBytes: result.memoryBytes };
    if (result.kind === 'crash') {
      throw result.error.code === 'EXECUTOR_DEADLINE'
        ? new HostError('POOL_CREATE_FAILED', `instantiation did not end within ${CREATE_TIMEOUT_MS} ms`)
        : result.error;
    }
    throw new HostError('EXECUTOR_DIED', 'the executor died while the cell was created');
  }

  destroyCell(cellId: number): void {
    this.#send({ kind: DESTROY, cell: cellId });
  }

  run(cellId: number, request: RunRequest): Promise<RunResult> {
    return this.#request(request.deadlineMs, {
      kind: RUN,
      cell: cellId,
      c: request.outputMaxBytes,
      x: request.beginByMs,
      operation: request.operation,
      payload: request.payload,
    });
  }

  probe(cellId: number, deadlineMs: number): Promise<RunResult> {
    return this.#request(deadlineMs, { kind: PROBE, cell: cellId, x: deadlineMs });
  }

  /** Asks the thread to collect garbage between two calls. */
  collect(): void {
    this.#send({ kind: COLLECT });
  }

  stop(): Promise<void> {
    this.#terminate('stopped');
    return this.#ended;
  }

  #request(deadlineMs: number, frame: RequestFrame): Promise<RunResult> {
    if (this.#state !== 'live') return Promise.resolve(EXECUTOR_GONE);
    const sequence = (this.#lastSequence + 1) & 0x7fffffff;
    this.#lastSequence = sequence;
    const promise = new Promise<RunResult>((settle) => {
      this.#inFlight.set(sequence, { sequence, deadlineMs, settle });
    });
    this.#sweep ??= this.#options.clock.every(SWEEP_MS, () => this.#compareDeadlines());
    this.#writer.send(frame, sequence);
    return promise;
  }

  #send(frame: RequestFrame): void {
    if (this.#state === 'live') this.#writer.send(frame, 0);
  }

  /**
   * Wakes the thread at the end of this turn of the event loop. The thread is faster than whoever gives it calls, so
   * woken at each call it would fall asleep between any two: one message a turn instead of one a call.
   */
  #wakeSoon(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    setImmediate(this.#wake);
  }

  readonly #wake = (): void => {
    this.#isWaking = false;
    if (this.#state === 'live' && this.#requests.wakeNeeded()) this.#worker.postMessage(0);
  };

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
    if (this.#state === 'live') this.#writer.flush();
  }

  #receive(offset: number): void {
    const { i32 } = this.#answers;
    const word = offset >> 2;
    if (i32[word + 1] === COLLECTED) {
      this.#options.onCollected(this, i32[word + 5] as number);
      return;
    }
    const result = readAnswer(this.#answers, offset, this.#bulk.port1);
    const sequence = i32[word + 2] as number;
    const entry = this.#inFlight.get(sequence);
    // Answered as late before: the thread skipped it, or ended it without being killed.
    if (!entry) return;
    this.#inFlight.delete(sequence);
    if (this.#inFlight.size === 0) this.#stopSweep();
    entry.settle(result);
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
    this.#writer.clear();
    this.#bulk.port1.close();
  }
}
