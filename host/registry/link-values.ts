/**
 * What a definition of a component stands for while the plan is made: values, the frames that hold them, the plan so far.
 *
 * Shapes and the lookups on them; `plan.ts` evaluates definitions into these and `handler.ts` reads them. A lookup by an
 * index trusts the reader, which has checked it; a lookup by a name or through an alias is checked here.
 */

import type { CoreInstantiation, CoreItem } from '../types.ts';
import { rejectAt } from './binary.ts';
import type { Component, NamedIndex } from './component.ts';
import type { ScopedType } from './component-type.ts';
import type { CoreModule } from './core-module.ts';
import type { Sort } from './index-space.ts';
import type { Allowance } from './limits.ts';

/** A `canon lift` with everything it refers to. */
export interface Lifted {
  readonly offset: number;
  readonly core: CoreItem;
  readonly memory: CoreItem | undefined;
  readonly realloc: CoreItem | undefined;
  readonly postReturn: CoreItem | undefined;
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly type: ScopedType;
}

/** What a definition stands for once the component around it is instantiated. */
export type Value =
  | { readonly kind: 'core-item'; readonly sort: Sort; readonly item: CoreItem }
  | { readonly kind: 'core-module'; readonly module: CoreModule }
  | { readonly kind: 'core-instance'; readonly find: (name: string) => Value | undefined }
  | { readonly kind: 'core-type' }
  | { readonly kind: 'func'; readonly lifted: Lifted }
  | ({ readonly kind: 'type' } & ScopedType)
  | { readonly kind: 'component'; readonly component: Component; readonly frame: Frame | undefined }
  | { readonly kind: 'instance'; readonly exports: ReadonlyMap<string, Value> };

/** A component that is being instantiated: the values of its index spaces so far. */
export interface Frame {
  readonly outer: Frame | undefined;
  readonly spaces: Readonly<Record<Sort, Value[]>>;
}

/** A plan being made. */
export interface Linking {
  readonly modules: readonly CoreModule[];
  readonly instances: CoreInstantiation[];
  readonly made: Allowance;
  readonly steps: Allowance;
}

/** The index space in which a value lies. */
export function sortOf(value: Value): Sort {
  switch (value.kind) {
    case 'core-item':
      return value.sort;
    case 'core-module':
      return 'core module';
    case 'core-instance':
      return 'core instance';
    case 'core-type':
      return 'core type';
    default:
      return value.kind;
  }
}

/** The value at an index that the reader has checked. */
export function at<K extends Value['kind']>(
  frame: Frame,
  sort: Sort,
  index: number,
  kind: K,
): Value & { kind: K } {
  const value = frame.spaces[sort][index];
  if (value?.kind !== kind)
    throw new Error(`the ${sort} ${index} was checked by the reader but is no ${kind}`);
  return value as Value & { kind: K };
}

/** The values that are exported or handed over under names. */
export function named(frame: Frame, entries: readonly NamedIndex[]): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const { name, sort, index } of entries) {
    const value = frame.spaces[sort][index];
    if (value) values.set(name, value);
  }
  return values;
}

/** The value when it is there and of this sort. Throws REGISTRY_REJECTED — otherwise. */
export function expectSort(value: Value | undefined, sort: Sort, what: string, offset: number): Value {
  if (!value) rejectAt(offset, `${what} is missing: a ${sort} was expected`);
  if (sortOf(value) !== sort) rejectAt(offset, `${what} is a ${sortOf(value)}: a ${sort} was expected`);
  return value;
}

/** The module of which the core instance at this index is one. */
export function moduleOf(linking: Linking, instance: number): CoreModule {
  const module = linking.modules[linking.instances[instance]?.module ?? -1];
  if (!module) throw new Error(`the plan has no core instance ${instance}`);
  return module;
}
