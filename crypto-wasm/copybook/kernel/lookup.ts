/**
 * The one instruction in which the two builds differ: sixteen look-ups at once in a table of sixteen bytes.
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
