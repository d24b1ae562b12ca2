/** Skeleton. */
import { Copybook } from './item';
import { Options } from './options';

export class DecodePlan {
  /** The most bytes that `writeMembers` writes for one record. */
  membersMaxBytes: i32 = 0;
}

export function compileDecodePlan(_copybook: Copybook, _options: Options): DecodePlan {
  return new DecodePlan();
}
