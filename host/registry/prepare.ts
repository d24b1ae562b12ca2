/**
 * Preparation of untrusted bytes, seen from the host: one disposable worker thread with a limit on time and heap.
 *
 * One component at a time, in the order of asking. After a success the worker stays warm for ten seconds; after any
 * failure it is ended, because jco may have panicked and no parser is trusted after it met something it refused.
 * Whatever happens in there, the caller gets the prepared result or a HostError, and the next component a sound worker.
 * The heap limit bounds JavaScript only; the time limit is what bounds the memory of wasm tools inside.
 */

import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { Prepared, PrepareReply, PrepareRequest } from './prepare-task.ts';

export interface PreparerOptions {
  /** From handing the bytes to the worker, its start included, to the result. */
  readonly timeoutMs: number;
  /** JavaScript heap of the worker. */
  readonly heapMiB: number;
  readonly componentMaxBytes: number;
  readonly clock: Clock;
  /** Another entry for the worker: tests put bombs there. */
  readonly workerUrl?: URL;
}

export interface Preparer {
  /**
   * Checks, reads, meters (unless told otherwise) and describes a component. The bytes are copied to the worker and stay the caller's.
   *
   * Throws REGISTRY_REJECTED, REGISTRY_UNSUPPORTED, REGISTRY_IMPORT_FORBIDDEN — the component was refused;
   * REGISTRY_PREPARE_LIMIT — time or heap ran out, or the worker died of the component; HOST_CLOSED — after `close()`;
   * HOST_INTERNAL — the worker could not start.
   */
  prepare(component: Uint8Array, isMetered?: boolean): Promise<Prepared>;
  /** Ends the worker; what is under way or waiting is rejected with HOST_CLOSED. */
  close(): Promise<void>;
}

/** Keeps a burst of installs from paying the worker's start (about 80 ms with jco) each; idle, it costs 60 MB. */
const IDLE_MS = 10_000;

interface Job {
  readonly component: Uint8Array;
  readonly isMetered: boolean;
  readonly resolve: (prepared: Prepared) => void;
  readonly reject: (error: HostError) => void;
}

export function createPreparer(options: PreparerOptions): Preparer {
  const { clock, timeoutMs, heapMiB, componentMaxBytes } = options;
  const workerUrl = options.workerUrl ?? new URL('./prepare-worker.ts', import.meta.url);
  const waiting: Job[] = [];
  const ending = new Set<Promise<unknown>>();
  let warm: Worker | undefined;
  let idleTimer: Timer | undefined;
  let running: { job: Job; worker: Worker; timer: Timer } | undefined;
  let closed = false;

  function start(): Worker {
    const worker = new Worker(workerUrl, {
      env: {},
      execArgv: [],
      // A panic prints; what it prints quotes hostile bytes and is neither a log line nor wanted on the terminal.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: Math.min(16, heapMiB) },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    let ready = false;
    worker.on('message', (reply: PrepareReply) => {
      if (reply.kind === 'ready') ready = true;
      else finish(worker, reply);
    });
    worker.on('error', (error) => fail(worker, lost(error, ready)));
    worker.on('exit', () =>
      fail(worker, new HostError('REGISTRY_PREPARE_LIMIT', 'the preparation ended without a result')),
    );
    return worker;
  }

  function next(): void {
    if (running !== undefined || closed) return;
    const job = waiting.shift();
    if (job === undefined) return;
    idleTimer?.cancel();
    const worker = warm ?? start();
    warm = worker;
    // Referenced only while it works: the process must not end under a caller who waits, nor live for an idle thread.
    worker.ref();
    const timer = clock.after(timeoutMs, () =>
      fail(
        worker,
        new HostError('REGISTRY_PREPARE_LIMIT', `preparing the component took more than ${timeoutMs} ms`),
      ),
    );
    running = { job, worker, timer };
    worker.postMessage({
      component: job.component,
      isMetered: job.isMetered,
    } satisfies PrepareRequest);
  }

  /** Takes the running job off the worker; undefined when the message is late and somebody else decided its fate. */
  function take(worker: Worker): Job | undefined {
    if (running?.worker !== worker) return undefined;
    const { job, timer } = running;
    timer.cancel();
    running = undefined;
    return job;
  }

  function finish(worker: Worker, reply: Exclude<PrepareReply, { kind: 'ready' }>): void {
    if (reply.kind === 'refused') {
      fail(
        worker,
        new HostError(reply.code, reply.detail, reply.problems ? { problems: reply.problems } : {}),
      );
      return;
    }
    const job = take(worker);
    if (job === undefined) return;
    worker.unref();
    idleTimer = clock.after(IDLE_MS, () => end(worker));
    job.resolve(reply.prepared);
    next();
  }

  function fail(worker: Worker, error: HostError): void {
    end(worker);
    take(worker)?.reject(error);
    next();
  }

  function end(worker: Worker): void {
    if (warm !== worker) return;
    warm = undefined;
    idleTimer?.cancel();
    const ended = worker.terminate();
    ending.add(ended);
    void ended.finally(() => ending.delete(ended));
  }

  return {
    prepare(component, isMetered = true) {
      if (component.byteLength > componentMaxBytes) {
        const detail = `the component has ${component.byteLength} bytes, at most ${componentMaxBytes} are accepted`;
        return Promise.reject(new HostError('REGISTRY_REJECTED', detail));
      }
      if (closed) return Promise.reject(closedError());
      const result = Promise.withResolvers<Prepared>();
      waiting.push({ component, isMetered, resolve: result.resolve, reject: result.reject });
      next();
      return result.promise;
    },

    async close() {
      closed = true;
      for (const job of waiting.splice(0)) job.reject(closedError());
      if (running !== undefined) fail(running.worker, closedError());
      if (warm !== undefined) end(warm);
      await Promise.all(ending);
    },
  };
}

const closedError = (): HostError =>
  new HostError('HOST_CLOSED', 'the host was closed while a component was prepared');

function lost(error: unknown, ready: boolean): HostError {
  if ((error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const detail = 'preparing the component took more memory than allowed';
    return new HostError('REGISTRY_PREPARE_LIMIT', detail, { cause: error });
  }
  return ready
    ? new HostError('REGISTRY_PREPARE_LIMIT', 'the component ended its preparation', { cause: error })
    : new HostError('HOST_INTERNAL', 'components cannot be prepared: the log has the cause', {
        cause: error,
      });
}
