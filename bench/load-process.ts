/** Runs the load generator (load.ts) as a second process and gives its report. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadOptions, LoadReport } from './load.ts';

export interface LoadRequest
  extends Pick<
    LoadOptions,
    'url' | 'headers' | 'numbered' | 'connections' | 'perSecond' | 'arrivals' | 'seed' | 'spin' | 'samples'
  > {
  /** Body of n bytes that repeat mod 251. */
  readonly bodyBytes?: number;
  /** Body from a file, in the place of `bodyBytes`. */
  readonly bodyFile?: string;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

const run = promisify(execFile);
const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));
/** All latencies of the longest run, as text. */
const OUTPUT_MAX_BYTES = 64 * 1_048_576;

/** Throws when the generator refuses its options or ends without a report. */
export async function runLoadProcess(request: LoadRequest): Promise<LoadReport> {
  const flags: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ['url', request.url],
    ['body-bytes', request.bodyBytes],
    ['body-file', request.bodyFile],
    ['connections', request.connections],
    ['rate', request.perSecond],
    ['arrivals', request.arrivals],
    ['seed', request.seed],
    ['warm-up-ms', request.warmUpMs],
    ['duration-ms', request.durationMs],
  ];
  const switches = (['numbered', 'spin', 'samples'] as const).filter((name) => request[name] === true);
  const { stdout } = await run(
    process.execPath,
    [
      LOAD,
      ...(request.headers ?? []).map((header) => `--header=${header}`),
      ...flags.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
      ...switches.map((name) => `--${name}`),
    ],
    { maxBuffer: OUTPUT_MAX_BYTES },
  );
  return JSON.parse(stdout);
}
