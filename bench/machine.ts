/**
 * Where and on what a figure was measured: commit, Node, CPU, load. Every line of results carries it, because
 * absolute numbers are not portable between machines.
 */

import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';

/** Share of the cores that may be busy at the start before the machine is called noisy. */
const NOISY_LOAD_SHARE = 0.25;

export interface Machine {
  /** Short commit id, with `+` when the tree has uncommitted changes; `unknown` outside a git tree. */
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** One-minute load average at the start; 0 on systems without one. */
  readonly load: number;
  /** ISO 8601, when the run began. */
  readonly date: string;
}

export function inspectMachine(): Machine {
  return {
    commit: readCommit(),
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    load: loadavg()[0] ?? 0,
    date: new Date().toISOString(),
  };
}

/** A sentence when other work was running as the measurement began, else undefined. */
export function noiseWarning(machine: Pick<Machine, 'cores' | 'load'>): string | undefined {
  const limit = machine.cores * NOISY_LOAD_SHARE;
  if (machine.load <= limit) return undefined;
  return `noisy machine: load average ${machine.load.toFixed(2)} on ${machine.cores} cores at the start; trust ratios, not figures`;
}

function readCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const commit = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+`;
  } catch {
    // A packed copy without git is a legitimate place to measure in; the line then says so.
    return 'unknown';
  }
}
