/**
 * A cell of the bytes world: the direct call of `hotcell:adapter/handler`, without the ABI for types in general.
 *
 * Everything a guest returns is checked before it is used: pointers, lengths, alignment, discriminants, UTF-8. Always: the
 * host keeps no view of guest memory across a guest entry, as memory may grow.
 * Source: component model, Canonical ABI, "Lifting and Lowering Values".
 */

import type { LinkPlan } from '../types.ts';
import type { Flat } from './abi-codec.ts';
import { CellEntry, type CellParts, findLifted, type Lifted } from './cell-entry.ts';
import { type Bounds, type Cell, type CellEnd, OK, tooLarge, UNBOUNDED } from './cell-face.ts';
import { HealthCheck } from './cell-health.ts';
import { badResult, GuestMemory, liftList, liftMessage, toUtf16 } from './lift.ts';

const FAILURES = ['bad-input', 'not-found', 'internal'] as const;

/** Bytes of `result<list<u8>, failure>` in memory: discriminant, then at 4 a list or a variant whose text is at 8. */
const INVOKE_RESULT_BYTES = 16;

export class HandlerCell implements Cell {
  readonly #entry: CellEntry;
  readonly #invoke: Lifted;
  readonly #memory: GuestMemory;
  readonly #isUtf16: boolean;
  readonly #health: HealthCheck;

  constructor(parts: CellParts, handler: NonNullable<LinkPlan['handler']>) {
    this.#entry = new CellEntry(parts);
    this.#invoke = findLifted(parts.instances, handler.invoke);
    if (!this.#invoke.memory) throw new Error('a plan whose handler has no memory');
    this.#memory = new GuestMemory(this.#invoke.memory);
    this.#isUtf16 = handler.invoke.encoding === 'utf16';
    this.#health = new HealthCheck(this.#entry, parts.instances, handler.health);
  }

  get isSuspendable(): boolean {
    return this.#entry.isSuspendable;
  }

  get memoryBytes(): number {
    return this.#memory.byteLength;
  }

  get fuelUsed(): number | undefined {
    return this.#entry.fuelUsed;
  }

  invoke(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    bounds: Bounds = UNBOUNDED,
  ): CellEnd {
    const entry = this.#entry;
    let result: Flat | undefined;
    entry.enter(bounds);
    try {
      const inputs = entry.withoutLeaving(() => this.#lowerInputs(operation, payload));
      result = this.#invoke.core(...inputs);
    } catch (error) {
      return entry.crash(error);
    }
    return this.#end((result as number) >>> 0, outputMaxBytes, take);
  }

  async invokeSuspendably(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    onEnd: (end: CellEnd) => void,
    bounds: Bounds = UNBOUNDED,
  ): Promise<void> {
    const entry = this.#entry;
    let result: Flat | undefined;
    entry.enter(bounds);
    try {
      const inputs = entry.unsuspended(() =>
        entry.withoutLeaving(() => this.#lowerInputs(operation, payload)),
      );
      result = await entry.run(this.#invoke, inputs);
    } catch (error) {
      onEnd(entry.crash(error));
      return;
    }
    entry.resume();
    onEnd(entry.unsuspended(() => this.#end((result as number) >>> 0, outputMaxBytes, take)));
  }

  health(bounds?: Bounds): CellEnd {
    return this.#health.run(bounds);
  }

  healthSuspendably(onEnd: (end: CellEnd) => void, bounds?: Bounds): Promise<void> {
    return this.#health.runSuspendably(onEnd, bounds);
  }

  abandon(): void {
    this.#entry.abandon();
  }

  #end(result: number, outputMaxBytes: number, take: (bytes: Uint8Array) => void): CellEnd {
    const memory = this.#memory;
    let end: CellEnd = OK;
    let output: Uint8Array | undefined;
    // Before `take`, which begins the answer: nothing else may be written then.
    this.#entry.endContext();
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
        end = { kind: 'failure', failure, message: liftMessage(memory, result + 8, this.#isUtf16) };
      } else throw badResult(`${discriminant} is neither ok nor error`);
    } catch (error) {
      return this.#entry.crash(error);
    }
    // Outside the guard: what `take` throws is an error of the host, not of the guest. The cell stays entered.
    if (output) take(output);
    return this.#entry.leave(end, this.#invoke.postReturn, result);
  }

  /** Copies operation and payload into the guest; returns what the core function is called with. */
  #lowerInputs(operation: Uint8Array, payload: Uint8Array): [number, number, number, number] {
    const name = this.#isUtf16 ? toUtf16(operation) : operation;
    const namePointer = this.#lower(name, this.#isUtf16 ? 2 : 1);
    const payloadPointer = this.#lower(payload, 1);
    return [namePointer, this.#isUtf16 ? name.length / 2 : name.length, payloadPointer, payload.length];
  }

  /** Copies bytes into the guest; returns where. The allocator is asked for zero bytes too, as the ABI says. */
  #lower(source: Uint8Array, alignment: number): number {
    const { realloc } = this.#invoke;
    if (!realloc) throw new Error('a plan without realloc');
    const pointer = realloc(0, 0, alignment, source.length) >>> 0;
    this.#memory.refresh();
    this.#memory.write(pointer, alignment, source);
    return pointer;
  }
}
