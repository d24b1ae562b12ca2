/**
 * `hotcell bench`: the cold-start suite over adapters of the caller's choice.
 *
 * Tables go to standard output as they are measured, progress to standard error, and the record of everything that was measured
 * into the output folder. A signal ends the run after the round under way; a second one ends the process.
 */

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { createBenchProgress } from './bench-progress.ts';
import { findSamples } from './bench-samples.ts';
import { fileError } from './invoke.ts';
import type { World } from './world.ts';

export interface BenchFlags {
  readonly out: string;
  readonly only?: readonly string[];
  readonly peers?: true;
  readonly quick?: true;
  readonly seed: number;
  readonly markdown?: true;
  /** True for the baseline that was saved on this machine. */
  readonly against?: string | true;
  readonly save?: true;
  /** True without a row of the caller's choice. */
  readonly profile?: string | true;
  readonly operation?: string;
  readonly in?: string;
}

/** Below the data directory: one record for each machine. */
const BASELINES = 'bench-baselines';
/** `table: row` of the call that everybody makes. */
const PROFILE_DEFAULT = 'throughput: warm lease + call over HTTP';
/** Signals that follow one another faster are one: a terminal, npm and the launcher each pass it on. */
const SAME_SIGNAL_MS = 500;

/** Resolves to the exit code: 1 when a table broke, the run was cut off, or a row became worse than the baseline. Throws what `findSamples` and `runSuite` do. */
export async function runBench(
  world: World,
  config: HostConfig,
  names: readonly string[],
  flags: BenchFlags,
): Promise<number> {
  const { clock, stdout, stderr } = world;
  const input =
    flags.in === undefined
      ? undefined
      : await readFile(resolve(world.cwd, flags.in)).catch((error: unknown) => {
          throw fileError(error, flags.in ?? '', 'read');
        });
  const { operation } = flags;
  const samples = await findSamples(world, names, config.adapters, { operation, input });
  if (flags.save === true && flags.quick === true)
    throw new HostError('CONFIG_INVALID', '--save with --quick: a smoke run cannot be a baseline');
  const { runSuite } = await import('../../bench/suite/suite.ts');
  const { inspectMachine } = await import('../../bench/machine.ts');
  const baselines = join(config.data, BASELINES);
  const against = flags.against === undefined ? undefined : await baselineOf(world, flags.against, baselines);
  const progress = createBenchProgress(stderr, clock);
  const stop = new AbortController();
  let signalledMs: number | undefined;
  const unlisten = world.signals((signal) => {
    const nowMs = clock.now();
    if (signalledMs !== undefined && nowMs - signalledMs >= SAME_SIGNAL_MS) world.exit(1);
    if (signalledMs === undefined) {
      progress.clear();
      stderr.write(`${signal}: ending after this round; what was measured is kept\n`);
      stop.abort(new HostError('HOST_CLOSED', `${signal}: the run was cut off`));
    }
    signalledMs ??= nowMs;
  });
  try {
    const result = await runSuite(
      {
        samples,
        capabilities: config.capabilities,
        quick: flags.quick === true,
        only: flags.only ?? [],
        seed: flags.seed,
        peers: flags.peers === true,
        against,
        saveTo: flags.save === true ? baselines : undefined,
        markdown: flags.markdown === true,
        profile: flags.profile === true ? PROFILE_DEFAULT : flags.profile,
      },
      {
        inspect: inspectMachine,
        folder: resolve(world.cwd, flags.out),
        now: () => clock.now(),
        print(text) {
          progress.clear();
          stdout.write(`${text}\n`);
        },
        progress: progress.show,
        signal: stop.signal,
      },
    );
    progress.clear();
    for (const sentence of result.noise) stderr.write(`noise: ${sentence}\n`);
    for (const miss of result.missed) stderr.write(`missed: ${miss}\n`);
    if (result.broken.length > 0) stderr.write(`broken tables: ${result.broken.join(', ')}\n`);
    const { html, markdown } = result.reports ?? {};
    const written = [
      result.recordPath,
      ...(html === undefined ? [] : [html]),
      ...(markdown === undefined ? [] : [markdown]),
      ...(result.baseline === undefined ? [] : [result.baseline]),
      ...result.profiles,
    ];
    if (flags.profile !== undefined && result.profiles.length === 0) stderr.write('no row was profiled\n');
    stderr.write(`${result.isCutOff ? 'cut off; ' : ''}written: ${written.join(', ')}\n`);
    const isWorse = result.comparison?.changes.some(({ kind }) => kind === 'worse') ?? false;
    return result.broken.length > 0 || result.isCutOff || isWorse ? 1 : 0;
  } finally {
    progress.clear();
    unlisten();
  }
}

/** Looked for before anything is measured. Throws CONFIG_INVALID — there is none, and what to do. */
async function baselineOf(world: World, against: string | true, folder: string): Promise<string> {
  const { findBaseline, SAVED } = await import('../../bench/suite/baseline.ts');
  const { inspectMachine } = await import('../../bench/machine.ts');
  const wanted = against === true ? SAVED : resolve(world.cwd, against);
  try {
    return await findBaseline(wanted, folder, inspectMachine());
  } catch (cause) {
    throw new HostError('CONFIG_INVALID', `${(cause as Error).message} (--save does)`, { cause });
  }
}
