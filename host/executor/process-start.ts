/**
 * What a host and the child process that it starts as an executor have to agree on before they can talk.
 */

import type { Image } from './link.ts';

/** Files that the child begins with: both rings, and the bytes beside them. */
export const RINGS_FD = 3;
export const TO_EXECUTOR_FD = 4;
export const TO_HOST_FD = 5;

/** What is written to a pipe to wake who reads it. */
export const BELL = Uint8Array.of(1);

/** Goes in the place of an image: compiled code does not leave a process. */
export interface ImageCode extends Omit<Image, 'modules'> {
  readonly code: readonly Uint8Array[];
}
