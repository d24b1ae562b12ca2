/**
 * A part of a bench in a process of its own, started as `node <file> <arguments>`, that prints its result as JSON.
 *
 * Nothing is timed here: a process is started where another one's memory would be in the way.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Samples of a round as JSON. */
const OUTPUT_MAX_BYTES = 64 * 1_048_576;

/** Gives what the program printed, parsed. Throws with what the process said when it fails. */
export async function runProgram<T>(file: string, args: readonly string[]): Promise<T> {
  const { stdout } = await run(process.execPath, [file, ...args], { maxBuffer: OUTPUT_MAX_BYTES });
  return JSON.parse(stdout);
}
