/**
 * Storing up to sixteen bytes of a register, and not one more.
 *
 * Members may come in any order, so that what lies behind a field must stay as it is. Two stores that overlap do it
 * without reading the place first: a load behind stores of other widths would wait for them.
 */

/** Vectors with so many leading bytes set: 0…16 of them. */
export const LEADING: usize = memory.data(17 * 16, 16);
for (let count = 0; count <= 16; count++) memory.fill(LEADING + count * 16, 0xff, count);

/** The first `count` bytes, 0…8, as they lie in memory. */
// @ts-ignore: decorator
@inline
export function storeBytes(value: u64, count: i32, out: usize): void {
  if (count >= 4) {
    store<u32>(out, <u32>value);
    store<u32>(out + count - 4, <u32>(value >> (<u64>(count - 4) * 8)));
  } else if (count >= 2) {
    store<u16>(out, <u16>value);
    store<u8>(out + count - 1, <u8>(value >> (<u64>(count - 1) * 8)));
  } else if (count == 1) {
    store<u8>(out, <u8>value);
  }
}

/** The first `count` bytes, 0…16. */
// @ts-ignore: decorator
@inline
export function storeLanes(value: v128, count: i32, out: usize): void {
  const low = i64x2.extract_lane(value, 0);
  if (count < 8) {
    storeBytes(low, count, out);
    return;
  }
  const high = i64x2.extract_lane(value, 1);
  const shift = <u64>(count - 8) * 8;
  store<u64>(out, low);
  // The last eight bytes: of both halves, unless the second begins or ends there.
  if (count == 16) store<u64>(out + 8, high);
  else if (count > 8) store<u64>(out + count - 8, (<u64>low >> shift) | (<u64>high << (64 - shift)));
}
