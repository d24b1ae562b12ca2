/**
 * Every instruction of WebAssembly as V8 14 takes it: what follows its opcode, and what it costs.
 *
 * `readInstruction` takes one instruction with all its immediates from a reader. An opcode that is not in these tables
 * is refused, never guessed. Nothing here knows what instructions do; whether a body is valid is judged when it is compiled.
 * Source: WebAssembly core 3.0, 5.4; threads 0xfe; relaxed SIMD 0xfd 256 to 275; exception handling of phase 3 (0x06 to 0x19).
 */

import { type ByteReader, rejectAt } from './binary.ts';
import { readCoreValueType } from './core-module.ts';
import { COSTS } from './fuel-costs.ts';

/** What the meter must know of an instruction; most are `plain`. */
export type InstructionKind =
  | 'plain'
  /** Ends with an `end`. */
  | 'block'
  /** `try`, `try_table`: a block that may also be left by an exception. */
  | 'try'
  | 'throw'
  /** `br`, `br_table`: what follows is not reached by falling into it. */
  | 'jump'
  | 'return'
  | 'if'
  /** Not reached by falling into it: `else`, `catch`. */
  | 'else'
  | 'loop'
  /** A branch on a condition: what follows may not be reached. */
  | 'branch'
  /** `delegate` ends a `try` too. */
  | 'end'
  /** To a function of this module when it is direct, else to whatever it finds. */
  | 'call'
  /** Works on as many bytes or elements as the top of the stack says. */
  | 'bulk-bytes'
  | 'bulk-elements'
  /** Grows a table by as many elements as the top of the stack says. */
  | 'grow';

export interface Instruction {
  readonly kind: InstructionKind;
  /** Units of fuel. */
  readonly cost: number;
  /** Of a direct call: the function. Else -1. */
  readonly callee: number;
  /** Of a branch: the outermost block that it may leave to, counted from the innermost. Else undefined. */
  readonly label?: number;
  /**
   * Of a bulk operation: the memories, or tables, that it works on. Its length is 64-bit when all of them are; without any
   * it is 32-bit.
   */
  readonly spaces?: { readonly sort: 'memory' | 'table'; readonly indices: readonly number[] };
}

/** Takes what follows an opcode; gives the label of a branch. */
type Immediate = (reader: ByteReader) => number | undefined;

const nothing: Immediate = () => undefined;
const index: Immediate = (reader) => reader.u32('an index');
const twoIndices: Immediate = (reader) => {
  index(reader);
  return index(reader);
};
/** One that gives no label. */
const taking =
  (take: (reader: ByteReader) => unknown): Immediate =>
  (reader) => {
    take(reader);
    return undefined;
  };
const lane = taking((reader) => reader.byte('a lane'));
const heapType = taking((reader) => reader.s33('a heap type'));
const bytes = (count: number): Immediate => taking((reader) => reader.range(count, 'a constant'));
const signed = (bits: number): Immediate => taking((reader) => skipSigned(reader, bits));

/** Alignment with a flag for the memory's index, then the offset. */
const memoryArgument = taking((reader) => {
  const offset = reader.offset;
  const alignment = reader.u32('an alignment');
  if (alignment >= 128) rejectAt(offset, `${alignment} is not an alignment`);
  if ((alignment & 64) !== 0) reader.u32('the index of a memory');
  reader.u64('the offset of an access');
});

/** Empty, a value type, or the index of a type. */
const blockType = taking((reader) => {
  const first = reader.peek();
  if (first === 0x63 || first === 0x64) readCoreValueType(reader);
  else reader.s33('a block type');
});

const branchTable: Immediate = (reader) => {
  let outermost = 0;
  for (let left = reader.count('labels') + 1; left > 0; left--) {
    outermost = Math.max(outermost, reader.u32('a label'));
  }
  return outermost;
};

const selectTypes = taking((reader) => {
  for (let left = reader.count('types'); left > 0; left--) readCoreValueType(reader);
});

const tryTable = taking((reader) => {
  blockType(reader);
  for (let left = reader.count('catch clauses'); left > 0; left--) {
    const offset = reader.offset;
    const kind = reader.byte('a catch clause');
    if (kind > 3) rejectAt(offset, `${kind} is not a kind of catch clause`);
    if (kind < 2) index(reader);
    index(reader);
  }
});

const castBranch: Immediate = (reader) => {
  reader.byte('the flags of a cast');
  const label = index(reader);
  heapType(reader);
  heapType(reader);
  return label;
};

interface Form extends Instruction {
  readonly immediate: Immediate;
  /** What its immediates are the indices of, when they decide how long its length is. */
  readonly sort?: 'memory' | 'table';
}

const form = (immediate: Immediate, cost: number = COSTS.simple, kind: InstructionKind = 'plain'): Form => ({
  immediate,
  kind,
  cost,
  callee: -1,
});

const bulk = (
  sort: 'memory' | 'table',
  immediate: Immediate,
  kind: InstructionKind = sort === 'memory' ? 'bulk-bytes' : 'bulk-elements',
): Form => ({ ...form(immediate, COSTS.runtime, kind), sort });

/** Opcode → form; `from` to `to` alike. */
function fill(table: Map<number, Form>, from: number, to: number, entry: Form): void {
  for (let opcode = from; opcode <= to; opcode++) table.set(opcode, entry);
}

const ONE_BYTE = new Map<number, Form>([
  [0x00, form(nothing, COSTS.none)], // unreachable
  [0x01, form(nothing, COSTS.none)], // nop
  [0x02, form(blockType, COSTS.none, 'block')],
  [0x03, form(blockType, COSTS.none, 'loop')],
  [0x04, form(blockType, COSTS.simple, 'if')],
  [0x05, form(nothing, COSTS.none, 'else')],
  [0x06, form(blockType, COSTS.none, 'try')],
  [0x07, form(index, COSTS.none, 'else')], // catch
  [0x08, form(index, COSTS.throw, 'throw')],
  [0x09, form(index, COSTS.throw, 'throw')], // rethrow
  [0x0a, form(nothing, COSTS.throw, 'throw')], // throw_ref
  [0x0b, form(nothing, COSTS.none, 'end')],
  [0x0c, form(index, COSTS.simple, 'jump')], // br
  [0x0d, form(index, COSTS.simple, 'branch')], // br_if
  [0x0e, form(branchTable, COSTS.branchTable, 'jump')],
  [0x0f, form(nothing, COSTS.simple, 'return')],
  [0x11, form(twoIndices, COSTS.callIndirect, 'call')],
  [0x13, form(twoIndices, COSTS.callIndirect, 'call')],
  [0x14, form(index, COSTS.callIndirect, 'call')], // call_ref
  [0x15, form(index, COSTS.callIndirect, 'call')], // return_call_ref
  [0x18, form(index, COSTS.none, 'end')], // delegate
  [0x19, form(nothing, COSTS.none, 'else')], // catch_all
  [0x1a, form(nothing, COSTS.none)], // drop
  [0x1b, form(nothing)], // select
  [0x1c, form(selectTypes)],
  [0x1f, form(tryTable, COSTS.none, 'try')],
  [0x3f, form(index)], // memory.size
  [0x40, form(index, COSTS.memoryGrow)],
  [0x41, form(signed(32), COSTS.none)],
  [0x42, form(signed(64), COSTS.none)],
  [0x43, form(bytes(4), COSTS.none)],
  [0x44, form(bytes(8), COSTS.none)],
  [0xd0, form(heapType, COSTS.none)], // ref.null
  [0xd1, form(nothing)], // ref.is_null
  [0xd2, form(index)], // ref.func
  [0xd3, form(nothing)], // ref.eq
  [0xd4, form(nothing)], // ref.as_non_null
  [0xd5, form(index, COSTS.simple, 'branch')], // br_on_null
  [0xd6, form(index, COSTS.simple, 'branch')], // br_on_non_null
]);
fill(ONE_BYTE, 0x20, 0x22, form(index, COSTS.none)); // local.get, set, tee: registers
fill(ONE_BYTE, 0x23, 0x26, form(index)); // global.get, set; table.get, set
fill(ONE_BYTE, 0x28, 0x3e, form(memoryArgument)); // loads and stores
fill(ONE_BYTE, 0x45, 0xc4, form(nothing)); // comparisons, arithmetic, conversions
for (const [from, to] of [
  [0x6d, 0x70], // i32.div_s, div_u, rem_s, rem_u
  [0x7f, 0x82], // i64
  [0x91, 0x91], // f32.sqrt
  [0x95, 0x95], // f32.div
  [0x9f, 0x9f], // f64.sqrt
  [0xa3, 0xa3], // f64.div
] as const) {
  fill(ONE_BYTE, from, to, form(nothing, COSTS.divide));
}

/** 0xfb: references to garbage-collected objects. Their types are refused before; the forms are for reading on. */
const REFERENCES = new Map<number, Form>([
  [15, form(nothing)], // array.len
  [16, form(index, COSTS.runtime, 'bulk-elements')], // array.fill
  [17, form(twoIndices, COSTS.runtime, 'bulk-elements')], // array.copy
  [24, form(castBranch, COSTS.simple, 'branch')],
  [25, form(castBranch, COSTS.simple, 'branch')],
]);
fill(REFERENCES, 0, 1, form(index)); // struct.new, new_default
fill(REFERENCES, 2, 5, form(twoIndices)); // struct.get, get_s, get_u, set
fill(REFERENCES, 6, 7, form(index, COSTS.runtime, 'bulk-elements')); // array.new, new_default
fill(REFERENCES, 8, 8, form(twoIndices, COSTS.runtime)); // array.new_fixed
fill(REFERENCES, 9, 10, form(twoIndices, COSTS.runtime, 'bulk-elements')); // array.new_data, new_elem
fill(REFERENCES, 11, 14, form(index)); // array.get, get_s, get_u, set
fill(REFERENCES, 18, 19, form(twoIndices, COSTS.runtime, 'bulk-elements')); // array.init_data, init_elem
fill(REFERENCES, 20, 23, form(heapType)); // ref.test, ref.cast
fill(REFERENCES, 26, 30, form(nothing)); // conversions, i31

/** 0xfc: saturating conversions, bulk memory, tables. */
const MISCELLANEOUS = new Map<number, Form>([
  [8, form(twoIndices, COSTS.runtime, 'bulk-bytes')], // memory.init
  [9, form(index)], // data.drop
  [10, bulk('memory', twoIndices)], // memory.copy
  [11, bulk('memory', index)], // memory.fill
  [12, form(twoIndices, COSTS.runtime, 'bulk-elements')], // table.init
  [13, form(index)], // elem.drop
  [14, bulk('table', twoIndices)], // table.copy
  [15, bulk('table', index, 'grow')], // table.grow
  [16, form(index)], // table.size
  [17, bulk('table', index)], // table.fill
]);
fill(MISCELLANEOUS, 0, 7, form(nothing));

/** 0xfd: vectors. */
const VECTORS = new Map<number, Form>([
  [12, form(bytes(16), COSTS.none)], // v128.const
  [13, form(bytes(16))], // i8x16.shuffle
]);
fill(VECTORS, 0, 11, form(memoryArgument));
fill(VECTORS, 14, 20, form(nothing)); // swizzle, splats
fill(VECTORS, 21, 34, form(lane));
fill(VECTORS, 35, 83, form(nothing));
fill(
  VECTORS,
  84,
  91,
  form(
    taking((reader) => {
      memoryArgument(reader);
      lane(reader);
    }),
  ),
); // load and store of one lane
fill(VECTORS, 92, 93, form(memoryArgument)); // load with zeros
fill(VECTORS, 94, 275, form(nothing));
// Numbers between that mean nothing.
for (const opcode of [
  154, 162, 165, 166, 175, 176, 178, 179, 180, 187, 194, 197, 198, 207, 208, 210, 211, 212, 226, 238,
]) {
  VECTORS.delete(opcode);
}

/** 0xfe: atomic operations. Shared memories are refused before; on others these are loads and stores. */
const ATOMICS = new Map<number, Form>([[3, form(taking((reader) => reader.byte('a fence')))]]);
fill(ATOMICS, 0, 2, form(memoryArgument, COSTS.runtime)); // notify, wait
fill(ATOMICS, 0x10, 0x4e, form(memoryArgument, COSTS.atomic));

const PREFIXED = new Map<number, ReadonlyMap<number, Form>>([
  [0xfb, REFERENCES],
  [0xfc, MISCELLANEOUS],
  [0xfd, VECTORS],
  [0xfe, ATOMICS],
]);

const CALL = 0x10;
const RETURN_CALL = 0x12;

/** Takes one instruction. Throws REGISTRY_REJECTED — cut off, malformed, or an opcode that is not known. */
export function readInstruction(reader: ByteReader): Instruction {
  const offset = reader.offset;
  const opcode = reader.byte('an instruction');
  const prefixed = PREFIXED.get(opcode);
  if (opcode === CALL || opcode === RETURN_CALL) {
    return { kind: 'call', cost: COSTS.call, callee: reader.u32('the index of a function') };
  }
  const second = prefixed ? reader.u32('an instruction') : 0;
  const found = prefixed ? prefixed.get(second) : ONE_BYTE.get(opcode);
  if (found === undefined) {
    const name = `0x${opcode.toString(16)}${prefixed ? ` ${second}` : ''}`;
    return rejectAt(offset, `${name} is not an instruction that this host knows`);
  }
  if (found.sort !== undefined) {
    const indices = Array.from({ length: found.immediate === twoIndices ? 2 : 1 }, () =>
      reader.u32('an index'),
    );
    return { kind: found.kind, cost: found.cost, callee: -1, spaces: { sort: found.sort, indices } };
  }
  const label = found.immediate(reader);
  return found.kind === 'branch' || found.kind === 'jump' ? { ...found, label: label ?? 0 } : found;
}

/** LEB128 of at most `bits`; the value does not matter here, its form does when the module is compiled. */
function skipSigned(reader: ByteReader, bits: number): void {
  const offset = reader.offset;
  for (let read = 0; read < bits; read += 7) if (reader.byte('a constant') < 0x80) return;
  rejectAt(offset, `a constant has more than ${bits} bits`);
}

/** Takes instructions up to the `end` that closes them: the initial value of something. Throws REGISTRY_REJECTED. */
export function skipExpression(reader: ByteReader): void {
  for (let depth = 1; depth > 0; ) {
    const { kind } = readInstruction(reader);
    if (kind === 'end') depth--;
    else if (kind === 'block' || kind === 'loop' || kind === 'if' || kind === 'try') depth++;
  }
}
