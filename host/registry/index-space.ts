/**
 * Index spaces of a component while it is read: how many definitions of each sort there are so far, scope in scope.
 *
 * A scope is a component, a component type or an instance type. Always: an index that passed `checkIndex` refers to
 * something defined before it. What the definitions are is not known here; `plan.ts` gives them values.
 */

import { type ByteReader, rejectAt, unsupportedAt } from './binary.ts';
import { readName } from './names.ts';

export const SORTS = [
  'core func',
  'core table',
  'core memory',
  'core global',
  'core tag',
  'core type',
  'core module',
  'core instance',
  'func',
  'type',
  'component',
  'instance',
] as const;

export type Sort = (typeof SORTS)[number];

export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}

export interface Scope {
  readonly outer: Scope | undefined;
  readonly counts: Record<Sort, number>;
}

/** Something taken from elsewhere into an index space. */
export type Alias =
  | { readonly kind: 'alias-export'; readonly sort: Sort; readonly instance: number; readonly name: string }
  | {
      readonly kind: 'alias-core-export';
      readonly sort: Sort;
      readonly instance: number;
      readonly name: string;
    }
  | { readonly kind: 'alias-outer'; readonly sort: Sort; readonly outward: number; readonly index: number };

const CORE_SORT_CODES: Readonly<Record<number, Sort>> = {
  0: 'core func',
  1: 'core table',
  2: 'core memory',
  3: 'core global',
  4: 'core tag',
  16: 'core type', // 0x10
  17: 'core module',
  18: 'core instance',
};

const SORT_CODES: Readonly<Record<number, Sort>> = { 1: 'func', 3: 'type', 4: 'component', 5: 'instance' };

/** Sorts that may come from an enclosing scope: those that cannot hold state. */
const OUTER_SORTS: readonly Sort[] = ['core module', 'core type', 'type', 'component'];

export function createScope(outer: Scope | undefined): Scope {
  const counts = Object.fromEntries(SORTS.map((sort) => [sort, 0])) as Record<Sort, number>;
  return { outer, counts };
}

/** Throws REGISTRY_REJECTED — nothing of this sort and index was defined before. */
export function checkIndex(scope: Scope, sort: Sort, index: number, offset: number): number {
  if (index >= scope.counts[sort]) {
    rejectAt(offset, `${sort} ${index} does not exist: there are ${scope.counts[sort]} so far`);
  }
  return index;
}

/** Reads and checks an index of a known sort. */
export function readIndex(reader: ByteReader, scope: Scope, sort: Sort): number {
  const offset = reader.offset;
  return checkIndex(scope, sort, reader.u32(`the index of a ${sort}`), offset);
}

/** Reads a core sort. Throws REGISTRY_REJECTED — there is no such sort. */
export function readCoreSort(reader: ByteReader): Sort {
  const offset = reader.offset;
  const code = reader.byte('a core sort');
  return CORE_SORT_CODES[code] ?? rejectAt(offset, `0x${code.toString(16)} is not a core sort`);
}

/** Reads a sort. Throws REGISTRY_REJECTED — there is no such sort; REGISTRY_UNSUPPORTED — component values. */
export function readSort(reader: ByteReader): Sort {
  const offset = reader.offset;
  const code = reader.byte('a sort');
  if (code === 0) return readCoreSort(reader);
  if (code === 2) unsupportedAt(offset, 'component values');
  return SORT_CODES[code] ?? rejectAt(offset, `0x${code.toString(16)} is not a sort`);
}

/** Reads and checks a sort with its index. */
export function readSortIndex(reader: ByteReader, scope: Scope): SortIndex {
  const sort = readSort(reader);
  return { sort, index: readIndex(reader, scope, sort) };
}

/** Reads an alias and adds what it brings to the scope. */
export function readAlias(reader: ByteReader, scope: Scope): Alias {
  const offset = reader.offset;
  const sort = readSort(reader);
  const target = reader.byte('the target of an alias');
  let alias: Alias;
  if (target === 0x00) {
    const instance = readIndex(reader, scope, 'instance');
    alias = { kind: 'alias-export', sort, instance, name: readName(reader, 'the aliased export') };
  } else if (target === 0x01) {
    const instance = readIndex(reader, scope, 'core instance');
    alias = { kind: 'alias-core-export', sort, instance, name: readName(reader, 'the aliased core export') };
  } else if (target === 0x02) {
    if (!OUTER_SORTS.includes(sort)) rejectAt(offset, `an outer alias cannot bring a ${sort}`);
    const outward = reader.u32('the scope of an outer alias');
    let outer: Scope | undefined = scope;
    for (let left = outward; left > 0 && outer; left--) outer = outer.outer;
    if (!outer) return rejectAt(offset, `there is no scope ${outward} levels outward`);
    alias = { kind: 'alias-outer', sort, outward, index: readIndex(reader, outer, sort) };
  } else return rejectAt(offset, `0x${target.toString(16)} is not a target of an alias`);
  scope.counts[sort]++;
  return alias;
}
