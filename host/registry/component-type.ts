/**
 * Reads the types of a component.
 *
 * Of instance types everything is kept, because what the root component imports is known by them alone; component types
 * are read to the end and checked, but not kept. Always: an unknown type code is refused.
 */

import type { CoreExportRef } from '../types.ts';
import { type ByteReader, rejectAt, unsupportedAt } from './binary.ts';
import { readCoreExternType, readCoreSignature, readCoreValueType } from './core-module.ts';
import {
  type Alias,
  checkIndex,
  createScope,
  readAlias,
  readIndex,
  type Scope,
  type Sort,
} from './index-space.ts';
import { type Allowance, NESTING_MAX } from './limits.ts';
import { readLabel, readName } from './names.ts';

/** A name of a primitive type, or the index of a type. */
export type ValueType = string | number;

export type TypeDefinition =
  | { readonly kind: 'primitive'; readonly name: string }
  /** `list<a, b>`, `result<a, _>` and the like; undefined is `_`. */
  | { readonly kind: 'generic'; readonly name: string; readonly parts: readonly (ValueType | undefined)[] }
  /** `record{a: t}`, `variant{a(t)}`, `enum{a}`, `flags{a}`. */
  | {
      readonly kind: 'labelled';
      readonly name: string;
      readonly cases: readonly { readonly label: string; readonly type: ValueType | undefined }[];
    }
  | {
      readonly kind: 'func';
      readonly isAsync: boolean;
      readonly parameters: readonly { readonly label: string; readonly type: ValueType }[];
      readonly result: ValueType | undefined;
    }
  /** `destructor` is the index of a core function. */
  | { readonly kind: 'resource'; readonly destructor: number | undefined }
  | { readonly kind: 'instance'; readonly declarations: readonly Declaration[] }
  | { readonly kind: 'component' };

/** What an import or export is: its sort, and the index of its type; undefined for a type that is only said to be a resource. */
export interface ExternType {
  readonly sort: Sort;
  readonly type: number | undefined;
}

/** One line of an instance type. It adds to the index spaces of that type. */
export type Declaration = { readonly offset: number } & (
  | Alias
  | { readonly kind: 'core-type' }
  | { readonly kind: 'type'; readonly type: TypeDefinition }
  | { readonly kind: 'declare'; readonly name: string; readonly extern: ExternType }
);

/** A resource type. The object is its identity: however it is called elsewhere, it is this one. */
export interface Resource {
  /** Name of the imported interface, or of the type when the world itself imports it; undefined: of the component. */
  readonly interface: string | undefined;
  /** One of the component is named by its first export. */
  name: string;
  readonly destructor: CoreExportRef | undefined;
}

/** A type together with the index space that its own indices refer to. */
export interface ScopedType {
  readonly definition: TypeDefinition;
  readonly types: readonly ScopedType[];
  /** Which resource it is, when it is one. */
  readonly resource?: Resource;
}

/** What reading a type needs beside the bytes. */
export interface TypeContext {
  readonly items: Allowance;
  /** How deep components and types are nested here. */
  readonly depth: number;
}

const PRIMITIVES: Readonly<Record<number, string>> = {
  127: 'bool', // 0x7f
  126: 's8',
  125: 'u8',
  124: 's16',
  123: 'u16',
  122: 's32',
  121: 'u32',
  120: 's64',
  119: 'u64',
  118: 'f32',
  117: 'f64',
  116: 'char',
  115: 'string',
  100: 'error-context', // 0x64
};

function readValueType(reader: ByteReader, scope: Scope): ValueType {
  const offset = reader.offset;
  const code = reader.s33('a value type');
  if (code >= 0) return checkIndex(scope, 'type', code, offset);
  return PRIMITIVES[code + 128] ?? rejectAt(offset, `${code} is not a value type`);
}

function readOptional(reader: ByteReader, scope: Scope): ValueType | undefined {
  const offset = reader.offset;
  const flag = reader.byte('an optional type');
  if (flag > 1) rejectAt(offset, `0x${flag.toString(16)} does not say whether a type follows`);
  return flag === 1 ? readValueType(reader, scope) : undefined;
}

function readList<T>(reader: ByteReader, context: TypeContext, what: string, read: () => T): T[] {
  const count = reader.count(what);
  context.items.take(count, reader.offset);
  return Array.from({ length: count }, read);
}

function readFunction(
  reader: ByteReader,
  context: TypeContext,
  scope: Scope,
  isAsync: boolean,
): TypeDefinition {
  const parameters = readList(reader, context, 'parameters', () => ({
    label: readLabel(reader, 'the parameter'),
    type: readValueType(reader, scope),
  }));
  const offset = reader.offset;
  const form = reader.byte('the results of a function');
  if (form === 0x00) return { kind: 'func', isAsync, parameters, result: readValueType(reader, scope) };
  if (form !== 0x01 || reader.byte('the results of a function') !== 0x00) {
    rejectAt(offset, 'the results of a function have an unknown form');
  }
  return { kind: 'func', isAsync, parameters, result: undefined };
}

/** Reads a type and adds it to the scope. Source: component model, Binary, "Type Definitions". */
export function readType(reader: ByteReader, context: TypeContext, scope: Scope): TypeDefinition {
  const definition = readTypeDefinition(reader, context, scope);
  scope.counts.type++;
  return definition;
}

function readTypeDefinition(reader: ByteReader, context: TypeContext, scope: Scope): TypeDefinition {
  const offset = reader.offset;
  const code = reader.byte('a type');
  const primitive = PRIMITIVES[code];
  if (primitive !== undefined) return { kind: 'primitive', name: primitive };
  const value = (): ValueType => readValueType(reader, scope);
  const optional = (): ValueType | undefined => readOptional(reader, scope);
  const generic = (name: string, parts: (ValueType | undefined)[]): TypeDefinition => ({
    kind: 'generic',
    name,
    parts,
  });
  const labelled = (name: string, type: () => ValueType | undefined): TypeDefinition => ({
    kind: 'labelled',
    name,
    cases: readList(reader, context, `labels of a ${name}`, () => ({
      label: readLabel(reader, `the label of a ${name}`),
      type: type(),
    })),
  });
  switch (code) {
    case 0x72:
      return labelled('record', value);
    case 0x71:
      return labelled('variant', () => {
        const type = optional();
        if (reader.byte('the end of a case') !== 0) rejectAt(offset, 'a case of a variant refines another');
        return type;
      });
    case 0x6e:
      return labelled('flags', () => undefined);
    case 0x6d:
      return labelled('enum', () => undefined);
    case 0x70:
      return generic('list', [value()]);
    case 0x67:
      return generic('list', [value(), `${reader.u32('the length of a list')}`]);
    case 0x6f:
      return generic('tuple', readList(reader, context, 'parts of a tuple', value));
    case 0x6b:
      return generic('option', [value()]);
    case 0x6a:
      return generic('result', [optional(), optional()]);
    case 0x69:
    case 0x68:
      return generic(code === 0x69 ? 'own' : 'borrow', [readIndex(reader, scope, 'type')]);
    case 0x66:
    case 0x65:
      return generic(code === 0x66 ? 'stream' : 'future', [optional()]);
    case 0x63:
      return generic('map', [value(), value()]);
    case 0x40:
    case 0x43:
      return readFunction(reader, context, scope, code === 0x43);
    case 0x41:
    case 0x42:
      return readDeclarations(reader, context, scope, code === 0x41);
    case 0x3f: {
      readCoreValueType(reader);
      const flag = reader.byte('the destructor of a resource');
      if (flag > 1) rejectAt(offset, 'a resource does not say whether it has a destructor');
      return {
        kind: 'resource',
        destructor: flag === 1 ? readIndex(reader, scope, 'core func') : undefined,
      };
    }
    default:
      return rejectAt(offset, `0x${code.toString(16)} is not a type`);
  }
}

/** The body of a component type or instance type: a scope of its own. */
function readDeclarations(
  reader: ByteReader,
  context: TypeContext,
  outer: Scope,
  isComponent: boolean,
): TypeDefinition {
  if (context.depth >= NESTING_MAX) rejectAt(reader.offset, `types are nested more than ${NESTING_MAX} deep`);
  const inner = { items: context.items, depth: context.depth + 1 };
  const scope = createScope(outer);
  const declarations = readList(reader, context, 'declarations', (): Declaration => {
    const offset = reader.offset;
    const code = reader.byte('a declaration');
    if (code === 0x00) {
      readCoreType(reader, inner, scope);
      return { offset, kind: 'core-type' };
    }
    if (code === 0x01) return { offset, kind: 'type', type: readType(reader, inner, scope) };
    if (code === 0x02) return { offset, ...readAlias(reader, scope) };
    if (code !== 0x04 && (code !== 0x03 || !isComponent))
      rejectAt(offset, `0x${code.toString(16)} is not a declaration`);
    const name = readExternName(reader, code === 0x03 ? 'the import of a type' : 'the export of a type');
    const extern = readExternType(reader, scope);
    scope.counts[extern.sort]++;
    return { offset, kind: 'declare', name, extern };
  });
  return isComponent ? { kind: 'component' } : { kind: 'instance', declarations };
}

/** Reads a core type of a component and adds it to the scope: a function, or the type of a module. */
export function readCoreType(reader: ByteReader, context: TypeContext, scope: Scope): void {
  const offset = reader.offset;
  const code = reader.byte('a core type');
  if (code === 0x60) readCoreSignature(reader);
  else if (code === 0x50) {
    readList(reader, context, 'declarations of a module type', () => {
      const at = reader.offset;
      const form = reader.byte('a declaration');
      if (form === 0x00) {
        readName(reader, 'the module of a core import');
        readName(reader, 'the core import');
        readCoreExternType(reader);
      } else if (form === 0x01) {
        if (reader.byte('a core type') !== 0x60) unsupportedAt(at, 'a core type that is not a function');
        readCoreSignature(reader);
      } else if (form === 0x02) {
        if (reader.byte('a core alias') !== 0x10 || reader.byte('a core alias') !== 0x01) {
          rejectAt(at, 'an alias within a module type has an unknown form');
        }
        reader.u32('the scope of an outer alias');
        reader.u32('the index of a core type');
      } else if (form === 0x03) {
        readName(reader, 'the core export');
        readCoreExternType(reader);
      } else rejectAt(at, `0x${form.toString(16)} is not a declaration of a module type`);
    });
  } else if (code === 0x00 || code === 0x4e || code === 0x4f || code === 0x5e || code === 0x5f) {
    unsupportedAt(offset, 'core types for garbage collection at the level of a component');
  } else rejectAt(offset, `0x${code.toString(16)} is not a core type`);
  scope.counts['core type']++;
}

/** Reads the name of an import or export of a component. Throws REGISTRY_UNSUPPORTED — it carries attributes. */
export function readExternName(reader: ByteReader, place: string): string {
  const offset = reader.offset;
  const form = reader.byte(place);
  if (form === 0x02) unsupportedAt(offset, `${place} with attributes`);
  if (form > 0x02) rejectAt(offset, `0x${form.toString(16)} is not a form of name`);
  return readName(reader, place);
}

/** Reads what an import or export is. Nothing is added to the scope. */
export function readExternType(reader: ByteReader, scope: Scope): ExternType {
  const offset = reader.offset;
  const code = reader.byte('the kind of an import or export');
  switch (code) {
    case 0x00:
      if (reader.byte('a core sort') !== 0x11)
        rejectAt(offset, 'only core modules can be imported and exported');
      return { sort: 'core module', type: readIndex(reader, scope, 'core type') };
    case 0x03: {
      const bound = reader.byte('the bound of a type');
      if (bound > 1) rejectAt(offset, `0x${bound.toString(16)} is not the bound of a type`);
      return { sort: 'type', type: bound === 0 ? readIndex(reader, scope, 'type') : undefined };
    }
    case 0x01:
    case 0x04:
    case 0x05: {
      const sort = code === 0x01 ? 'func' : code === 0x04 ? 'component' : 'instance';
      return { sort, type: readIndex(reader, scope, 'type') };
    }
    case 0x02:
      return unsupportedAt(offset, 'component values');
    default:
      return rejectAt(offset, `0x${code.toString(16)} is not a kind of import or export`);
  }
}
