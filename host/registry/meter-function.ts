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

/** What is inserted at one place. */
type Insertion = { readonly at: number } & (
  | { readonly kind: 'stretch'; readonly stretch: number }
  /** Before a bulk operation, whose length lies on the stack: length >> shift units. */
  | { readonly kind: 'bulk'; readonly shift: number; readonly isWide: boolean }
  /**
   * Only where the counter is kept in a local: back to the global, before others may look at it, and again from there. Around a
   * call of a function that its callers pay neither is needed: it has no counter.
   */
  | { readonly kind: 'flush'; readonly callee?: number }
  | { readonly kind: 'reload'; readonly callee?: number }
);

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
  readonly insertions: readonly Insertion[];
  /** Whether the counter may be kept in a local, if nothing that its loops call has one; −1 is any function. */
  readonly mayBeLocal: boolean;
  readonly loopCallees: ReadonlySet<number>;
  /** Its own cost when its callers pay it, else undefined. */
  readonly shortCost: number | undefined;
}

/** Reads the body that fills `reader`. Throws REGISTRY_REJECTED — malformed, or an instruction that is not known. */
export function measureFunction(reader: ByteReader, layout: ModuleLayout): MeasuredFunction {
  const start = reader.offset;
  const { localGroups, localsCount } = readLocals(reader);
  const codeStart = reader.offset;
  const stretches: Stretch[] = [];
  const insertions: Insertion[] = [{ at: codeStart, kind: 'reload' }];
  /** The stretch of the code that is read, and those in which the open blocks began. */
  let current = -1;
  const open: number[] = [];
  const begin = (parent: number): void => {
    current = stretches.length;
    insertions.push({ at: reader.offset, kind: 'stretch', stretch: current });
    stretches.push({ cost: parent < 0 && current > 0 ? COSTS.turn : 0, callees: new Map(), parent });
  };
  begin(-1);
  open.push(current);
  const loops: number[] = [];
  let isShort = true;
  let hasLoops = false;
  const loopCallees = new Set<number>();
  let hasExceptions = false;
  while (open.length > 0) {
    const at = reader.offset;
    const instruction = readInstruction(reader);
    const { kind, cost, callee, label = 0 } = instruction;
    const stretch = stretches[current] as Stretch;
    stretch.cost += cost;
    if (stretch.cost > COST_MAX) rejectAt(at, 'a function is too long');
    if (kind === 'plain') continue;
    if (kind === 'return' || label >= open.length - 1) insertions.push({ at, kind: 'flush' });
    switch (kind) {
      case 'end':
        // Its label is reached from anywhere in the block, so only what was paid before the block is known to be paid.
        if (loops.at(-1) === open.length) loops.pop();
        current = open.pop() as number;
        if (open.length > 0) begin(current);
        else insertions.push({ at, kind: 'flush' });
        break;
      case 'else':
        begin(open.at(-1) as number);
        break;
      case 'branch':
        begin(current);
        break;
      case 'try':
      case 'throw':
        hasExceptions = true;
        if (kind === 'try') open.push(current);
        break;
      case 'block':
        open.push(current);
        break;
      case 'if':
        open.push(current);
        begin(current);
        break;
      case 'loop':
        isShort = false;
        hasLoops = true;
        open.push(current);
        loops.push(open.length);
        begin(-1);
        break;
      case 'call':
        isShort = false;
        if (loops.length > 0) loopCallees.add(callee);
        if (callee >= 0) stretch.callees.set(callee, (stretch.callees.get(callee) ?? 0) + 1);
        insertions.push({ at, kind: 'flush', callee }, { at: reader.offset, kind: 'reload', callee });
        break;
      case 'bulk-bytes':
      case 'bulk-elements':
      case 'grow': {
        isShort = false;
        const shift = kind === 'bulk-bytes' ? BULK_BYTES_SHIFT : BULK_ELEMENTS_SHIFT;
        insertions.push({ at, kind: 'bulk', shift, isWide: isWide(instruction, layout) });
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
    insertions,
    mayBeLocal: hasLoops && !hasExceptions,
    loopCallees,
    // What throws would leave without its caller's counter being put back.
    shortCost: isShort && !hasExceptions && own <= SHORT_MAX_COST ? own : undefined,
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
 * The metered body, in pieces, and the offsets in it of the branches that ask for a refill: hardly ever taken. `bytes` is the file that
 * was measured; `parameterCount` of this function; `shortCosts` of every function by its index.
 */
export function meterFunction(
  bytes: Uint8Array,
  measured: MeasuredFunction,
  indices: MeterIndices,
  parameterCount: number,
  shortCosts: ReadonlyMap<number, number>,
): { readonly pieces: Uint8Array[]; readonly length: number; readonly refills: number[] } {
  const { start, codeStart, end, insertions, localGroups, mayBeLocal, loopCallees } = measured;
  if (measured.shortCost !== undefined)
    return { pieces: [bytes.subarray(start, end)], length: end - start, refills: [] };
  const isLocal = mayBeLocal && [...loopCallees].every((callee) => shortCosts.has(callee));
  const costs = settle(measured.stretches, shortCosts);
  const hasBulk = insertions.some(({ kind }) => kind === 'bulk');
  const counter = createCounter(indices, parameterCount + measured.localsCount, isLocal);
  // The count of groups is the first number of the body; new groups stand behind the others.
  const groups = start + leb128Length(bytes, start);
  const pieces: Uint8Array[] = [
    Uint8Array.from(leb128(localGroups + (hasBulk ? 2 : 1))),
    bytes.subarray(groups, codeStart),
    Uint8Array.from(hasBulk ? [2, I32, 1, I64] : [1, I32]),
  ];
  let length = lengthOf(pieces);
  const refills: number[] = [];
  const push = (piece: Uint8Array): void => {
    pieces.push(piece);
    length += piece.length;
  };
  let copiedTo = codeStart;
  for (const insertion of insertions) {
    if ('callee' in insertion && shortCosts.has(insertion.callee ?? -1)) continue;
    const code = codeOf(insertion, counter, costs);
    if (code.length === 0) continue;
    push(bytes.subarray(copiedTo, insertion.at));
    push(Uint8Array.from(code));
    if (insertion.kind === 'stretch' || insertion.kind === 'bulk') refills.push(length - counter.refillBytes);
    copiedTo = insertion.at;
  }
  push(bytes.subarray(copiedTo, end));
  return { pieces, length, refills };
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

function codeOf(insertion: Insertion, counter: Counter, costs: readonly number[]): readonly number[] {
  if (insertion.kind === 'flush') return counter.flush;
  if (insertion.kind === 'reload') return counter.reload;
  if (insertion.kind === 'bulk') return counter.takeLength(insertion.shift, insertion.isWide);
  const cost = costs[insertion.stretch] as number;
  return cost === 0 ? [] : counter.take([0x41, ...signedLeb128(cost)]);
}

interface Counter {
  readonly flush: readonly number[];
  readonly reload: readonly number[];
  /** Length of what every charge ends with: the branch and the call of the refill. */
  readonly refillBytes: number;
  /** fuel -= what the code leaves on the stack; refill when that is below zero. */
  take(units: readonly number[]): readonly number[];
  /** The length lies on top of the stack and stays there: fuel -= length >> shift; refill when that is below zero. */
  takeLength(shift: number, isWide: boolean): readonly number[];
}

/**
 * Code that works on the counter. Three locals from `first` on: the counter, or what it fell to; a length of 32 bits; one of
 * 64. Kept in a local, the counter costs a tight loop a subtraction and a branch instead of a way through memory.
 */
function createCounter(
  { fuelGlobal, refillType, refillTable }: MeterIndices,
  first: number,
  isLocal: boolean,
): Counter {
  const global = leb128(fuelGlobal);
  const local = leb128(first);
  const flush = isLocal ? [0x20, ...local, 0x24, ...global] : [];
  const reload = isLocal ? [0x23, ...global, 0x21, ...local] : [];
  const refill = [0x41, 0, 0x11, ...leb128(refillType), ...leb128(refillTable)];
  const refillIf = [0x04, 0x40, ...flush, ...refill, ...reload, 0x0b];
  const before = isLocal ? [0x20, ...local] : [0x23, ...global];
  const after = isLocal ? [0x22, ...local] : [0x22, ...local, 0x24, ...global, 0x20, ...local];
  const take = (units: readonly number[]): readonly number[] => [
    ...[...before, ...units, 0x6b, ...after],
    ...[0x41, 0, 0x48],
    ...refillIf,
  ];
  return {
    flush,
    reload,
    refillBytes: refillIf.length,
    take,
    takeLength(shift, isWide) {
      const length = leb128(isWide ? first + 2 : first + 1);
      // A 64-bit length is taken modulo 2³⁵ or so: nothing is that large, and an operation of such a length traps.
      const units = isWide
        ? [0x42, shift, 0x88, 0xa7, 0x41, ...signedLeb128(0x7fffffff), 0x71]
        : [0x41, shift, 0x76];
      return [0x22, ...length, ...take([0x20, ...length, ...units])];
    },
  };
}

const lengthOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, piece) => sum + piece.length, 0);

function leb128Length(bytes: Uint8Array, at: number): number {
  let length = 1;
  while ((bytes[at + length - 1] ?? 0) >= 0x80) length++;
  return length;
}
