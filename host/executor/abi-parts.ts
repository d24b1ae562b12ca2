/**
 * A part of a record, tuple or list: the commonest primitives are moved here, everything else by its codec.
 *
 * A call through a codec cannot be inlined, as every type has its own; these can, and most fields are one of them. What
 * this does for a type is what its codec does: values that do not fit are left to the codec, which says so.
 */

import type { Codec } from './abi-codec.ts';
import type { GuestSpace } from './abi-space.ts';
import { loadString, storeString } from './abi-strings.ts';

/** `codec.load`. */
export function loadPart(codec: Codec, space: GuestSpace, pointer: number): unknown {
  switch (codec.primitive) {
    case 'string':
      return loadString(space, pointer);
    case 'u32':
      return space.view.getUint32(pointer, true);
    case 's32':
      return space.view.getInt32(pointer, true);
    case 'bool':
      return space.view.getUint8(pointer) !== 0;
    case 'u64':
      return space.view.getBigUint64(pointer, true);
    case 's64':
      return space.view.getBigInt64(pointer, true);
    default:
      return codec.load(space, pointer);
  }
}

/** `codec.store`. */
export function storePart(codec: Codec, space: GuestSpace, value: unknown, pointer: number): void {
  const { primitive } = codec;
  if (primitive === 'string') storeString(space, value, pointer);
  else if (primitive === 'u32' && typeof value === 'number' && value >>> 0 === value) {
    space.view.setUint32(pointer, value, true);
  } else if (primitive === 's32' && typeof value === 'number' && (value | 0) === value) {
    space.view.setInt32(pointer, value, true);
  } else if (primitive === 'bool' && typeof value === 'boolean') {
    space.view.setUint8(pointer, value ? 1 : 0);
  } else if (primitive === 'f64' && typeof value === 'number' && !Number.isNaN(value)) {
    space.view.setFloat64(pointer, value, true);
  } else codec.store(space, value, pointer);
}
