/**
 * What a definition of a component stands for while the plan is made: values, the frames that hold them, the plan so far.
 *
 * Shapes and the lookups on them; `plan.ts` evaluates definitions into these and `handler.ts` reads them. A lookup by an
 * index trusts the reader, which has checked it; a lookup by a name or through an alias is checked here.
 */

import type { CoreExportRef, CoreItem, ImportedFunction } from '../types.ts';
import { rejectAt } from './binary.ts';
import type { Component, NamedIndex } from './component.ts';
import type { Resource, ScopedType } from './component-type.ts';
import { type CoreModule, exportedSignature } from './core-module.ts';
import { type Alias, SORTS, type Sort } from './index-space.ts';
import type { Allowance } from './limits.ts';
import type { TypeTable } from './type-table.ts';

/** What is handed to a core import while resources have no index yet. */
export type LinkItem =
  | Exclude<CoreItem, { kind: 'resource' }>
  | { readonly kind: 'builtin'; readonly builtin: 'new' | 'drop' | 'rep'; readonly resource: Resource };

/** A `canon lift` with everything it refers to. */
export interface Lifted {
  readonly offset: number;
  readonly core: LinkItem;
  readonly memory: LinkItem | undefined;
  readonly realloc: LinkItem | undefined;
  readonly postReturn: LinkItem | undefined;
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly type: ScopedType;
}

/** A function of an interface that the root component imports. */
export interface Imported {
  readonly interface: string;
  readonly name: string;
  readonly type: ScopedType;
  /** Whether anything lowers it, so that it can be called. */
  isUsed: boolean;
}

/** Something that the root component imports. */
export interface Import {
  /** With its version: `wasi:io/streams@0.2.3`. */
  readonly name: string;
  readonly kind: 'interface' | 'func' | 'type';
  /** What it declares, called or not. */
  readonly functions: readonly Imported[];
  /** Those it defines itself, by name. */
  readonly resources: readonly string[];
}

/** What a definition stands for once the component around it is instantiated. */
export type Value =
  | { readonly kind: 'core-item'; readonly sort: Sort; readonly item: LinkItem }
  | { readonly kind: 'core-module'; readonly module: CoreModule }
  | { readonly kind: 'core-instance'; readonly find: (name: string) => Value | undefined }
  | { readonly kind: 'core-type' }
  | { readonly kind: 'func'; readonly source: 'lift'; readonly lifted: Lifted }
  | { readonly kind: 'func'; readonly source: 'import'; readonly imported: Imported }
  | TypeValue
  | { readonly kind: 'component'; readonly component: Component; readonly frame: Frame | undefined }
  | { readonly kind: 'instance'; readonly exports: ReadonlyMap<string, Value> };

/** `frame` is where it was defined: an instance type looks outward from there. */
export type TypeValue = ScopedType & {
  readonly kind: 'type';
  readonly frame: Frame;
};

/** A component or an instance type that is being gone through: the values of its index spaces so far. */
export interface Frame {
  readonly outer: Frame | undefined;
  readonly spaces: Readonly<Record<Sort, Value[]>>;
}

/** A core instance of a plan being made. */
export interface LinkedInstance {
  readonly module: number;
  readonly imports: readonly { readonly module: string; readonly name: string; readonly item: LinkItem }[];
}

/** A plan being made. */
export interface Linking {
  readonly modules: readonly CoreModule[];
  readonly instances: LinkedInstance[];
  readonly table: TypeTable;
  /** What the root component imports, by name. */
  readonly imports: Map<string, Import>;
  readonly lowered: ImportedFunction[];
  /** The core signature of each. */
  readonly signatures: string[];
  readonly made: Allowance;
  readonly steps: Allowance;
  readonly declared: Allowance;
}

export function createFrame(outer: Frame | undefined): Frame {
  const spaces = Object.fromEntries(SORTS.map((sort) => [sort, [] as Value[]])) as Record<Sort, Value[]>;
  return { outer, spaces };
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

/** What an alias brings into a frame. Throws REGISTRY_REJECTED — there is nothing of that name and sort. */
export function resolveAlias(frame: Frame, alias: Alias, offset: number): Value {
  const { sort } = alias;
  switch (alias.kind) {
    case 'alias-export': {
      const found = at(frame, 'instance', alias.instance, 'instance').exports.get(alias.name);
      return expectSort(found, sort, `the export "${alias.name}" of an instance`, offset);
    }
    case 'alias-core-export': {
      const found = at(frame, 'core instance', alias.instance, 'core-instance').find(alias.name);
      return expectSort(found, sort, `the export "${alias.name}" of a core instance`, offset);
    }
    case 'alias-outer': {
      let from: Frame | undefined = frame;
      for (let left = alias.outward; left > 0; left--) from = from?.outer;
      return expectSort(from?.spaces[sort][alias.index], sort, 'an outer alias', offset);
    }
  }
}

/** The export of a core instance that an item is, checked for its signature when one is given. Throws REGISTRY_REJECTED. */
export function exportRef(
  linking: Linking,
  item: LinkItem,
  what: string,
  offset: number,
  signature?: string,
): CoreExportRef {
  if (item.kind !== 'export') return rejectAt(offset, `${what} is not one of the component's own`);
  const { instance, name } = item;
  if (signature !== undefined) {
    const actual = exportedSignature(moduleOf(linking, instance), name);
    if (actual !== signature)
      rejectAt(offset, `${what} must be ${signature}, but is ${actual ?? 'no function'}`);
  }
  return { instance, name };
}

/** The module of which the core instance at this index is one. */
export function moduleOf(linking: Linking, instance: number): CoreModule {
  const module = linking.modules[linking.instances[instance]?.module ?? -1];
  if (!module) throw new Error(`the plan has no core instance ${instance}`);
  return module;
}
