/**
 * Puts a fuel counter into the body of one function.
 *
 * A body is cut into stretches: what runs after one point and before anything else can be reached. The counter falls by the
 * cost of a stretch at its begin, and before a bulk operation by its length, so whatever path is taken, what runs was paid, and
 * the price is known when the module is prepared. A stretch begins at the function's entry, at the head of each
 * loop, and after branches and labels where much may follow that may also be skipped; what is little there is charged with the
 * stretch before. Below zero the guest calls the host's refill (`harden.ts`). What is inserted takes nothing from the stack
 * and leaves nothing there, and no index moves. A short function without loops and calls is paid by its callers.
 *
 * `measureFunction` reads a body, `meterFunction` writes it; between them stands what only all bodies together tell,
 * the costs of short callees.
 */

import { type ByteReader, rejectAt } from './binary.ts';
import { readCoreValueType } from './core-module.ts';
import { BULK_BYTES_SHIFT, BULK_ELEMENTS_SHIFT, COSTS } from './fuel-costs.ts';
import { type Instruction, readInstruction } from './instruction.ts';
import { BLOCKS_MAX, LOCALS_MAX } from './limits.ts';
import type { ModuleLayout } from './module-layout.ts';
import { leb128, signedLeb128 } from './wasm-writer.ts';

/** Functions that cost at most so much are paid by their callers: a counter of some six instructions would be half of them. */
const SHORT_MAX_COST = 24;
/**
 * What a stretch may be charged for code that its turn may skip. A switch with a hundred arms, the heart of every interpreter,
 * would otherwise cost all of them at each turn: measured on QuickJS, 40 times its work.
 */
const SKIPPED_MAX_COST = 200;
/** A stretch never costs more: the counter must not wrap. Reached by no function that V8 takes (7.6 MB of code). */
const COST_MAX = 1_000_000_000;

/** Indices of what `harden.ts` adds to the module. */
export interface MeterIndices {
  readonly fuelGlobal: number;
  readonly refillType: number;
  readonly refillTable: number;
}

/** Where the counter goes, and by what it falls there. */
interface Charge {
  readonly at: number;
  /** Index of a stretch; -1 for a bulk operation, whose cost lies on the stack. */
  readonly stretch: number;
  /** Of a bulk operation: units are length >> shift. */
  readonly shift: number;
  readonly isWide: boolean;
}

interface Stretch {
  cost: number;
  readonly callees: Map<number, number>;
  /** The stretch that pays when this one is too short for a counter of its own; -1 at entries and heads of loops. */
  readonly parent: number;
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
export function measureFunction(reader: ByteReader, layout: ModuleLayout): MeasuredFunction {
  const start = reader.offset;
  const { localGroups, localsCount } = readLocals(reader);
  const codeStart = reader.offset;
  const stretches: Stretch[] = [];
  const charges: Charge[] = [];
  /** The stretch of the code that is read, and those in which the open blocks began. */
  let current = -1;
  const open: number[] = [];
  const begin = (parent: number): void => {
    current = stretches.length;
    charges.push({ at: reader.offset, stretch: current, shift: 0, isWide: false });
    stretches.push({ cost: parent < 0 && current > 0 ? COSTS.turn : 0, callees: new Map(), parent });
  };
  begin(-1);
  open.push(current);
  let hasCallsOrLoops = false;
  while (open.length > 0) {
    const at = reader.offset;
    const instruction = readInstruction(reader);
    const { kind, cost, callee } = instruction;
    const stretch = stretches[current] as Stretch;
    stretch.cost += cost;
    if (stretch.cost > COST_MAX) rejectAt(at, 'a function is too long');
    if (kind === 'plain') continue;
    if (kind === 'end') {
      // Its label is reached from anywhere in the block, so only what was paid before the block is known to be paid.
      current = open.pop() as number;
      if (open.length > 0) begin(current);
    } else if (kind === 'else') {
      begin(open.at(-1) as number);
    } else if (kind === 'branch') {
      begin(current);
    } else if (kind === 'block' || kind === 'if') {
      open.push(current);
      if (kind === 'if') begin(current);
    } else {
      hasCallsOrLoops = true;
      if (kind === 'loop') {
        open.push(current);
        begin(-1);
      } else if (kind === 'call') {
        if (callee >= 0) stretch.callees.set(callee, (stretch.callees.get(callee) ?? 0) + 1);
      } else {
        const shift = kind === 'bulk-bytes' ? BULK_BYTES_SHIFT : BULK_ELEMENTS_SHIFT;
        charges.push({ at, stretch: -1, shift, isWide: isWide(instruction, layout) });
      }
    }
    if (open.length > BLOCKS_MAX) rejectAt(at, `more than ${BLOCKS_MAX} blocks lie within one another`);
  }
  reader.expectEnd('a function body');
  const own = stretches.reduce((sum, stretch) => sum + stretch.cost, 0);
  return {
    start,
    codeStart,
    end: reader.offset,
    localGroups,
    localsCount,
    stretches,
    charges,
    shortCost: !hasCallsOrLoops && own <= SHORT_MAX_COST ? own : undefined,
  };
}

function readLocals(reader: ByteReader): { localGroups: number; localsCount: number } {
  const localGroups = reader.count('local declarations');
  let localsCount = 0;
  for (let left = localGroups; left > 0; left--) {
    const offset = reader.offset;
    localsCount += reader.u32('the count of locals');
    if (localsCount > LOCALS_MAX) rejectAt(offset, `a function has more than ${LOCALS_MAX} locals`);
    readCoreValueType(reader);
  }
  return { localGroups, localsCount };
}

/** Whether the length of a bulk operation is 64-bit: when everything that it works on is. */
function isWide({ spaces }: Instruction, { wideMemories, wideTables }: ModuleLayout): boolean {
  if (spaces === undefined) return false;
  const wide = spaces.sort === 'memory' ? wideMemories : wideTables;
  return spaces.indices.every((index) => wide[index] === true);
}

const I32 = 0x7f;
const I64 = 0x7e;

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
  const { start, codeStart, end, charges, localGroups } = measured;
  if (measured.shortCost !== undefined) return [sizeOf(end - start), bytes.subarray(start, end)];
  const costs = settle(measured.stretches, shortCosts);
  const hasBulk = charges.some(({ stretch }) => stretch < 0);
  /** Two locals hold a length: an i32, then an i64. */
  const length = parameterCount + measured.localsCount;
  const pieces: Uint8Array[] = [];
  if (hasBulk) {
    // The count of groups is the first number of the body; the new groups stand behind the others.
    const groups = start + leb128Length(bytes, start);
    pieces.push(
      Uint8Array.from(leb128(localGroups + 2)),
      bytes.subarray(groups, codeStart),
      Uint8Array.of(1, I32, 1, I64),
    );
  } else {
    pieces.push(bytes.subarray(start, codeStart));
  }
  let copiedTo = codeStart;
  for (const { at, stretch, shift, isWide } of charges) {
    const code =
      stretch < 0
        ? chargeLength(indices, isWide ? length + 1 : length, shift, isWide)
        : chargeCost(indices, costs[stretch] as number);
    if (code.length === 0) continue;
    pieces.push(bytes.subarray(copiedTo, at), Uint8Array.from(code));
    copiedTo = at;
  }
  pieces.push(bytes.subarray(copiedTo, end));
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [sizeOf(total), ...pieces];
}

/**
 * What is charged at the begin of each stretch; 0 where the stretch before pays it. Inner and later ones are settled first:
 * a stretch is never younger than the one that would pay for it.
 */
function settle(stretches: readonly Stretch[], shortCosts: ReadonlyMap<number, number>): number[] {
  const costs = stretches.map(({ cost, callees }) => {
    let total = cost;
    for (const [callee, count] of callees) total += count * (shortCosts.get(callee) ?? 0);
    return Math.min(total, COST_MAX);
  });
  const skipped = new Array<number>(stretches.length).fill(0);
  for (let index = stretches.length - 1; index > 0; index--) {
    const cost = costs[index] as number;
    const { parent } = stretches[index] as Stretch;
    if (parent < 0 || (skipped[parent] as number) + cost > SKIPPED_MAX_COST) continue;
    skipped[parent] = (skipped[parent] as number) + cost;
    costs[parent] = (costs[parent] as number) + cost;
    costs[index] = 0;
  }
  return costs;
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

/**
 * The length lies on top of the stack and stays there: fuel -= length >> shift; refill when that is below zero. A 64-bit
 * length is taken modulo 2³⁵ or so: nothing is that large, and an operation of such a length traps.
 */
function chargeLength(indices: MeterIndices, local: number, shift: number, isWide: boolean): number[] {
  const { fuelGlobal } = indices;
  const units = isWide
    ? [0x42, shift, 0x88, 0xa7, 0x41, ...signedLeb128(0x7fffffff), 0x71]
    : [0x41, shift, 0x76];
  return [
    ...[0x22, ...leb128(local), 0x23, ...leb128(fuelGlobal), 0x20, ...leb128(local), ...units],
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
