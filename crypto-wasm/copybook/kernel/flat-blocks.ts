/**
 * Where the fields of one column lie in 64 records: addresses for kernels, and which of them the records have.
 *
 * Where every record is as long as its layout and nothing moves or is left out, addresses are the records' own and
 * nothing is looked at. Else each field is placed: by its offset, or as `flat-walk.ts` found it.
 */

import { FlatOperation, FlatPlan } from './flat-plan';
import { isInSegment } from './flat-segments';
import { PLACE_BYTES } from './flat-walk';
import { rowsLeft } from './flat-values';

/** u32 for each row of a block: addresses, and bytes. */
const ADDRESSES: usize = memory.data(256, 16);
const LENGTHS: usize = memory.data(256, 16);
/** What kernels read for a row that does not have the field; its bit says that nothing is there. */
const NOTHING: usize = memory.data(64, 16) + 32;

export class Block {
  /** u32 for each row, a multiple of four of them; a field is `shift` bytes further. */
  addresses: usize = 0;
  count: i32 = 0;
  shift: usize = 0;
  /** Bits of all rows, of those that have all of the field, and of those that have some of it. */
  all: u64 = 0;
  whole: u64 = 0;
  cut: u64 = 0;
  /** Fields differ in length: `lengthOf` says it for those that are there. */
  isMeasured: bool = false;
  fieldBytes: i32 = 0;
  records: usize = 0;

  lengthOf(n: i32): i32 {
    return this.isMeasured ? load<i32>(LENGTHS + (<usize>n << 2)) : this.fieldBytes;
  }

  /** From the record's first byte. */
  offsetOf(n: i32): i64 {
    const at = <usize>load<u32>(this.addresses + (<usize>n << 2)) + this.shift;
    return <i64>at - <i64>load<u32>(this.records + (<usize>n << 2));
  }
}

/** The one that `placeBlock` fills. */
export const block: Block = new Block();

let records: usize = 0;
let lengths: usize = 0;
let segments: usize = 0;
/** Every record is at least as long as the layout. */
let areLong: bool = false;
/** By row, then by column; 0 where items do not move. */
let places: usize = 0;

/** The batch that blocks are of. `placeBlock` may be called after `placeRows`. */
export function openBlocks(
  plan: FlatPlan, recordsOf: StaticArray<u32>, lengthsOf: StaticArray<u32>, segmentsOf: StaticArray<i32>, count: i32,
): void {
  openRecords(plan, recordsOf, lengthsOf, segmentsOf, count);
  if (plan.walk !== null) places = heap.alloc(<usize>(plan.operations.length * PLACE_BYTES) * count);
}

/** Places all columns of the first `count` rows at once, where counters move them; may end the rows. */
export function placeRows(plan: FlatPlan, count: i32): void {
  if (places == 0) return;
  const rowBytes = plan.operations.length * PLACE_BYTES;
  for (let row = 0; row < count && row < rowsLeft; row++) placeRow(plan, row, places + <usize>row * rowBytes);
}

/** The batch that rows are placed in, one at a time. */
export function openRecords(
  plan: FlatPlan, recordsOf: StaticArray<u32>, lengthsOf: StaticArray<u32>, segmentsOf: StaticArray<i32>, count: i32,
): void {
  records = changetype<usize>(recordsOf);
  lengths = changetype<usize>(lengthsOf);
  segments = changetype<usize>(segmentsOf);
  places = 0;
  areLong = true;
  for (let i: usize = 0; i < <usize>count; i++) {
    if (load<u32>(lengths + (i << 2)) < <u32>plan.recordBytes) {
      areLong = false;
      break;
    }
  }
}

/** Where the columns of a record lie, `PLACE_BYTES` each, at `out`; a counter that is not valid may end the rows. */
export function placeRow(plan: FlatPlan, row: i32, out: usize): void {
  const record: usize = load<u32>(records + (<usize>row << 2));
  const segment = load<i32>(segments + (<usize>row << 2));
  const length = load<i32>(lengths + (<usize>row << 2));
  const walk = plan.walk;
  if (walk !== null) {
    walk.addresses(record, length, segment, row, out);
    return;
  }
  const operations = plan.operations;
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i];
    const offset = operation.column.offsetBytes;
    const here = min(operation.lengthBytes, length - offset);
    store<u32>(out + i * PLACE_BYTES, here > 0 ? <u32>(record + offset) : 0);
    store<u32>(out + i * PLACE_BYTES, here > 0 ? here : 0, 4);
  }
}

/** Fills `block` with a column's fields in `count` rows (1…64) from `row` on. */
export function placeBlock(plan: FlatPlan, operation: FlatOperation, index: i32, row: i32, count: i32): void {
  const all: u64 = count == 64 ? u64.MAX_VALUE : (<u64>1 << count) - 1;
  block.count = count;
  block.all = all;
  block.cut = 0;
  block.fieldBytes = operation.lengthBytes;
  block.records = records + (<usize>row << 2);
  if (areLong && places == 0 && operation.segments == 0) {
    block.whole = all;
    block.shift = operation.column.offsetBytes;
    block.isMeasured = false;
    block.addresses = records + (<usize>row << 2);
    if ((count & 3) == 0) return;
    memory.copy(ADDRESSES, block.addresses, count << 2);
    block.addresses = ADDRESSES;
    fillUp(count);
    return;
  }
  const offset = operation.column.offsetBytes;
  const fieldBytes = operation.lengthBytes;
  const rowBytes = plan.operations.length * PLACE_BYTES;
  let whole: u64 = 0, cut: u64 = 0;
  let isMeasured = false;
  for (let n = 0; n < count; n++) {
    const in32 = <usize>(row + n) << 2;
    let at: usize, here: i32;
    if (places != 0) {
      const place = places + <usize>(row + n) * rowBytes + index * PLACE_BYTES;
      at = load<u32>(place);
      here = load<i32>(place, 4);
    } else {
      at = load<u32>(records + in32) + offset;
      here = min(fieldBytes, load<i32>(lengths + in32) - offset);
    }
    const bit = <u64>1 << n;
    if (here > 0 && isInSegment(operation.segments, load<i32>(segments + in32))) {
      // A group shown as text may have shorter tables in it: all of it is there then, but not so many bytes.
      if (here == fieldBytes) whole |= bit;
      else cut |= bit;
      isMeasured = isMeasured || here != fieldBytes;
    } else {
      at = NOTHING;
    }
    store<u32>(ADDRESSES + (<usize>n << 2), <u32>at);
    store<i32>(LENGTHS + (<usize>n << 2), here);
  }
  block.whole = whole;
  block.cut = cut;
  block.isMeasured = isMeasured;
  block.shift = 0;
  block.addresses = ADDRESSES;
  fillUp(count);
}

/** Addresses up to a multiple of four. */
function fillUp(count: i32): void {
  for (let n = count; (n & 3) != 0; n++) store<u32>(ADDRESSES + (<usize>n << 2), load<u32>(ADDRESSES));
}
