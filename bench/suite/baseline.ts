/**
 * Baselines: whole records, one for each machine's fingerprint, in a folder that the caller names. A baseline is a copy of the run's record, so
 * whatever a later version wants to compare is there.
 */

import { access, copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Environment, fingerprintMachine } from '../machine.ts';
import { readRecord } from './read-record.ts';

/** What `--against` takes for the baseline that was saved on this machine. */
export const SAVED = 'saved';

export function baselinePath(folder: string, environment: Environment): string {
  return join(folder, `${fingerprintMachine(environment)}.jsonl`);
}

/**
 * Saves a record as the baseline of the machine that it was made on, in place of the one before. Gives its path. Throws when the run was a
 * smoke run or was cut off: later runs would be held against nothing.
 */
export async function saveBaseline(folder: string, recordPath: string): Promise<string> {
  const { name, run, end } = await readRecord(recordPath);
  if (run.quick) throw new Error(`${name} is a smoke run: it cannot be a baseline`);
  if (end === undefined) throw new Error(`${name} was cut off: it cannot be a baseline`);
  await mkdir(folder, { recursive: true });
  const path = baselinePath(folder, run.machine);
  // A reader sees the old baseline or the new one, never half of one.
  const draft = `${path}.${process.pid}.draft`;
  await copyFile(recordPath, draft);
  await rename(draft, path);
  return path;
}

/** The path that `against` means: a file, or with `saved` the baseline of this machine. Throws, saying what to do, when it is not there. */
export async function findBaseline(
  against: string,
  folder: string,
  environment: Environment,
): Promise<string> {
  const path = against === SAVED ? baselinePath(folder, environment) : against;
  try {
    await access(path);
    return path;
  } catch (cause) {
    const text =
      against === SAVED
        ? `no baseline is saved for this machine (fingerprint ${fingerprintMachine(environment)})`
        : `there is no baseline ${against}`;
    throw new Error(`${text}: save one from a run's record first`, { cause });
  }
}
