/** Skeleton. */
import { Options } from './options';

export class Specification {
  copybook: string = '';
  copyNames: string[] = [];
  copyTexts: string[] = [];
  options: Options = new Options();
}

/** Null with a problem set. */
export function readSpecification(_at: usize, _lengthBytes: i32): Specification | null {
  return new Specification();
}
