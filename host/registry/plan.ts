/**
 * From component bytes to a link plan: which core modules to instantiate, in which order, and what to hand to each.
 *
 * Walks the root component once, instantiating nested components symbolically; `exported.ts` then follows the exported
 * functions down to their `canon lift`s. Always: what the plan names exists, core functions have the signatures that their types
 * flatten to, and nothing is guessed from the names of core exports. Code is not validated here: compiling the modules does that.
 * Calls that cross components are only accepted when they can do nothing but trap. What is imported may still be forbidden:
 * that is for `check-imports.ts`.
 */

import type { CoreInstantiation, CoreItem, LinkPlan } from '../types.ts';
import { rejectAt } from './binary.ts';
import { type Component, type Definition, readComponent } from './component.ts';
import { type CoreModule, importSignatures } from './core-module.ts';
import { exportedFunctions } from './exported.ts';
import { resolveHandler } from './handler.ts';
import { importValue, refuseCode, typeValue } from './imported.ts';
import type { Sort } from './index-space.ts';
import {
  CELL_MEMORIES_MAX,
  CELL_TABLES_MAX,
  createAllowance,
  IMPORTED_FUNCTIONS_MAX,
  INSTANCES_MAX,
  NESTING_MAX,
  STEPS_MAX,
} from './limits.ts';
import {
  at,
  createFrame,
  expectSort,
  type Frame,
  type Import,
  type Lifted,
  type LinkedInstance,
  type LinkItem,
  type Linking,
  moduleOf,
  named,
  resolveAlias,
  sortOf,
  type Value,
} from './link-values.ts';
import { lowerImported, lowerLifted, signatureOf } from './lowered.ts';
import { createTypeTable } from './type-table.ts';

/** A plan, and everything that the root component imports, called or not. */
export interface Planned {
  readonly plan: LinkPlan;
  readonly imports: readonly Import[];
}

/**
 * Plans how to build a cell of a component of any world. The bytes are borrowed and not kept.
 * Throws REGISTRY_REJECTED — malformed, over a limit, unsafe names, exports nothing that could be called, or a handler that is not
 * the contract's; REGISTRY_UNSUPPORTED — a feature that cells do not have; REGISTRY_IMPORT_FORBIDDEN — it imports code;
 * `problems` lists all of it.
 */
export function planComponent(bytes: Uint8Array): Planned {
  const { root, modules } = readComponent(bytes);
  refuseCode(root.definitions);
  const linking: Linking = {
    modules,
    instances: [],
    table: createTypeTable(),
    imports: new Map(),
    lowered: [],
    signatures: [],
    made: createAllowance('instances', INSTANCES_MAX),
    steps: createAllowance('definitions once its instances are made', STEPS_MAX),
    declared: createAllowance('imported functions', IMPORTED_FUNCTIONS_MAX),
  };
  const values = instantiate(linking, root, undefined, undefined, 0, 0);
  const handler = resolveHandler(linking, values);
  const exports = exportedFunctions(linking, values);
  const total = (count: (module: CoreModule) => number): number =>
    linking.instances.reduce((sum, _, instance) => sum + count(moduleOf(linking, instance)), 0);
  const memoryCount = total((module) => module.memoryCount);
  if (memoryCount > CELL_MEMORIES_MAX)
    rejectAt(0, `a cell would have ${memoryCount} memories; the limit is ${CELL_MEMORIES_MAX}`);
  const tableCount = total((module) => module.tableCount);
  if (tableCount > CELL_TABLES_MAX)
    rejectAt(0, `a cell would have ${tableCount} tables; the limit is ${CELL_TABLES_MAX}`);
  const { table } = linking;
  const instances = linking.instances.map(
    ({ module, imports }): CoreInstantiation => ({
      module,
      imports: imports.map((one) => ({ ...one, item: settle(linking, one.item) })),
    }),
  );
  const plan: LinkPlan = {
    modules: modules.map(({ offset, length }) => ({ offset, length })),
    instances,
    types: table.types,
    resources: table.resources(),
    imports: linking.lowered,
    exports,
    handler,
    memoryCount,
    memoryPages: total((module) => module.memoryPages),
  };
  return { plan, imports: [...linking.imports.values()] };
}

/**
 * What a core import gets in the end: only now it is known which of the component's own resources anybody outside can hold. Of the
 * others, which are those of stubs, no handle is ever needed.
 */
function settle({ table }: Linking, item: LinkItem): CoreItem {
  if (item.kind !== 'builtin') return item;
  const { builtin, resource } = item;
  if (resource.interface === undefined && !table.has(resource)) {
    const reason = `resource.${builtin} was called; no exported function has this resource`;
    return { kind: 'trap', reason };
  }
  return { kind: 'resource', builtin, resource: table.indexOf(resource) };
}

/** Runs a component's definitions in order; returns its exports. The root component has no arguments. */
function instantiate(
  linking: Linking,
  component: Component,
  outer: Frame | undefined,
  args: ReadonlyMap<string, Value> | undefined,
  depth: number,
  offset: number,
): Map<string, Value> {
  // A component may be handed to itself as an argument; types would forbid it, but types are not checked here.
  if (depth >= NESTING_MAX)
    rejectAt(offset, `components instantiate each other more than ${NESTING_MAX} deep`);
  linking.steps.take(component.definitions.length, offset);
  const frame = createFrame(outer);
  const exports = new Map<string, Value>();
  for (const definition of component.definitions) {
    const value = evaluate(linking, definition, frame, args, depth);
    frame.spaces[sortOf(value)].push(value);
    if (definition.kind !== 'export') continue;
    if (exports.has(definition.name))
      rejectAt(definition.offset, `the export "${definition.name}" appears twice`);
    exports.set(definition.name, value);
    if (value.kind === 'type' && value.resource) value.resource.name ||= definition.name;
  }
  return exports;
}

function evaluate(
  linking: Linking,
  definition: Definition,
  frame: Frame,
  args: ReadonlyMap<string, Value> | undefined,
  depth: number,
): Value {
  const { offset } = definition;
  const coreItem = (sort: Sort, index: number): LinkItem => at(frame, sort, index, 'core-item').item;
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
    case 'alias-export':
    case 'alias-core-export':
    case 'alias-outer':
      return resolveAlias(frame, definition, offset);
    case 'type':
      return typeValue(linking, definition.type, frame, offset);
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
      return { kind: 'func', source: 'lift', lifted };
    }
    case 'lower': {
      const value = at(frame, 'func', definition.func, 'func');
      const { options } = definition;
      const item =
        value.source === 'lift'
          ? lowerLifted(linking, value.lifted, offset)
          : lowerImported(linking, value.imported, options, coreItem, offset);
      return { kind: 'core-item', sort: 'core func', item };
    }
    case 'resource': {
      const { builtin } = definition;
      const { resource } = at(frame, 'type', definition.type, 'type');
      if (!resource) return rejectAt(offset, `resource.${builtin} of a type that is not a resource`);
      if (resource.interface !== undefined && builtin !== 'drop')
        rejectAt(offset, `resource.${builtin} of "${resource.name}", which the component does not define`);
      return { kind: 'core-item', sort: 'core func', item: { kind: 'builtin', builtin, resource } };
    }
    case 'import':
      if (!args) return importValue(linking, definition, frame);
      return expectSort(
        args.get(definition.name),
        definition.extern.sort,
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
  const imports = new Map<string, LinkedInstance['imports'][number]>();
  const signatures = importSignatures(module);
  for (const [index, { module: from, name, sort }] of module.imports.entries()) {
    const source = args.get(from);
    const found = source?.kind === 'core-instance' ? source.find(name) : undefined;
    const value = expectSort(found, sort, `the core import "${name}" from "${from}"`, offset);
    if (value.kind !== 'core-item') throw new Error('a core sort without a core item');
    const expected = signatureOf(linking, value.item);
    if (expected !== undefined && expected !== signatures[index])
      rejectAt(
        offset,
        `the core import "${name}" from "${from}" must be ${expected}, but is ${signatures[index]}`,
      );
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
