/**
 * Reads a component: its definitions in order, nested components and core modules included.
 *
 * Comes before every other tool: what passes here has safe names only (`names.ts`), indices that exist, and nothing
 * unknown in it. An unknown section or opcode is refused, never guessed. Custom sections are skipped. Types are not
 * checked against each other: linking does that where it matters, and compiling checks the code.
 * Source: component model, Binary; the pre-standard version 0x0d that today's toolchains write.
 */

import { ByteReader, rejectAt, unsupportedAt } from './binary.ts';
import { type Canon, readCanon } from './canon.ts';
import {
  type ExternType,
  readCoreType,
  readExternName,
  readExternType,
  readType,
  type TypeDefinition,
} from './component-type.ts';
import { type CoreModule, readCoreModule } from './core-module.ts';
import {
  type Alias,
  createScope,
  readAlias,
  readCoreSort,
  readIndex,
  readSortIndex,
  type Scope,
  type SortIndex,
} from './index-space.ts';
import {
  type Allowance,
  COMPONENT_MAX_BYTES,
  createAllowance,
  FUNCTIONS_MAX,
  ITEMS_MAX,
  MODULES_MAX,
  NESTING_MAX,
} from './limits.ts';
import { readName } from './names.ts';

export type NamedIndex = SortIndex & { readonly name: string };

export type Definition = { readonly offset: number } & (
  | Alias
  | Canon
  | { readonly kind: 'core-module'; readonly module: CoreModule }
  | { readonly kind: 'core-instantiate'; readonly module: number; readonly with: readonly NamedIndex[] }
  | { readonly kind: 'core-inline'; readonly exports: readonly NamedIndex[] }
  | { readonly kind: 'core-type' }
  | { readonly kind: 'component'; readonly component: Component }
  | { readonly kind: 'instantiate'; readonly component: number; readonly with: readonly NamedIndex[] }
  | { readonly kind: 'inline'; readonly exports: readonly NamedIndex[] }
  | { readonly kind: 'type'; readonly type: TypeDefinition }
  | { readonly kind: 'import'; readonly name: string; readonly extern: ExternType }
  | ({ readonly kind: 'export' } & NamedIndex)
);

/** A component as it is written: definitions in order. Indices refer to earlier definitions of the same sort. */
export interface Component {
  readonly offset: number;
  readonly definitions: readonly Definition[];
}

/** A whole file. */
export interface ComponentFile {
  readonly root: Component;
  /** All core modules in the order in which they stand in the file, nested ones included. */
  readonly modules: readonly CoreModule[];
}

interface Context {
  readonly items: Allowance;
  readonly bodies: Allowance;
  readonly modules: CoreModule[];
  readonly depth: number;
}

const HEAD = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/**
 * Reads a component. The bytes are borrowed and not kept.
 * Throws REGISTRY_REJECTED — malformed, too large, or with a name that is not safe; REGISTRY_UNSUPPORTED — something
 * asynchronous, component values, or a shared or 64-bit memory.
 */
export function readComponent(bytes: Uint8Array): ComponentFile {
  if (bytes.length > COMPONENT_MAX_BYTES) {
    rejectAt(0, `the component has ${bytes.length} bytes; the limit is ${COMPONENT_MAX_BYTES}`);
  }
  const context: Context = {
    items: createAllowance('definitions', ITEMS_MAX),
    bodies: createAllowance('functions', FUNCTIONS_MAX),
    modules: [],
    depth: 0,
  };
  const root = readScope(new ByteReader(bytes), context, undefined);
  return { root, modules: context.modules };
}

function readScope(reader: ByteReader, context: Context, outer: Scope | undefined): Component {
  const offset = reader.offset;
  const head = HEAD.map(() => reader.byte('the head of a component'));
  if (head[4] === 1 && head[6] === 0) {
    rejectAt(offset, 'this is a core module, not a component: it must be made into a component first');
  }
  if (head.some((byte, i) => byte !== HEAD[i])) rejectAt(offset, 'this is not a component of version 0x0d');
  if (context.depth >= NESTING_MAX) rejectAt(offset, `components are nested more than ${NESTING_MAX} deep`);
  const scope = createScope(outer);
  const definitions: Definition[] = [];
  while (reader.remaining > 0) {
    const start = reader.offset;
    const id = reader.byte('a section id');
    const section = reader.sized('a section');
    readSection(id, start, section, context, scope, definitions);
  }
  return { offset, definitions };
}

function readSection(
  id: number,
  start: number,
  section: ByteReader,
  context: Context,
  scope: Scope,
  definitions: Definition[],
): void {
  const each = (what: string, read: (offset: number) => Definition): void => {
    const count = section.count(what);
    context.items.take(count, start);
    for (let i = 0; i < count; i++) definitions.push(read(section.offset));
    section.expectEnd(`the section of ${what}`);
  };
  switch (id) {
    case 0:
      readName(section, 'the custom section of a component');
      break;
    case 1: {
      if (context.modules.length >= MODULES_MAX) {
        rejectAt(start, `the component has more than ${MODULES_MAX} core modules`);
      }
      const module = readCoreModule(section, context.modules.length, context.items, context.bodies);
      context.modules.push(module);
      scope.counts['core module']++;
      definitions.push({ offset: start, kind: 'core-module', module });
      break;
    }
    case 2:
      each('core instances', (offset) => readCoreInstance(section, context, scope, offset));
      break;
    case 3:
      each('core types', (offset) => {
        readCoreType(section, context, scope);
        return { offset, kind: 'core-type' };
      });
      break;
    case 4: {
      context.items.take(1, start);
      const component = readScope(section, { ...context, depth: context.depth + 1 }, scope);
      scope.counts.component++;
      definitions.push({ offset: start, kind: 'component', component });
      break;
    }
    case 5:
      each('instances', (offset) => readInstance(section, context, scope, offset));
      break;
    case 6:
      each('aliases', (offset) => ({ offset, ...readAlias(section, scope) }));
      break;
    case 7:
      each('types', (offset) => ({ offset, kind: 'type', type: readType(section, context, scope) }));
      break;
    case 8:
      each('canonical functions', (offset) => ({ offset, ...readCanon(section, scope) }));
      break;
    case 9:
      unsupportedAt(start, 'a component with a start function');
      break;
    case 10:
      each('imports', (offset) => {
        const name = readExternName(section, 'the import');
        const extern = readExternType(section, scope);
        scope.counts[extern.sort]++;
        return { offset, kind: 'import', name, extern };
      });
      break;
    case 11:
      each('exports', (offset) => readExport(section, scope, offset));
      break;
    case 12:
      unsupportedAt(start, 'component values');
      break;
    default:
      rejectAt(start, `${id} is not the id of a section of a component`);
  }
}

/** A list of distinct names, each with what it stands for. */
function readNamed(reader: ByteReader, context: Context, what: string, read: () => NamedIndex): NamedIndex[] {
  const count = reader.count(what);
  context.items.take(count, reader.offset);
  const seen = new Set<string>();
  return Array.from({ length: count }, () => {
    const offset = reader.offset;
    const named = read();
    if (seen.has(named.name)) rejectAt(offset, `"${named.name}" appears twice in a list of ${what}`);
    seen.add(named.name);
    return named;
  });
}

function readCoreInstance(reader: ByteReader, context: Context, scope: Scope, offset: number): Definition {
  const form = reader.byte('a core instance');
  if (form > 1) rejectAt(offset, `0x${form.toString(16)} is not a form of core instance`);
  let definition: Definition;
  if (form === 0) {
    const module = readIndex(reader, scope, 'core module');
    const args = readNamed(reader, context, 'arguments', () => {
      const name = readName(reader, 'the argument of a core instance');
      if (reader.byte('a core sort') !== 0x12)
        rejectAt(offset, 'an argument of a core instance is not a core instance');
      return { name, sort: 'core instance', index: readIndex(reader, scope, 'core instance') };
    });
    definition = { offset, kind: 'core-instantiate', module, with: args };
  } else {
    const exports = readNamed(reader, context, 'exports', () => {
      const name = readName(reader, 'the export of a core instance');
      const sort = readCoreSort(reader);
      return { name, sort, index: readIndex(reader, scope, sort) };
    });
    definition = { offset, kind: 'core-inline', exports };
  }
  scope.counts['core instance']++;
  return definition;
}

function readInstance(reader: ByteReader, context: Context, scope: Scope, offset: number): Definition {
  const form = reader.byte('an instance');
  if (form > 1) rejectAt(offset, `0x${form.toString(16)} is not a form of instance`);
  let definition: Definition;
  if (form === 0) {
    const component = readIndex(reader, scope, 'component');
    const args = readNamed(reader, context, 'arguments', () => ({
      name: readName(reader, 'the argument of an instance'),
      ...readSortIndex(reader, scope),
    }));
    definition = { offset, kind: 'instantiate', component, with: args };
  } else {
    const exports = readNamed(reader, context, 'exports', () => ({
      name: readExternName(reader, 'the export of an instance'),
      ...readSortIndex(reader, scope),
    }));
    definition = { offset, kind: 'inline', exports };
  }
  scope.counts.instance++;
  return definition;
}

function readExport(reader: ByteReader, scope: Scope, offset: number): Definition {
  const name = readExternName(reader, 'the export');
  const { sort, index } = readSortIndex(reader, scope);
  if (sort.startsWith('core ') && sort !== 'core module') rejectAt(offset, `a ${sort} cannot be exported`);
  const typed = reader.byte('the type of an export');
  if (typed > 1) rejectAt(offset, `0x${typed.toString(16)} does not say whether a type follows`);
  if (typed === 1 && readExternType(reader, scope).sort !== sort)
    rejectAt(offset, `the export "${name}" is given another sort`);
  scope.counts[sort]++;
  return { offset, kind: 'export', name, sort, index };
}
