/**
 * Writes the record of a run while it runs: a JSON line at a time, each on the disk's side of this process before the next
 * thing is measured, so that a run that was cut off or killed leaves whole lines behind.
 *
 * Writing is synchronous and happens between rounds, never within one.
 */

import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Round } from '../harness.ts';
import type { RecordLine, RoundLine } from './record.ts';

/** A clock shows no more, and a line is shorter. */
const SIGNIFICANT_DIGITS = 7;

export interface RecordFile {
  write(line: RecordLine): void;
  close(): void;
}

/** Begins the file anew, with its folder where there is none. Throws the system's error. */
export function createRecordFile(path: string): RecordFile {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  return {
    write: (line) => void writeSync(file, `${JSON.stringify(line)}\n`),
    close: () => closeSync(file),
  };
}

/** What a round measured as a line of the record. */
export function roundLine(table: string, row: string, round: number, { samples, figures }: Round): RoundLine {
  return {
    kind: 'round',
    table,
    row,
    round,
    ...(samples === undefined ? {} : { samples: Array.from(samples, shorten) }),
    ...(figures === undefined ? {} : { figures }),
  };
}

const shorten = (value: number): number => Number(value.toPrecision(SIGNIFICANT_DIGITS));

/**
 * The lines of a record. A last line that is no JSON was being written as its run was killed, and is left out. Throws naming the
 * line when another is broken.
 */
export function readRecordFile(path: string): RecordLine[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  const last = lines.pop();
  const whole = lines.map((line, index): RecordLine => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new Error(`${path}: line ${index + 1} is not JSON`, { cause });
    }
  });
  if (last === undefined || last === '') return whole;
  try {
    return [...whole, JSON.parse(last)];
  } catch {
    // Cut off in the middle of a line: what stands before it is all there is.
    return whole;
  }
}
