/**
 * The guest that has the thread: what stops it, what suspends it, and who goes on afterwards.
 *
 * One `Guest` a cell. Several may be on their way at once, each on a stack of its own (JSPI); one of them runs, and
 * `running` is that one whenever guest code or an import of it runs. A guest gives the thread away at the end of a slice
 * of fuel and while it waits for the host. Always: what ends a guest is a real trap in WebAssembly, which it cannot catch,
 * never an exception; the reason is kept here. A guest is suspended only where no frame of the host lies on its stack.
 * Source: WebAssembly JavaScript Promise Integration; an endless loop stopped within a slice of its deadline.
 */

import { systemClock } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { FlatType } from '../flat-types.ts';
import { FuelMeter } from './fuel.ts';
import { buildWaitModule, REFILL_MODULE, TRAP_MODULE } from './guest-modules.ts';
import { GuestTrap } from './imports-contract.ts';

/** Said of anything a guest throws that is no trap. */
export const UNCAUGHT = 'the guest threw an exception that nothing caught';

/** Exports that hardening adds to every module; `registry/harden.ts` has the same names. */
const REFILL_EXPORT = 'hotcell:refill';
const START_EXPORT = 'hotcell:start';

/**
 * Slices of fuel for a guest that the host enters on its own stack, to allocate or to clean up after a call: about 10 ms. It
 * cannot be suspended there, so its neighbours wait for it.
 */
const UNSUSPENDED_SLICES = 10;

/**
 * Longest that the host works for a guest at a stretch, its allocator and destructors included, before others get a turn, in ms: a
 * slice of fuel takes as long. No fuel is counted for that work, so a guest could keep the thread by it.
 */
const HOST_WORK_MAX_MS = 1;

/** `unsuspended`: it used its fuel for what the host called on its own stack. */
export type Stop = 'deadline' | 'fuel' | 'unsuspended';

/** Who shares the thread out. */
export interface Scheduler {
  /** The guest gives the thread away. */
  rests(guest: Guest): void;
  /** Resolves when a guest whose slice is used may go on. */
  turn(): Promise<void>;
  /** The guest has the thread again. */
  resumes(guest: Guest): void;
}

/** Where nobody shares: the next turn of the event loop. */
const ALONE: Scheduler = {
  rests: () => {},
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  resumes: () => {},
};

let running: Guest | undefined;
let lastToken = 0;
/** Guests that are suspended or about to be, by the token that brings them back. */
const suspended = new Map<number, Guest>();

/** What a trap made by `trapRunning` does: `unreachable`, in WebAssembly. */
const trap = new WebAssembly.Instance(new WebAssembly.Module(TRAP_MODULE)).exports
  .t as WebAssembly.CoreFunction;

/** Ends the running guest with this reason. Never returns; the number is for the types of core functions. */
export function trapRunning(reason: unknown): number {
  running?.fail(reason);
  return trap() as number;
}

const GO = 0;
const STOP = 1;
const YIELD = 2;

/** Asked by a module whose slice is used. */
function check(): number {
  return running ? running.refill() : STOP;
}

/** A number by which the guest is found again; 31 bits, and never 0. */
function tokenFor(guest: Guest): number {
  lastToken = (lastToken % 0x7fffffff) + 1;
  suspended.set(lastToken, guest);
  return lastToken;
}

/** Suspends the running guest until it is its turn again; gives its token. */
async function yieldThread(): Promise<number> {
  const guest = running as Guest;
  const token = tokenFor(guest);
  guest.rest();
  await guest.scheduler.turn();
  return token;
}

/** The guest with this token runs again. 1 when it must not go on. */
function resumed(token: number): number {
  const guest = suspended.get(token) as Guest;
  suspended.delete(token);
  guest.resume();
  return guest.isEnding ? STOP : GO;
}

const refill = new WebAssembly.Instance(new WebAssembly.Module(REFILL_MODULE), {
  h: { c: check, y: new WebAssembly.Suspending(yieldThread), r: resumed },
}).exports.r as WebAssembly.CoreFunction;

export interface GuestBounds {
  /** Absolute, in ms; Infinity for none. */
  readonly deadlineMs: number;
  /** Units; Infinity for no bound. */
  readonly fuelMax: number;
}

export class Guest {
  readonly meter = new FuelMeter();
  readonly scheduler: Scheduler;
  deadlineMs = 0;
  /** Why it was stopped. */
  stop: Stop | undefined;
  /** Why it was trapped: by an import that must not be called, or by what it handed to one. */
  failure: HostError | string | undefined;
  /** It runs on a stack of its own with no frame of the host in between. */
  canSuspend = false;
  /** Infinity unless the host waits on its own stack. */
  #slicesLeft = Number.POSITIVE_INFINITY;
  /** When the host first worked for it since it got the thread; undefined before. */
  #workSinceMs: number | undefined;
  /** Ends the wait that it is in. */
  #endWait: (() => void) | undefined;

  constructor(scheduler: Scheduler = ALONE) {
    this.scheduler = scheduler;
  }

  /** Takes an instance that was just made, and runs its start function, which hardening turned into an export. */
  add(exports: WebAssembly.Exports): void {
    if (!this.meter.add(exports)) return;
    const table = exports[REFILL_EXPORT];
    if (!(table instanceof WebAssembly.Table))
      throw new Error('a metered module without a table to refill by');
    table.set(0, refill);
    const start = exports[START_EXPORT];
    if (typeof start === 'function') start();
  }

  /** Before it is entered. */
  enter({ deadlineMs, fuelMax }: GuestBounds): void {
    running = this;
    this.stop = undefined;
    this.failure = undefined;
    this.deadlineMs = deadlineMs;
    this.#workSinceMs = undefined;
    this.meter.begin(fuelMax);
  }

  /** It is entered no more; nothing here keeps it alive. */
  leave(): void {
    if (running === this) running = undefined;
  }

  /** Notes why it ends; the first reason counts. */
  fail(reason: unknown): void {
    if (typeof reason === 'string' || reason instanceof HostError) this.failure ??= reason;
    else if (reason instanceof GuestTrap) this.failure ??= reason.message;
    else if (reason instanceof WebAssembly.Exception) this.failure ??= UNCAUGHT;
    else if (!(reason instanceof Error)) this.fail(new Error(String(reason)));
    else if (reason instanceof WebAssembly.RuntimeError) {
      // Its own, where the host had entered it. A guest that was stopped there is told by that.
      if (this.stop === undefined) this.failure ??= reason.message;
    } else if (isStackOverflow(reason))
      this.failure ??= new HostError('EXECUTOR_STACK_OVERFLOW', reason.message);
    else this.failure ??= new HostError('EXECUTOR_IMPORT_FAILED', reason.message, { cause: reason });
  }

  /** It may not go on. */
  get isEnding(): boolean {
    return this.stop !== undefined || this.failure !== undefined;
  }

  refill(): number {
    if (!this.meter.refill()) this.stop ??= 'fuel';
    else if (--this.#slicesLeft < 0) this.stop ??= 'unsuspended';
    else if (systemClock.now() >= this.deadlineMs) this.stop ??= 'deadline';
    if (this.isEnding) return STOP;
    return this.canSuspend ? YIELD : GO;
  }

  /** Runs what the host does on its own stack, entering the guest perhaps: nobody else runs meanwhile, so it may use little. */
  unsuspended<T>(run: () => T): T {
    const { canSuspend } = this;
    this.#workSinceMs ??= systemClock.now();
    const slices = this.#slicesLeft;
    this.canSuspend = false;
    this.#slicesLeft = Math.min(slices, UNSUSPENDED_SLICES);
    try {
      return run();
    } finally {
      this.canSuspend = canSuspend;
      this.#slicesLeft = slices;
      // Only where it goes on by itself: what was entered on the stack of the host has few slices, and they are for its own work.
      const goesOn = slices === Number.POSITIVE_INFINITY;
      if (goesOn && systemClock.now() - this.#workSinceMs >= HOST_WORK_MAX_MS) this.meter.endSlices();
    }
  }

  /** The same when it does not run: what the host answered is handed to it before it goes on. */
  unsuspendedMeanwhile<T>(run: () => T): T {
    running = this;
    try {
      return this.unsuspended(run);
    } finally {
      running = undefined;
    }
  }

  /** It gives the thread away. */
  rest(): void {
    this.scheduler.rests(this);
    running = undefined;
  }

  /** It has the thread. */
  resume(): void {
    running = this;
    this.#workSinceMs = undefined;
    this.scheduler.resumes(this);
  }

  /** Waits for the answer of the host, no longer than to the deadline; gives `none` when it must not go on. */
  wait<T>(answer: PromiseLike<T>, none: T): Promise<T> {
    this.rest();
    return new Promise((resolve) => {
      const leftMs = this.deadlineMs - systemClock.now();
      const timer = Number.isFinite(leftMs)
        ? systemClock.after(Math.max(0, leftMs), () => this.abandon())
        : undefined;
      const end = (value: T): void => {
        timer?.cancel();
        this.#endWait = undefined;
        resolve(value);
      };
      this.#endWait = () => end(none);
      answer.then(end, (error: unknown) => {
        this.fail(error);
        end(none);
      });
    });
  }

  /** Stops it wherever it is suspended, as at its deadline. */
  abandon(): void {
    this.stop ??= 'deadline';
    this.#endWait?.();
  }
}

/** A core function of the host whose promise suspends the guest. */
export type WaitingFunction = (...values: (number | bigint)[]) => unknown;

/**
 * A core import of this signature that may suspend whoever calls it. `find` gives the function for the guest that runs. One
 * serves all cells of a plan: who called is known by who runs.
 */
export function waitingImport(
  parameters: readonly FlatType[],
  result: FlatType | undefined,
  find: (guest: Guest) => WaitingFunction,
): WebAssembly.CoreFunction {
  const none = result === undefined ? undefined : result === 'i64' ? 0n : 0;
  const begin = (): number => {
    const guest = running as Guest;
    if (guest.canSuspend) return tokenFor(guest);
    guest.fail(
      'an import that waits was called where the guest cannot wait: while it starts, allocates or cleans up',
    );
    return 0;
  };
  const call = (...values: (number | bigint)[]): unknown => {
    const guest = running as Guest;
    try {
      const answer = guest.unsuspended(() => find(guest)(...values));
      return isThenable(answer) ? guest.wait(answer, none) : answer;
    } catch (error) {
      guest.fail(error);
      return none;
    }
  };
  const module = new WebAssembly.Module(buildWaitModule(parameters, result));
  const { exports } = new WebAssembly.Instance(module, {
    h: { b: begin, w: new WebAssembly.Suspending(call), r: resumed },
  });
  return exports.f as WebAssembly.CoreFunction;
}

/** The engine reports an exhausted stack as a RangeError with this text; other RangeErrors are the host's. */
const isStackOverflow = (error: Error): boolean =>
  error instanceof RangeError && error.message === 'Maximum call stack size exceeded';

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
