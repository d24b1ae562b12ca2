/**
 * The codecs of records, tuples and lists: parts one after another.
 *
 * Always: the whole of a list is checked and charged before its first element is lifted, so that a length of the guest
 * cannot make the host allocate more than the call may.
 * Source: component model, Canonical ABI, "Loading" (load_list, load_record) and "Storing".
 */

import { alignUp, type Codec, type CoreType, FLAT_MAX, type Flat, HEAP_BYTES, layOut } from './abi-codec.ts';
import { misfit, ValueFault, within } from './abi-faults.ts';
import { loadPart, storePart } from './abi-parts.ts';
import type { GuestSpace } from './abi-space.ts';

/**
 * Lifted records inherit from this: nothing. Not from null itself, because V8 keeps such objects as hash tables, which
 * take more memory and longer to fill (measured: 1.2 times, twice under load).
 */
const NOTHING: object = Object.freeze(Object.create(null));

type Fields = Record<string, unknown>;

/** A constructor for each record type, so that its objects are made with room for their fields. */
function fieldsMaker(): new () => Fields {
  function Lifted(): void {}
  Lifted.prototype = NOTHING;
  return Lifted as unknown as new () => Fields;
}

export function recordCodec(names: readonly string[], parts: readonly Codec[]): Codec {
  const { size, align, flat, offsets, flatOffsets } = layOut(parts);
  const Lifted = fieldsMaker();
  const count = parts.length;
  const fields = parts.map((codec, index) => ({
    name: names[index] as string,
    codec,
    offset: offsets[index] as number,
    flatOffset: flatOffsets[index] as number,
  }));
  return {
    primitive: undefined,
    size,
    align,
    flat,
    liftedBytes: HEAP_BYTES.slot + HEAP_BYTES.object + sumOf(parts),
    load(space, pointer) {
      const record = new Lifted();
      for (let index = 0; index < count; index++) {
        const { name, codec, offset } = fields[index] as (typeof fields)[0];
        record[name] = loadPart(codec, space, pointer + offset);
      }
      return record;
    },
    store(space, value, pointer) {
      const record = checkRecord(value);
      let index = 0;
      try {
        for (; index < count; index++) {
          const { name, codec, offset } = fields[index] as (typeof fields)[0];
          storePart(codec, space, record[name], pointer + offset);
        }
      } catch (error) {
        throw within(error, names[index] as string);
      }
    },
    lift(space, values, at) {
      const record = new Lifted();
      for (let index = 0; index < count; index++) {
        const { name, codec, flatOffset } = fields[index] as (typeof fields)[0];
        record[name] = codec.lift(space, values, at + flatOffset);
      }
      return record;
    },
    lower(space, value, out, at) {
      const record = checkRecord(value);
      let index = 0;
      try {
        for (; index < count; index++) {
          const { name, codec, flatOffset } = fields[index] as (typeof fields)[0];
          codec.lower(space, record[name], out, at + flatOffset);
        }
      } catch (error) {
        throw within(error, names[index] as string);
      }
    },
  };
}

function checkRecord(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misfit('an object', value);
  return value as Fields;
}

const sumOf = (parts: readonly Codec[]): number =>
  parts.reduce((sum, { liftedBytes }) => sum + liftedBytes, 0);

/** Also lays out parameters: `abi.ts` lifts and lowers them as one tuple. */
export function tupleCodec(parts: readonly Codec[]): Codec {
  const { size, align, flat, offsets, flatOffsets } = layOut(parts);
  const count = parts.length;
  const check = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value)) throw misfit('an array', value);
    if (value.length !== count) throw new ValueFault(`has ${value.length} items, not ${count}`);
    return value;
  };
  return {
    primitive: undefined,
    size,
    align,
    flat,
    liftedBytes: HEAP_BYTES.slot + HEAP_BYTES.object * 2 + sumOf(parts),
    load(space, pointer) {
      const tuple: unknown[] = new Array(count);
      for (let index = 0; index < count; index++) {
        tuple[index] = loadPart(parts[index] as Codec, space, pointer + (offsets[index] as number));
      }
      return tuple;
    },
    store(space, value, pointer) {
      const tuple = check(value);
      let index = 0;
      try {
        for (; index < count; index++) {
          storePart(parts[index] as Codec, space, tuple[index], pointer + (offsets[index] as number));
        }
      } catch (error) {
        throw within(error, index);
      }
    },
    lift(space, values, at) {
      const tuple: unknown[] = new Array(count);
      for (let index = 0; index < count; index++) {
        tuple[index] = (parts[index] as Codec).lift(space, values, at + (flatOffsets[index] as number));
      }
      return tuple;
    },
    lower(space, value, out, at) {
      const tuple = check(value);
      let index = 0;
      try {
        for (; index < count; index++) {
          (parts[index] as Codec).lower(space, tuple[index], out, at + (flatOffsets[index] as number));
        }
      } catch (error) {
        throw within(error, index);
      }
    },
  };
}

/** How a run of elements is moved. `read` is given checked and charged bounds. */
interface Run {
  /** Heap of an element. */
  readonly liftedBytes: number;
  read(space: GuestSpace, pointer: number, length: number): unknown;
  /** The number of elements. Throws ValueFault. */
  count(value: unknown): number;
  write(space: GuestSpace, value: unknown, pointer: number): void;
}

const BYTES: Run = {
  liftedBytes: 1,
  read: (space, pointer, length) => new Uint8Array(space.bytes.buffer.slice(pointer, pointer + length)),
  count(value) {
    if (!(value instanceof Uint8Array)) throw misfit('bytes', value);
    return value.length;
  },
  write: (space, value, pointer) => space.bytes.set(value as Uint8Array, pointer),
};

function elementRun(element: Codec): Run {
  const { size } = element;
  return {
    liftedBytes: element.liftedBytes,
    read(space, pointer, length) {
      const list: unknown[] = new Array(length);
      for (let index = 0; index < length; index++)
        list[index] = loadPart(element, space, pointer + index * size);
      return list;
    },
    count(value) {
      if (!Array.isArray(value)) throw misfit('an array', value);
      return value.length;
    },
    write(space, value, pointer) {
      const list = value as readonly unknown[];
      let index = 0;
      try {
        for (; index < list.length; index++) storePart(element, space, list[index], pointer + index * size);
      } catch (error) {
        throw within(error, index);
      }
    },
  };
}

export function listCodec(element: Codec, isBytes: boolean): Codec {
  const run = isBytes ? BYTES : elementRun(element);
  const { size, align } = element;
  const read = (space: GuestSpace, pointer: number, length: number): unknown => {
    space.check(pointer, length * size, align, 'a list');
    space.charge(length * run.liftedBytes);
    return run.read(space, pointer, length);
  };
  const write = (space: GuestSpace, value: unknown): number => {
    const length = run.count(value);
    const pointer = space.allocate(length * size, align);
    run.write(space, value, pointer);
    space.loweredLength = length;
    return pointer;
  };
  return {
    primitive: undefined,
    size: 8,
    align: 4,
    flat: ['i32', 'i32'],
    liftedBytes: HEAP_BYTES.slot + (isBytes ? HEAP_BYTES.buffer : HEAP_BYTES.object * 2),
    load: (space, pointer) =>
      read(space, space.view.getUint32(pointer, true), space.view.getUint32(pointer + 4, true)),
    store(space, value, pointer) {
      const list = write(space, value);
      space.view.setUint32(pointer, list, true);
      space.view.setUint32(pointer + 4, space.loweredLength, true);
    },
    lift: (space, flat, at) => read(space, (flat[at] as number) >>> 0, (flat[at + 1] as number) >>> 0),
    lower(space, value, out, at) {
      out[at] = write(space, value);
      out[at + 1] = space.loweredLength;
    },
  };
}

/** A list whose length is part of its type: its elements stand where it stands. */
export function fixedListCodec(element: Codec, isBytes: boolean, length: number): Codec {
  const run = isBytes ? BYTES : elementRun(element);
  const elementFlat = element.flat;
  const isFlat = elementFlat !== undefined && elementFlat.length * length <= FLAT_MAX;
  const flat: CoreType[] | undefined = isFlat
    ? Array.from(
        { length: length * elementFlat.length },
        (_, at) => elementFlat[at % elementFlat.length] as CoreType,
      )
    : undefined;
  const step = elementFlat?.length ?? 0;
  const check = (value: unknown): readonly unknown[] => {
    const count = run.count(value);
    if (count !== length) throw new ValueFault(`has ${count} items, not ${length}`);
    return value as readonly unknown[];
  };
  return {
    primitive: undefined,
    size: alignUp(element.size * length, element.align),
    align: element.align,
    flat,
    liftedBytes:
      HEAP_BYTES.slot + (isBytes ? HEAP_BYTES.buffer : HEAP_BYTES.object * 2) + length * run.liftedBytes,
    load: (space, pointer) => run.read(space, pointer, length),
    store: (space, value, pointer) => run.write(space, check(value), pointer),
    lift(space, values, at) {
      const list: unknown[] = [];
      for (let index = 0; index < length; index++) list.push(element.lift(space, values, at + index * step));
      return isBytes ? Uint8Array.from(list as number[]) : list;
    },
    lower(space, value, out: Flat[], at) {
      const list = check(value);
      let index = 0;
      try {
        for (; index < length; index++) element.lower(space, list[index], out, at + index * step);
      } catch (error) {
        throw within(error, index);
      }
    },
  };
}
