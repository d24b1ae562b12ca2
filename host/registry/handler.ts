/**
 * The handler of a bytes-world component, held against the contract: types, signatures, memory, allocator.
 *
 * Where it is exported it must be the contract's, whole; where it is not, the component is of another world. What the host's
 * call path could not use is refused, not repaired.
 */

import type { FlatType } from '../flat-types.ts';
import type { LiftedFunction, LinkPlan } from '../types.ts';
import { rejectAt, unsupportedAt } from './binary.ts';
import { liftedFunction } from './exported.ts';
import type { Linking, Value } from './link-values.ts';
import { printType } from './print-type.ts';

/** The export that makes a component one of the bytes world. */
export const HANDLER = 'hotcell:adapter/handler@1.0.0';

const INVOKE_TYPE =
  'func(operation: string, payload: list<u8>) -> ' +
  'result<list<u8>, variant{bad-input(string), not-found(string), internal(string)}>';
const HEALTH_TYPE = 'func() -> result<_, string>';

/** Longest type in a message, in characters. */
const SHOWN_MAX = 400;

/**
 * The two functions of the handler among the exports of an instantiated root component; undefined when it exports none.
 * Throws REGISTRY_REJECTED — not of the contract's types; REGISTRY_UNSUPPORTED — a string encoding.
 */
export function resolveHandler(linking: Linking, exports: ReadonlyMap<string, Value>): LinkPlan['handler'] {
  const handler = exports.get(HANDLER);
  if (handler === undefined) return undefined;
  if (handler.kind !== 'instance') return rejectAt(0, `the export ${HANDLER} is not an instance`);
  const invoke = resolve(linking, handler.exports, 'invoke', INVOKE_TYPE, ['i32', 'i32', 'i32', 'i32']);
  const health = resolve(linking, handler.exports, 'health', HEALTH_TYPE, []);
  if (!invoke.realloc) rejectAt(0, 'invoke is lifted without realloc, so nothing can be handed to it');
  return { invoke, health };
}

/** The handler's function `name`, checked against the contract. */
function resolve(
  linking: Linking,
  exports: ReadonlyMap<string, Value>,
  name: string,
  type: string,
  parameters: readonly FlatType[],
): LiftedFunction {
  const value = exports.get(name);
  if (value?.kind !== 'func') rejectAt(0, `${HANDLER} has no function ${name}`);
  if (value.source === 'import') return unsupportedAt(0, `the function ${name}, which the component imports`);
  const { lifted } = value;
  const { offset } = lifted;
  const found = printType(lifted.type, SHOWN_MAX);
  if (found !== type) rejectAt(offset, `${name} must have type ${type}, but has ${found}`);
  if (lifted.encoding === 'latin1+utf16')
    unsupportedAt(offset, `${name} is lifted with string-encoding=latin1+utf16`);
  // Either returns the address of its result.
  const checked = liftedFunction(linking, name, lifted, { parameters, results: ['i32'] });
  if (!checked.memory) rejectAt(offset, `${name} is lifted without a memory, so it cannot return anything`);
  return checked;
}
