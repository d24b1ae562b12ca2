/**
 * A group of words in a file that one process writes, whole, and another reads: the last of them is a check.
 *
 * A group that is read half old and half new is read again. It holds numbers as they are; what they mean, and whether
 * they make sense, is for the reader.
 */

import { readSync, writeSync } from 'node:fs';

export const GROUP_WORDS = 8;
const GROUP_BYTES = GROUP_WORDS * 4;
const CHECK = GROUP_WORDS - 1;

/** A torn group is whole some nanoseconds later; one that never is was not written by this code. */
const TORN_MAX = 1000;

/** Not zero for the groups of a new file, so that bytes of a file that somebody emptied are not taken for a group. */
const CHECK_SEED = 0x5ca1ab1e;

function checkOf(words: Int32Array): number {
  let check = CHECK_SEED;
  for (let index = 0; index < CHECK; index++)
    check = (check << 1) ^ (check >>> 31) ^ (words[index] as number);
  return check | 0;
}

/** Writes the group at `at` in the file, with its check. Throws Error — the file cannot be written. */
export function writeGroup(fd: number, group: Int32Array, at: number): void {
  group[CHECK] = checkOf(group);
  writeSync(fd, group, 0, GROUP_BYTES, at);
}

/** Reads the group at `at` into `group`. Throws Error — the file cannot be read, or the words never agree. */
export function readGroup(fd: number, group: Int32Array, at: number): void {
  for (let torn = 0; torn < TORN_MAX; torn++) {
    readSync(fd, group, 0, GROUP_BYTES, at);
    if (group[CHECK] === checkOf(group)) return;
  }
  throw new Error('the words of a ring do not agree');
}
