/**
 * The functions that a component exports, each held against its type: core signature, memory, allocator, clean-up.
 *
 * The last step of `plan.ts`. Everything is taken from the `canon lift`s; export names of core modules mean nothing here. What a call
 * path could not use is refused, not repaired.
 */

import { type FlatSignature, type FlatType, flatten } from '../flat-types.ts';
import type { ExportedFunction, LiftedFunction } from '../types.ts';
import { rejectAt, unsupportedAt } from './binary.ts';
import { EXPORTS_MAX } from './limits.ts';
import { exportRef, type Lifted, type LinkItem, type Linking, type Value } from './link-values.ts';

export const REALLOC_SIGNATURE = '(i32 i32 i32 i32) -> i32';

/** In the manner of `core-module.ts`: `(i32 i32) -> i32`. */
export function printSignature(flat: Pick<FlatSignature, 'parameters' | 'results'>): string {
  const list = (types: readonly FlatType[]): string => `(${types.join(' ')})`;
  return `${list(flat.parameters)} -> ${flat.results.length === 1 ? flat.results[0] : list(flat.results)}`;
}

/**
 * All functions among the exports of an instantiated root component, those of its interfaces included. Their types are added to
 * the table. Throws REGISTRY_REJECTED — none, or one whose core function does not fit its type; REGISTRY_UNSUPPORTED — a
 * function that it imports, or an instance in an instance.
 */
export function exportedFunctions(linking: Linking, exports: ReadonlyMap<string, Value>): ExportedFunction[] {
  const functions: ExportedFunction[] = [];
  const add = (from: string | undefined, name: string, value: Value): void => {
    if (value.kind !== 'func') return;
    if (value.source === 'import') unsupportedAt(0, `the export of "${name}", which the component imports`);
    if (functions.length >= EXPORTS_MAX)
      rejectAt(0, `the component exports more than ${EXPORTS_MAX} functions`);
    functions.push(exportedFunction(linking, from, name, value.lifted));
  };
  for (const [name, value] of exports) {
    if (value.kind !== 'instance') {
      add(undefined, name, value);
      continue;
    }
    linking.steps.take(value.exports.size, 0);
    for (const [inner, part] of value.exports) {
      if (part.kind === 'instance') unsupportedAt(0, `the instance "${inner}" within the export "${name}"`);
      add(name, inner, part);
    }
  }
  if (functions.length === 0) rejectAt(0, 'the component exports no function');
  return functions;
}

function exportedFunction(
  linking: Linking,
  from: string | undefined,
  name: string,
  lifted: Lifted,
): ExportedFunction {
  const { offset } = lifted;
  const type = linking.table.functionOf(lifted.type, offset);
  const flat = flatten(type, linking.table.shapeOf, 'lift');
  const needsRealloc = flat.areParametersSpilled || flat.haveParametersPointers;
  if (needsRealloc && !lifted.realloc)
    rejectAt(offset, `${name} is lifted without realloc, so nothing can be handed to it`);
  if ((needsRealloc || flat.isResultSpilled || flat.hasResultPointers) && !lifted.memory)
    rejectAt(offset, `${name} is lifted without a memory, so it cannot take or return anything`);
  return { interface: from, name, type, lifted: liftedFunction(linking, name, lifted, flat) };
}

/** The core items of a lifted function, checked for what they are. Throws REGISTRY_REJECTED. */
export function liftedFunction(
  linking: Linking,
  name: string,
  lifted: Lifted,
  flat: Pick<FlatSignature, 'parameters' | 'results'>,
): LiftedFunction {
  const { offset, encoding } = lifted;
  const func = (item: LinkItem, what: string, signature: string) =>
    exportRef(linking, item, `the ${what} of ${name}`, offset, signature);
  return {
    core: func(lifted.core, 'core function', printSignature(flat)),
    memory: lifted.memory && exportRef(linking, lifted.memory, `the memory of ${name}`, offset),
    realloc: lifted.realloc && func(lifted.realloc, 'realloc', REALLOC_SIGNATURE),
    postReturn:
      lifted.postReturn &&
      func(lifted.postReturn, 'post-return', printSignature({ parameters: flat.results, results: [] })),
    encoding,
  };
}
