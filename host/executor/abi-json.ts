/**
 * JSON ⇄ the values of a call, over the types of a link plan.
 *
 * Takes what the schemas of `registry/wit-schema.ts` accept and writes what they promise, but trusts no schema to have been
 * looked at: everything is checked again while it is read. Always: only own properties count; what comes out are
 * lifted values as `link-plan.ts` has them; recursion goes as deep as the types, never as deep as the JSON. How large
 * the JSON may be is the caller's limit.
 */

import { badArguments, parseArguments } from '../arguments.ts';
import type { LinkPlan, TypeRef, WitFunction } from '../types.ts';
import { createReaders, isRefusal, type Read, readFields } from './abi-json-read.ts';
import { createWriters, type Write } from './abi-json-write.ts';

export interface JsonCodec {
  /**
   * The arguments of a call, in order of parameters, from an object with a property for each.
   * Throws ADAPTER_BAD_INPUT — not JSON, or not what the function takes; with a JSON pointer.
   */
  valuesFromJson(exportIndex: number, bytes: Uint8Array): unknown[];
  /** The lifted result of a call as JSON. The bytes are the caller's. */
  jsonFromResult(exportIndex: number, value: unknown): JsonAnswer;
}

export interface JsonAnswer {
  /** The function gives a `result` and this is its error: the call fails with it. */
  readonly isFailure: boolean;
  readonly bytes: Uint8Array;
}

interface FunctionCodec {
  readonly read: (value: unknown, trace: string[]) => unknown[];
  readonly write: (value: unknown) => { isFailure: boolean; json: unknown };
}

const encoder = new TextEncoder();

/** Compiles the types of a plan, once; functions when they are first called. */
export function createJsonCodec(plan: Pick<LinkPlan, 'types' | 'exports'>): JsonCodec {
  const reads = createReaders(plan.types);
  const writes = createWriters(plan.types);
  const functions: FunctionCodec[] = [];
  const codecOf = (exportIndex: number): FunctionCodec => {
    const exported = plan.exports[exportIndex];
    if (exported === undefined) throw new Error(`a plan without export ${exportIndex}`);
    functions[exportIndex] ??= compileFunction(plan, exported.type, reads, writes);
    return functions[exportIndex];
  };
  return {
    valuesFromJson(exportIndex, bytes) {
      const { read } = codecOf(exportIndex);
      const value = parseArguments(bytes);
      const trace: string[] = [];
      try {
        return read(value, trace);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        throw badArguments([{ at: pointer(trace), message: error.message }]);
      }
    },
    jsonFromResult(exportIndex, value) {
      const { isFailure, json } = codecOf(exportIndex).write(value);
      return { isFailure, bytes: encoder.encode(JSON.stringify(json)) };
    },
  };
}

function compileFunction(
  { types }: Pick<LinkPlan, 'types'>,
  { parameters, result }: WitFunction,
  reads: (ref: TypeRef) => Read,
  writes: (ref: TypeRef | undefined) => Write,
): FunctionCodec {
  const names = parameters.map(({ name }) => name);
  const read = readFields(types, parameters, reads);
  const type = typeof result === 'number' ? types[result] : undefined;
  const readAll = (value: unknown, trace: string[]): unknown[] => {
    const fields = read(value, trace);
    return names.map((name) => fields[name]);
  };
  if (type?.kind !== 'result') {
    const write = writes(result);
    return { read: readAll, write: (value) => ({ isFailure: false, json: write(value) }) };
  }
  const ok = writes(type.ok);
  const failure = writes(type.error);
  return {
    read: readAll,
    write(value) {
      const { tag, val } = value as { tag: 'ok' | 'err'; val?: unknown };
      return tag === 'ok' ? { isFailure: false, json: ok(val) } : { isFailure: true, json: failure(val) };
    },
  };
}

/** RFC 6901, from segments in the order in which they were left: the innermost first. */
const pointer = (trace: readonly string[]): string =>
  trace
    .toReversed()
    .map((segment) => `/${segment.slice(0, 160).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
