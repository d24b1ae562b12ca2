/**
 * A round in a process of its own, for resident memory: space that other rows have used and freed would hide what a
 * row takes, and a heap that was large before does not grow.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Round } from '../harness.ts';
import type { ChildRound } from './child-entry.ts';

const run = promisify(execFile);
const ENTRY = fileURLToPath(new URL('./child-entry.ts', import.meta.url));
/** Samples of a round as JSON. */
const OUTPUT_MAX_BYTES = 64 * 1_048_576;

/** Throws with what the process said when it fails. */
export async function runInChild(round: ChildRound, count: number): Promise<Round> {
  const { stdout } = await run(process.execPath, [ENTRY, round, String(count)], {
    maxBuffer: OUTPUT_MAX_BYTES,
  });
  return JSON.parse(stdout);
}
