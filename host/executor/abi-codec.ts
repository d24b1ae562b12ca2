/**
 * What the ABI knows of a type: its size and alignment in memory, its flat form, and four functions that move a value
 * between guest and host. Made once for each type of a plan and thread, shared by all cells.
 *
 * Always: `load` and `store` are given a pointer that was checked for the whole of `size` and `align`; `lift` and
 * `lower` are called only where the flat form has at most `FLAT_MAX` values.
 * Source: component model, Canonical ABI, "Alignment", "Element Size" and "Flattening".
 */

import type { Primitive } from '../link-plan.ts';
import type { GuestSpace } from './abi-space.ts';

export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';

/** A core value: i64 as a bigint, the others as numbers. */
export type Flat = number | bigint;

/** MAX_FLAT_PARAMS: more parameters than this are passed in memory. */
export const FLAT_MAX = 16;

export interface Codec {
  /** Set for the types that `abi-parts.ts` moves without a call through the codec. */
  readonly primitive: Primitive | undefined;
  /** Bytes in guest memory; a multiple of `align`. */
  readonly size: number;
  readonly align: 1 | 2 | 4 | 8;
  /** Undefined when it has more than `FLAT_MAX` values. */
  readonly flat: readonly CoreType[] | undefined;
  /** Estimated heap of a lifted value without the contents of its lists and strings, in bytes: see `HEAP_BYTES`. */
  readonly liftedBytes: number;
  load(space: GuestSpace, pointer: number): unknown;
  store(space: GuestSpace, value: unknown, pointer: number): void;
  /** Reads the flat values from `flat[at]` on. */
  lift(space: GuestSpace, flat: readonly Flat[], at: number): unknown;
  /** Writes as many values as `flat` of the type has, from `out[at]` on. */
  lower(space: GuestSpace, value: unknown, out: Flat[], at: number): void;
}

/**
 * What V8 takes for a value, rounded: a slot in an array or object; the header of an object, array or string; a bigint
 * or a heap number; a typed array with its buffer. (Source: V8 14 heap layout without pointer compression.)
 */
export const HEAP_BYTES = { slot: 8, object: 24, bigint: 24, buffer: 200 } as const;

/** Where each part lies, and the whole. Offsets are in bytes, flat offsets in core values. */
export interface Layout {
  readonly size: number;
  readonly align: Codec['align'];
  readonly flat: readonly CoreType[] | undefined;
  readonly offsets: readonly number[];
  readonly flatOffsets: readonly number[];
}

export const alignUp = (value: number, align: number): number => Math.ceil(value / align) * align;

/** Parts one after another, as in a record or a list of parameters. */
export function layOut(parts: readonly Codec[]): Layout {
  let end = 0;
  let align: Codec['align'] = 1;
  const offsets: number[] = [];
  const flatOffsets: number[] = [];
  const flat: CoreType[] = [];
  let isFlat = true;
  for (const part of parts) {
    const offset = alignUp(end, part.align);
    offsets.push(offset);
    flatOffsets.push(flat.length);
    end = offset + part.size;
    if (part.align > align) align = part.align;
    isFlat &&= part.flat !== undefined && flat.length + part.flat.length <= FLAT_MAX;
    if (isFlat) flat.push(...(part.flat ?? []));
  }
  return { size: alignUp(end, align), align, flat: isFlat ? flat : undefined, offsets, flatOffsets };
}
