/**
 * Flat forms of variants: the cases share core values, so a payload may travel in a wider type than its own.
 *
 * Source: component model, Canonical ABI, "Flattening" (join), "Flat Lifting" and "Flat Lowering" (lift_flat_variant,
 * lower_flat_variant).
 */

import type { CoreType, Flat } from './abi-codec.ts';

/** `flat`, the discriminant first, joined with the flat form of one more payload. */
export function join(flat: readonly CoreType[], payload: readonly CoreType[]): CoreType[] {
  const joined = [...flat];
  for (const [index, type] of payload.entries()) {
    const other = joined[index + 1];
    joined[index + 1] = other === undefined || other === type ? type : joinTypes(other, type);
  }
  return joined;
}

const joinTypes = (a: CoreType, b: CoreType): CoreType =>
  (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64';

const scratch = new DataView(new ArrayBuffer(8));

/** A value of the joined type `have` as the type `want` of the case. */
export function coerceLifted(value: Flat, have: CoreType, want: CoreType): Flat {
  if (have === want) return value;
  if (want === 'i32') return Number(BigInt.asIntN(32, value as bigint));
  if (want === 'f64') {
    scratch.setBigInt64(0, value as bigint);
    return scratch.getFloat64(0);
  }
  // f32, in an i32 or in the lower half of an i64.
  scratch.setInt32(0, have === 'i32' ? (value as number) : Number(BigInt.asIntN(32, value as bigint)));
  return scratch.getFloat32(0);
}

/** The opposite: a value of the case's type `have` as the joined type `want`; upper halves are zero. */
export function coerceLowered(value: Flat, have: CoreType, want: CoreType): Flat {
  if (have === want) return value;
  if (have === 'f64') {
    scratch.setFloat64(0, value as number);
    return scratch.getBigInt64(0);
  }
  if (have === 'f32') scratch.setFloat32(0, value as number);
  else scratch.setInt32(0, value as number);
  return want === 'i32' ? scratch.getInt32(0) : BigInt(scratch.getUint32(0));
}
