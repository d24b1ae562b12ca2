/** Skeleton. */
import { Layout } from './layout';

/**
 * Rows for `columns` and `csv`. The driver gives the addresses and lengths of the records of one batch; both write the
 * whole output (columns: the frame of the README; csv: a header unless `isContinued`, then the rows).
 * Gives the end of what was written. Room of `flatMaxBytes` for each record is there.
 */
export function writeColumns(_layout: Layout, _records: StaticArray<u32>, _lengths: StaticArray<u32>, _count: i32, out: usize): usize {
  return out;
}
export function writeCsv(_layout: Layout, _records: StaticArray<u32>, _lengths: StaticArray<u32>, _count: i32, _isContinued: bool, out: usize): usize {
  return out;
}
/** The most bytes that one record adds to either output, its share of headers apart. */
export function flatMaxBytes(_layout: Layout): i32 {
  return 0;
}
