/**
 * A cell: one instance of one adapter version, built from a link plan, and the direct call path into it.
 *
 * Runs in the executor's thread. Everything a guest returns is checked before it is used: pointers, lengths,
 * alignment, discriminants, UTF-8. Always: the guest's end is a `CellEnd`, never an exception; after a crash the cell is
 * never entered again; the host keeps no view of guest memory across a guest entry, as memory may grow. It knows
 * nothing of deadlines and pools, and it does not limit the guest's time or memory.
 * Source: component model, Canonical ABI, "Lifting and Lowering Values".
 */

import { type ErrorCode, HostError } from '../errors.ts';
import type { CoreExportRef, CoreItem, LiftedFunction, LinkPlan } from '../types.ts';

/** Longest error message taken from a guest, in bytes of UTF-8. Enough for a sentence and a snippet of input. */
export const MESSAGE_MAX_BYTES = 4096;

export type CellEnd =
  | { readonly kind: 'ok' }
  /** The guest's own error: the cell is well. */
  | {
      readonly kind: 'failure';
      readonly failure: 'bad-input' | 'not-found' | 'internal';
      readonly message: string;
    }
  /** The cell is dead. `detail` is safe to show. */
  | { readonly kind: 'crash'; readonly code: ErrorCode; readonly detail: string };

export interface Cell {
  /** Size of the memory that results are read from, in bytes. */
  readonly memoryBytes: number;
  /**
   * Calls the handler. Both inputs are borrowed and copied into the guest. On success `take` gets a view of guest
   * memory, valid only until it returns: it copies what it wants to keep and does not write.
   * Throws Error — a crashed or busy cell is entered: an error of the host.
   */
  invoke(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
  ): CellEnd;
  /** Calls the guest's health check. An unhealthy guest is a `failure` of kind `internal`. Throws like `invoke`. */
  health(): CellEnd;
}

const OK: CellEnd = { kind: 'ok' };
const FAILURES = ['bad-input', 'not-found', 'internal'] as const;
const UNCAUGHT = 'the guest threw an exception that nothing caught';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const messageScratch = new Uint8Array(MESSAGE_MAX_BYTES);

// ── building ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Why a guest was trapped by something it should not have called; set by the trap, read by the crash it causes. */
let trapReason: string | undefined;

/**
 * A function whose call is a real WebAssembly trap: an exception made in JavaScript could be caught by the guest's own
 * exception handling, a trap cannot. The module is `(func (export "t") unreachable)`.
 */
const TRAP_MODULE = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // Type () -> (), one function of it, exported as "t", its body.
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x07, 0x05, 0x01, 0x01, 0x74, 0x00, 0x00],
  ...[0x0a, 0x05, 0x01, 0x03, 0x00, 0x00, 0x0b],
]);
const trapExports = new WebAssembly.Instance(new WebAssembly.Module(TRAP_MODULE)).exports;
const trap = trapExports.t as WebAssembly.CoreFunction;

/** Where an import comes from: an export of an earlier instance, or a trap. */
interface Source {
  readonly name: string;
  readonly instance: number;
  readonly from: string;
  readonly trap: WebAssembly.CoreFunction | undefined;
}

/** One core instantiation with its imports grouped by module name, and its trap functions made once for all cells. */
interface Step {
  readonly module: number;
  readonly groups: readonly { readonly module: string; readonly sources: readonly Source[] }[];
}

/** Steps of each plan: worked out once for a plan and thread, not for each cell. */
const prepared = new WeakMap<LinkPlan, readonly Step[]>();

function toSource(name: string, item: CoreItem): Source {
  if (item.kind === 'export') return { name, instance: item.instance, from: item.name, trap: undefined };
  const { reason } = item;
  const trapHere = (): number => {
    trapReason = reason;
    return trap();
  };
  return { name, instance: -1, from: '', trap: trapHere };
}

function prepare(plan: LinkPlan): readonly Step[] {
  const steps = plan.instances.map(({ module, imports }) => {
    const groups = new Map<string, Source[]>();
    for (const { module: from, name, item } of imports) {
      const sources = groups.get(from) ?? [];
      sources.push(toSource(name, item));
      groups.set(from, sources);
    }
    return { module, groups: [...groups].map(([name, sources]) => ({ module: name, sources })) };
  });
  prepared.set(plan, steps);
  return steps;
}

function importsFor(step: Step, instances: readonly WebAssembly.Exports[]): WebAssembly.Imports {
  // Without a prototype, so that a guest's `__proto__` is a name like any other.
  const imports: WebAssembly.Imports = Object.create(null);
  for (const { module, sources } of step.groups) {
    const group: WebAssembly.Imports[string] = Object.create(null);
    for (const source of sources) {
      const value = source.trap ?? instances[source.instance]?.[source.from];
      if (value !== undefined) group[source.name] = value;
    }
    imports[module] = group;
  }
  return imports;
}

/**
 * Builds a cell: instantiates the plan's modules in order, running their start functions. `modules` are in the order of
 * `plan.modules` and may be shared between threads.
 * Throws POOL_CREATE_FAILED — a module does not fit its imports, a start function trapped, or memory ran out.
 */
export function createCell(modules: readonly WebAssembly.Module[], plan: LinkPlan): Cell {
  const instances: WebAssembly.Exports[] = [];
  trapReason = undefined;
  for (const step of prepared.get(plan) ?? prepare(plan)) {
    const module = modules[step.module];
    if (!module) throw new Error(`there is no module ${step.module}`);
    const imports = step.groups.length === 0 ? undefined : importsFor(step, instances);
    try {
      instances.push(new WebAssembly.Instance(module, imports).exports);
    } catch (error) {
      const detail = trapReason ?? (error instanceof Error ? error.message : UNCAUGHT);
      throw new HostError('POOL_CREATE_FAILED', detail, { cause: error });
    }
  }
  return new LinkedCell(instances, plan);
}

// ── calling ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A lifted function with its parts looked up. */
interface Entry {
  readonly core: WebAssembly.CoreFunction;
  readonly memory: GuestMemory;
  readonly realloc: WebAssembly.CoreFunction | undefined;
  readonly postReturn: WebAssembly.CoreFunction | undefined;
  readonly isUtf16: boolean;
}

/** What lifting throws; caught within this file. */
function badResult(detail: string): HostError {
  return new HostError('EXECUTOR_BAD_RESULT', detail);
}

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/** Reads and writes one guest memory. Views are made anew whenever the buffer changed: growing detaches them. */
class GuestMemory {
  readonly #memory: WebAssembly.Memory;
  /** Made at the first `refresh`, not while the cell is built: a spare cell needs none. */
  #bytes = NO_BYTES;
  #view = NO_VIEW;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  get byteLength(): number {
    return this.#memory.buffer.byteLength;
  }

  /** To be called after each guest entry, before anything is read or written. */
  refresh(): void {
    const { buffer } = this.#memory;
    if (buffer === this.#bytes.buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** Copies `source` to `pointer`, which the guest's allocator gave. */
  write(pointer: number, alignment: number, source: Uint8Array): void {
    if (pointer % alignment !== 0 || pointer + source.length > this.#bytes.length) {
      throw badResult(
        `the allocator returned ${pointer} for ${source.length} bytes in a memory of ${this.#bytes.length}`,
      );
    }
    this.#bytes.set(source, pointer);
  }

  /** A view of `length` bytes. */
  slice(pointer: number, length: number, what: string): Uint8Array {
    if (pointer + length > this.#bytes.length) {
      throw badResult(
        `${what} of ${length} bytes at ${pointer} ends outside the memory of ${this.#bytes.length}`,
      );
    }
    return this.#bytes.subarray(pointer, pointer + length);
  }

  /** Checks that a record of `length` bytes, aligned to 4, lies at `pointer`; then its fields can be read. */
  checkRecord(pointer: number, length: number): void {
    if (pointer % 4 !== 0) throw badResult(`the result at ${pointer} is not aligned`);
    if (pointer + length > this.#bytes.length) {
      throw badResult(`the result at ${pointer} ends outside the memory of ${this.#bytes.length}`);
    }
  }

  u8(pointer: number): number {
    return this.#view.getUint8(pointer);
  }

  u32(pointer: number): number {
    return this.#view.getUint32(pointer, true);
  }
}

/** Bytes of `result<list<u8>, failure>` in memory: discriminant, then at 4 a list or a variant whose text is at 8. */
const INVOKE_RESULT_BYTES = 16;
/** Bytes of `result<_, string>` in memory: discriminant, then at 4 a text. */
const HEALTH_RESULT_BYTES = 12;

class LinkedCell implements Cell {
  readonly #invoke: Entry;
  readonly #health: Entry;
  #state: 'idle' | 'entered' | 'crashed' = 'idle';

  constructor(instances: readonly WebAssembly.Exports[], plan: LinkPlan) {
    this.#invoke = toEntry(instances, plan.invoke);
    this.#health = toEntry(instances, plan.health);
  }

  get memoryBytes(): number {
    return this.#invoke.memory.byteLength;
  }

  invoke(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
  ): CellEnd {
    const { core, memory, postReturn, isUtf16 } = this.#invoke;
    const name = isUtf16 ? toUtf16(operation) : operation;
    this.#enter();
    let result: number;
    let end: CellEnd = OK;
    let output: Uint8Array | undefined;
    try {
      const namePointer = this.#lower(name, isUtf16 ? 2 : 1);
      const payloadPointer = this.#lower(payload, 1);
      const nameLength = isUtf16 ? name.length / 2 : name.length;
      result = core(namePointer, nameLength, payloadPointer, payload.length) >>> 0;
      memory.refresh();
      memory.checkRecord(result, INVOKE_RESULT_BYTES);
      const discriminant = memory.u8(result);
      if (discriminant === 0) output = liftList(memory, result + 4, outputMaxBytes);
      else if (discriminant === 1) {
        const failure = FAILURES[memory.u8(result + 4)];
        if (failure === undefined) throw badResult(`${memory.u8(result + 4)} is not a case of failure`);
        end = { kind: 'failure', failure, message: liftMessage(memory, result + 8, isUtf16) };
      } else throw badResult(`${discriminant} is neither ok nor error`);
    } catch (error) {
      return this.#crash(error);
    }
    // Outside the guard: what `take` throws is an error of the host, not of the guest. The cell stays entered.
    if (output) take(output);
    return this.#leave(postReturn, result, end);
  }

  health(): CellEnd {
    this.#enter();
    const { core, memory, postReturn, isUtf16 } = this.#health;
    let result: number;
    let end: CellEnd = OK;
    try {
      result = core() >>> 0;
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
    return this.#leave(postReturn, result, end);
  }

  #enter(): void {
    if (this.#state !== 'idle') throw new Error(`a cell that is ${this.#state} was entered`);
    this.#state = 'entered';
    trapReason = undefined;
  }

  /** Gives the guest its result back; then the cell is idle again. */
  #leave(postReturn: WebAssembly.CoreFunction | undefined, result: number, end: CellEnd): CellEnd {
    if (postReturn) {
      try {
        postReturn(result);
      } catch (error) {
        return this.#crash(error);
      }
    }
    this.#state = 'idle';
    return end;
  }

  /** Copies bytes into the guest; returns where. The allocator is asked for zero bytes too, as the ABI says. */
  #lower(source: Uint8Array, alignment: number): number {
    const { memory, realloc } = this.#invoke;
    if (!realloc) throw new Error('a plan without realloc');
    const pointer = realloc(0, 0, alignment, source.length) >>> 0;
    memory.refresh();
    memory.write(pointer, alignment, source);
    return pointer;
  }

  #crash(error: unknown): CellEnd {
    this.#state = 'crashed';
    return toCrash(error);
  }
}

/** Where the `list<u8>` is that the record at `at` describes. */
function liftList(memory: GuestMemory, at: number, maxBytes: number): Uint8Array {
  const pointer = memory.u32(at);
  const length = memory.u32(at + 4);
  const bytes = memory.slice(pointer, length, 'a list');
  if (length <= maxBytes) return bytes;
  throw new HostError(
    'EXECUTOR_OUTPUT_TOO_LARGE',
    `the result has ${length} bytes; the limit is ${maxBytes}`,
  );
}

/**
 * The string that the record at `at` describes, cut to `MESSAGE_MAX_BYTES` of UTF-8 on a character border. What is cut
 * away is never looked at: only its bounds are checked.
 */
function liftMessage(memory: GuestMemory, at: number, isUtf16: boolean): string {
  const pointer = memory.u32(at);
  const units = memory.u32(at + 4);
  if (isUtf16 && pointer % 2 !== 0) throw badResult(`a string at ${pointer} is not aligned`);
  const bytes = memory.slice(pointer, isUtf16 ? units * 2 : units, 'a string');
  // No unit of UTF-16 takes less than a byte of UTF-8, so this many units are enough to fill the limit.
  let end = Math.min(bytes.length, isUtf16 ? MESSAGE_MAX_BYTES * 2 : MESSAGE_MAX_BYTES);
  if (end < bytes.length) {
    if (isUtf16 && ((bytes[end - 1] ?? 0) & 0xfc) === 0xd8) end -= 2;
    // A character has at most three bytes after its first; more of them are no UTF-8 and fail below.
    for (let left = 3; !isUtf16 && left > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80; left--) end--;
  }
  let text: string;
  try {
    text = (isUtf16 ? utf16 : utf8).decode(bytes.subarray(0, end));
  } catch {
    throw badResult(`a string is not valid ${isUtf16 ? 'UTF-16' : 'UTF-8'}`);
  }
  return isUtf16 ? text.slice(0, encoder.encodeInto(text, messageScratch).read) : text;
}

/** UTF-8 as little-endian UTF-16, whatever the machine's own order. */
function toUtf16(source: Uint8Array): Uint8Array {
  const text = utf8.decode(source);
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), true);
  return bytes;
}

function toCrash(error: unknown): CellEnd {
  if (error instanceof HostError) return { kind: 'crash', code: error.code, detail: error.detail };
  // The engine reports an exhausted stack as a RangeError; a trap is always a RuntimeError.
  if (error instanceof RangeError) {
    return { kind: 'crash', code: 'EXECUTOR_STACK_OVERFLOW', detail: error.message };
  }
  const message = error instanceof WebAssembly.RuntimeError ? error.message : UNCAUGHT;
  return { kind: 'crash', code: 'EXECUTOR_TRAP', detail: trapReason ?? message };
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
