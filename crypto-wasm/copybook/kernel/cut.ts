/** Skeleton. */
import { Layout } from './layout';
import { fail, PAYLOAD } from './problem';

export function cut(_layout: Layout, _at: usize, _end: usize): void {
  fail(PAYLOAD, 'not there yet');
}
