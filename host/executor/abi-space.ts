/**
 * A guest's memory as one lifted or lowered function sees it: with its allocator, its string encoding, the handles of
 * the cell, and what may still be lifted.
 *
 * One for each cell and set of canonical options. Memory and allocator are looked up at first use, when the instances
 * exist. Always: `bytes` and `view` are made anew after every guest entry that grew the memory; a pointer of the guest
 * is checked against them before it is used.
 * Source: component model, Canonical ABI, "Canonical ABI Options" and "Loading".
 */

import type { CanonicalOptions, CoreExportRef } from '../link-plan.ts';
import { ValueFault } from './abi-faults.ts';
import type { HandleTable } from './abi-handles.ts';
import { badResult } from './lift.ts';

export interface LiftLimits {
  /**
   * Heap that the values of one call (arguments of an import, or result of an export) may take, in bytes, as estimated by
   * `Codec.liftedBytes`. A guest can describe gigabytes with a pointer and a length.
   */
  readonly liftMaxBytes: number;
  /** The same for the arguments of an import alone. Default `liftMaxBytes`. */
  readonly argumentsMaxBytes?: number;
}

/** What all spaces of a cell share. */
export interface CellState {
  readonly handles: HandleTable;
  /** False while the guest must not call out: its allocator or its cleanup runs. */
  mayLeave: boolean;
}

const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

export class GuestSpace {
  bytes = NO_BYTES;
  view = NO_VIEW;
  /** Of the string or list that was lowered last, in the units of the guest. */
  loweredLength = 0;
  readonly handles: HandleTable;
  readonly encoding: CanonicalOptions['encoding'];
  readonly #state: CellState;
  readonly #liftMaxBytes: number;
  readonly #memory: WebAssembly.Memory | undefined;
  readonly #realloc: WebAssembly.CoreFunction | undefined;
  #liftableBytes = 0;
  #callMaxBytes = 0;

  constructor(
    instances: readonly WebAssembly.Exports[],
    options: CanonicalOptions,
    state: CellState,
    limits: LiftLimits,
  ) {
    this.#memory = find(instances, options.memory) as WebAssembly.Memory | undefined;
    this.#realloc = find(instances, options.realloc) as WebAssembly.CoreFunction | undefined;
    this.encoding = options.encoding;
    this.handles = state.handles;
    this.#state = state;
    this.#liftMaxBytes = limits.liftMaxBytes;
  }

  /** To be called after each guest entry, before anything is read or written. */
  refresh(): void {
    // Growing detaches the buffer, which leaves its views without length; asking the memory costs ten times as much.
    if (this.bytes.length === 0) this.#renew();
  }

  #renew(): void {
    if (this.#memory === undefined) return;
    const { buffer } = this.#memory;
    this.bytes = Buffer.from(buffer);
    this.view = new DataView(buffer);
  }

  /** Begins to lift the values of one call, at most `maxBytes` of them. */
  beginLift(liftedBytes: number, maxBytes = this.#liftMaxBytes): void {
    this.refresh();
    this.#callMaxBytes = maxBytes;
    this.#liftableBytes = maxBytes;
    this.charge(liftedBytes);
  }

  /** Taken since it began, in bytes of heap as estimated. */
  get liftedBytes(): number {
    return this.#liftMaxBytes - this.#liftableBytes;
  }

  /** Takes from what this call may lift. Called before anything of that size is made. */
  charge(liftedBytes: number): void {
    this.#liftableBytes -= liftedBytes;
    if (this.#liftableBytes < 0) {
      throw badResult(`the values of one call would take more than ${this.#callMaxBytes} bytes`);
    }
  }

  /** Checks that `length` bytes lie at `pointer`, which must be aligned. Both are unsigned 32-bit numbers or products of such. */
  check(pointer: number, length: number, align: number, what: string): void {
    if ((pointer & (align - 1)) !== 0) throw badResult(`${what} at ${pointer} is not aligned to ${align}`);
    if (pointer + length > this.bytes.length) {
      throw badResult(
        `${what} of ${length} bytes at ${pointer} ends outside the memory of ${this.bytes.length}`,
      );
    }
  }

  /** Asks the guest for `length` bytes, zero too, as the ABI says. Nothing that was read before holds afterwards. */
  allocate(length: number, align: number): number {
    const realloc = this.#realloc;
    if (realloc === undefined) throw new Error('a plan without realloc');
    if (length > ALLOCATION_MAX_BYTES) throw new ValueFault('is larger than the memory of a guest');
    this.#state.mayLeave = false;
    const pointer = realloc(0, 0, align, length) >>> 0;
    this.#state.mayLeave = true;
    this.refresh();
    this.check(pointer, length, align, 'what the allocator returned');
    return pointer;
  }
}

/** The largest size a `realloc` of 32 bits can be asked for without meaning a negative number to some allocators. */
const ALLOCATION_MAX_BYTES = 2 ** 31 - 1;

/** What a reference of the plan stands for. Throws Error — the plan and the modules do not match. */
export function find(
  instances: readonly WebAssembly.Exports[],
  ref: CoreExportRef | undefined,
): WebAssembly.ExportValue | undefined {
  if (ref === undefined) return undefined;
  const value = instances[ref.instance]?.[ref.name];
  if (value === undefined) throw new Error('the plan and the modules do not match');
  return value;
}
