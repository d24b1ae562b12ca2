/**
 * Writes the record of a run while it runs: a JSON line at a time, each on the disk's side of this process before the next
 * thing is measured, so that a run that was cut off or killed leaves whole lines behind.
 *
 * Writing is synchronous and happens between rounds, never within one. Who reads it is `read-record.ts`.
 */

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
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
