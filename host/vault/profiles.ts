/**
 * The numbers a vault is tuned by, and the four named sets of them.
 *
 * Every number is a limit with a unit; who wants another one gives it beside the profile's name. What bounds correctness
 * rather than speed (sizes of formats, budgets of keys) is not here.
 */

import { HostError, type Problem } from '../errors.ts';

export interface VaultTuning {
  /** Contexts whose derived keys have a handle at a time. */
  readonly keyCacheSize: number;
  /** Seconds after which a handle is given up and its keys are wiped, used or not. */
  readonly keyCacheTtlS: number;
  /** Cells with keys at a time; the adapter's pool may give fewer. */
  readonly contextPoolSize: number;
  /** Operations of each kind that run at the same time; the others wait in order. */
  readonly maxConcurrentOperations: number;
  /** Plaintext of a stream that goes to a cell in one call; whole chunks of 16 KiB. */
  readonly streamingBufferBytes: number;
  /** Items of a batch that go to a cell in one call. */
  readonly batchSize: number;
  /** Buffers kept for use again. */
  readonly memoryPoolSize: number;
  /** Off: nothing is counted or published. */
  readonly enableMetrics: boolean;
}

export type VaultProfile = 'default' | 'highThroughput' | 'lowLatency' | 'memoryEfficient';

const KIB = 1024;
const CHUNK_BYTES = 16 * KIB;

const defaults: VaultTuning = {
  keyCacheSize: 1000,
  keyCacheTtlS: 3600,
  contextPoolSize: 100,
  maxConcurrentOperations: 50,
  streamingBufferBytes: 64 * KIB,
  batchSize: 100,
  memoryPoolSize: 50,
  enableMetrics: true,
};

export const VAULT_PROFILES: Readonly<Record<VaultProfile, VaultTuning>> = {
  default: defaults,
  /** Bulk: larger pieces, more of everything at a time. */
  highThroughput: {
    ...defaults,
    keyCacheSize: 5000,
    contextPoolSize: 200,
    maxConcurrentOperations: 100,
    streamingBufferBytes: 256 * KIB,
    batchSize: 500,
    memoryPoolSize: 100,
  },
  /** Small operations that must not wait behind large ones. */
  lowLatency: {
    ...defaults,
    keyCacheSize: 500,
    contextPoolSize: 50,
    maxConcurrentOperations: 25,
    streamingBufferBytes: 32 * KIB,
    batchSize: 50,
    memoryPoolSize: 25,
  },
  memoryEfficient: {
    ...defaults,
    keyCacheSize: 100,
    contextPoolSize: 20,
    maxConcurrentOperations: 10,
    streamingBufferBytes: 16 * KIB,
    batchSize: 25,
    memoryPoolSize: 10,
  },
};

/** Bounds of every number: least, most. */
const BOUNDS: Readonly<Record<Exclude<keyof VaultTuning, 'enableMetrics'>, readonly [number, number]>> = {
  keyCacheSize: [1, 1_000_000],
  keyCacheTtlS: [1, 604_800],
  contextPoolSize: [1, 1024],
  maxConcurrentOperations: [1, 100_000],
  streamingBufferBytes: [CHUNK_BYTES, 8 * KIB * KIB],
  batchSize: [1, 10_000],
  memoryPoolSize: [0, 10_000],
};

/** The profile's numbers with these in their place. Throws CONFIG_INVALID — with all problems. */
export function resolveTuning(profile: VaultProfile, own: Partial<VaultTuning>): VaultTuning {
  const base = VAULT_PROFILES[profile];
  if (base === undefined) {
    const known = Object.keys(VAULT_PROFILES).join(', ');
    throw invalid([{ at: 'profile', message: `must be one of ${known}` }]);
  }
  const names = Object.keys(base) as (keyof VaultTuning)[];
  const given = names.filter((name) => own[name] !== undefined).map((name) => [name, own[name]]);
  const tuning: VaultTuning = { ...base, ...Object.fromEntries(given) };
  const problems: Problem[] = Object.entries(BOUNDS).flatMap(([at, [least, most]]) => {
    const value = tuning[at as keyof typeof BOUNDS];
    const fits = Number.isSafeInteger(value) && value >= least && value <= most;
    return fits ? [] : [{ at, message: `must be a whole number from ${least} to ${most}` }];
  });
  if (tuning.streamingBufferBytes % CHUNK_BYTES !== 0) {
    problems.push({ at: 'streamingBufferBytes', message: `must be a multiple of ${CHUNK_BYTES}` });
  }
  if (problems.length > 0) throw invalid(problems);
  return tuning;
}

function invalid(problems: Problem[]): HostError {
  const all = problems.map(({ at, message }) => `${at} ${message}`).join('; ');
  return new HostError('CONFIG_INVALID', all, { problems });
}
