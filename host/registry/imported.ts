/**
 * The imports of the root component, made into values: functions with their types, resources with their names.
 *
 * What an import is, only its type says, so the declarations of instance types are gone through like a component. Always:
 * a resource that one interface uses from another is the same object, whatever name it has there. Whether something may
 * be imported is not decided here (`check-imports.ts`).
 */

import { HostError } from '../errors.ts';
import { rejectAt, unsupportedAt } from './binary.ts';
import type { Definition } from './component.ts';
import type { Declaration, ExternType, Resource, TypeDefinition } from './component-type.ts';
import {
  at,
  createFrame,
  exportRef,
  type Frame,
  type Imported,
  type Linking,
  resolveAlias,
  sortOf,
  type TypeValue,
  type Value,
} from './link-values.ts';

type ImportDefinition = Definition & { readonly kind: 'import' };

/** Throws REGISTRY_IMPORT_FORBIDDEN — the component imports what nothing can provide; all of that is named. */
export function refuseCode(definitions: readonly Definition[]): void {
  const refused = definitions.filter(
    (one): one is ImportDefinition =>
      one.kind === 'import' && (one.extern.sort === 'core module' || one.extern.sort === 'component'),
  );
  if (refused.length === 0) return;
  const names = refused.map(({ name }) => name);
  throw new HostError('REGISTRY_IMPORT_FORBIDDEN', `the component imports ${names.slice(0, 8).join(', ')}`, {
    problems: refused.map(({ name, extern }) => ({
      at: name,
      message: `a ${extern.sort} may not be imported`,
    })),
  });
}

/** The value of an import of the root component; it is added to the imports of the plan. */
export function importValue(
  linking: Linking,
  { name, extern, offset }: ImportDefinition,
  frame: Frame,
): Value {
  if (linking.imports.has(name)) rejectAt(offset, `the import "${name}" appears twice`);
  const functions: Imported[] = [];
  const resources: string[] = [];
  const into = { linking, interface: name, functions, resources };
  if (extern.sort === 'instance') {
    const type = at(frame, 'type', extern.type ?? -1, 'type');
    if (type.definition.kind !== 'instance')
      return rejectAt(offset, `the import "${name}" is an instance without the type of one`);
    linking.imports.set(name, { name, kind: 'interface', functions, resources });
    return { kind: 'instance', exports: declare(into, type.definition.declarations, type.frame, offset) };
  }
  linking.imports.set(name, { name, kind: extern.sort === 'func' ? 'func' : 'type', functions, resources });
  return declared(into, { offset, name, extern }, frame);
}

interface Into {
  readonly linking: Linking;
  readonly interface: string;
  readonly functions: Imported[];
  readonly resources: string[];
}

/** What an instance of these declarations exports. */
function declare(
  into: Into,
  declarations: readonly Declaration[],
  outer: Frame,
  offset: number,
): Map<string, Value> {
  into.linking.steps.take(declarations.length, offset);
  const frame = createFrame(outer);
  const exports = new Map<string, Value>();
  for (const declaration of declarations) {
    let value: Value;
    if (declaration.kind === 'declare') {
      const { name } = declaration;
      if (exports.has(name))
        rejectAt(declaration.offset, `the export "${name}" of "${into.interface}" appears twice`);
      value = declared(into, declaration, frame);
      exports.set(name, value);
    } else if (declaration.kind === 'type') {
      if (declaration.type.kind === 'resource')
        rejectAt(declaration.offset, 'an instance type defines a resource');
      value = typeValue(into.linking, declaration.type, frame, declaration.offset);
    } else if (declaration.kind === 'core-type') value = { kind: 'core-type' };
    else value = resolveAlias(frame, declaration, declaration.offset);
    frame.spaces[sortOf(value)].push(value);
  }
  return exports;
}

/** Something that is said to be there. */
function declared(
  into: Into,
  { name, extern, offset }: { readonly name: string; readonly extern: ExternType; readonly offset: number },
  frame: Frame,
): Value {
  const { sort, type } = extern;
  if (sort === 'func') {
    into.linking.declared.take(1, offset);
    const signature = at(frame, 'type', type ?? -1, 'type');
    const imported = { interface: into.interface, name, type: signature, isUsed: false };
    into.functions.push(imported);
    return { kind: 'func', source: 'import', imported };
  }
  if (sort !== 'type')
    return unsupportedAt(offset, `the ${sort} "${name}" within the import "${into.interface}"`);
  if (type !== undefined) return at(frame, 'type', type, 'type');
  into.resources.push(name);
  const resource: Resource = { interface: into.interface, name, destructor: undefined };
  const definition: TypeDefinition = { kind: 'resource', destructor: undefined };
  return { kind: 'type', definition, types: [], frame, resource };
}

/** The value of a type definition. A resource is another one in each instance of the component that defines it. */
export function typeValue(
  linking: Linking,
  definition: TypeDefinition,
  frame: Frame,
  offset: number,
): TypeValue {
  // Indices in a type refer to the types of this frame, which only grow: the array itself is the scope.
  const types = frame.spaces.type as TypeValue[];
  if (definition.kind !== 'resource') return { kind: 'type', definition, types, frame };
  const index = definition.destructor;
  const item = index === undefined ? undefined : at(frame, 'core func', index, 'core-item').item;
  const destructor = item && exportRef(linking, item, 'the destructor of a resource', offset, '(i32) -> ()');
  const resource: Resource = { interface: undefined, name: '', destructor };
  return { kind: 'type', definition, types, frame, resource };
}
