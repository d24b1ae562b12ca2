/**
 * The codecs of numbers, booleans and characters. Strings are in `abi-strings.ts`.
 *
 * Narrow numbers are taken modulo their width from flat values, as the ABI says; NaNs are made canonical both ways, so
 * that no payload crosses.
 * Source: component model, Canonical ABI, "Loading", "Storing", "Flat Lifting" and "Flat Lowering".
 */

import type { Primitive } from '../link-plan.ts';
import { type Codec, type Flat, HEAP_BYTES } from './abi-codec.ts';
import { misfit } from './abi-faults.ts';
import type { GuestSpace } from './abi-space.ts';
import { badResult } from './lift.ts';

/** A 32-bit flat number of one width: reads, checks and writes it. */
function integer(
  primitive: Primitive,
  size: 1 | 2 | 4,
  expected: string,
  read: (view: DataView, pointer: number) => number,
  write: (view: DataView, pointer: number, value: number) => void,
  /** Both what a flat value means and, for a number of the host, whether it fits: it does when it is unchanged. */
  narrow: (value: number) => number,
): Codec {
  const check = (value: unknown): number => {
    if (typeof value !== 'number' || narrow(value) !== value) throw misfit(expected, value);
    return value;
  };
  return {
    primitive,
    size,
    align: size,
    flat: ['i32'],
    liftedBytes: HEAP_BYTES.slot,
    load: (space, pointer) => read(space.view, pointer),
    store: (space, value, pointer) => write(space.view, pointer, check(value)),
    lift: (_space, flat, at) => narrow(flat[at] as number),
    lower: (_space, value, out, at) => {
      out[at] = check(value);
    },
  };
}

function bigInteger(
  primitive: Primitive,
  expected: string,
  read: (view: DataView, pointer: number) => bigint,
  narrow: (value: bigint) => bigint,
): Codec {
  const check = (value: unknown): bigint => {
    if (typeof value !== 'bigint' || narrow(value) !== value) throw misfit(expected, value);
    return value;
  };
  return {
    primitive,
    size: 8,
    align: 8,
    flat: ['i64'],
    liftedBytes: HEAP_BYTES.slot + HEAP_BYTES.bigint,
    load: (space, pointer) => read(space.view, pointer),
    store: (space, value, pointer) => space.view.setBigInt64(pointer, check(value), true),
    lift: (_space, flat, at) => narrow(flat[at] as bigint),
    lower: (_space, value, out, at) => {
      out[at] = check(value);
    },
  };
}

const canonical = (value: number): number => (Number.isNaN(value) ? Number.NaN : value);

function checkF32(value: unknown): number {
  if (typeof value !== 'number') throw misfit('a number', value);
  const rounded = Math.fround(value);
  if (Math.abs(rounded) === Number.POSITIVE_INFINITY && rounded !== value)
    throw misfit('a number that f32 holds', value);
  return rounded;
}

function checkF64(value: unknown): number {
  if (typeof value !== 'number') throw misfit('a number', value);
  return value;
}

/** The canonical NaNs' bits: a NaN of JavaScript may carry others. */
const F32_NAN = 0x7fc0_0000;
const F64_NAN = 0x7ff8_0000_0000_0000n;

const f32: Codec = {
  primitive: 'f32',
  size: 4,
  align: 4,
  flat: ['f32'],
  liftedBytes: HEAP_BYTES.slot + HEAP_BYTES.bigint,
  load: (space, pointer) => canonical(space.view.getFloat32(pointer, true)),
  store(space, value, pointer) {
    const number = checkF32(value);
    if (Number.isNaN(number)) space.view.setUint32(pointer, F32_NAN, true);
    else space.view.setFloat32(pointer, number, true);
  },
  lift: (_space, flat, at) => canonical(flat[at] as number),
  lower: (_space, value, out, at) => {
    out[at] = canonical(checkF32(value));
  },
};

const f64: Codec = {
  primitive: 'f64',
  size: 8,
  align: 8,
  flat: ['f64'],
  liftedBytes: HEAP_BYTES.slot + HEAP_BYTES.bigint,
  load: (space, pointer) => canonical(space.view.getFloat64(pointer, true)),
  store(space, value, pointer) {
    const number = checkF64(value);
    if (Number.isNaN(number)) space.view.setBigUint64(pointer, F64_NAN, true);
    else space.view.setFloat64(pointer, number, true);
  },
  lift: (_space, flat, at) => canonical(flat[at] as number),
  lower: (_space, value, out, at) => {
    out[at] = canonical(checkF64(value));
  },
};

function checkBool(value: unknown): number {
  if (typeof value !== 'boolean') throw misfit('a boolean', value);
  return value ? 1 : 0;
}

const bool: Codec = {
  primitive: 'bool',
  size: 1,
  align: 1,
  flat: ['i32'],
  liftedBytes: HEAP_BYTES.slot,
  load: (space, pointer) => space.view.getUint8(pointer) !== 0,
  store: (space, value, pointer) => space.view.setUint8(pointer, checkBool(value)),
  lift: (_space, flat, at) => flat[at] !== 0,
  lower: (_space, value, out, at) => {
    out[at] = checkBool(value);
  },
};

const isScalar = (code: number): boolean => code < 0xd800 || (code > 0xdfff && code < 0x11_0000);

function toChar(code: number): string {
  if (!isScalar(code)) throw badResult(`0x${code.toString(16)} is not a character`);
  return String.fromCodePoint(code);
}

function checkChar(value: unknown): number {
  if (typeof value !== 'string') throw misfit('a character', value);
  const code = value.codePointAt(0) ?? 0xd800;
  if (!isScalar(code) || value.length !== (code > 0xffff ? 2 : 1)) throw misfit('one character', value);
  return code;
}

const char: Codec = {
  primitive: 'char',
  size: 4,
  align: 4,
  flat: ['i32'],
  liftedBytes: HEAP_BYTES.slot + HEAP_BYTES.object,
  load: (space, pointer) => toChar(space.view.getUint32(pointer, true)),
  store: (space: GuestSpace, value, pointer) => space.view.setUint32(pointer, checkChar(value), true),
  lift: (_space, flat: readonly Flat[], at) => toChar((flat[at] as number) >>> 0),
  lower: (_space, value, out, at) => {
    out[at] = checkChar(value);
  },
};

export const NUMBERS: Readonly<Record<Exclude<Primitive, 'string'>, Codec>> = {
  bool,
  s8: integer(
    's8',
    1,
    'an integer from -128 to 127',
    (view, pointer) => view.getInt8(pointer),
    (view, pointer, value) => view.setInt8(pointer, value),
    (value) => (value << 24) >> 24,
  ),
  u8: integer(
    'u8',
    1,
    'an integer from 0 to 255',
    (view, pointer) => view.getUint8(pointer),
    (view, pointer, value) => view.setUint8(pointer, value),
    (value) => value & 0xff,
  ),
  s16: integer(
    's16',
    2,
    'an integer from -32,768 to 32,767',
    (view, pointer) => view.getInt16(pointer, true),
    (view, pointer, value) => view.setInt16(pointer, value, true),
    (value) => (value << 16) >> 16,
  ),
  u16: integer(
    'u16',
    2,
    'an integer from 0 to 65,535',
    (view, pointer) => view.getUint16(pointer, true),
    (view, pointer, value) => view.setUint16(pointer, value, true),
    (value) => value & 0xffff,
  ),
  s32: integer(
    's32',
    4,
    'an integer from -2,147,483,648 to 2,147,483,647',
    (view, pointer) => view.getInt32(pointer, true),
    (view, pointer, value) => view.setInt32(pointer, value, true),
    (value) => value | 0,
  ),
  u32: integer(
    'u32',
    4,
    'an integer from 0 to 4,294,967,295',
    (view, pointer) => view.getUint32(pointer, true),
    (view, pointer, value) => view.setUint32(pointer, value, true),
    (value) => value >>> 0,
  ),
  s64: bigInteger(
    's64',
    'a bigint from -2^63 to 2^63 - 1',
    (view, pointer) => view.getBigInt64(pointer, true),
    (value) => BigInt.asIntN(64, value),
  ),
  u64: bigInteger(
    'u64',
    'a bigint from 0 to 2^64 - 1',
    (view, pointer) => view.getBigUint64(pointer, true),
    (value) => BigInt.asUintN(64, value),
  ),
  f32,
  f64,
  char,
};
