/** Runs the load generator (load.ts) as a second process and gives its report. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadReport } from './load.ts';

export interface LoadRequest {
  readonly url: string;
  readonly headers?: readonly string[];
  /** Body of n bytes that repeat mod 251. */
  readonly bodyBytes: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

const run = promisify(execFile);
const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));

/** Throws when the generator refuses its options or ends without a report. */
export async function runLoadProcess(request: LoadRequest): Promise<LoadReport> {
  const { stdout } = await run(process.execPath, [
    LOAD,
    `--url=${request.url}`,
    ...(request.headers ?? []).map((header) => `--header=${header}`),
    `--body-bytes=${request.bodyBytes}`,
    `--connections=${request.connections}`,
    `--warm-up-ms=${request.warmUpMs}`,
    `--duration-ms=${request.durationMs}`,
  ]);
  return JSON.parse(stdout);
}
