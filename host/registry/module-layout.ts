/**
 * Reads what a rewriter must know of a core module: where its sections lie, how many items each index space has, the
 * parameters of its functions, which of its memories and tables are 64-bit, the names of its exports.
 *
 * `core-module.ts` judges what may be served, and did so before; this reads every module that the engine takes, so that the
 * rewriter can be proved on all of them. Nothing is validated here but what is read: the engine does it afterwards.
 * Source: WebAssembly core 3.0, 5.3 and 5.5.
 */

import { type ByteReader, rejectAt } from './binary.ts';
import { readCoreValueType } from './core-module.ts';
import { skipExpression } from './instruction.ts';

export interface SectionRange {
  readonly id: number;
  /** Of the whole section, its id included; in the file. */
  readonly start: number;
  readonly end: number;
  /** Behind the count of its vector. */
  readonly items: number;
  readonly count: number;
}

export interface ModuleLayout {
  /** By id, custom sections left out. */
  readonly sections: ReadonlyMap<number, SectionRange>;
  readonly typeCount: number;
  /** Of each index space, imported items included. */
  readonly globalCount: number;
  readonly tableCount: number;
  readonly importedFunctionCount: number;
  /** Of each function that the module defines: how many parameters it has. */
  readonly parameterCounts: readonly number[];
  /** Whether addresses, or indices, are 64-bit: of each memory and each table. */
  readonly wideMemories: readonly boolean[];
  readonly wideTables: readonly boolean[];
  readonly exports: ReadonlySet<string>;
  /** The function that runs when the module is instantiated. */
  readonly startFunction: number | undefined;
}

/** Magic and version. */
export const PREAMBLE_BYTES = 8;
const NAME_MAX_BYTES = 100_000;
const I8 = 0x78;
const I16 = 0x77;

/** Reads the module that fills `reader`. Throws REGISTRY_REJECTED — malformed, or a form that is not known. */
export function readLayout(reader: ByteReader): ModuleLayout {
  reader.range(PREAMBLE_BYTES, 'the head of a core module');
  const sections = new Map<number, SectionRange>();
  /** Parameters of each type; those that are no functions have none. */
  const types: number[] = [];
  const functions: number[] = [];
  const wideMemories: boolean[] = [];
  const wideTables: boolean[] = [];
  const exports = new Set<string>();
  let importedFunctionCount = 0;
  let importedGlobalCount = 0;
  let startFunction: number | undefined;
  while (reader.remaining > 0) {
    const start = reader.offset;
    const id = reader.byte('a section');
    const body = reader.sized('a section');
    if (id === 0) continue;
    if (sections.has(id)) rejectAt(start, `section ${id} of a core module appears twice`);
    // The start section (8) and the data count (12) are one number, not a vector.
    const count = id === 8 || id === 12 ? 0 : body.count('entries of a section');
    sections.set(id, { id, start, end: reader.offset, items: body.offset, count });
    if (id === 8) startFunction = body.u32('the start function');
    for (let left = count; left > 0; left--) {
      if (id === 1) readTypes(body, types);
      else if (id === 2) {
        body.text('the module of an import', NAME_MAX_BYTES);
        body.text('the name of an import', NAME_MAX_BYTES);
        const kind = body.byte('the kind of an import');
        if (kind === 0) functions.push(body.u32('a type index'));
        else if (kind === 1) wideTables.push(readTable(body));
        else if (kind === 2) wideMemories.push(readLimits(body));
        else if (kind === 3) {
          readCoreValueType(body);
          body.byte('the mutability of a global');
          importedGlobalCount++;
        } else if (kind === 4) {
          body.byte('the attribute of a tag');
          body.u32('a type index');
        } else rejectAt(body.offset - 1, `${kind} is not a kind of import`);
      } else if (id === 3) functions.push(body.u32('a type index'));
      else if (id === 4) wideTables.push(readTable(body));
      else if (id === 5) wideMemories.push(readLimits(body));
      else if (id === 7) {
        exports.add(body.text('the name of an export', NAME_MAX_BYTES));
        body.byte('the kind of an export');
        body.u32('the index of an export');
      }
    }
    if (id === 2) importedFunctionCount = functions.length;
  }
  return {
    sections,
    typeCount: types.length,
    globalCount: importedGlobalCount + (sections.get(6)?.count ?? 0),
    tableCount: wideTables.length,
    importedFunctionCount,
    parameterCounts: functions.slice(importedFunctionCount).map((type) => types[type] ?? 0),
    wideMemories,
    wideTables,
    exports,
    startFunction,
  };
}

/** One entry of the type section: a recursion group gives several types. */
function readTypes(reader: ByteReader, types: number[]): void {
  const isGroup = reader.peek() === 0x4e;
  if (isGroup) reader.byte('a recursion group');
  for (let left = isGroup ? reader.count('types of a recursion group') : 1; left > 0; left--) {
    let code = reader.byte('a type');
    if (code === 0x50 || code === 0x4f) {
      for (let supertypes = reader.count('supertypes'); supertypes > 0; supertypes--)
        reader.u32('a type index');
      code = reader.byte('a type');
    }
    if (code === 0x60) {
      types.push(skipValueTypes(reader));
      skipValueTypes(reader);
    } else if (code === 0x5f || code === 0x5e) {
      for (let fields = code === 0x5e ? 1 : reader.count('fields'); fields > 0; fields--) readField(reader);
      types.push(0);
    } else rejectAt(reader.offset - 1, `0x${code.toString(16)} is not a type`);
  }
}

function skipValueTypes(reader: ByteReader): number {
  const count = reader.count('parameters or results');
  for (let left = count; left > 0; left--) readCoreValueType(reader);
  return count;
}

function readField(reader: ByteReader): void {
  const first = reader.peek();
  if (first === I8 || first === I16) reader.byte('a packed type');
  else readCoreValueType(reader);
  reader.byte('the mutability of a field');
}

/** Whether its indices are 64-bit. */
function readTable(reader: ByteReader): boolean {
  const hasInitialValue = reader.peek() === 0x40;
  if (hasInitialValue) reader.range(2, 'a table');
  readCoreValueType(reader);
  const isWide = readLimits(reader);
  if (hasInitialValue) skipExpression(reader);
  return isWide;
}

/** Whether they are 64-bit. */
function readLimits(reader: ByteReader): boolean {
  const flags = reader.byte('limits');
  if (flags > 7) rejectAt(reader.offset - 1, `0x${flags.toString(16)} are not limits`);
  reader.u64('a minimum');
  if ((flags & 1) !== 0) reader.u64('a maximum');
  return (flags & 4) !== 0;
}
