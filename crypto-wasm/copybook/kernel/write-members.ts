/** Skeleton. */
import { DecodePlan } from './decode-plan';
import { Item } from './item';

/** No group that `redefineSegments` or `segmentChildren` names is written. */
export const NO_SEGMENT: i32 = -2;

/** What the driver says before each record, for problems and `_errors`. */
export let recordNumber: i64 = 0;
export let recordOffset: i64 = 0;
export function beginRecord(number: i64, offset: i64): void {
  recordNumber = number;
  recordOffset = offset;
}
/** Bytes of the record that its layout took (shorter than the maximum where tables are). */
export let usedBytes: i32 = 0;
/** Fields that were not valid, since the module started. */
export let errorsCount: i64 = 0;

/**
 * Members of one record's JSON object, without braces: `"A":1,"B":"x"`. Gives the end of what it wrote; nothing when
 * `hasProblem()`. `recordBytes` bytes of the record are there; readable memory reaches 32 bytes further. Items beyond
 * are null; a text that is cut short is a shorter text. `segment` is an index of `segmentValues`, -1 or NO_SEGMENT.
 */
export function writeMembers(_plan: DecodePlan, _at: usize, _recordBytes: i32, _segment: i32, out: usize): usize {
  return out;
}

/** The same for the members of one group, wherever it is in the record. */
export function writeGroupMembers(_plan: DecodePlan, _group: Item, _at: usize, _recordBytes: i32, out: usize): usize {
  return out;
}
