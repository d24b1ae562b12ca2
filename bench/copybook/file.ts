/**
 * Question: how long does the command line take for a file of 2 GiB, with one executor and with two, and how much memory?
 *
 * Each run is a process of its own. The file is written piece by piece into a temporary folder and deleted afterwards;
 * the output goes nowhere, so that no disk is measured. Needs two idle cores, and the process that feeds the executors
 * needs a share of them too: on a machine with two cores the ratio is bounded by that.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Contestant, Table } from '../harness.ts';
import { mixedSample } from './samples.ts';

const REPOSITORY = resolve(import.meta.dirname, '..', '..');
const MIB = 1_048_576;
/** A round works through so many times 64 MiB: 32 of them are the file of 2 GiB. */
const PIECE_BYTES = 64 * MIB;
const FILE_PIECES = 32;
const ANSWER_PIECES = 1;
const RATE = 'rate';
const RESIDENT = 'resident memory';
const ONE = 'one executor';
const RATIO_MIN = 1.6;
const RESIDENT_MAX_MB = 300;
/** The kernel keeps a process's highest resident memory; read so often, it is missed by little at the end. */
const READ_EVERY_MS = 50;

export const fileTable: Table = {
  name: 'file',
  question:
    'hotcell copybook decode on a file of 2 GiB, to JSON lines; needs two idle cores (MiB/s of the file)',
  unit: 'ms',
  baseline: ONE,
  headline: RATE,
  // A sample is 64 MiB of the file.
  effort: { rounds: 2, samples: FILE_PIECES, warmUp: 1 },
  quick: { rounds: 1, samples: 1, warmUp: 0 },
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'hotcell-bench-'));
    try {
      const sample = mixedSample();
      const copybook = join(folder, 'record.cpy');
      await writeFile(copybook, sample.copybook);
      const paths = new Map<number, string>();
      const fileOf = async (pieces: number): Promise<string> => {
        const path =
          paths.get(pieces) ??
          (await writeRecords(join(folder, `records-${pieces}`), sample.records, pieces));
        paths.set(pieces, path);
        return path;
      };
      const contestant = (row: string, executors: number): Contestant => ({
        row,
        targets: [
          ...(row === ONE ? [] : [{ metric: RATE, test: '>=', value: RATIO_MIN, against: ONE } as const]),
          { metric: RESIDENT, test: '<', value: RESIDENT_MAX_MB },
        ],
        async answer() {
          const out = join(folder, `answer-${executors}`);
          await decode(copybook, await fileOf(ANSWER_PIECES), out, executors);
          return createHash('sha256')
            .update(await readFile(out))
            .digest();
        },
        async round(count) {
          const path = await fileOf(count);
          const startMs = performance.now();
          const residentBytes = await decode(copybook, path, '-', executors);
          const elapsedMs = performance.now() - startMs;
          const rate = ((count * PIECE_BYTES) / MIB / elapsedMs) * 1_000;
          return {
            samples: [elapsedMs],
            figures: {
              [RATE]: { value: rate, unit: 'MiB/s', n: count },
              [RESIDENT]: { value: residentBytes / 1e6, unit: 'MB', n: 1, over: 'max' },
            },
          };
        },
      });
      return {
        contestants: [contestant(ONE, 1), contestant('two executors', 2)],
        close: () => rm(folder, { recursive: true, force: true }),
      };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  },
};

/** Whole records, about so many times 64 MiB. */
async function writeRecords(path: string, records: Buffer, pieces: number): Promise<string> {
  const file = await open(path, 'w');
  try {
    for (let written = 0; written < pieces * PIECE_BYTES; written += records.length)
      await file.write(records);
  } finally {
    await file.close();
  }
  return path;
}

/** Runs the command; gives its highest resident memory in bytes, NaN where the system does not tell. */
async function decode(copybook: string, file: string, out: string, executors: number): Promise<number> {
  const args = ['copybook', 'decode', copybook, file, '--out', out, '--executors', String(executors)];
  const child = spawn(process.execPath, [join(REPOSITORY, 'host', 'main.ts'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-2_000);
  });
  let residentBytes = Number.NaN;
  const timer = setInterval(async () => {
    residentBytes = (await highestResidentBytes(child.pid)) ?? residentBytes;
  }, READ_EVERY_MS);
  try {
    const code = await new Promise((done, fail) => child.once('error', fail).once('close', done));
    if (code !== 0) throw new Error(`hotcell copybook decode ended with ${code}: ${said}`);
  } finally {
    clearInterval(timer);
  }
  return residentBytes;
}

async function highestResidentBytes(pid: number | undefined): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
  } catch {
    // The process has ended, or this system has no such file: what was read before stands.
    return undefined;
  }
}
