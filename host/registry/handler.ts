/**
 * The handler of a bytes-world component, held against the contract: types, signatures, memory, allocator.
 *
 * The last step of `plan.ts`. Everything is taken from the `canon lift`s of the exported functions; export names of core
 * modules mean nothing here. What the host's call path could not use is refused, not repaired.
 */

import type { CoreExportRef, CoreItem, LiftedFunction } from '../types.ts';
import { rejectAt, unsupportedAt } from './binary.ts';
import { printType } from './component-type.ts';
import { exportedSignature } from './core-module.ts';
import { type Linking, moduleOf, type Value } from './link-values.ts';

/** The export that makes a component one of the bytes world. */
const HANDLER = 'hotcell:adapter/handler@1.0.0';

const INVOKE_TYPE =
  'func(operation: string, payload: list<u8>) -> ' +
  'result<list<u8>, variant{bad-input(string), not-found(string), internal(string)}>';
const HEALTH_TYPE = 'func() -> result<_, string>';

const REALLOC_SIGNATURE = '(i32 i32 i32 i32) -> i32';
const POST_RETURN_SIGNATURE = '(i32) -> ()';

/**
 * The two functions of the handler among the exports of an instantiated root component.
 * Throws REGISTRY_REJECTED — no handler, or not of the contract's types; REGISTRY_UNSUPPORTED — a string encoding.
 */
export function resolveHandler(
  linking: Linking,
  exports: ReadonlyMap<string, Value>,
): { readonly invoke: LiftedFunction; readonly health: LiftedFunction } {
  const handler = exports.get(HANDLER);
  if (handler?.kind !== 'instance') {
    rejectAt(0, `the component exports no instance ${HANDLER}, but ${list([...exports.keys()])}`);
  }
  const invoke = resolve(linking, handler.exports, 'invoke', INVOKE_TYPE, '(i32 i32 i32 i32) -> i32');
  const health = resolve(linking, handler.exports, 'health', HEALTH_TYPE, '() -> i32');
  if (!invoke.realloc) rejectAt(0, 'invoke is lifted without realloc, so nothing can be handed to it');
  return { invoke, health };
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  return names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
}

/** The handler's function `name`, checked against the contract. */
function resolve(
  linking: Linking,
  exports: ReadonlyMap<string, Value>,
  name: string,
  type: string,
  signature: string,
): LiftedFunction {
  const value = exports.get(name);
  if (value?.kind !== 'func') rejectAt(0, `${HANDLER} has no function ${name}`);
  const { lifted } = value;
  const { offset, encoding } = lifted;
  const found = printType(lifted.type);
  if (found !== type) rejectAt(offset, `${name} must have type ${type}, but has ${found}`);
  if (encoding === 'latin1+utf16')
    unsupportedAt(offset, `${name} is lifted with string-encoding=latin1+utf16`);

  const ref = (item: CoreItem | undefined, what: string): CoreExportRef | undefined => {
    if (!item) return undefined;
    if (item.kind !== 'export')
      return rejectAt(offset, `the ${what} of ${name} is not one of the component's own`);
    return { instance: item.instance, name: item.name };
  };
  const func = (item: CoreItem | undefined, what: string, expected: string): CoreExportRef | undefined => {
    const target = ref(item, what);
    if (!target) return undefined;
    const actual = exportedSignature(moduleOf(linking, target.instance), target.name);
    if (actual !== expected) {
      rejectAt(offset, `the ${what} of ${name} must be ${expected}, but is ${actual ?? 'no function'}`);
    }
    return target;
  };
  const core = func(lifted.core, 'core function', signature);
  const memory = ref(lifted.memory, 'memory');
  if (!core || !memory)
    return rejectAt(offset, `${name} is lifted without a memory, so it cannot return anything`);
  return {
    core,
    memory,
    realloc: func(lifted.realloc, 'realloc', REALLOC_SIGNATURE),
    postReturn: func(lifted.postReturn, 'post-return', POST_RETURN_SIGNATURE),
    encoding,
  };
}
