/** Skeleton. */
import { Layout } from './layout';
import { fail, PAYLOAD } from './problem';

export function encode(_layout: Layout, _at: usize, _end: usize): void {
  fail(PAYLOAD, 'not there yet');
}
