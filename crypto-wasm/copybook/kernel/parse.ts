/** Skeleton. */
import { Copybook } from './item';
import { Specification } from './read-specification';

export function parseCopybook(_specification: Specification): Copybook {
  return new Copybook();
}
