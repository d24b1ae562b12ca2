/**
 * Rewrites a core module so that it counts what it does: fuel.
 *
 * Added at the end of their index spaces, so that nothing moves: a mutable i32 global (the counter), a type `() -> ()`,
 * and a table of one function, the host's refill. The counter and the table are exported. A counter below zero calls the
 * refill, which grants another slice or does not return. A start function becomes an export that the host calls once
 * the refill is in its place: before, nothing could stop it. It takes every module that the engine takes; what may be served was judged by
 * `core-module.ts` before. It behaves as before in every other way; that is tested with the official test scripts.
 */

import { ByteReader, rejectAt } from './binary.ts';
import {
  type MeasuredFunction,
  type MeterIndices,
  measureFunction,
  meterFunction,
} from './meter-function.ts';
import { type ModuleLayout, PREAMBLE_BYTES, readLayout, type SectionRange } from './module-layout.ts';
import { leb128, name, section } from './wasm-writer.ts';

/** Names of the added exports: no toolchain uses such, and a module that does is refused. `executor/fuel.ts` has them too. */
const FUEL_EXPORT = 'hotcell:fuel';
const REFILL_EXPORT = 'hotcell:refill';
const START_EXPORT = 'hotcell:start';

const TYPE = 1;
const TABLE = 4;
const GLOBAL = 6;
const EXPORT = 7;
const START = 8;
const CODE = 10;
/**
 * Branches that are hardly ever taken. Without it the engine keeps registers free for the call of the refill in every turn of a tight
 * loop. Source: branch hinting proposal; measured, see the bench `containment`.
 */
const HINTS = 'metadata.code.branch_hint';
/** Sections in their order; the custom ones stand anywhere. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/**
 * The metered module. The bytes given are borrowed; what comes back is new. A module without functions comes back too, with its counter.
 * Throws REGISTRY_REJECTED — not valid as it came, an instruction that is not known, or an export with one of the added names.
 */
export function meterModule(module: Uint8Array): Uint8Array {
  // Before, not after: a body that names a global, table or type one past the last would be valid once they are added,
  // and write the counter.
  if (!WebAssembly.validate(module)) rejectAt(0, 'a core module is not valid');
  const layout = readLayout(new ByteReader(module));
  for (const added of [FUEL_EXPORT, REFILL_EXPORT, START_EXPORT]) {
    if (layout.exports.has(added)) rejectAt(0, `a core module exports "${added}", a name of the host's`);
  }
  const indices = {
    fuelGlobal: layout.globalCount,
    refillType: layout.typeCount,
    refillTable: layout.tableCount,
  };
  const exported = [
    ...[...name(FUEL_EXPORT), 3, ...leb128(indices.fuelGlobal)],
    ...[...name(REFILL_EXPORT), 1, ...leb128(indices.refillTable)],
  ];
  const { startFunction } = layout;
  if (startFunction !== undefined) exported.push(...name(START_EXPORT), 0, ...leb128(startFunction));
  /** Items to add to the end of a section, and how many. */
  const added = new Map<number, readonly [number, readonly number[]]>([
    [TYPE, [1, [0x60, 0, 0]]],
    [TABLE, [1, [0x70, 1, 1, 1]]],
    [GLOBAL, [1, [0x7f, 1, 0x41, 0, 0x0b]]],
    [EXPORT, [startFunction === undefined ? 2 : 3, exported]],
  ]);
  const pieces: Uint8Array[] = [module.subarray(0, PREAMBLE_BYTES)];
  const write = (id: number): void => {
    const found = layout.sections.get(id);
    const [count, items] = added.get(id) ?? [0, []];
    added.delete(id);
    if (found !== undefined && id === CODE) {
      const { code, hints } = meteredCode(module, found, layout, indices);
      // Of several such sections the engine reads the first; the offsets in one of the module's own hold no more.
      pieces.splice(1, 0, hints);
      pieces.push(code);
    } else {
      const old = found === undefined ? new Uint8Array() : module.subarray(found.items, found.end);
      const total = Uint8Array.from(leb128((found?.count ?? 0) + count));
      pieces.push(section(id, [total, old, Uint8Array.from(items)]));
    }
  };
  let copiedTo = PREAMBLE_BYTES;
  for (const { id, start, end } of layout.sections.values()) {
    // Missing sections that stand before this one; custom sections between keep their place before them.
    const missing = [...added.keys()].filter(
      (one) => !layout.sections.has(one) && ORDER.indexOf(one) < ORDER.indexOf(id),
    );
    const isChanged = added.has(id) || id === CODE || id === START;
    if (!isChanged && missing.length === 0) continue;
    pieces.push(module.subarray(copiedTo, start));
    for (const one of missing) write(one);
    if (isChanged && id !== START) write(id);
    else if (!isChanged) pieces.push(module.subarray(start, end));
    copiedTo = end;
  }
  pieces.push(module.subarray(copiedTo));
  for (const id of [...added.keys()]) write(id);
  return Buffer.concat(pieces);
}

/** The code, and a section of hints about it. */
function meteredCode(
  module: Uint8Array,
  { items, end, count }: SectionRange,
  layout: ModuleLayout,
  indices: MeterIndices,
): { readonly code: Uint8Array; readonly hints: Uint8Array } {
  const reader = new ByteReader(module, items, end);
  const { importedFunctionCount } = layout;
  const measured: MeasuredFunction[] = [];
  const shortCosts = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    const body = measureFunction(reader.sized('a function body'), layout);
    measured.push(body);
    if (body.shortCost !== undefined) shortCosts.set(importedFunctionCount + index, body.shortCost);
  }
  const bodies: Uint8Array[] = [];
  const hints: Uint8Array[] = [];
  for (const [index, body] of measured.entries()) {
    const parameterCount = layout.parameterCounts[index] ?? 0;
    const { pieces, length, refills } = meterFunction(module, body, indices, parameterCount, shortCosts);
    bodies.push(Uint8Array.from(leb128(length)), ...pieces);
    if (refills.length === 0) continue;
    // Function, and for each branch its offset in the body, a hint of one byte: not taken.
    const all = refills.flatMap((offset) => [...leb128(offset), 1, 0]);
    hints.push(
      Uint8Array.from([...leb128(importedFunctionCount + index), ...leb128(refills.length), ...all]),
    );
  }
  return {
    code: section(CODE, [Uint8Array.from(leb128(count)), ...bodies]),
    hints: section(0, [Uint8Array.from([...name(HINTS), ...leb128(hints.length)]), ...hints]),
  };
}
