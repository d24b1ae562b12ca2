/**
 * A cell: one instance of one adapter version, built from a link plan, and the direct call path into it.
 *
 * Runs in the executor's thread. Everything a guest returns is checked before it is used: pointers, lengths,
 * alignment, discriminants, UTF-8. Always: the guest's end is a `CellEnd`, never an exception; after a crash the cell is
 * never entered again; the host keeps no view of guest memory across a guest entry, as memory may grow. A metered guest
 * is stopped at its deadline or the end of its fuel (`fuel.ts`). It knows nothing of pools.
 * Source: component model, Canonical ABI, "Lifting and Lowering Values".
 */

import type { Grants } from '../capability-types.ts';
import { type ErrorCode, HostError } from '../errors.ts';
import type { CoreExportRef, LiftedFunction, LinkPlan } from '../types.ts';
import type { CellAbi } from './abi.ts';
import { Guest, type GuestBounds, type Scheduler, UNCAUGHT } from './guest.ts';
import { endStandardOutput } from './imports.ts';
import { GuestContext, type HostPort } from './imports-context.ts';
import { linkerOf } from './imports-link.ts';
import { instantiate } from './instantiate.ts';
import { badResult, GuestMemory, liftList, liftMessage, toUtf16 } from './lift.ts';

export type CellEnd =
  | { readonly kind: 'ok' }
  /** The guest's own error, or a result over the limit: the cell is well. */
  | {
      readonly kind: 'failure';
      readonly failure: 'bad-input' | 'not-found' | 'internal' | 'output-too-large';
      readonly message: string;
    }
  /** The cell is dead. `detail` is safe to show. */
  | { readonly kind: 'crash'; readonly code: ErrorCode; readonly detail: string };

export type Bounds = GuestBounds;

export interface Cell {
  /** Size of the memory that results are read from, in bytes. */
  readonly memoryBytes: number;
  /** Units that the last entry used, the guest's allocations and cleanup included; undefined for a guest that is not metered. */
  readonly fuelUsed: number | undefined;
  /** It may have to wait, or to let others run: `invoke` and `health` alone would keep the thread. */
  readonly isSuspendable: boolean;
  /**
   * Calls the handler, and keeps the thread to the end. Both inputs are borrowed and copied into the guest. On success
   * `take` gets a view of guest memory, valid only until it returns: it copies what it wants to keep and does not write.
   * Throws Error — a crashed or busy cell is entered: an error of the host.
   */
  invoke(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    bounds?: Bounds,
  ): CellEnd;
  /**
   * The same on a stack of its own: others run while it waits, and between its slices. Both inputs are copied before this
   * returns. `onEnd` is called right after `take`, with nothing in between; then the promise resolves.
   */
  invokeSuspendably(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    onEnd: (end: CellEnd) => void,
    bounds?: Bounds,
  ): Promise<void>;
  /** Calls the guest's health check. An unhealthy guest is a `failure` of kind `internal`. Throws like `invoke`. */
  health(bounds?: Bounds): CellEnd;
  healthSuspendably(onEnd: (end: CellEnd) => void, bounds?: Bounds): Promise<void>;
  /** Stops a call that is suspended, as at its deadline. */
  abandon(): void;
}

const UNBOUNDED: Bounds = { deadlineMs: Number.POSITIVE_INFINITY, fuelMax: Number.POSITIVE_INFINITY };
const OK: CellEnd = { kind: 'ok' };
const FAILURES = ['bad-input', 'not-found', 'internal'] as const;

/** What a cell has beside its modules. */
export interface CellSurroundings {
  /** Cells of one scheduler run by turns. */
  readonly scheduler?: Scheduler;
  readonly grants?: Grants;
  readonly host?: HostPort;
}

/**
 * Builds a cell. `modules` are in the order of `plan.modules` and may be shared between threads.
 * Throws POOL_CREATE_FAILED — a module does not fit its imports, a start function trapped, or memory ran out.
 */
export function createCell(
  modules: readonly WebAssembly.Module[],
  plan: LinkPlan,
  { scheduler, grants, host }: CellSurroundings = {},
): Cell {
  const guest = new Guest(scheduler);
  // A component that takes nothing from the host, as codecs are, needs no ABI but the direct call below.
  if (plan.imports.length === 0 && plan.resources.length === 0)
    return new LinkedCell(instantiate(modules, plan, guest), plan, guest, undefined, undefined, false);
  const context = new GuestContext(guest, grants, host);
  const linker = linkerOf(plan);
  const instances: WebAssembly.Exports[] = [];
  const bound = linker.bind(guest, context, instances);
  instantiate(modules, plan, guest, instances, bound);
  context.end();
  return new LinkedCell(instances, plan, guest, context, bound.abi, linker.waits);
}

/** A lifted function with its parts looked up. */
interface Entry {
  readonly core: WebAssembly.CoreFunction;
  /** Made at the first use: it costs a microsecond, and a spare cell needs none. */
  suspendable?: (...values: number[]) => Promise<number>;
  readonly memory: GuestMemory;
  readonly realloc: WebAssembly.CoreFunction | undefined;
  readonly postReturn: WebAssembly.CoreFunction | undefined;
  readonly isUtf16: boolean;
}

/** Bytes of `result<list<u8>, failure>` in memory: discriminant, then at 4 a list or a variant whose text is at 8. */
const INVOKE_RESULT_BYTES = 16;
/** Bytes of `result<_, string>` in memory: discriminant, then at 4 a text. */
const HEALTH_RESULT_BYTES = 12;

class LinkedCell implements Cell {
  readonly #invoke: Entry;
  readonly #health: Entry;
  readonly #guest: Guest;
  readonly #context: GuestContext | undefined;
  readonly #abi: CellAbi | undefined;
  readonly isSuspendable: boolean;
  #state: 'idle' | 'entered' | 'crashed' = 'idle';

  constructor(
    instances: readonly WebAssembly.Exports[],
    plan: LinkPlan,
    guest: Guest,
    context: GuestContext | undefined,
    abi: CellAbi | undefined,
    waits: boolean,
  ) {
    if (!plan.handler) throw new Error('a plan without a handler');
    this.#guest = guest;
    this.#context = context;
    this.#abi = abi;
    this.isSuspendable = waits || guest.meter.isMetered;
    this.#invoke = toEntry(instances, plan.handler.invoke);
    this.#health = toEntry(instances, plan.handler.health);
  }

  get memoryBytes(): number {
    return this.#invoke.memory.byteLength;
  }

  get fuelUsed(): number | undefined {
    return this.#guest.meter.used;
  }

  invoke(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    bounds: Bounds = UNBOUNDED,
  ): CellEnd {
    let result: number;
    this.#enter(bounds);
    try {
      result = this.#invoke.core(...this.#lowerInputs(operation, payload)) >>> 0;
    } catch (error) {
      return this.#crash(error);
    }
    return this.#endInvoke(result, outputMaxBytes, take);
  }

  async invokeSuspendably(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    onEnd: (end: CellEnd) => void,
    bounds: Bounds = UNBOUNDED,
  ): Promise<void> {
    let result: number;
    this.#enter(bounds);
    try {
      const inputs = this.#guest.unsuspended(() => this.#lowerInputs(operation, payload));
      result = (await this.#onItsOwnStack(this.#invoke, inputs)) >>> 0;
    } catch (error) {
      onEnd(this.#crash(error));
      return;
    }
    this.#guest.resume();
    onEnd(this.#guest.unsuspended(() => this.#endInvoke(result, outputMaxBytes, take)));
  }

  health(bounds: Bounds = UNBOUNDED): CellEnd {
    let result: number;
    this.#enter(bounds);
    try {
      result = this.#health.core() >>> 0;
    } catch (error) {
      return this.#crash(error);
    }
    return this.#endHealth(result);
  }

  async healthSuspendably(onEnd: (end: CellEnd) => void, bounds: Bounds = UNBOUNDED): Promise<void> {
    let result: number;
    this.#enter(bounds);
    try {
      result = (await this.#onItsOwnStack(this.#health, [])) >>> 0;
    } catch (error) {
      onEnd(this.#crash(error));
      return;
    }
    this.#guest.resume();
    onEnd(this.#guest.unsuspended(() => this.#endHealth(result)));
  }

  abandon(): void {
    this.#guest.abandon();
  }

  #enter(bounds: Bounds): void {
    if (this.#state !== 'idle') throw new Error(`a cell that is ${this.#state} was entered`);
    this.#state = 'entered';
    this.#context?.begin();
    this.#guest.enter(bounds);
  }

  /** The guest's own code: what may be suspended. */
  async #onItsOwnStack(entry: Entry, inputs: readonly number[]): Promise<number> {
    entry.suspendable ??= WebAssembly.promising(entry.core);
    this.#guest.canSuspend = true;
    try {
      return await entry.suspendable(...inputs);
    } finally {
      this.#guest.canSuspend = false;
    }
  }

  #endInvoke(result: number, outputMaxBytes: number, take: (bytes: Uint8Array) => void): CellEnd {
    const { memory, postReturn, isUtf16 } = this.#invoke;
    let end: CellEnd = OK;
    let output: Uint8Array | undefined;
    try {
      memory.refresh();
      memory.checkRecord(result, INVOKE_RESULT_BYTES);
      const discriminant = memory.u8(result);
      if (discriminant === 0) {
        const bytes = liftList(memory, result + 4);
        if (bytes.length <= outputMaxBytes) output = bytes;
        else end = tooLarge(bytes.length, outputMaxBytes);
      } else if (discriminant === 1) {
        const failure = FAILURES[memory.u8(result + 4)];
        if (failure === undefined) throw badResult(`${memory.u8(result + 4)} is not a case of failure`);
        end = { kind: 'failure', failure, message: liftMessage(memory, result + 8, isUtf16) };
      } else throw badResult(`${discriminant} is neither ok nor error`);
    } catch (error) {
      return this.#crash(error);
    }
    // Its last lines go out before: from `take` to the end of the call nothing else may be said to the host.
    this.#endContext();
    // Outside the guard: what `take` throws is an error of the host, not of the guest. The cell stays entered.
    if (output) take(output);
    return this.#leave(postReturn, result, end);
  }

  #endHealth(result: number): CellEnd {
    const { memory, postReturn, isUtf16 } = this.#health;
    let end: CellEnd = OK;
    try {
      memory.refresh();
      memory.checkRecord(result, HEALTH_RESULT_BYTES);
      const discriminant = memory.u8(result);
      if (discriminant > 1) throw badResult(`${discriminant} is neither ok nor error`);
      if (discriminant === 1) {
        end = { kind: 'failure', failure: 'internal', message: liftMessage(memory, result + 4, isUtf16) };
      }
    } catch (error) {
      return this.#crash(error);
    }
    this.#endContext();
    return this.#leave(postReturn, result, end);
  }

  /** Gives the guest its result back; then the cell is idle again. */
  #leave(postReturn: WebAssembly.CoreFunction | undefined, result: number, end: CellEnd): CellEnd {
    if (postReturn) {
      try {
        this.#withoutImports(() => postReturn(result));
      } catch (error) {
        return this.#crash(error);
      }
    }
    this.#state = 'idle';
    this.#guest.leave();
    return end;
  }

  /** Copies operation and payload into the guest; returns what the core function is called with. */
  #lowerInputs(operation: Uint8Array, payload: Uint8Array): [number, number, number, number] {
    const { isUtf16 } = this.#invoke;
    const name = isUtf16 ? toUtf16(operation) : operation;
    const namePointer = this.#lower(name, isUtf16 ? 2 : 1);
    const payloadPointer = this.#lower(payload, 1);
    return [namePointer, isUtf16 ? name.length / 2 : name.length, payloadPointer, payload.length];
  }

  /** Copies bytes into the guest; returns where. The allocator is asked for zero bytes too, as the ABI says. */
  #lower(source: Uint8Array, alignment: number): number {
    const { memory, realloc } = this.#invoke;
    if (!realloc) throw new Error('a plan without realloc');
    const pointer = this.#withoutImports(() => realloc(0, 0, alignment, source.length)) >>> 0;
    memory.refresh();
    memory.write(pointer, alignment, source);
    return pointer;
  }

  /** Enters the guest's allocator or cleanup, from which it must not call out. Source: Canonical ABI, "may_leave". */
  #withoutImports<T>(run: () => T): T {
    const abi = this.#abi;
    if (abi === undefined) return run();
    abi.mayLeave = false;
    const value = run();
    abi.mayLeave = true;
    return value;
  }

  #endContext(): void {
    if (this.#context === undefined) return;
    endStandardOutput(this.#context);
    this.#context.end();
  }

  #crash(error: unknown): CellEnd {
    this.#state = 'crashed';
    this.#endContext();
    this.#guest.leave();
    return toCrash(error, this.#guest);
  }
}

/** A well-formed result over the limit: refused, but the guest did nothing wrong and its cell is well. */
function tooLarge(bytes: number, limit: number): CellEnd {
  return {
    kind: 'failure',
    failure: 'output-too-large',
    message: `the result has ${bytes} bytes; the limit is ${limit}`,
  };
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

function toEntry(instances: readonly WebAssembly.Exports[], lifted: LiftedFunction): Entry {
  const find = (ref: CoreExportRef): WebAssembly.ExportValue | undefined =>
    instances[ref.instance]?.[ref.name];
  const func = (ref: CoreExportRef | undefined): WebAssembly.CoreFunction | undefined =>
    ref && (find(ref) as WebAssembly.CoreFunction);
  const memory = lifted.memory && find(lifted.memory);
  const core = func(lifted.core);
  if (!core || !(memory instanceof WebAssembly.Memory))
    throw new Error('the plan and the modules do not match');
  return {
    core,
    memory: new GuestMemory(memory),
    realloc: func(lifted.realloc),
    postReturn: func(lifted.postReturn),
    isUtf16: lifted.encoding === 'utf16',
  };
}
