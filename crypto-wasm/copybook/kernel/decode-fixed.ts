/**
 * Rows of records of one length that are one run and nothing else: most files of fixed records without groups.
 *
 * It goes from record to record without asking what comes next. Where a record is not plain, the input ends or the
 * output is full it stops before it, and `decode.ts` goes on as for any record.
 */

import { DecodePlan } from './decode-plan';
import { At, Op } from './decode-op';
import { at, endAt, passFrames } from './frames';
import { Framing } from './framing';
import { fullAt, outAt, wrote } from './output';
import { Run } from './run-op';
import { writeRun } from './write-run';

/** The run that is all of the record, where records are as `writeFixedRows` needs them; else 0. */
export function fixedRun(plan: DecodePlan, framing: Framing): usize {
  const each = framing.eachBytes;
  const isPlain =
    each > 0 && framing.startBytes == 0 && framing.endBytes == 0 && framing.segments === null && framing.ids === null &&
    each >= framing.recordMinBytes && each <= framing.recordMaxBytes;
  if (!isPlain || load<i32>(plan.program) > Op.PACKED_LONG) return 0;
  const run = load<usize>(plan.program, At.JUMP);
  if (run == 0 || load<i32>(load<usize>(run, Run.NEXT)) != Op.END || load<i32>(run, Run.END) > each) return 0;
  return run;
}

/** Lines of up to `most` records from where frames are: how many were written, perhaps none. */
export function writeFixedRows(run: usize, framing: Framing, most: i32): i32 {
  if (load<u32>(run, Run.PAUSE) != 0) return 0;
  const each = <usize>framing.eachBytes;
  const records = min((endAt - at) / each, <usize>most);
  let record = at;
  let out = outAt;
  let count = 0;
  for (; count < <i32>records; count++) {
    store<u8>(out, 0x7b);
    const to = writeRun(run, record, out + 1);
    // The comma behind the last value becomes the brace.
    if (to == 0 || to + 1 > fullAt) break;
    store<u16>(to - 1, 0x0a7d);
    out = to + 1;
    record += each;
  }
  passFrames(count);
  wrote(out);
  return count;
}
