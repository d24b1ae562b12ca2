/**
 * From component bytes to a link plan: which core modules to instantiate, in which order, and what to hand to each.
 *
 * Walks the root component once, instantiating nested components symbolically; `handler.ts` then follows the exported
 * handler down to its `canon lift`s. Always: what the plan names exists, the handler has exactly the contract's types, and nothing
 * is guessed from export names. Code is not validated here: compiling the modules does that. Calls that cross
 * components are only accepted when they can do nothing but trap.
 */

import { HostError } from '../errors.ts';
import type { CoreInstantiation, CoreItem, LinkPlan } from '../types.ts';
import { rejectAt, unsupportedAt } from './binary.ts';
import { type Component, type Definition, readComponent } from './component.ts';
import { type CoreModule, isExportedStub } from './core-module.ts';
import { resolveHandler } from './handler.ts';
import { SORTS, type Sort } from './index-space.ts';
import {
  CELL_MEMORIES_MAX,
  CELL_TABLES_MAX,
  createAllowance,
  INSTANCES_MAX,
  NESTING_MAX,
  STEPS_MAX,
} from './limits.ts';
import {
  at,
  expectSort,
  type Frame,
  type Lifted,
  type Linking,
  moduleOf,
  named,
  sortOf,
  type Value,
} from './link-values.ts';

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
  const { invoke, health } = resolveHandler(linking, exports);
  const total = (count: (module: CoreModule) => number): number =>
    linking.instances.reduce((sum, _, instance) => sum + count(moduleOf(linking, instance)), 0);
  const memoryCount = total((module) => module.memoryCount);
  if (memoryCount > CELL_MEMORIES_MAX)
    rejectAt(0, `a cell would have ${memoryCount} memories; the limit is ${CELL_MEMORIES_MAX}`);
  const tableCount = total((module) => module.tableCount);
  if (tableCount > CELL_TABLES_MAX)
    rejectAt(0, `a cell would have ${tableCount} tables; the limit is ${CELL_TABLES_MAX}`);
  const ranges = modules.map(({ offset, length }) => ({ offset, length }));
  return {
    plan: {
      modules: ranges,
      instances: linking.instances,
      types: [],
      resources: [],
      imports: [],
      exports: [],
      handler: { invoke, health },
      memoryCount,
      memoryPages: total((module) => module.memoryPages),
    },
    imports: [],
  };
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

/**
 * What a lowered function becomes. Passing values between components is not implemented; but a function that can only
 * trap needs no values, and that is how toolchains stub what they do not provide.
 */
function lower(linking: Linking, lifted: Lifted, offset: number): CoreItem {
  const { core } = lifted;
  if (core.kind !== 'export') return core;
  if (!isExportedStub(moduleOf(linking, core.instance), core.name)) {
    unsupportedAt(
      offset,
      `composed components that call each other: "${core.name}" is lifted in one and lowered in another`,
    );
  }
  return { kind: 'trap', reason: `"${core.name}" was called; the component leaves it unimplemented` };
}
