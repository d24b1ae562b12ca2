/**
 * Every number and list of the capabilities as data: bound, what a manifest has that does not say, what an operator permits
 * who does not say, and why.
 *
 * Base layer: data only. `capability-policy.ts` holds manifests and configurations against it, `capabilities/grants.ts` takes
 * the narrower of the two, and `capabilities/README.md` prints it. Which capabilities are there at all without a word of the
 * operator says `PERMITTED_UNASKED`.
 */

import type { Grants } from './capability-types.ts';

export interface CapabilityBound {
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Of a manifest that leaves the field out. */
  readonly default: number;
  /** Of an operator who leaves the field out. */
  readonly permitted: number;
  /** Of two values the narrower: for a resolution that is the larger. */
  readonly narrower: 'smaller' | 'larger';
  readonly reason: string;
}

const KiB = 1024;
const MiB = 1024 * KiB;

const atMost = (
  unit: string,
  [min, max]: readonly [number, number],
  value: number,
  permitted: number,
  reason: string,
): CapabilityBound => ({ unit, min, max, default: value, permitted, narrower: 'smaller', reason });

export const CAPABILITY_BOUNDS = {
  'log.callMaxBytes': atMost(
    'bytes',
    [0, MiB],
    16 * KiB,
    64 * KiB,
    'Text one call may log, a line as 64 at least: some hundred lines. A flood costs its writer nothing and its reader everything.',
  ),
  'clock.resolutionMs': {
    unit: 'ms',
    min: 0.001,
    max: 60_000,
    default: 1,
    permitted: 1,
    narrower: 'larger',
    reason:
      'Finer clocks tell guests what their neighbours do in the caches they share; browsers stop near a tenth of it.',
  },
  'kv.maxBytes': atMost(
    'bytes',
    [1, 1024 * MiB],
    MiB,
    MiB,
    'Keys, values and 64 bytes for each entry, of one adapter and one tenant; in memory unless a store is configured.',
  ),
  'http.requestMaxBytes': atMost(
    'bytes',
    [0, 64 * MiB],
    MiB,
    8 * MiB,
    'Body of a request; one that is sent whole is held in memory.',
  ),
  'http.responseMaxBytes': atMost(
    'bytes',
    [0, 256 * MiB],
    8 * MiB,
    16 * MiB,
    'Body of a response as it comes over the wire; one that is read whole is held in memory.',
  ),
  'http.callMaxRequests': atMost(
    'requests',
    [1, 1000],
    8,
    32,
    'Requests of one call, redirects counted: a guest must not turn one caller into a thousand.',
  ),
  'http.timeoutMs': atMost(
    'ms',
    [1, 600_000],
    10_000,
    30_000,
    'From a request to the end of its response, and never past the deadline of the call.',
  ),
  'files.maxBytes': atMost(
    'bytes',
    [1, 256 * MiB],
    MiB,
    16 * MiB,
    'Names and contents of the files of a cell; they lie in the heap of its thread.',
  ),
} as const satisfies Readonly<Record<string, CapabilityBound>>;

export type BoundName = keyof typeof CAPABILITY_BOUNDS;

export const boundOf = (name: BoundName): CapabilityBound => CAPABILITY_BOUNDS[name];

/** From most to least; a level is narrower when it comes later. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
/** Of a manifest that does not say; an operator who does not say permits all levels. */
export const LOG_LEVEL_DEFAULT = 'info';

/** Methods of a manifest that does not say: those that change nothing. */
export const HTTP_METHODS_DEFAULT: readonly string[] = ['GET', 'HEAD'];
/** Of an operator who does not say. Never CONNECT (a tunnel) or TRACE (it reflects credentials), which nobody can name. */
export const HTTP_METHODS_PERMITTED: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
];

/** Capabilities an operator permits by saying nothing: those that reach nothing outside of the host. */
export const PERMITTED_UNASKED: ReadonlySet<keyof Grants> = new Set<keyof Grants>([
  'log',
  'clock',
  'random',
  'config',
  'kv',
  'files',
]);

export const CAPABILITY_NAMES = [
  'log',
  'clock',
  'random',
  'config',
  'secrets',
  'kv',
  'http',
  'files',
] as const satisfies readonly (keyof Grants)[];

/** Lists and texts. A grant goes to every thread, and each request is held against its lists. */
export const LIST_BOUNDS = {
  hostsMaxCount: 64,
  methodsMaxCount: 16,
  privateRangesMaxCount: 32,
  configMaxCount: 64,
  /** Names and values of `config` together, in UTF-8. */
  configMaxBytes: 16 * KiB,
  secretsMaxCount: 32,
  /** One secret: a key file of several certificates fits. */
  secretMaxBytes: 64 * KiB,
  /** Entries of an operator's policy. */
  policyMaxCount: 1000,
} as const;
