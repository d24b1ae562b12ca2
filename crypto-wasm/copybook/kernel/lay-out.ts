/** Skeleton. */
import { Copybook } from './item';
import { Options } from './options';

/** Fills in the laid-out part of every item. */
export function layOut(_copybook: Copybook, _options: Options): void {}
