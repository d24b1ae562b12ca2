/**
 * Rewrites a core module so that it counts what it does: fuel.
 *
 * Added at the end of their index spaces, so that nothing moves: a mutable i32 global (the counter), a type `() -> ()`,
 * and a table of one function, the host's refill. The counter and the table are exported. A counter below zero calls the
 * refill, which grants another slice or does not return. Before the host has put a refill there, the slot is empty and a call
 * of it traps: that bounds start functions. The module must have been read by `core-module.ts`, which refuses what this
 * does not expect. It behaves as before in every other way; that is tested with the official test scripts.
 */

import { ByteReader, rejectAt } from './binary.ts';
import { readCoreModule } from './core-module.ts';
import { createAllowance, ITEMS_MAX } from './limits.ts';
import { type MeasuredFunction, measureFunction, meterFunction } from './meter-function.ts';
import { leb128, name, section, signedLeb128 } from './wasm-writer.ts';

/** Names of the added exports: no toolchain uses such, and a module that does is refused. */
export const FUEL_EXPORT = 'hotcell:fuel';
export const REFILL_EXPORT = 'hotcell:refill';

/** What a start function may use: about 0.1 s. */
export const START_FUEL = 100_000_000;

const PREAMBLE_BYTES = 8;
const TYPE = 1;
const TABLE = 4;
const GLOBAL = 6;
const EXPORT = 7;
const CODE = 10;
/** Sections in their order; the custom ones stand anywhere. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

interface Found {
  readonly id: number;
  /** Of the whole section, its id included. */
  readonly start: number;
  readonly end: number;
  /** Behind the count of its vector. */
  readonly items: number;
  readonly count: number;
}

/**
 * The metered module. The bytes given are borrowed; what comes back is new. A module without functions comes back too, with its counter.
 * Throws REGISTRY_REJECTED — malformed, an instruction that is not known, or an export with one of the added names.
 */
export function meterModule(module: Uint8Array): Uint8Array {
  const core = readCoreModule(new ByteReader(module), 0, createAllowance('definitions', ITEMS_MAX));
  for (const added of [FUEL_EXPORT, REFILL_EXPORT]) {
    if (core.exports.has(added))
      rejectAt(0, `a core module exports "${added}", which is a name of the host's`);
  }
  const imported = (sort: string): number => core.imports.filter((one) => one.sort === sort).length;
  const sections = findSections(module);
  const countOf = (id: number): number => sections.get(id)?.count ?? 0;
  const indices = {
    fuelGlobal: imported('core global') + countOf(GLOBAL),
    refillType: core.types.length,
    refillTable: imported('core table') + core.tableCount,
  };

  const added = new Map<number, number[]>([
    [TYPE, [0x60, 0, 0]],
    [TABLE, [0x70, 1, 1, 1]],
    [GLOBAL, [0x7f, 1, 0x41, ...signedLeb128(START_FUEL), 0x0b]],
    [
      EXPORT,
      [
        ...name(FUEL_EXPORT),
        3,
        ...leb128(indices.fuelGlobal),
        ...name(REFILL_EXPORT),
        1,
        ...leb128(indices.refillTable),
      ],
    ],
  ]);
  const addedCount = (id: number): number => (id === EXPORT ? 2 : 1);
  const pieces: Uint8Array[] = [module.subarray(0, PREAMBLE_BYTES)];
  let copiedTo = PREAMBLE_BYTES;
  const write = (id: number, found: Found | undefined): void => {
    const extra = added.get(id);
    if (extra !== undefined) {
      const old = found === undefined ? new Uint8Array() : module.subarray(found.items, found.end);
      const count = Uint8Array.from(leb128((found?.count ?? 0) + addedCount(id)));
      pieces.push(section(id, [count, old, Uint8Array.from(extra)]));
      added.delete(id);
    } else if (found !== undefined && id === CODE) {
      pieces.push(meteredCode(module, found, core, indices));
    }
  };
  for (const found of [...sections.values()].sort((a, b) => a.start - b.start)) {
    const isChanged = added.has(found.id) || found.id === CODE;
    // Missing sections that stand before this one; custom sections between keep their place before them.
    const missing = [...added.keys()].filter(
      (id) => !sections.has(id) && ORDER.indexOf(id) < ORDER.indexOf(found.id),
    );
    if (!isChanged && missing.length === 0) continue;
    pieces.push(module.subarray(copiedTo, found.start));
    for (const id of missing) write(id, undefined);
    if (isChanged) write(found.id, found);
    else pieces.push(module.subarray(found.start, found.end));
    copiedTo = found.end;
  }
  pieces.push(module.subarray(copiedTo));
  for (const id of [...added.keys()]) write(id, undefined);
  return Buffer.concat(pieces);
}

function findSections(module: Uint8Array): Map<number, Found> {
  const found = new Map<number, Found>();
  const reader = new ByteReader(module, PREAMBLE_BYTES);
  while (reader.remaining > 0) {
    const start = reader.offset;
    const id = reader.byte('a section');
    const body = reader.sized('a section');
    if (id === 0) continue;
    // The start section (8) and the data count (12) are one number, not a vector; theirs is not looked at.
    const count = id === 8 || id === 12 ? 0 : body.count('entries of a section');
    found.set(id, { id, start, end: reader.offset, items: body.offset, count });
  }
  return found;
}

function meteredCode(
  module: Uint8Array,
  { items, end, count }: Found,
  core: ReturnType<typeof readCoreModule>,
  indices: Parameters<typeof meterFunction>[2],
): Uint8Array {
  const reader = new ByteReader(module, items, end);
  const measured: MeasuredFunction[] = [];
  const shortCosts = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    const body = measureFunction(reader.sized('a function body'));
    measured.push(body);
    if (body.shortCost !== undefined) shortCosts.set(core.importedFunctionCount + index, body.shortCost);
  }
  const parameterCounts = core.types.map(countParameters);
  const bodies = measured.flatMap((body, index) => {
    const type = core.functions[core.importedFunctionCount + index] as number;
    return meterFunction(module, body, indices, parameterCounts[type] as number, shortCosts);
  });
  return section(CODE, [Uint8Array.from(leb128(count)), ...bodies]);
}

/** Parameters of a signature like `(i32 (ref null 3)) -> i32`. */
function countParameters(signature: string): number {
  let depth = 0;
  let count = 0;
  for (const token of signature.slice(0, signature.indexOf(') -> ')).match(/\(|\)|[^\s()]+/g) ?? []) {
    if (token === '(') {
      depth++;
      // The first one opens the list itself; one within it is a reference type.
      if (depth === 2) count++;
    } else if (token === ')') depth--;
    else if (depth === 1) count++;
  }
  return count;
}
