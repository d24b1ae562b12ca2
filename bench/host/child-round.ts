/**
 * A round in a process of its own, for resident memory: space that other rows have used and freed would hide what a
 * row takes, and a heap that was large before does not grow.
 */

import { fileURLToPath } from 'node:url';
import { runProgram } from '../child-process.ts';
import type { Round } from '../harness.ts';
import type { ChildRound } from './child-entry.ts';

const ENTRY = fileURLToPath(new URL('./child-entry.ts', import.meta.url));

/** Throws with what the process said when it fails. */
export function runInChild(round: ChildRound, count: number): Promise<Round> {
  return runProgram<Round>(ENTRY, [round, String(count)]);
}
