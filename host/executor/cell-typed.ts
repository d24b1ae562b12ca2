/**
 * A cell of any world: its exported functions, called with JSON or bytes, through the ABI for types.
 *
 * Arguments are read and checked before the guest runs; what is wrong with them is the caller's, and the cell stays well.
 * Everything a guest returns is checked before it is used (`abi.ts`). A guest without a health check is well as long
 * as it does not crash.
 */

import { HostError, type Problem } from '../errors.ts';
import type { LinkPlan } from '../types.ts';
import type { CellAbi } from './abi.ts';
import type { Flat } from './abi-codec.ts';
import { createJsonCodec, type JsonCodec } from './abi-json.ts';
import { CellEntry, type CellParts, findLifted, type Lifted } from './cell-entry.ts';
import {
  type Bounds,
  type CallForm,
  type Cell,
  type CellEnd,
  JSON_FORM,
  OK,
  tooLarge,
  UNBOUNDED,
} from './cell-face.ts';
import { HealthCheck } from './cell-health.ts';
import type { CellOperation, CellOperations } from './link.ts';

/**
 * Bytes of an error value as JSON. It goes into a problem document, and into the context of an agent: a text and a few
 * fields, as `lift.ts` bounds the messages of the bytes world.
 */
export const FAILURE_MAX_BYTES = 16 * 1024;

/** Results that take less heap than this are written without a look at how long they become. */
const MEASURED_MIN_BYTES = 1024 * 1024;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Compiled once for a plan and thread. */
const codecs = new WeakMap<LinkPlan, JsonCodec>();

function codecOf(plan: LinkPlan): JsonCodec {
  const known = codecs.get(plan);
  if (known) return known;
  const made = createJsonCodec(plan);
  codecs.set(plan, made);
  return made;
}

/** A call that was lowered: what to run, and how its result is read. */
interface Begun {
  readonly operation: CellOperation;
  readonly lifted: Lifted;
  readonly inputs: readonly Flat[];
}

export class TypedCell implements Cell {
  readonly #entry: CellEntry;
  readonly #abi: CellAbi;
  readonly #codec: JsonCodec;
  readonly #plan: LinkPlan;
  readonly #instances: readonly WebAssembly.Exports[];
  readonly #operations: CellOperations;
  /** By index into `plan.exports`, once called. */
  readonly #lifted: Lifted[] = [];
  readonly #memory: WebAssembly.Memory | undefined;
  readonly #health: HealthCheck | undefined;

  constructor(parts: CellParts & { readonly abi: CellAbi }, plan: LinkPlan, operations: CellOperations) {
    this.#entry = new CellEntry(parts);
    this.#abi = parts.abi;
    this.#codec = codecOf(plan);
    this.#plan = plan;
    this.#instances = parts.instances;
    this.#operations = operations;
    const withMemory = plan.exports.find(({ lifted }) => lifted.memory !== undefined);
    this.#memory = withMemory && findLifted(parts.instances, withMemory.lifted).memory;
    this.#health = plan.handler && new HealthCheck(this.#entry, parts.instances, plan.handler.health);
  }

  get isSuspendable(): boolean {
    return this.#entry.isSuspendable;
  }

  get memoryBytes(): number {
    return this.#memory?.buffer.byteLength ?? 0;
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
    form: CallForm = JSON_FORM,
  ): CellEnd {
    const entry = this.#entry;
    entry.enter(bounds);
    let begun: Begun;
    let result: Flat | undefined;
    try {
      begun = this.#begin(operation, payload, form);
      result = begun.lifted.core(...begun.inputs);
    } catch (error) {
      return this.#endBadly(error);
    }
    return this.#end(begun, result, outputMaxBytes, take, form);
  }

  async invokeSuspendably(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    onEnd: (end: CellEnd) => void,
    bounds: Bounds = UNBOUNDED,
    form: CallForm = JSON_FORM,
  ): Promise<void> {
    const entry = this.#entry;
    entry.enter(bounds);
    let begun: Begun;
    let result: Flat | undefined;
    try {
      begun = entry.unsuspended(() => this.#begin(operation, payload, form));
      result = await entry.run(begun.lifted, begun.inputs);
    } catch (error) {
      onEnd(this.#endBadly(error));
      return;
    }
    entry.resume();
    onEnd(entry.unsuspended(() => this.#end(begun, result, outputMaxBytes, take, form)));
  }

  health(bounds?: Bounds): CellEnd {
    return this.#health?.run(bounds) ?? OK;
  }

  async healthSuspendably(onEnd: (end: CellEnd) => void, bounds?: Bounds): Promise<void> {
    if (this.#health) await this.#health.runSuspendably(onEnd, bounds);
    else onEnd(OK);
  }

  abandon(): void {
    this.#entry.abandon();
  }

  /** Reads the arguments and copies them into the guest. */
  #begin(name: Uint8Array, payload: Uint8Array, form: CallForm): Begun {
    const operation = this.#operations.get(decoder.decode(name));
    // The host looks operations up before it asks for a cell.
    if (operation === undefined) throw new Error('an operation that the component does not have');
    const { exportIndex, isRawArgument } = operation;
    const values =
      form.isRawInput && isRawArgument ? [payload] : this.#codec.valuesFromJson(exportIndex, payload);
    const inputs = this.#abi.lowerArguments(exportIndex, values);
    const exported = this.#plan.exports[exportIndex];
    if (exported === undefined) throw new Error(`a plan without export ${exportIndex}`);
    this.#lifted[exportIndex] ??= findLifted(this.#instances, exported.lifted);
    return { operation, lifted: this.#lifted[exportIndex], inputs };
  }

  /** Arguments that were refused are an answer; whatever else is thrown ends the cell. */
  #endBadly(error: unknown): CellEnd {
    const isArguments =
      error instanceof HostError &&
      (error.code === 'ADAPTER_BAD_INPUT' || error.code === 'EXECUTOR_BAD_ARGUMENT');
    if (!isArguments) return this.#entry.crash(error);
    const problems: readonly Problem[] = error.problems ?? [{ at: '', message: error.detail }];
    this.#entry.endContext();
    return this.#entry.leave({
      kind: 'failure',
      failure: 'bad-arguments',
      message: JSON.stringify(problems),
    });
  }

  #end(
    { operation, lifted }: Begun,
    result: Flat | undefined,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    form: CallForm,
  ): CellEnd {
    let end: CellEnd = OK;
    let output: Uint8Array | undefined;
    // Before `take`, which begins the answer: nothing else may be written then.
    this.#entry.endContext();
    try {
      const value = this.#abi.liftResult(operation.exportIndex, result);
      // Escaped, a text is six times as long: nothing is written that could not be given anyway.
      const leastBytes = this.#abi.liftedBytes > MEASURED_MIN_BYTES ? leastJsonBytes(value) : 0;
      const { isFailure, bytes } =
        leastBytes > outputMaxBytes
          ? { isFailure: false, bytes: undefined }
          : this.#write(operation, value, form);
      if (bytes === undefined) end = tooLarge(leastBytes, outputMaxBytes);
      else if (isFailure) end = declared(bytes);
      else if (bytes.length <= outputMaxBytes) output = bytes;
      else end = tooLarge(bytes.length, outputMaxBytes);
    } catch (error) {
      return this.#entry.crash(error);
    }
    // Outside the guard: what `take` throws is an error of the host, not of the guest. The cell stays entered.
    if (output) take(output);
    return result === undefined
      ? this.#entry.leave(end, lifted.postReturn)
      : this.#entry.leave(end, lifted.postReturn, result);
  }

  #write(
    { exportIndex, rawResult, canFail }: CellOperation,
    value: unknown,
    form: CallForm,
  ): { readonly isFailure: boolean; readonly bytes: Uint8Array } {
    if (form.isRawOutput && rawResult !== undefined) {
      const { tag, val } = canFail ? (value as { tag: string; val?: unknown }) : { tag: 'ok', val: value };
      if (tag === 'ok')
        return {
          isFailure: false,
          bytes: rawResult === 'text' ? encoder.encode(val as string) : (val as Uint8Array),
        };
    }
    return this.#codec.jsonFromResult(exportIndex, value);
  }
}

/** The guest's own error. One that is too long to be told is told as such: its caller learns that it failed all the same. */
function declared(bytes: Uint8Array): CellEnd {
  const message =
    bytes.length <= FAILURE_MAX_BYTES
      ? decoder.decode(bytes)
      : JSON.stringify(
          `the error value has ${bytes.length} bytes of JSON; ${FAILURE_MAX_BYTES} may be shown`,
        );
  return { kind: 'failure', failure: 'declared', message };
}

/** Bytes that a lifted value has at least when it is written. Recursion: values are as deep as their types. */
function leastJsonBytes(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  let sum = 2;
  if (Array.isArray(value)) for (const item of value) sum += leastJsonBytes(item) + 1;
  else for (const name of Object.keys(value)) sum += leastJsonBytes((value as never)[name]) + 1;
  return sum;
}
