/** Skeleton. */
import { Copybook } from './item';
import { Options } from './options';

export class EncodePlan {
  recordMaxBytes: i32 = 0;
}

export function compileEncodePlan(_copybook: Copybook, _options: Options): EncodePlan {
  return new EncodePlan();
}
