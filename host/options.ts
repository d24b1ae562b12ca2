/**
 * Every option of the host as data: unit, bound, default, reason. `config.ts` resolves values against this table,
 * the README prints it, the CLI makes its flags from it, and the manifest schema takes its bounds from it.
 *
 * Base layer: data only. Two tables: `OPTIONS` (what an operator may set) and `LIMIT_BOUNDS` (what a manifest may set for
 * its own calls). The rows named `pool.*` are both: the operator sets defaults for manifests that do not say.
 */

import type { Limits, PoolOptions } from './types.ts';

interface Bound {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
}

interface Row<Kind extends string, Value> {
  readonly kind: Kind;
  /** Empty where a value has none. */
  readonly unit: string;
  readonly default: Value;
  /** What it does and why the default is what it is. One sentence or two. */
  readonly reason: string;
}

export type NumberRow = Row<'number', number> & Bound;
export type OptionRow =
  | NumberRow
  | Row<'text', string>
  | Row<'path', string | undefined>
  | Row<'switch', boolean>
  | (Row<'choice', string> & { readonly choices: readonly string[] })
  | Row<'tokens', readonly []>
  /** Public keys, each in PEM or as the path of a file with it. */
  | Row<'keys', undefined>
  /** What adapters may do: only from the file or a program. */
  | Row<'capabilities', Readonly<Record<string, never>>>
  /** An address that may hold a password: never a flag, never printed whole. */
  | Row<'store-url', undefined>;

const MiB = 1024 * 1024;
const hour = 3_600_000;

const whole = (unit: string, bound: [number, number], value: number, reason: string): NumberRow => ({
  kind: 'number',
  unit,
  min: bound[0],
  max: bound[1],
  integer: true,
  default: value,
  reason,
});

const ratio = (bound: [number, number], value: number, reason: string): NumberRow => ({
  ...whole('ratio', bound, value, reason),
  integer: false,
});

/** Bounds, defaults and reasons of a pool's options; the operator's are `pool.*` of `OPTIONS`. */
export const POOL_BOUNDS = {
  min: whole(
    'cells',
    [0, 1024],
    4,
    'Virgin cells kept ready, so that a burst of callers meets no cold start.',
  ),
  max: whole(
    'cells',
    [1, 1024],
    16,
    'Cap of live cells of one adapter; each costs memory and address space.',
  ),
  permits: whole(
    'calls',
    [0, 100_000],
    0,
    'Running and waiting calls of one adapter; beyond it callers are refused at once. 0 means 2 × max.',
  ),
  tenantShare: ratio(
    [0.01, 1],
    0.5,
    'Part of the permits one tenant may hold, so that none starves the others.',
  ),
  acquireTimeoutMs: whole('ms', [1, 600_000], 1000, 'Longest wait for a cell, and never past the deadline.'),
  healthIntervalMs: whole('ms', [100, 24 * hour], 30_000, 'Pause between health probes of idle cells.'),
  idleMs: whole('ms', [100, 24 * hour], 300_000, 'Idle time after which the pool shrinks towards min.'),
  recycleCalls: whole(
    'calls',
    [1, 1_000_000_000],
    10_000,
    'Calls after which a cell is replaced: guests leak.',
  ),
  recycleAgeMs: whole('ms', [100, 168 * hour], hour, 'Age after which a cell is replaced, busy or not.'),
  recycleMemoryRatio: ratio(
    [0.1, 1],
    0.9,
    'Part of the memory limit above which a cell is replaced: memory never shrinks after a spike.',
  ),
  maxCrashes: whole('crashes', [1, 1000], 3, 'Consecutive crashes after which a slot rests with back-off.'),
  replayMax: whole(
    'replays',
    [0, 32],
    2,
    'Times a begun idempotent call is replayed after its cell died; crashes of 10 % then fail 1 call in 1,000.',
  ),
} as const satisfies Record<keyof PoolOptions, NumberRow>;

/** What a manifest may set for its calls, per adapter or operation. */
export const LIMIT_BOUNDS = {
  memoryMaxMiB: whole('MiB', [1, 4096], 64, 'Linear memory of one cell, written into each core module.'),
  timeoutMs: whole('ms', [1, 600_000], 1000, 'From admission to reply; the guest is stopped at its end.'),
  inputMaxBytes: whole(
    'bytes',
    [0, 1024 * MiB],
    8 * MiB,
    'Largest payload; it is copied into the cell once.',
  ),
  outputMaxBytes: whole('bytes', [0, 1024 * MiB], 16 * MiB, 'Largest result; it is copied out once.'),
  fuelMax: whole(
    'units',
    [1, 1e15],
    1e12,
    'Fuel of one call, about a nanosecond of work each; by default more than any deadline allows.',
  ),
} as const satisfies Record<keyof Limits, NumberRow>;

export const OPTIONS = {
  host: {
    kind: 'text',
    unit: '',
    default: '127.0.0.1',
    reason: 'Address to listen on. Anything but loopback requires tokens.',
  },
  port: whole('', [0, 65_535], 8080, 'TCP port; 0 takes a free one and prints it.'),
  adapters: {
    kind: 'path',
    unit: '',
    default: undefined,
    reason: 'Extra directory of adapter packages, one folder each.',
  },
  data: {
    kind: 'path',
    unit: '',
    default: 'hotcell-data',
    reason: 'Where installed packages and prepared components live; they survive a restart.',
  },
  bundled: {
    kind: 'switch',
    unit: '',
    default: true,
    reason: 'Serve the adapters of this repository too.',
  },
  executors: whole(
    'executors',
    [0, 256],
    0,
    'Threads or processes that run guests; 0 means one for each available core.',
  ),
  placement: {
    kind: 'choice',
    unit: '',
    default: 'thread',
    choices: ['thread', 'process'],
    reason:
      'Where executors live: threads are faster, and an abort of the engine then ends the host; child processes contain it.',
  },
  processUid: whole(
    'user id',
    [0, 2_147_483_647],
    0,
    'User and group of executors in processes, so that they cannot signal the host; only root may set it. 0 means those of the host.',
  ),
  memoryBudget: whole(
    'wasm memories',
    [64, 16_000],
    8000,
    'Memories alive in one process: the host, or each executor in a process. V8 reserves 8 GiB of addresses for each and fails near 16,300.',
  ),
  bodyMaxBytes: whole(
    'bytes',
    [1024, 1024 * MiB],
    64 * MiB,
    'Absolute bound of any request body, before the narrower limit of the operation.',
  ),
  drainTimeoutMs: whole('ms', [0, 600_000], 10_000, 'How long a shutdown waits for calls in flight.'),
  killGraceMs: whole(
    'ms',
    [0, 10_000],
    25,
    'How long past its deadline a running guest is left before its executor is killed. Fuel stops it within a millisecond or so of running; a busy machine may not let it run.',
  ),
  metering: {
    kind: 'choice',
    unit: '',
    choices: ['guests', 'all'],
    default: 'guests',
    reason:
      "Who counts fuel: all, or all but the codecs that come with Hotcell, whose loops are the host's own and end.",
  },
  prepareTimeoutMs: whole(
    'ms',
    [1000, 600_000],
    30_000,
    'Time to prepare one component; a large one of JavaScript takes a second.',
  ),
  prepareHeapMiB: whole(
    'MiB',
    [64, 16_384],
    1024,
    'Heap of the disposable worker that prepares components, so that a hostile one cannot take the host.',
  ),
  componentMaxBytes: whole('bytes', [1024, 1024 * MiB], 64 * MiB, 'Largest component that can be installed.'),
  idempotencyTtlMs: whole(
    'ms',
    [1000, 24 * hour],
    600_000,
    'How long a reply is kept for its Idempotency-Key.',
  ),
  idempotencyMaxEntries: whole('replies', [0, 1_000_000], 10_000, 'Replies kept at most; the oldest goes.'),
  idempotencyMaxBytes: whole('bytes', [0, 4096 * MiB], 64 * MiB, 'Bytes of kept replies at most.'),
  logLevel: {
    kind: 'choice',
    unit: '',
    default: 'info',
    choices: ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'],
    reason: 'Least level of the JSON log; info is one line for each call.',
  },
  tokens: {
    kind: 'tokens',
    unit: '',
    default: [],
    reason:
      'API tokens as `{name, sha256, tenant, role}`; `hotcell token` makes one. Never a flag: flags are public.',
  },
  trustedKeys: {
    kind: 'keys',
    unit: '',
    default: undefined,
    reason:
      'Public keys (Ed25519, PEM, or files of it): only packages that one of them signed are loaded and installed, but for the bundled ones. Unset, no signature is asked for.',
  },
  capabilities: {
    kind: 'capabilities',
    unit: '',
    default: {},
    reason:
      'What adapters may do, by name or `*`: host/capabilities/README.md. Only in the file; unset, nothing that leaves the host.',
  },
  kvUrl: {
    kind: 'store-url',
    unit: '',
    default: undefined,
    reason:
      'Redis of the capability `kv`, as `redis://` or `rediss://` with user and password; unset, memory. Never a flag: flags are public.',
  },
  kvMaxBytes: whole(
    'bytes',
    [0, 64 * 1024 * MiB],
    64 * MiB,
    'What the capability `kv` holds in memory for all adapters and tenants together; beyond it writes are refused, nothing is forgotten.',
  ),
  vaultKeyFile: {
    kind: 'path',
    unit: '',
    default: undefined,
    reason:
      'File of root keys; with it the host has a vault and `/v1/vault`. Without it HOTCELL_VAULT_KEYS may hold the keys themselves.',
  },
  vaultBackend: {
    kind: 'choice',
    unit: '',
    default: 'cells',
    choices: ['cells', 'native'],
    reason:
      'Where the vault works: cells contain keys and plaintexts, native is faster and contains nothing.',
  },
  vaultProfile: {
    kind: 'choice',
    unit: '',
    default: 'default',
    choices: ['default', 'highThroughput', 'lowLatency', 'memoryEfficient'],
    reason: 'Caches, buffers and queues of the vault; host/vault/README.md has the numbers.',
  },
  vaultStreamMaxBytes: whole(
    'bytes',
    [1024, 1024 * 1024 * MiB],
    1024 * MiB,
    'Longest body of `/v1/vault`. It is never held in memory, and may take any time.',
  ),
  streamIdleMs: whole(
    'ms',
    [100, 3_600_000],
    30_000,
    'How long a body of `/v1/vault` or `/v1/copybook` may stand still while the host waits for its next byte.',
  ),
  copybookStreamMaxBytes: whole(
    'bytes',
    [1024, 1024 * 1024 * MiB],
    1024 * MiB,
    'Longest body of `/v1/copybook`, and longest that a packed one may become. It is never held in memory.',
  ),
  'pool.min': POOL_BOUNDS.min,
  'pool.max': POOL_BOUNDS.max,
  'pool.permits': POOL_BOUNDS.permits,
  'pool.tenantShare': POOL_BOUNDS.tenantShare,
  'pool.acquireTimeoutMs': POOL_BOUNDS.acquireTimeoutMs,
  'pool.healthIntervalMs': POOL_BOUNDS.healthIntervalMs,
  'pool.idleMs': POOL_BOUNDS.idleMs,
  'pool.recycleCalls': POOL_BOUNDS.recycleCalls,
  'pool.recycleAgeMs': POOL_BOUNDS.recycleAgeMs,
  'pool.recycleMemoryRatio': POOL_BOUNDS.recycleMemoryRatio,
  'pool.maxCrashes': POOL_BOUNDS.maxCrashes,
  'pool.replayMax': POOL_BOUNDS.replayMax,
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof OPTIONS;

export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[];

/** The row of an option, as the union of kinds. */
export const optionRow = (name: OptionName): OptionRow => OPTIONS[name];

const defaultsOf = <K extends string>(rows: Readonly<Record<K, NumberRow>>): Readonly<Record<K, number>> =>
  Object.freeze(
    Object.fromEntries(Object.entries<NumberRow>(rows).map(([name, row]) => [name, row.default])),
  ) as Readonly<Record<K, number>>;

/** What a pool does when neither the manifest nor the operator says. */
export const POOL_DEFAULTS: PoolOptions = defaultsOf(POOL_BOUNDS);
/** What a call may use when the manifest does not say. */
export const LIMIT_DEFAULTS: Limits = defaultsOf(LIMIT_BOUNDS);
