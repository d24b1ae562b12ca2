/**
 * Component types → the type table of a link plan: each type once, its parts before it, within limits.
 *
 * Fed by what `plan.ts` lowers and exports; types that nothing uses never get here. Always: an index is smaller than that
 * of its user, and no type is deeper, larger or longer than the limits say.
 */

import { createShapes, isPrimitive, type Shapes } from '../flat-types.ts';
import type { NamedType, ResourceType, TypeRef, WitFunction, WitType } from '../types.ts';
import { rejectAt, unsupportedAt } from './binary.ts';
import type { Resource, ScopedType, TypeDefinition, ValueType } from './component-type.ts';
import { createAllowance, TYPE_DEPTH_MAX, TYPE_PARTS_MAX, TYPES_MAX, VALUE_MAX_BYTES } from './limits.ts';

/** Flags are one number in core code. Source: component model, Binary, "Type Definitions". */
const FLAGS_MAX = 32;

export interface TypeTable {
  readonly types: readonly WitType[];
  readonly shapeOf: Shapes;
  /** The parameters and result of a function type, its types added. Throws REGISTRY_REJECTED, REGISTRY_UNSUPPORTED. */
  functionOf(type: ScopedType, offset: number): WitFunction;
  /** The index of a resource, which is added when it is new. */
  indexOf(resource: Resource): number;
  has(resource: Resource): boolean;
  /** The resources so far. */
  resources(): ResourceType[];
}

export function createTypeTable(): TypeTable {
  const types: WitType[] = [];
  const shapeOf = createShapes(types);
  const resources: Resource[] = [];
  const resourceIndices = new Map<Resource, number>();
  const refs = new Map<ScopedType, TypeRef>();
  /** By their text, as the same type may be written in many places. */
  const written = new Map<string, number>();
  const parts = createAllowance('fields and cases of types', TYPE_PARTS_MAX);

  function indexOf(resource: Resource): number {
    const found = resourceIndices.get(resource);
    if (found !== undefined) return found;
    resources.push(resource);
    resourceIndices.set(resource, resources.length - 1);
    return resources.length - 1;
  }

  function refOf(scope: readonly ScopedType[], part: ValueType, depth: number, offset: number): TypeRef {
    if (typeof part === 'string') return isPrimitive(part) ? part : unsupportedAt(offset, `the type ${part}`);
    const type = scope[part];
    if (!type) return rejectAt(offset, `type ${part} does not exist`);
    const known = refs.get(type);
    if (known !== undefined) return known;
    if (depth > TYPE_DEPTH_MAX) rejectAt(offset, `types lie more than ${TYPE_DEPTH_MAX} deep in each other`);
    const ref = add(type, depth, offset);
    refs.set(type, ref);
    return ref;
  }

  function add({ definition, types: scope }: ScopedType, depth: number, offset: number): TypeRef {
    if (definition.kind === 'primitive') return refOf(scope, definition.name, depth, offset);
    const inner = (part: ValueType): TypeRef => refOf(scope, part, depth + 1, offset);
    let type: WitType;
    if (definition.kind === 'labelled') type = labelled(definition, inner, offset);
    else if (definition.kind === 'generic') type = generic(definition, scope, inner, offset);
    else return rejectAt(offset, `a ${definition.kind} is not a type of values`);
    const text = JSON.stringify(type);
    const known = written.get(text);
    if (known !== undefined) return known;
    if (types.length >= TYPES_MAX)
      rejectAt(offset, `the component has more than ${TYPES_MAX} types of values`);
    const index = types.push(type) - 1;
    const shape = shapeOf(index);
    if (shape.depth > TYPE_DEPTH_MAX)
      rejectAt(offset, `types lie more than ${TYPE_DEPTH_MAX} deep in each other`);
    if (shape.size > VALUE_MAX_BYTES)
      rejectAt(offset, `a value takes ${shape.size} bytes; the limit is ${VALUE_MAX_BYTES}`);
    written.set(text, index);
    return index;
  }

  function labelled(
    { name, cases }: TypeDefinition & { kind: 'labelled' },
    inner: (part: ValueType) => TypeRef,
    offset: number,
  ): WitType {
    parts.take(cases.length, offset);
    checkLabels(cases, `a ${name}`, offset);
    if (cases.length === 0) rejectAt(offset, `a ${name} is empty`);
    if (name === 'flags' && cases.length > FLAGS_MAX)
      unsupportedAt(offset, `flags of more than ${FLAGS_MAX} labels`);
    const names = cases.map(({ label }) => label);
    if (name === 'enum' || name === 'flags') return { kind: name, names };
    if (name === 'variant') {
      return {
        kind: name,
        cases: cases.map(({ label, type }) => ({
          name: label,
          type: type === undefined ? undefined : inner(type),
        })),
      };
    }
    // A field always has a type: the reader reads one.
    return {
      kind: 'record',
      fields: cases.map(({ label, type = 'bool' }) => ({ name: label, type: inner(type) })),
    };
  }

  function generic(
    { name, parts: given }: TypeDefinition & { kind: 'generic' },
    scope: readonly ScopedType[],
    inner: (part: ValueType) => TypeRef,
    offset: number,
  ): WitType {
    parts.take(given.length, offset);
    const [first, second] = given;
    const optional = (part: ValueType | undefined): TypeRef | undefined =>
      part === undefined ? undefined : inner(part);
    if (name === 'own' || name === 'borrow') {
      const resource = scope[first as number]?.resource;
      if (!resource) return rejectAt(offset, `${name} of a type that is not a resource`);
      return { kind: name, resource: indexOf(resource) };
    }
    if (name === 'result') return { kind: name, ok: optional(first), error: optional(second) };
    if (name === 'tuple') {
      if (given.length === 0) rejectAt(offset, 'a tuple is empty');
      return { kind: name, parts: given.map((part) => inner(part as ValueType)) };
    }
    if (first === undefined || (name !== 'list' && name !== 'option'))
      return unsupportedAt(offset, `the type ${name}`);
    if (name === 'option') return { kind: name, some: inner(first) };
    const element = inner(first);
    if (second === undefined) return { kind: name, element };
    const length = Number(second);
    if (length === 0) rejectAt(offset, 'a list has the fixed length 0');
    return { kind: name, element, length };
  }

  return {
    types,
    shapeOf,
    indexOf,
    has: (resource) => resourceIndices.has(resource),
    functionOf(type, offset) {
      const { definition, types: scope } = type;
      if (definition.kind !== 'func')
        return rejectAt(offset, `a function has the type of a ${definition.kind}`);
      if (definition.isAsync) unsupportedAt(offset, 'asynchronous functions');
      parts.take(definition.parameters.length, offset);
      checkLabels(definition.parameters, 'the parameters of a function', offset);
      const parameters = definition.parameters.map(
        (one): NamedType => ({ name: one.label, type: refOf(scope, one.type, 1, offset) }),
      );
      const { result } = definition;
      return { parameters, result: result === undefined ? undefined : refOf(scope, result, 1, offset) };
    },
    resources: () =>
      resources.map(({ interface: from, name, destructor }) => ({
        interface: from,
        name: name || 'resource',
        destructor,
      })),
  };
}

/** Two labels that differ in case only are one. Source: component model, Explainer, "Name Uniqueness". */
function checkLabels(parts: readonly { readonly label: string }[], what: string, offset: number): void {
  const seen = new Set<string>();
  for (const { label } of parts) {
    const key = label.toLowerCase();
    if (seen.has(key)) rejectAt(offset, `"${label}" appears twice in ${what}`);
    seen.add(key);
  }
}
