/**
 * From component bytes to a link plan: which core modules to instantiate, in which order, and what to hand to each.
 *
 * Walks the root component once, instantiating nested components symbolically, and follows the exported handler down
 * to its `canon lift`s. Always: what the plan names exists, the handler has exactly the contract's types, and nothing
 * is guessed from export names. Code is not validated here: compiling the modules does that. Calls that cross
 * components are only accepted when they can do nothing but trap.
 */

import { HostError } from '../errors.ts';
import type { CoreExportRef, CoreInstantiation, CoreItem, LiftedFunction, LinkPlan } from '../types.ts';
import { rejectAt, unsupportedAt } from './binary.ts';
import { type Component, type Definition, type NamedIndex, readComponent } from './component.ts';
import { printType, type ScopedType } from './component-type.ts';
import { type CoreModule, exportedSignature, isExportedStub } from './core-module.ts';
import { SORTS, type Sort } from './index-space.ts';
import { type Allowance, createAllowance, INSTANCES_MAX, NESTING_MAX, STEPS_MAX } from './limits.ts';

/** The export that makes a component one of the bytes world. */
const HANDLER = 'hotcell:adapter/handler@1.0.0';

const INVOKE_TYPE =
  'func(operation: string, payload: list<u8>) -> ' +
  'result<list<u8>, variant{bad-input(string), not-found(string), internal(string)}>';
const HEALTH_TYPE = 'func() -> result<_, string>';

const REALLOC_SIGNATURE = '(i32 i32 i32 i32) -> i32';
const POST_RETURN_SIGNATURE = '(i32) -> ()';

/** A `canon lift` with everything it refers to. */
interface Lifted {
  readonly offset: number;
  readonly core: CoreItem;
  readonly memory: CoreItem | undefined;
  readonly realloc: CoreItem | undefined;
  readonly postReturn: CoreItem | undefined;
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly type: ScopedType;
}

/** What a definition stands for once the component around it is instantiated. */
type Value =
  | { readonly kind: 'core-item'; readonly sort: Sort; readonly item: CoreItem }
  | { readonly kind: 'core-module'; readonly module: CoreModule }
  | { readonly kind: 'core-instance'; readonly find: (name: string) => Value | undefined }
  | { readonly kind: 'core-type' }
  | { readonly kind: 'func'; readonly lifted: Lifted }
  | ({ readonly kind: 'type' } & ScopedType)
  | { readonly kind: 'component'; readonly component: Component; readonly frame: Frame | undefined }
  | { readonly kind: 'instance'; readonly exports: ReadonlyMap<string, Value> };

/** A component that is being instantiated: the values of its index spaces so far. */
interface Frame {
  readonly outer: Frame | undefined;
  readonly spaces: Readonly<Record<Sort, Value[]>>;
}

interface Linking {
  readonly modules: readonly CoreModule[];
  readonly instances: CoreInstantiation[];
  readonly made: Allowance;
  readonly steps: Allowance;
}

/**
 * Plans how to build a cell of a bytes-world component. The bytes are borrowed and not kept. `imports` lists what the
 * root component imports: nothing yet, as every import is refused.
 * Throws REGISTRY_REJECTED — malformed, unsafe names, or not a component of the bytes world; REGISTRY_UNSUPPORTED — a
 * feature that cells do not have; REGISTRY_IMPORT_FORBIDDEN — it imports something; `problems` lists all of it.
 */
export function planComponent(bytes: Uint8Array): { plan: LinkPlan; imports: readonly string[] } {
  const { root, modules } = readComponent(bytes);
  const imports = root.definitions.flatMap((definition) =>
    definition.kind === 'import' ? [definition] : [],
  );
  if (imports.length > 0) {
    const named = imports.map(({ name }) => name);
    throw new HostError(
      'REGISTRY_IMPORT_FORBIDDEN',
      `the component imports ${named.slice(0, 8).join(', ')}`,
      {
        problems: imports.map(({ name, sort }) => ({
          at: name,
          message: `this ${sort} may not be imported`,
        })),
      },
    );
  }
  const linking: Linking = {
    modules,
    instances: [],
    made: createAllowance('instances', INSTANCES_MAX),
    steps: createAllowance('definitions once its instances are made', STEPS_MAX),
  };
  const exports = instantiate(linking, root, undefined, new Map(), 0, 0);
  const handler = exports.get(HANDLER);
  if (handler?.kind !== 'instance') {
    rejectAt(0, `the component exports no instance ${HANDLER}, but ${list([...exports.keys()])}`);
  }
  const invoke = resolve(linking, handler.exports, 'invoke', INVOKE_TYPE, '(i32 i32 i32 i32) -> i32');
  const health = resolve(linking, handler.exports, 'health', HEALTH_TYPE, '() -> i32');
  if (!invoke.realloc) rejectAt(0, 'invoke is lifted without realloc, so nothing can be handed to it');
  const memoryCount = linking.instances.reduce(
    (sum, { module }) => sum + (modules[module]?.memoryCount ?? 0),
    0,
  );
  const ranges = modules.map(({ offset, length }) => ({ offset, length }));
  return {
    plan: { modules: ranges, instances: linking.instances, invoke, health, memoryCount },
    imports: [],
  };
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  return names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
}

/** Runs a component's definitions in order; returns its exports. */
function instantiate(
  linking: Linking,
  component: Component,
  outer: Frame | undefined,
  args: ReadonlyMap<string, Value>,
  depth: number,
  offset: number,
): Map<string, Value> {
  // A component may be handed to itself as an argument; types would forbid it, but types are not checked here.
  if (depth >= NESTING_MAX)
    rejectAt(offset, `components instantiate each other more than ${NESTING_MAX} deep`);
  linking.steps.take(component.definitions.length, offset);
  const spaces = Object.fromEntries(SORTS.map((sort) => [sort, [] as Value[]])) as Record<Sort, Value[]>;
  const frame: Frame = { outer, spaces };
  const exports = new Map<string, Value>();
  for (const definition of component.definitions) {
    const value = evaluate(linking, definition, frame, args, depth);
    spaces[sortOf(value)].push(value);
    if (definition.kind !== 'export') continue;
    if (exports.has(definition.name))
      rejectAt(definition.offset, `the export "${definition.name}" appears twice`);
    exports.set(definition.name, value);
  }
  return exports;
}

function sortOf(value: Value): Sort {
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
function at<K extends Value['kind']>(frame: Frame, sort: Sort, index: number, kind: K): Value & { kind: K } {
  const value = frame.spaces[sort][index];
  if (value?.kind !== kind)
    throw new Error(`the ${sort} ${index} was checked by the reader but is no ${kind}`);
  return value as Value & { kind: K };
}

function named(frame: Frame, entries: readonly NamedIndex[]): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const { name, sort, index } of entries) {
    const value = frame.spaces[sort][index];
    if (value) values.set(name, value);
  }
  return values;
}

function evaluate(
  linking: Linking,
  definition: Definition,
  frame: Frame,
  args: ReadonlyMap<string, Value>,
  depth: number,
): Value {
  const { offset } = definition;
  const coreItem = (sort: Sort, index: number): CoreItem => at(frame, sort, index, 'core-item').item;
  switch (definition.kind) {
    case 'core-module':
      return definition;
    case 'core-type':
      return { kind: 'core-type' };
    case 'core-instantiate': {
      const { module } = at(frame, 'core module', definition.module, 'core-module');
      return instantiateCore(linking, module, named(frame, definition.with), offset);
    }
    case 'core-inline': {
      const exports = named(frame, definition.exports);
      linking.steps.take(definition.exports.length, offset);
      return { kind: 'core-instance', find: (name) => exports.get(name) };
    }
    case 'component':
      return { kind: 'component', component: definition.component, frame };
    case 'instantiate': {
      linking.made.take(1, offset);
      const { component, frame: outer } = at(frame, 'component', definition.component, 'component');
      const given = named(frame, definition.with);
      return { kind: 'instance', exports: instantiate(linking, component, outer, given, depth + 1, offset) };
    }
    case 'inline':
      linking.steps.take(definition.exports.length, offset);
      return { kind: 'instance', exports: named(frame, definition.exports) };
    case 'alias-export': {
      const found = at(frame, 'instance', definition.instance, 'instance').exports.get(definition.name);
      return expectSort(found, definition.sort, `the export "${definition.name}" of an instance`, offset);
    }
    case 'alias-core-export': {
      const found = at(frame, 'core instance', definition.instance, 'core-instance').find(definition.name);
      return expectSort(found, definition.sort, `the export "${definition.name}" of a core instance`, offset);
    }
    case 'alias-outer': {
      let from: Frame | undefined = frame;
      for (let left = definition.outward; left > 0; left--) from = from?.outer;
      return expectSort(
        from?.spaces[definition.sort][definition.index],
        definition.sort,
        'an outer alias',
        offset,
      );
    }
    case 'type':
      // Indices in a type refer to the types of this component, which only grow: the array itself is the scope.
      return {
        kind: 'type',
        definition: definition.type,
        types: frame.spaces.type as (Value & { kind: 'type' })[],
      };
    case 'lift': {
      const { memory, realloc, postReturn, encoding } = definition.options;
      const lifted: Lifted = {
        offset,
        core: coreItem('core func', definition.core),
        memory: memory === undefined ? undefined : coreItem('core memory', memory),
        realloc: realloc === undefined ? undefined : coreItem('core func', realloc),
        postReturn: postReturn === undefined ? undefined : coreItem('core func', postReturn),
        encoding,
        type: at(frame, 'type', definition.type, 'type'),
      };
      return { kind: 'func', lifted };
    }
    case 'lower': {
      const { lifted } = at(frame, 'func', definition.func, 'func');
      return { kind: 'core-item', sort: 'core func', item: lower(linking, lifted, offset) };
    }
    case 'resource': {
      // Making one traps as well, so no handle exists that another builtin could be given.
      const reason = `${definition.builtin} was called; resources do not exist in a cell`;
      return { kind: 'core-item', sort: 'core func', item: { kind: 'trap', reason } };
    }
    case 'import':
      return expectSort(
        args.get(definition.name),
        definition.sort,
        `the argument "${definition.name}"`,
        offset,
      );
    case 'export':
      return expectSort(
        frame.spaces[definition.sort][definition.index],
        definition.sort,
        'an export',
        offset,
      );
  }
}

function expectSort(value: Value | undefined, sort: Sort, what: string, offset: number): Value {
  if (!value) rejectAt(offset, `${what} is missing: a ${sort} was expected`);
  if (sortOf(value) !== sort) rejectAt(offset, `${what} is a ${sortOf(value)}: a ${sort} was expected`);
  return value;
}

/** Adds a core instantiation to the plan. */
function instantiateCore(
  linking: Linking,
  module: CoreModule,
  args: ReadonlyMap<string, Value>,
  offset: number,
): Value {
  linking.made.take(1, offset);
  linking.steps.take(module.imports.length, offset);
  const imports = new Map<string, CoreInstantiation['imports'][number]>();
  for (const { module: from, name, sort } of module.imports) {
    const source = args.get(from);
    const found = source?.kind === 'core-instance' ? source.find(name) : undefined;
    const value = expectSort(found, sort, `the core import "${name}" from "${from}"`, offset);
    if (value.kind !== 'core-item') throw new Error('a core sort without a core item');
    // A module may import the same pair twice; both get the same item.
    imports.set(JSON.stringify([from, name]), { module: from, name, item: value.item });
  }
  const instance = linking.instances.length;
  linking.instances.push({ module: module.index, imports: [...imports.values()] });
  return {
    kind: 'core-instance',
    find(name) {
      const found = module.exports.get(name);
      if (!found) return undefined;
      return { kind: 'core-item', sort: found.sort, item: { kind: 'export', instance, name } };
    },
  };
}

function moduleOf(linking: Linking, ref: CoreExportRef): CoreModule {
  const module = linking.modules[linking.instances[ref.instance]?.module ?? -1];
  if (!module) throw new Error(`the plan has no core instance ${ref.instance}`);
  return module;
}

/**
 * What a lowered function becomes. Passing values between components is not implemented; but a function that can only
 * trap needs no values, and that is how toolchains stub what they do not provide.
 */
function lower(linking: Linking, lifted: Lifted, offset: number): CoreItem {
  const { core } = lifted;
  if (core.kind === 'trap') return core;
  if (!isExportedStub(moduleOf(linking, core), core.name)) {
    unsupportedAt(
      offset,
      `composed components that call each other: "${core.name}" is lifted in one and lowered in another`,
    );
  }
  return { kind: 'trap', reason: `"${core.name}" was called; the component leaves it unimplemented` };
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
    if (item.kind === 'trap') return rejectAt(offset, `the ${what} of ${name} can only trap`);
    return { instance: item.instance, name: item.name };
  };
  const func = (item: CoreItem | undefined, what: string, expected: string): CoreExportRef | undefined => {
    const target = ref(item, what);
    if (!target) return undefined;
    const actual = exportedSignature(moduleOf(linking, target), target.name);
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
