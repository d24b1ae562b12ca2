/**
 * The tree of items → programs: flat arrays of operations (`decode-op.ts`) that `write-members.ts` executes.
 *
 * One program writes a record; one more for each group that segments name writes that group's members alone. A program
 * is built in two walks over the tree, the first of which only counts. What is not shown has no operations, unless
 * something later depends on it: counters are read, tables whose length varies are passed, in silence.
 */

import { Compiler } from './compile-program';
import { Copybook, Item, Kind } from './item';
import { editedPlanOf, isSegmentGroup, pageOf } from './item-options';
import { Options } from './options';
import { hasProblem, LIMIT } from './problem';
import { zeroed } from './zeroed';

/** Vectors are stored whole: so many bytes behind the end may be written. */
const OVERSHOOT_BYTES: i64 = 64;

export class DecodePlan {
  /** The most bytes that `writeMembers` writes for one record. */
  membersMaxBytes: i32 = 0;
  /** First operation. */
  program: usize = 0;
  recordBytes: i32 = 0;
  /** i64 each: what the counters of the record at hand say. */
  counters: usize = 0;
  countersCount: i32 = 0;
  groups: Item[] = [];
  groupPrograms: usize[] = [];

  constructor(readonly options: Options) {}
}

/** With a problem (`LIMIT`) when there are too many fields. */
export function compileDecodePlan(copybook: Copybook, options: Options): DecodePlan {
  const plan = new DecodePlan(options);
  plan.recordBytes = copybook.recordBytes;
  for (let i = 0; i < copybook.items.length; i++) {
    const item = copybook.items[i];
    pageOf(item, options);
    if (item.kind == Kind.EDITED) editedPlanOf(item);
  }
  if (hasProblem()) return plan;
  const compiler = new Compiler(copybook, options);
  plan.countersCount = compiler.tables.length;
  plan.counters = zeroed(max(plan.countersCount, 1) * 8);
  plan.program = compiler.compile(null);
  plan.membersMaxBytes = <i32>min(compiler.maxBytes + OVERSHOOT_BYTES, <i64>i32.MAX_VALUE);
  for (let i = 0; i < copybook.items.length && !hasProblem(); i++) {
    const item = copybook.items[i];
    if (item.kind != Kind.GROUP || !isSegmentGroup(item, options)) continue;
    plan.groups.push(item);
    plan.groupPrograms.push(compiler.compile(item));
  }
  return plan;
}
