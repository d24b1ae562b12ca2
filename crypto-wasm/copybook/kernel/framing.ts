/** Skeleton. */
import { Copybook } from './item';
import { Options } from './options';

/** How records lie in the input, compiled. */
export class Framing {
  /** Every record has so many bytes in the input; 0 when the input has to be read to find out. */
  fixedRecordBytes: i32 = 0;
}

export function compileFraming(_copybook: Copybook, _options: Options): Framing {
  return new Framing();
}

/** The distinct values that `redefineSegments`, in the order of the options. A record's segment is an index here, or -1. */
export function segmentValues(_options: Options): string[] {
  return [];
}
