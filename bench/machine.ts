/**
 * Where and on what a figure was measured: commit, Node, CPU, load, and what else decides speed. Every line of results
 * carries it, because absolute numbers are not portable between machines.
 *
 * No name of the machine, of a user or of a folder is in it: a report can be sent around.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** Share of the cores that may be busy at the start before the machine is called noisy. */
const NOISY_LOAD_SHARE = 0.25;

export interface Machine {
  /** Short commit id, with `+` when the tree has uncommitted changes; of an installed package its version, `v0.1.0`. */
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** One-minute load average at the start; 0 on systems without one. */
  readonly load: number;
  /** ISO 8601, when the run began. */
  readonly date: string;
}

export interface Environment extends Machine {
  readonly v8: string;
  /** Platform and architecture, e.g. `linux x64`. */
  readonly os: string;
  readonly kernel: string;
  readonly memoryBytes: number;
  /** How the kernel picks the frequency of the first core; left out where that cannot be read. */
  readonly governor?: string;
  /** What a container allows; left out where there is no limit or none can be read. */
  readonly cpuLimitCores?: number;
  readonly memoryLimitBytes?: number;
}

/** Gives the text of a file, or undefined when it cannot be read. */
type ReadText = (path: string) => string | undefined;

const GOVERNOR = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
/** Control groups, version 2, as a container sees its own. */
const CPU_MAX = '/sys/fs/cgroup/cpu.max';
const MEMORY_MAX = '/sys/fs/cgroup/memory.max';

export function inspectMachine(read: ReadText = readText): Environment {
  const governor = read(GOVERNOR)?.trim();
  const [quota, period] = (read(CPU_MAX) ?? '').trim().split(' ').map(Number);
  const memoryLimitBytes = Number.parseInt(read(MEMORY_MAX) ?? '', 10);
  return {
    commit: readCommit(),
    node: process.version,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    load: loadavg()[0] ?? 0,
    os: `${platform()} ${arch()}`,
    kernel: release(),
    memoryBytes: totalmem(),
    ...(governor ? { governor } : {}),
    ...(quota && period ? { cpuLimitCores: quota / period } : {}),
    ...(memoryLimitBytes > 0 ? { memoryLimitBytes } : {}),
    date: new Date().toISOString(),
  };
}

/**
 * Twelve hexadecimal digits over what decides speed: CPU, cores, memory in GiB, governor, limits, system, Node and V8. Runs with one
 * fingerprint can be compared. Neither commit, date nor load is in it, nor the kernel's release, which changes too often.
 */
export function fingerprintMachine(environment: Environment): string {
  const { cpu, cores, memoryBytes, governor, cpuLimitCores, memoryLimitBytes, os, node, v8 } = environment;
  const gibibytes = (bytes: number | undefined) => (bytes === undefined ? null : Math.round(bytes / 2 ** 30));
  const decisive = [
    cpu,
    cores,
    gibibytes(memoryBytes),
    governor ?? null,
    cpuLimitCores ?? null,
    gibibytes(memoryLimitBytes),
    os,
    node,
    v8,
  ];
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex').slice(0, 12);
}

/** A sentence when other work was running as the measurement began, else undefined. */
export function noiseWarning(machine: Pick<Machine, 'cores' | 'load'>): string | undefined {
  const limit = machine.cores * NOISY_LOAD_SHARE;
  if (machine.load <= limit) return undefined;
  return `noisy machine: load average ${machine.load.toFixed(2)} on ${machine.cores} cores at the start; trust ratios, not figures`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not Linux, no frequency scaling, no container: the stamp then leaves the line out.
    return undefined;
  }
}

function readCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    // An installed package may lie in somebody else's tree, whose commits say nothing of it.
    if (git('rev-parse', '--show-prefix') !== 'bench/') return readVersion();
    const commit = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+`;
  } catch {
    // A copy without git is a legitimate place to measure in.
    return readVersion();
  }
}

function readVersion(): string {
  const text = readText(join(import.meta.dirname, '..', 'package.json'));
  return text === undefined ? 'unknown' : `v${JSON.parse(text).version}`;
}
