/**
 * How a cell is entered and left, whatever is called in it: who runs, what stops it, and what its end means.
 *
 * Always: the guest's end is a `CellEnd`, never an exception; after a crash the cell is never entered again; the guest's
 * allocator and clean-up neither call out nor are suspended.
 */

import { HostError } from '../errors.ts';
import type { CoreExportRef, LiftedFunction } from '../types.ts';
import type { CellAbi } from './abi.ts';
import type { Flat } from './abi-codec.ts';
import type { Bounds, CellEnd } from './cell-face.ts';
import { type Guest, UNCAUGHT } from './guest.ts';
import { endStandardOutput } from './imports.ts';
import type { GuestContext } from './imports-context.ts';

type Core = (...flat: Flat[]) => Flat | undefined;

/** A lifted function with its parts looked up. */
export interface Lifted {
  readonly core: Core;
  /** Made at the first use: it costs a microsecond, and a spare cell needs none. */
  suspendable?: (...flat: Flat[]) => Promise<Flat | undefined>;
  readonly memory: WebAssembly.Memory | undefined;
  readonly realloc: WebAssembly.CoreFunction | undefined;
  readonly postReturn: Core | undefined;
}

/** What there is of a cell once its modules run. */
export interface CellParts {
  readonly instances: readonly WebAssembly.Exports[];
  readonly guest: Guest;
  /** Undefined for a guest that takes nothing from the host. */
  readonly context: GuestContext | undefined;
  readonly abi: CellAbi | undefined;
  /** An import of it may wait. */
  readonly waits: boolean;
}

export class CellEntry {
  readonly isSuspendable: boolean;
  readonly #guest: Guest;
  readonly #context: GuestContext | undefined;
  readonly #abi: CellAbi | undefined;
  #state: 'idle' | 'entered' | 'crashed' = 'idle';

  constructor({ guest, context, abi, waits }: CellParts) {
    this.#guest = guest;
    this.#context = context;
    this.#abi = abi;
    this.isSuspendable = waits || guest.meter.isMetered;
  }

  get fuelUsed(): number | undefined {
    return this.#guest.meter.used;
  }

  /** Throws Error — it crashed, or is in a call: an error of the host. */
  enter(bounds: Bounds): void {
    if (this.#state !== 'idle') throw new Error(`a cell that is ${this.#state} was entered`);
    this.#state = 'entered';
    this.#context?.begin();
    this.#guest.enter(bounds);
  }

  /** The guest's own code: what may be suspended. Afterwards it has the thread again. */
  async run(lifted: Lifted, inputs: readonly Flat[]): Promise<Flat | undefined> {
    lifted.suspendable ??= WebAssembly.promising(
      lifted.core as WebAssembly.CoreFunction,
    ) as unknown as NonNullable<Lifted['suspendable']>;
    this.#guest.canSuspend = true;
    try {
      return await lifted.suspendable(...inputs);
    } finally {
      this.#guest.canSuspend = false;
    }
  }

  /** What the host does around the guest's own code, beside a stack of its own. */
  unsuspended<T>(run: () => T): T {
    return this.#guest.unsuspended(run);
  }

  resume(): void {
    this.#guest.resume();
  }

  /** The guest gives the thread away until `work` is done. Throws Error — it was stopped meanwhile. */
  async wait<T>(work: Promise<T>): Promise<T> {
    const done = await this.#guest.wait<T | undefined>(work, undefined);
    this.#guest.resume();
    if (this.#guest.isEnding) throw new Error('the guest was stopped');
    return done as T;
  }

  abandon(): void {
    this.#guest.abandon();
  }

  /** Its allocator and its clean-up may not call out. Source: Canonical ABI, `may_leave`. */
  withoutLeaving<T>(run: () => T): T {
    const abi = this.#abi;
    if (abi === undefined) return run();
    abi.mayLeave = false;
    const result = run();
    abi.mayLeave = true;
    return result;
  }

  /** Before an answer begins: nothing else may be written then. */
  endContext(): void {
    if (this.#context === undefined) return;
    endStandardOutput(this.#context);
    this.#context.end();
  }

  /** Gives the guest its result back; then the cell is idle again. */
  leave(end: CellEnd, postReturn?: Core, ...result: Flat[]): CellEnd {
    if (postReturn) {
      try {
        this.withoutLeaving(() => postReturn(...result));
      } catch (error) {
        return this.crash(error);
      }
    }
    this.#state = 'idle';
    this.#guest.leave();
    return end;
  }

  crash(error: unknown): CellEnd {
    this.#state = 'crashed';
    this.endContext();
    this.#guest.leave();
    return toCrash(error, this.#guest);
  }
}

const STOPS = {
  deadline: {
    code: 'EXECUTOR_DEADLINE',
    detail: 'the guest was still running at its deadline and was stopped',
  },
  fuel: { code: 'EXECUTOR_FUEL', detail: 'the guest used all the fuel that this operation may use' },
  unsuspended: {
    code: 'EXECUTOR_FUEL',
    detail: 'the guest used too much fuel to allocate or to clean up: it cannot be suspended there',
  },
} as const;

function toCrash(error: unknown, { failure, stop }: Guest): CellEnd {
  const reason = failure ?? error;
  if (reason instanceof HostError) return { kind: 'crash', code: reason.code, detail: reason.detail };
  if (stop !== undefined) return { kind: 'crash', ...STOPS[stop] };
  // The engine reports an exhausted stack as a RangeError; a trap is always a RuntimeError.
  if (error instanceof RangeError) {
    return { kind: 'crash', code: 'EXECUTOR_STACK_OVERFLOW', detail: error.message };
  }
  const message = error instanceof WebAssembly.RuntimeError ? error.message : UNCAUGHT;
  return { kind: 'crash', code: 'EXECUTOR_TRAP', detail: typeof reason === 'string' ? reason : message };
}

/** Throws Error — the plan and the modules do not match. */
export function findLifted(instances: readonly WebAssembly.Exports[], lifted: LiftedFunction): Lifted {
  const find = (ref: CoreExportRef): WebAssembly.ExportValue | undefined =>
    instances[ref.instance]?.[ref.name];
  const func = (ref: CoreExportRef | undefined): WebAssembly.CoreFunction | undefined =>
    ref && (find(ref) as WebAssembly.CoreFunction);
  const memory = lifted.memory && find(lifted.memory);
  const core = func(lifted.core);
  if (!core || (lifted.memory && !(memory instanceof WebAssembly.Memory)))
    throw new Error('the plan and the modules do not match');
  return {
    core: core as Core,
    memory: memory as WebAssembly.Memory | undefined,
    realloc: func(lifted.realloc),
    postReturn: func(lifted.postReturn) as Core | undefined,
  };
}
