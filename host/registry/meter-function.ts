/**
 * Puts a fuel counter into the body of one function.
 *
 * The counter falls at the function's entry by the cost of all instructions outside of loops, at the head of each loop by
 * those of one turn, and before a bulk operation by its length: whatever path is taken, so that the cost of a stretch is known when
 * the module is prepared. Below zero the guest calls the host's refill (`harden.ts`). What is inserted takes nothing
 * from the stack and leaves nothing there, and no index moves. A short function without loops and calls is not metered itself: its callers pay for it.
 *
 * `measureFunction` reads a body, `meterFunction` writes it; between them stands what only all bodies together tell,
 * the costs of short callees.
 */

import { type ByteReader, rejectAt } from './binary.ts';
import { readCoreValueType } from './core-module.ts';
import { BULK_BYTES_SHIFT, BULK_ELEMENTS_SHIFT, readInstruction } from './instruction.ts';
import { leb128, signedLeb128 } from './wasm-writer.ts';

/** Functions that cost at most so much are paid by their callers: a counter of some six instructions would be half of them. */
const SHORT_MAX_COST = 24;
/** Blocks within blocks. Compilers reach some hundreds with large switches. */
const BLOCKS_MAX = 10_000;
/** V8 takes no more. */
const LOCALS_MAX = 50_000;
/** A stretch never costs more: the counter must not wrap. Reached by no function that V8 takes (7.6 MB of code). */
const COST_MAX = 1_000_000_000;

/** Indices of what `harden.ts` adds to the module. */
export interface MeterIndices {
  readonly fuelGlobal: number;
  readonly refillType: number;
  readonly refillTable: number;
}

/** Where the counter goes, and by what stretch's cost it falls there. */
interface Charge {
  readonly at: number;
  /** Index of a stretch; -1 for a bulk operation, whose cost lies on the stack. */
  readonly stretch: number;
  /** Of a bulk operation: units are length >> shift. */
  readonly shift: number;
}

/** Instructions that run as often as one another: the function outside of its loops, or one loop without inner ones. */
interface Stretch {
  cost: number;
  readonly callees: Map<number, number>;
}

export interface MeasuredFunction {
  /** Offsets in the file of the body: local declarations, instructions, end. */
  readonly start: number;
  readonly codeStart: number;
  readonly end: number;
  readonly localGroups: number;
  readonly localsCount: number;
  readonly stretches: readonly Stretch[];
  readonly charges: readonly Charge[];
  /** Its own cost when its callers pay it, else undefined. */
  readonly shortCost: number | undefined;
}

/** Reads the body that fills `reader`. Throws REGISTRY_REJECTED — malformed, or an instruction that is not known. */
export function measureFunction(reader: ByteReader): MeasuredFunction {
  const start = reader.offset;
  const localGroups = reader.count('local declarations');
  let localsCount = 0;
  for (let left = localGroups; left > 0; left--) {
    const offset = reader.offset;
    localsCount += reader.u32('the count of locals');
    if (localsCount > LOCALS_MAX) rejectAt(offset, `a function has more than ${LOCALS_MAX} locals`);
    readCoreValueType(reader);
  }
  const codeStart = reader.offset;
  const stretches: Stretch[] = [{ cost: 0, callees: new Map() }];
  const charges: Charge[] = [{ at: codeStart, stretch: 0, shift: 0 }];
  /** The stretch of each open block, the function's own first. */
  const open: number[] = [0];
  let isShort = true;
  while (open.length > 0) {
    const at = reader.offset;
    const current = open[open.length - 1] as number;
    const stretch = stretches[current] as Stretch;
    const { kind, cost, callee } = readInstruction(reader);
    stretch.cost += cost;
    if (stretch.cost > COST_MAX) rejectAt(at, 'a function is too long');
    if (kind === 'plain') continue;
    if (kind === 'end') {
      open.pop();
      continue;
    }
    if (kind === 'block') {
      open.push(current);
    } else if (kind === 'loop') {
      open.push(stretches.length);
      charges.push({ at: reader.offset, stretch: stretches.length, shift: 0 });
      stretches.push({ cost: 1, callees: new Map() });
      isShort = false;
    } else if (kind === 'call') {
      if (callee >= 0) stretch.callees.set(callee, (stretch.callees.get(callee) ?? 0) + 1);
      isShort = false;
    } else {
      const shift = kind === 'bulk-bytes' ? BULK_BYTES_SHIFT : BULK_ELEMENTS_SHIFT;
      charges.push({ at, stretch: -1, shift });
      isShort = false;
    }
    if (open.length > BLOCKS_MAX) rejectAt(at, `more than ${BLOCKS_MAX} blocks lie within one another`);
  }
  reader.expectEnd('a function body');
  const own = (stretches[0] as Stretch).cost;
  return {
    start,
    codeStart,
    end: reader.offset,
    localGroups,
    localsCount,
    stretches,
    charges,
    shortCost: isShort && own <= SHORT_MAX_COST ? own : undefined,
  };
}

const I32 = 0x7f;

/**
 * The metered body with its size before it. `bytes` is the file that was measured; `parameterCount` of this function;
 * `shortCosts` of every function by its index.
 */
export function meterFunction(
  bytes: Uint8Array,
  measured: MeasuredFunction,
  indices: MeterIndices,
  parameterCount: number,
  shortCosts: ReadonlyMap<number, number>,
): Uint8Array[] {
  const { start, codeStart, end, charges, stretches, localGroups } = measured;
  if (measured.shortCost !== undefined) return [sizeOf(end - start), bytes.subarray(start, end)];
  const hasBulk = charges.some(({ stretch }) => stretch < 0);
  const length = parameterCount + measured.localsCount;
  const pieces: Uint8Array[] = [];
  if (hasBulk) {
    // The count of groups is the first number of the body; the new group stands behind the others.
    const groups = start + leb128Length(bytes, start);
    pieces.push(
      Uint8Array.from(leb128(localGroups + 1)),
      bytes.subarray(groups, codeStart),
      Uint8Array.of(1, I32),
    );
  } else {
    pieces.push(bytes.subarray(start, codeStart));
  }
  let copiedTo = codeStart;
  for (const { at, stretch, shift } of charges) {
    const code =
      stretch < 0
        ? chargeLength(indices, length, shift)
        : chargeCost(indices, costOf(stretches[stretch] as Stretch, shortCosts));
    if (code.length === 0) continue;
    pieces.push(bytes.subarray(copiedTo, at), Uint8Array.from(code));
    copiedTo = at;
  }
  pieces.push(bytes.subarray(copiedTo, end));
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [sizeOf(total), ...pieces];
}

function costOf({ cost, callees }: Stretch, shortCosts: ReadonlyMap<number, number>): number {
  let total = cost;
  for (const [callee, count] of callees) total += count * (shortCosts.get(callee) ?? 0);
  return Math.min(total, COST_MAX);
}

/** fuel -= cost; refill when that is below zero. */
function chargeCost(indices: MeterIndices, cost: number): number[] {
  if (cost === 0) return [];
  const { fuelGlobal } = indices;
  return [
    ...[0x23, ...leb128(fuelGlobal), 0x41, ...signedLeb128(cost), 0x6b, 0x24, ...leb128(fuelGlobal)],
    ...refillWhenBelowZero(indices),
  ];
}

/** The length lies on top of the stack and stays there: fuel -= length >> shift; refill when that is below zero. */
function chargeLength(indices: MeterIndices, local: number, shift: number): number[] {
  const { fuelGlobal } = indices;
  return [
    ...[0x22, ...leb128(local), 0x23, ...leb128(fuelGlobal), 0x20, ...leb128(local), 0x41, shift, 0x76],
    ...[0x6b, 0x24, ...leb128(fuelGlobal)],
    ...refillWhenBelowZero(indices),
  ];
}

function refillWhenBelowZero({ fuelGlobal, refillType, refillTable }: MeterIndices): number[] {
  return [
    ...[0x23, ...leb128(fuelGlobal), 0x41, 0, 0x48, 0x04, 0x40],
    ...[0x41, 0, 0x11, ...leb128(refillType), ...leb128(refillTable), 0x0b],
  ];
}

const sizeOf = (length: number): Uint8Array => Uint8Array.from(leb128(length));

function leb128Length(bytes: Uint8Array, at: number): number {
  let length = 1;
  while ((bytes[at + length - 1] ?? 0) >= 0x80) length++;
  return length;
}
