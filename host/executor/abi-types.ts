/**
 * A plan's type table → codecs, one for each type; and what functions are made of.
 *
 * Always: a type refers to types before it, so one pass makes them all; sizes and depths are bounded, because a table of
 * sixty pairs of pairs describes 2^60 values. Nothing is compiled to code: names of a guest stay data.
 */

import { HostError } from '../errors.ts';
import type { LinkPlan, TypeRef, WitFunction, WitType } from '../link-plan.ts';
import { enumCodec, flagsCodec, optionCodec, variantCodec } from './abi-cases.ts';
import type { Codec } from './abi-codec.ts';
import { fixedListCodec, listCodec, recordCodec, tupleCodec } from './abi-compound.ts';
import { handleCodec } from './abi-handle-codec.ts';
import { NUMBERS } from './abi-primitives.ts';
import { STRING } from './abi-strings.ts';

/** Bytes of one value in guest memory, without what its pointers lead to: what wasm-tools accepts, about. */
const TYPE_MAX_BYTES = 1024 * 1024;
/** Heap of one lifted value without the contents of its lists and strings, in bytes: 64 for each byte of the guest. */
const TYPE_LIFTED_MAX_BYTES = 64 * TYPE_MAX_BYTES;
/** Types within types: the host's stack is as deep. wasm-tools accepts 100. */
const TYPE_MAX_DEPTH = 100;
/** More do not fit the 32 bits that the ABI has for flags. */
const FLAGS_MAX = 32;

/** How one function's values travel. */
export interface FunctionCodec {
  /** All parameters, as one tuple. */
  readonly parameters: Codec;
  readonly result: Codec | undefined;
  /** The result has more than one flat value and travels in memory (MAX_FLAT_RESULTS is 1). */
  readonly isResultSpilled: boolean;
}

/** Throws REGISTRY_UNSUPPORTED — a type is larger or deeper than this host takes. */
export function compileTypes(plan: LinkPlan): (signature: WitFunction) => FunctionCodec {
  const codecs: Codec[] = [];
  const depths: number[] = [];
  const codecOf = (ref: TypeRef): Codec => {
    if (ref === 'string') return STRING;
    const codec = typeof ref === 'number' ? codecs[ref] : NUMBERS[ref];
    if (codec === undefined) throw new Error(`a plan without type ${ref}`);
    return codec;
  };
  const optional = (ref: TypeRef | undefined): Codec | undefined =>
    ref === undefined ? undefined : codecOf(ref);
  const make = (type: WitType): Codec => {
    switch (type.kind) {
      case 'list': {
        const element = codecOf(type.element);
        const isBytes = type.element === 'u8';
        if (type.length === undefined) return listCodec(element, isBytes);
        checkBounds(element.size * type.length, element.liftedBytes * type.length);
        return fixedListCodec(element, isBytes, type.length);
      }
      case 'record':
        return recordCodec(
          type.fields.map(({ name }) => name),
          type.fields.map((field) => codecOf(field.type)),
        );
      case 'tuple':
        return tupleCodec(type.parts.map(codecOf));
      case 'variant':
        return variantCodec(
          type.cases.map(({ name }) => name),
          type.cases.map((each) => optional(each.type)),
        );
      case 'enum':
        return enumCodec(type.names);
      case 'flags':
        if (type.names.length > FLAGS_MAX) throw unsupported(`flags with ${type.names.length} names`);
        return flagsCodec(type.names);
      case 'option':
        return optionCodec(codecOf(type.some), isOption(plan, type.some));
      case 'result':
        return variantCodec(['ok', 'err'], [optional(type.ok), optional(type.error)]);
      default:
        return handleCodec(type.kind, type.resource, plan.resources[type.resource]?.interface !== undefined);
    }
  };
  for (const type of plan.types) {
    const depth = partsOf(type).reduce<number>(
      (most, part) => (typeof part === 'number' ? Math.max(most, 1 + (depths[part] ?? 0)) : most),
      1,
    );
    if (depth > TYPE_MAX_DEPTH) throw unsupported(`types nested more than ${TYPE_MAX_DEPTH} deep`);
    depths.push(depth);
    const codec = make(type);
    checkBounds(codec.size, codec.liftedBytes);
    codecs.push(codec);
  }
  return ({ parameters, result }) => {
    const resultCodec = optional(result);
    return {
      parameters: tupleCodec(parameters.map(({ type }) => codecOf(type))),
      result: resultCodec,
      isResultSpilled:
        resultCodec !== undefined && resultCodec.flat?.length !== 1 && resultCodec.flat?.length !== 0,
    };
  };
}

function checkBounds(bytes: number, liftedBytes: number): void {
  if (bytes > TYPE_MAX_BYTES || liftedBytes > TYPE_LIFTED_MAX_BYTES) {
    throw unsupported(`a type of more than ${TYPE_MAX_BYTES} bytes`);
  }
}

const unsupported = (what: string): HostError =>
  new HostError('REGISTRY_UNSUPPORTED', `the component has ${what}`);

const isOption = (plan: LinkPlan, ref: TypeRef): boolean =>
  typeof ref === 'number' && plan.types[ref]?.kind === 'option';

function partsOf(type: WitType): readonly (TypeRef | undefined)[] {
  switch (type.kind) {
    case 'list':
      return [type.element];
    case 'record':
      return type.fields.map((field) => field.type);
    case 'tuple':
      return type.parts;
    case 'variant':
      return type.cases.map((each) => each.type);
    case 'option':
      return [type.some];
    case 'result':
      return [type.ok, type.error];
    default:
      return [];
  }
}
