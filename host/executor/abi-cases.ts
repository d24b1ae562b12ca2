/**
 * The codecs of variants, options, results, enums and flags: a discriminant and at most one payload, or a set of bits.
 *
 * Always: a discriminant of the guest that names no case is refused before the payload is looked at; bits of flags
 * without a name are ignored.
 * Source: component model, Canonical ABI, "Despecialization", "Loading" (load_variant, load_flags), "Flattening" (join).
 */

import { alignUp, type Codec, type CoreType, FLAT_MAX, type Flat, HEAP_BYTES } from './abi-codec.ts';
import { misfit, ValueFault, within } from './abi-faults.ts';
import { coerceLifted, coerceLowered, join } from './abi-join.ts';
import { badResult } from './lift.ts';

/** What sets the kinds of variants apart: how host values name their case. */
interface Shape {
  /** Index of the case. Throws ValueFault. */
  indexOf(value: unknown): number;
  payloadOf(value: unknown): unknown;
  make(index: number, payload: unknown): unknown;
  /** Adds the step from the value to its payload. */
  within(error: unknown): unknown;
  readonly liftedBytes: number;
}

function caseCodec(payloads: readonly (Codec | undefined)[], shape: Shape): Codec {
  const count = payloads.length;
  const discriminant = count <= 0x100 ? 1 : count <= 0x1_0000 ? 2 : 4;
  let align: Codec['align'] = discriminant;
  let payloadAlign = 1;
  let payloadSize = 0;
  let payloadLifted = 0;
  let flat: CoreType[] | undefined = ['i32'];
  for (const payload of payloads) {
    if (payload === undefined) continue;
    if (payload.align > align) align = payload.align;
    payloadAlign = Math.max(payloadAlign, payload.align);
    payloadSize = Math.max(payloadSize, payload.size);
    payloadLifted = Math.max(payloadLifted, payload.liftedBytes);
    flat = flat && payload.flat && join(flat, payload.flat);
  }
  if (flat !== undefined && flat.length > FLAT_MAX) flat = undefined;
  const payloadOffset = alignUp(discriminant, payloadAlign);
  const joined = flat ?? [];
  /** By case: its flat types where the joined ones differ, else undefined. */
  const coerced = payloads.map((payload) =>
    payload?.flat?.some((type, index) => type !== joined[index + 1]) ? payload.flat : undefined,
  );
  const checkCase = (index: number): number => {
    if (index >= count) throw badResult(`${index} is not one of ${count} cases`);
    return index;
  };
  return {
    primitive: undefined,
    size: alignUp(payloadOffset + payloadSize, align),
    align,
    flat,
    liftedBytes: shape.liftedBytes + payloadLifted,
    load(space, pointer) {
      const { view } = space;
      const index = checkCase(
        discriminant === 1
          ? view.getUint8(pointer)
          : discriminant === 2
            ? view.getUint16(pointer, true)
            : view.getUint32(pointer, true),
      );
      return shape.make(index, payloads[index]?.load(space, pointer + payloadOffset));
    },
    store(space, value, pointer) {
      const index = shape.indexOf(value);
      const { view } = space;
      if (discriminant === 1) view.setUint8(pointer, index);
      else if (discriminant === 2) view.setUint16(pointer, index, true);
      else view.setUint32(pointer, index, true);
      const payload = shape.payloadOf(value);
      const codec = payloads[index];
      if (codec === undefined) return checkNoPayload(payload, shape);
      try {
        codec.store(space, payload, pointer + payloadOffset);
      } catch (error) {
        throw shape.within(error);
      }
    },
    lift(space, values, at) {
      const index = checkCase((values[at] as number) >>> 0);
      const codec = payloads[index];
      const own = coerced[index];
      if (codec === undefined) return shape.make(index, undefined);
      if (own === undefined) return shape.make(index, codec.lift(space, values, at + 1));
      const payload = own.map((want, offset) =>
        coerceLifted(values[at + 1 + offset] as Flat, joined[offset + 1] as CoreType, want),
      );
      return shape.make(index, codec.lift(space, payload, 0));
    },
    lower(space, value, out, at) {
      const index = shape.indexOf(value);
      for (let offset = 1; offset < joined.length; offset++)
        out[at + offset] = joined[offset] === 'i64' ? 0n : 0;
      out[at] = index;
      const payload = shape.payloadOf(value);
      const codec = payloads[index];
      if (codec === undefined) return checkNoPayload(payload, shape);
      try {
        codec.lower(space, payload, out, at + 1);
      } catch (error) {
        throw shape.within(error);
      }
      coerced[index]?.forEach((have, offset) => {
        const place = at + 1 + offset;
        out[place] = coerceLowered(out[place] as Flat, have, joined[offset + 1] as CoreType);
      });
    },
  };
}

function checkNoPayload(payload: unknown, shape: Shape): void {
  if (payload !== undefined) throw shape.within(new ValueFault('has no place in this case'));
}

interface Tagged {
  readonly tag: string;
  readonly val?: unknown;
}

const TAGGED_BYTES = HEAP_BYTES.slot * 3 + HEAP_BYTES.object;

export function variantCodec(names: readonly string[], payloads: readonly (Codec | undefined)[]): Codec {
  const indices = new Map(names.map((name, index) => [name, index]));
  const expected = `one of ${listed(names)}`;
  const hasPayload = payloads.map((payload) => payload !== undefined);
  return caseCodec(payloads, {
    liftedBytes: TAGGED_BYTES,
    indexOf(value) {
      if (typeof value !== 'object' || value === null) throw misfit('an object with a tag', value);
      const { tag } = value as Tagged;
      const index = indices.get(tag);
      if (index === undefined) throw within(misfit(expected, tag), 'tag');
      return index;
    },
    payloadOf: (value) => (value as Tagged).val,
    make(index, payload) {
      const tag = names[index] as string;
      return hasPayload[index] ? { tag, val: payload } : { tag };
    },
    within: (error) => within(error, 'val'),
  });
}

/** `isNested`: the payload is an option itself, so that `some` is an object around it. */
export function optionCodec(some: Codec, isNested: boolean): Codec {
  return caseCodec([undefined, some], {
    liftedBytes: isNested ? TAGGED_BYTES : 0,
    indexOf(value) {
      if (value === undefined) return 0;
      if (isNested && (typeof value !== 'object' || value === null))
        throw misfit('an object with a val', value);
      return 1;
    },
    payloadOf: (value) => (isNested ? (value as Tagged | undefined)?.val : value),
    make: (index, payload) => (index === 1 && isNested ? { val: payload } : payload),
    within: (error) => (isNested ? within(error, 'val') : error),
  });
}

export function enumCodec(names: readonly string[]): Codec {
  const indices = new Map(names.map((name, index) => [name, index]));
  const expected = `one of ${listed(names)}`;
  return caseCodec(
    names.map(() => undefined),
    {
      liftedBytes: HEAP_BYTES.slot,
      indexOf(value) {
        const index = indices.get(value as string);
        if (index === undefined) throw misfit(expected, value);
        return index;
      },
      payloadOf: () => undefined,
      make: (index) => names[index],
      within: (error) => error,
    },
  );
}

/** Flags have at most 32 names: `compileTypes` refuses more. */
export function flagsCodec(names: readonly string[]): Codec {
  const size = names.length <= 8 ? 1 : names.length <= 16 ? 2 : 4;
  const bits = new Map(names.map((name, index) => [name, 1 << index]));
  const expected = `one of ${listed(names)}`;
  const unpack = (set: number): string[] => names.filter((_, index) => (set >>> index) & 1);
  const pack = (value: unknown): number => {
    if (!Array.isArray(value)) throw misfit('an array of names', value);
    let set = 0;
    for (let index = 0; index < value.length; index++) {
      const bit = bits.get(value[index]);
      if (bit === undefined) throw within(misfit(expected, value[index]), index);
      set |= bit;
    }
    return set;
  };
  return {
    primitive: undefined,
    size,
    align: size,
    flat: ['i32'],
    liftedBytes: HEAP_BYTES.slot * (1 + names.length) + HEAP_BYTES.object * 2,
    load: ({ view }, pointer) =>
      unpack(
        size === 1
          ? view.getUint8(pointer)
          : size === 2
            ? view.getUint16(pointer, true)
            : view.getUint32(pointer, true),
      ),
    store({ view }, value, pointer) {
      const set = pack(value);
      if (size === 1) view.setUint8(pointer, set);
      else if (size === 2) view.setUint16(pointer, set, true);
      else view.setUint32(pointer, set, true);
    },
    lift: (_space, values, at) => unpack(values[at] as number),
    lower(_space, value, out, at) {
      out[at] = pack(value);
    },
  };
}

/** Names for an error message, cut: a type may have thousands. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `'${name}'`);
  return shown.length < names.length ? `${shown.join(', ')}, …` : shown.join(', ');
}
