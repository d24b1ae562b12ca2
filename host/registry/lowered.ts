/**
 * What `canon lower` makes of a component's function: a call to the host, or a trap.
 *
 * Always: what a call to the host needs to pass its values (memory, allocator) is there and is the component's own. Passing
 * values between components is not implemented.
 */

import { flatten } from '../flat-types.ts';
import { rejectAt, unsupportedAt } from './binary.ts';
import type { CanonOptions } from './canon.ts';
import { isExportedStub } from './core-module.ts';
import { printSignature, REALLOC_SIGNATURE } from './exported.ts';
import type { Sort } from './index-space.ts';
import { LOWERED_MAX } from './limits.ts';
import {
  exportRef,
  type Imported,
  type Lifted,
  type LinkItem,
  type Linking,
  moduleOf,
} from './link-values.ts';

/**
 * The signature of what the host hands over. The engine checks those of core functions itself, but takes a function of the
 * host for any: it would convert the arguments, or leave some out.
 */
export function signatureOf({ signatures }: Linking, item: LinkItem): string | undefined {
  if (item.kind === 'builtin') return item.builtin === 'drop' ? '(i32) -> ()' : '(i32) -> i32';
  return item.kind === 'import' ? signatures[item.index] : undefined;
}

/**
 * What a lowered function of another component becomes: one that can only trap needs no values, and that is how toolchains stub
 * what they do not provide. Throws REGISTRY_UNSUPPORTED — any other.
 */
export function lowerLifted(linking: Linking, { core }: Lifted, offset: number): LinkItem {
  if (core.kind !== 'export') return core;
  if (!isExportedStub(moduleOf(linking, core.instance), core.name)) {
    unsupportedAt(
      offset,
      `composed components that call each other: "${core.name}" is lifted in one and lowered in another`,
    );
  }
  return { kind: 'trap', reason: `"${core.name}" was called; the component leaves it unimplemented` };
}

/**
 * A function of an imported interface, made callable for core code. Throws REGISTRY_REJECTED — its values could not be passed;
 * REGISTRY_UNSUPPORTED — a type that cells do not have.
 */
export function lowerImported(
  linking: Linking,
  imported: Imported,
  { memory, realloc, postReturn, encoding }: CanonOptions,
  coreItem: (sort: Sort, index: number) => LinkItem,
  offset: number,
): LinkItem {
  const { lowered, signatures, table } = linking;
  const { interface: from, name } = imported;
  if (lowered.length >= LOWERED_MAX) rejectAt(offset, `more than ${LOWERED_MAX} functions are lowered`);
  if (postReturn !== undefined) rejectAt(offset, `"${name}" is lowered with a post-return`);
  const type = table.functionOf(imported.type, offset);
  const flat = flatten(type, table.shapeOf, 'lower');
  const needsMemory = flat.areParametersSpilled || flat.isResultSpilled || flat.haveParametersPointers;
  if (memory === undefined && (needsMemory || flat.hasResultPointers))
    rejectAt(offset, `"${name}" is lowered without the memory that its values lie in`);
  if (realloc === undefined && flat.hasResultPointers)
    rejectAt(offset, `"${name}" is lowered without the realloc that its result needs`);
  imported.isUsed = true;
  signatures.push(printSignature(flat));
  lowered.push({
    interface: from,
    name,
    type,
    memory:
      memory === undefined
        ? undefined
        : exportRef(linking, coreItem('core memory', memory), `the memory of "${name}"`, offset),
    realloc:
      realloc === undefined
        ? undefined
        : exportRef(
            linking,
            coreItem('core func', realloc),
            `the realloc of "${name}"`,
            offset,
            REALLOC_SIGNATURE,
          ),
    encoding,
  });
  return { kind: 'import', index: lowered.length - 1 };
}
