/**
 * Reads what linking must know about one core module: imports, exports, function signatures, memories, empty stubs.
 *
 * The code itself is not validated: that is done when the module is compiled. Always: every name in the result is safe
 * (`names.ts`), an unknown section or form of type is refused, and so are shared and 64-bit memories and everything with
 * which a guest could fill the engine's own heap, which no memory limit covers: exhausted, it ends the whole process.
 */

import { type ByteReader, rejectAt, unsupportedAt } from './binary.ts';
import { type Allowance, TABLE_ENTRIES_MAX, TAG_PARAMETERS_MAX } from './limits.ts';
import { readName } from './names.ts';

export type CoreSort = 'core func' | 'core table' | 'core memory' | 'core global' | 'core tag';

export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly sort: CoreSort;
}

export interface CoreModule {
  /** Position among the core modules of the file. */
  readonly index: number;
  /** Where the module lies in the file, in bytes. */
  readonly offset: number;
  readonly length: number;
  readonly imports: readonly CoreImport[];
  readonly exports: ReadonlyMap<string, { readonly sort: CoreSort; readonly index: number }>;
  /** Signature of each type, like `(i32 i32) -> i32`. */
  readonly types: readonly string[];
  /** Type index of each function, imported ones first. */
  readonly functions: readonly number[];
  readonly importedFunctionCount: number;
  /** Indices of functions whose whole body is `unreachable`. */
  readonly stubs: ReadonlySet<number>;
  /** Memories the module defines itself, zero-page ones included. */
  readonly memoryCount: number;
  /** Initial size of those memories together, in pages of 64 KiB. */
  readonly memoryPages: number;
  /** Tables the module defines itself. */
  readonly tableCount: number;
}

const CORE_SORTS: readonly CoreSort[] = ['core func', 'core table', 'core memory', 'core global', 'core tag'];

/** Number, vector and abbreviated reference types. Source: WebAssembly core 3.0, 5.3.1–5.3.4. */
const VALUE_TYPES: Readonly<Record<number, string>> = {
  127: 'i32', // 0x7f
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  116: 'nullexnref', // 0x74
  115: 'nullfuncref',
  114: 'nullexternref',
  113: 'nullref',
  112: 'funcref',
  111: 'externref',
  110: 'anyref',
  109: 'eqref',
  108: 'i31ref',
  107: 'structref',
  106: 'arrayref',
  105: 'exnref',
};

/** Section ids in the order in which they must stand: the tags (13) came later, as did the data count (12). */
const SECTION_ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** Reads a value type; returns its name. Throws REGISTRY_REJECTED — there is no such type. */
export function readCoreValueType(reader: ByteReader): string {
  const offset = reader.offset;
  const code = reader.byte('a value type');
  if (code === 0x63 || code === 0x64) {
    return `(ref ${code === 0x63 ? 'null ' : ''}${reader.s33('a heap type')})`;
  }
  return VALUE_TYPES[code] ?? rejectAt(offset, `0x${code.toString(16)} is not a value type`);
}

/** Reads parameters and results; returns the signature. */
export function readCoreSignature(reader: ByteReader): string {
  const list = (what: string): string[] =>
    Array.from({ length: reader.count(what) }, () => readCoreValueType(reader));
  const parameters = list('parameters');
  const results = list('results');
  const end = results.length === 1 ? `${results[0]}` : `(${results.join(' ')})`;
  return `(${parameters.join(' ')}) -> ${end}`;
}

/** Reads the type of a table that a module defines. Throws REGISTRY_REJECTED — it begins larger than a table may be. */
function readTable(reader: ByteReader): void {
  const offset = reader.offset;
  if (reader.peek() === 0x40) unsupportedAt(offset, 'a table with an initial value');
  readCoreValueType(reader);
  const entries = readLimits(reader, 'table');
  if (entries > TABLE_ENTRIES_MAX)
    rejectAt(offset, `a table has ${entries} entries; the limit is ${TABLE_ENTRIES_MAX}`);
}

/** Reads a tag that a module defines: what its exceptions carry are a few numbers. */
function readTag(reader: ByteReader, types: readonly string[]): void {
  const offset = reader.offset;
  if (reader.byte('the attribute of a tag') !== 0) rejectAt(offset, 'the attribute of a tag is not 0');
  const signature =
    types[reader.u32('a type index')] ?? rejectAt(offset, 'a tag has a type that does not exist');
  const carried = signature.slice(1, signature.indexOf(') -> ')).split(' ');
  if (carried.length > TAG_PARAMETERS_MAX)
    rejectAt(offset, `an exception carries ${carried.length} values; the limit is ${TAG_PARAMETERS_MAX}`);
  if (signature.includes('ref')) unsupportedAt(offset, 'an exception that carries a reference');
}

/** Reads the type of an import; returns its sort and, for functions, its type index. Memories are checked here too. */
export function readCoreExternType(reader: ByteReader): { sort: CoreSort; type: number } {
  const offset = reader.offset;
  const code = reader.byte('the kind of an import');
  const sort = CORE_SORTS[code] ?? rejectAt(offset, `0x${code.toString(16)} is not a kind of import`);
  if (sort === 'core func') return { sort, type: reader.u32('a type index') };
  if (sort === 'core table') {
    readCoreValueType(reader);
    readLimits(reader, 'table');
  } else if (sort === 'core memory') readLimits(reader, 'memory');
  else if (sort === 'core global') {
    readCoreValueType(reader);
    if (reader.byte('the mutability of a global') > 1)
      rejectAt(offset, 'the mutability of a global is not 0 or 1');
  } else {
    if (reader.byte('the attribute of a tag') !== 0) rejectAt(offset, 'the attribute of a tag is not 0');
    reader.u32('a type index');
  }
  return { sort, type: -1 };
}

/** Returns the minimum: pages of a memory, entries of a table. */
function readLimits(reader: ByteReader, what: 'memory' | 'table'): number {
  const offset = reader.offset;
  const flags = reader.byte(`the limits of a ${what}`);
  // A guest may wait for ever on a shared memory, out of reach of any deadline; the canonical ABI here is 32-bit.
  if ((flags & 0x02) !== 0) unsupportedAt(offset, `a shared ${what}`);
  if ((flags & 0x04) !== 0) unsupportedAt(offset, `a 64-bit ${what}`);
  if ((flags & 0x08) !== 0) unsupportedAt(offset, `a ${what} with its own page size`);
  if (flags > 1) rejectAt(offset, `0x${flags.toString(16)} are not limits of a ${what}`);
  const minimum = reader.u32(`the minimum of a ${what}`);
  if (flags === 1) reader.u32(`the maximum of a ${what}`);
  return minimum;
}

/** One entry of the type section: a recursion group gives several types. Source: WebAssembly core 3.0, 5.3.9–5.3.13. */
function readTypes(reader: ByteReader, types: string[], items: Allowance): void {
  const isGroup = reader.peek() === 0x4e;
  if (isGroup) reader.byte('a recursion group');
  const count = isGroup ? reader.count('types of a recursion group') : 1;
  items.take(count, reader.offset);
  for (let i = 0; i < count; i++) {
    const offset = reader.offset;
    let code = reader.byte('a type');
    if (code === 0x50 || code === 0x4f) {
      for (let left = reader.count('supertypes'); left > 0; left--) reader.u32('a type index');
      code = reader.byte('a type');
    }
    if (code === 0x5f || code === 0x5e) unsupportedAt(offset, 'a type of garbage-collected objects');
    if (code !== 0x60) rejectAt(offset, `0x${code.toString(16)} is not a type`);
    types.push(readCoreSignature(reader));
  }
}

/**
 * Reads the core module that fills `reader`; `index` is its position among the modules of the file. Takes from what the file
 * has left: `items` for everything that is listed, `bodies` for functions.
 * Throws REGISTRY_REJECTED — malformed, over a limit, or with a name that is not safe; REGISTRY_UNSUPPORTED — shared
 * or 64-bit memory, garbage-collected objects.
 */
export function readCoreModule(
  reader: ByteReader,
  index: number,
  items: Allowance,
  bodies: Allowance,
): CoreModule {
  const offset = reader.offset;
  const length = reader.remaining;
  const imports: CoreImport[] = [];
  const exports = new Map<string, { sort: CoreSort; index: number }>();
  const types: string[] = [];
  const functions: number[] = [];
  const stubs = new Set<number>();
  let importedFunctionCount = 0;
  let memoryCount = 0;
  let memoryPages = 0;
  let tableCount = 0;
  let bodyCount = 0;
  let position = -1;

  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) {
    if (reader.byte('the head of a core module') !== byte)
      rejectAt(offset, 'this is not a core module of version 1');
  }
  while (reader.remaining > 0) {
    const start = reader.offset;
    const id = reader.byte('a section id');
    const section = reader.sized('a section');
    if (id === 0) {
      readName(section, 'the custom section of a core module');
      continue;
    }
    const next = SECTION_ORDER.indexOf(id);
    if (next < 0) rejectAt(start, `${id} is not the id of a section of a core module`);
    if (next <= position) rejectAt(start, `section ${id} of a core module appears twice or out of order`);
    position = next;
    const each = (what: string, read: (at: number) => void): void => {
      const count = section.count(what);
      items.take(count, section.offset);
      for (let i = 0; i < count; i++) read(section.offset);
      section.expectEnd(`the section of ${what}`);
    };
    if (id === 1) each('types', () => readTypes(section, types, items));
    else if (id === 2) {
      each('imports', () => {
        const module = readName(section, 'the module of a core import');
        const name = readName(section, 'the core import');
        const { sort, type } = readCoreExternType(section);
        if (sort === 'core func') functions.push(type);
        imports.push({ module, name, sort });
      });
      importedFunctionCount = functions.length;
    } else if (id === 3) each('functions', () => void functions.push(section.u32('a type index')));
    else if (id === 4) {
      each('tables', () => {
        readTable(section);
        tableCount++;
      });
    } else if (id === 13) each('tags', () => readTag(section, types));
    else if (id === 5) {
      each('memories', () => {
        memoryPages += readLimits(section, 'memory');
        memoryCount++;
      });
    } else if (id === 7) {
      each('exports', (at) => {
        const name = readName(section, 'the core export');
        const code = section.byte('the kind of an export');
        const sort = CORE_SORTS[code] ?? rejectAt(at, `0x${code.toString(16)} is not a kind of export`);
        if (exports.has(name)) rejectAt(at, `the core export "${name}" appears twice`);
        exports.set(name, { sort, index: section.u32('the index of an export') });
      });
    } else if (id === 10) {
      each('function bodies', (at) => {
        bodies.take(1, at);
        const body = section.sized('a function body');
        const index = importedFunctionCount + bodyCount++;
        // No locals, `unreachable`, `end`: calling it can do nothing but trap.
        if (
          body.remaining === 3 &&
          body.byte('') === 0x00 &&
          body.byte('') === 0x00 &&
          body.byte('') === 0x0b
        ) {
          stubs.add(index);
        }
      });
    }
  }

  const unknown = functions.find((type) => type >= types.length);
  if (unknown !== undefined)
    rejectAt(offset, `a function of a core module has type ${unknown}, which does not exist`);
  if (bodyCount !== functions.length - importedFunctionCount) {
    rejectAt(
      offset,
      `a core module declares ${functions.length - importedFunctionCount} functions but has ${bodyCount} bodies`,
    );
  }
  return {
    index,
    offset,
    length,
    imports,
    exports,
    types,
    functions,
    importedFunctionCount,
    stubs,
    memoryCount,
    memoryPages,
    tableCount,
  };
}

/** The signature of each import, in their order; undefined for one that is no function. */
export function importSignatures(module: CoreModule): (string | undefined)[] {
  let index = 0;
  return module.imports.map(({ sort }) =>
    sort === 'core func' ? module.types[module.functions[index++] ?? -1] : undefined,
  );
}

/** The signature of an exported function, like `(i32 i32) -> i32`; undefined when there is no such function. */
export function exportedSignature(module: CoreModule, name: string): string | undefined {
  const found = module.exports.get(name);
  const type = found?.sort === 'core func' ? module.functions[found.index] : undefined;
  return type === undefined ? undefined : module.types[type];
}

/** True when the exported function is the module's own and its whole body is `unreachable`. */
export function isExportedStub(module: CoreModule, name: string): boolean {
  const found = module.exports.get(name);
  return found?.sort === 'core func' && module.stubs.has(found.index);
}
