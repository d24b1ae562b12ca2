/**
 * The two instructions in which the builds differ: sixteen look-ups at once in a table of sixteen bytes, and choosing
 * between two vectors lane by lane.
 *
 * Plain SIMD defines the result for every index (0 from 16 on), relaxed SIMD only for 0…15 and 128…255. Every index in
 * these kernels is a nibble, a position, or has its top bit set, so both give the same bytes.
 */

/** Byte n of the result is `table[index[n]]`, or 0 where the index has its top bit set. */
// @ts-ignore: decorator
@inline
export function lookup(table: v128, index: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, index);
  return i8x16.swizzle(table, index);
}

/** Lanes of `a` where the mask is FF, of `b` where it is 0; the mask has no other bytes, so both builds agree. */
// @ts-ignore: decorator
@inline
export function select(a: v128, b: v128, mask: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_laneselect(a, b, mask);
  return v128.bitselect(a, b, mask);
}
