/**
 * The effective configuration: flags > environment > hotcell.config.json > defaults, against the table in
 * `options.ts`. Pure: it reads no file and no environment of its own; callers pass both in.
 *
 * All problems are reported at once. Names that do not exist are problems, never ignored: a misspelt limit that
 * silently does nothing is worse than a host that does not start. A token's digest never appears in any text.
 */

import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { CapabilityPolicy } from './capability-types.ts';
import { HostError, type Problem } from './errors.ts';
import { type ApiToken, isPem, readValue, unknownText } from './option-values.ts';
import { OPTION_NAMES, type OptionName, optionRow } from './options.ts';
import type { PoolOptions } from './types.ts';

export type { ApiToken } from './option-values.ts';
export { LIMIT_DEFAULTS, POOL_DEFAULTS } from './options.ts';

/** Everything an operator decides. Each field is explained in `options.ts`. Paths are absolute. */
export interface HostConfig {
  readonly host: string;
  readonly port: number;
  readonly adapters: string | undefined;
  readonly data: string;
  readonly bundled: boolean;
  /** At least 1: an option of 0 has become the number of cores. */
  readonly executors: number;
  readonly placement: 'thread' | 'process';
  readonly processUid: number;
  readonly memoryBudget: number;
  readonly bodyMaxBytes: number;
  readonly drainTimeoutMs: number;
  readonly killGraceMs: number;
  readonly metering: 'guests' | 'all';
  readonly prepareTimeoutMs: number;
  readonly prepareHeapMiB: number;
  readonly componentMaxBytes: number;
  readonly idempotencyTtlMs: number;
  readonly idempotencyMaxEntries: number;
  readonly idempotencyMaxBytes: number;
  readonly logLevel: string;
  readonly tokens: readonly ApiToken[];
  /** Each in PEM, or the path of a file of it; undefined where no signature is asked for. */
  readonly trustedKeys: readonly string[] | undefined;
  readonly capabilities: CapabilityPolicy;
  readonly kvUrl: string | undefined;
  readonly kvMaxBytes: number;
  readonly vaultKeyFile: string | undefined;
  readonly vaultBackend: 'cells' | 'native';
  readonly vaultProfile: 'default' | 'highThroughput' | 'lowLatency' | 'memoryEfficient';
  readonly vaultStreamMaxBytes: number;
  readonly streamIdleMs: number;
  readonly copybookStreamMaxBytes: number;
  readonly pool: PoolOptions;
}

export type Source = 'flag' | 'environment' | 'file' | 'default';

export interface ResolvedConfig {
  readonly config: HostConfig;
  /** Where each option came from, by option name (`port`, `pool.min`, …). */
  readonly sources: Readonly<Record<OptionName, Source>>;
}

export interface ConfigInputs {
  /** By option name, dotted (`'pool.min'`) or nested (`pool: { min }`); text as from a command line, or typed. */
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
  /** Variables named `HOTCELL_…`; others are not looked at, nor those of tests, of commands and the vault's keys. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The configuration file as text, with its path for messages and as the base of its relative paths. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  /** Base of other relative paths. Default: the working directory. */
  readonly cwd?: string | undefined;
  /** Stands for `executors: 0`. Default: the cores available to this process. */
  readonly coreCount?: number | undefined;
}

/**
 * Variables that the tests of this repository read: a folder of acceptance data, and `1` for longer fuzzing. A host
 * started by such a test, or from the same shell, inherits them. They are no options and change nothing in it.
 */
const TEST_VARIABLES: ReadonlySet<string> = new Set(['HOTCELL_VECTORS', 'HOTCELL_FUZZ']);

/**
 * Variables of single commands, which read them by themselves: a token and credentials that are sent to others, a compiler. In the
 * environment of a host they change nothing.
 */
const COMMAND_VARIABLES: ReadonlySet<string> = new Set([
  'HOTCELL_TOKEN',
  'HOTCELL_OCI_USERNAME',
  'HOTCELL_OCI_PASSWORD',
  'HOTCELL_CLANG',
]);
/** A list of tokens in the variable of the one: whoever wrote it believes that the host asks for them. */
const isListOfTokens = (variable: string, value: string): boolean =>
  variable === 'HOTCELL_TOKEN' && value.trimStart().startsWith('[');

/** Holds root keys themselves, for the vault: read by its provider alone, no option, in no table. */
export const VAULT_KEYS_VARIABLE = 'HOTCELL_VAULT_KEYS';

/** `pool.acquireTimeoutMs` → `HOTCELL_POOL_ACQUIRE_TIMEOUT_MS`; `prepareHeapMiB` → `HOTCELL_PREPARE_HEAP_MIB`. */
export function environmentName(option: string): string {
  const words = option.replace('MiB', 'Mib').replace(/([a-z0-9])([A-Z])/g, '$1_$2');
  return `HOTCELL_${words.replaceAll('.', '_').toUpperCase()}`;
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Resolves every option.
 * Throws CONFIG_INVALID — with all problems, each at an option, a variable or a key of the file.
 */
export function resolveConfig(inputs: ConfigInputs): ResolvedConfig {
  const problems: Problem[] = [];
  const cwd = inputs.cwd ?? process.cwd();
  const flags = flatten(inputs.flags ?? {}, (name) => `flag ${name}`, problems);
  const environment = readEnvironment(inputs.env ?? {}, problems);
  const file = inputs.file ? readFileText(inputs.file, problems) : new Map<OptionName, unknown>();

  const values: Partial<Record<OptionName, unknown>> = {};
  const sources: Partial<Record<OptionName, Source>> = {};
  for (const name of OPTION_NAMES) {
    const row = optionRow(name);
    const given: [Source, string, Map<OptionName, unknown>, string][] = [
      ['flag', name, flags, cwd],
      ['environment', environmentName(name), environment, cwd],
      [
        'file',
        `${inputs.file?.path ?? ''}: ${name}`,
        file,
        inputs.file ? resolve(cwd, dirname(inputs.file.path)) : cwd,
      ],
    ];
    const found = given.find(([, , from]) => from.get(name) !== undefined);
    // A mistake in a source that is overruled today starts to count the day the other one goes: report it too.
    for (const [source, at, from, base] of given) {
      const raw = from.get(name);
      if (raw === undefined) continue;
      const value = readValue(row, raw, { at, base, textual: source !== 'file', problems });
      if (source === found?.[0]) values[name] = value;
    }
    sources[name] = found?.[0] ?? 'default';
    if (!found)
      values[name] =
        row.kind === 'path' && row.default !== undefined ? resolve(cwd, row.default) : row.default;
  }
  const config = assemble(values, inputs.coreCount ?? availableParallelism());
  if (problems.length === 0) checkTogether(config, problems);
  if (problems.length > 0) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    throw new HostError('CONFIG_INVALID', `${count} in the configuration`, { problems });
  }
  return { config, sources: sources as Record<OptionName, Source> };
}

/**
 * One line for each option: name, value, unit and where it came from. Tokens appear as name, tenant and role only, keys as
 * their files, the store without user and password, settings of adapters without their values.
 */
export function describeConfig({ config, sources }: ResolvedConfig): readonly {
  readonly name: OptionName;
  readonly value: unknown;
  readonly unit: string;
  readonly source: Source;
}[] {
  const flat: Record<string, unknown> = { ...config };
  for (const [key, value] of Object.entries(config.pool)) flat[`pool.${key}`] = value;
  flat.tokens = config.tokens.map(({ name, tenant, role }) => ({ name, tenant, role }));
  flat.trustedKeys = config.trustedKeys?.map((key) => (isPem(key) ? 'a key in PEM' : key));
  if (config.kvUrl !== undefined) flat.kvUrl = withoutCredentials(config.kvUrl);
  flat.capabilities = Object.fromEntries(
    Object.entries(config.capabilities).map(([adapter, { config: settings, ...others }]) => [
      adapter,
      settings === undefined ? others : { ...others, config: settings && Object.keys(settings) },
    ]),
  );
  return OPTION_NAMES.map((name) => ({
    name,
    value: flat[name] ?? null,
    unit: optionRow(name).unit,
    source: sources[name],
  }));
}

function withoutCredentials(text: string): string {
  const url = new URL(text);
  url.username = '';
  url.password = '';
  return url.href;
}

// ── sources ─────────────────────────────────────────────────────────────────────────────────────────────────────

function isOption(name: string): name is OptionName {
  return (OPTION_NAMES as readonly string[]).includes(name);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nested or dotted keys to option names; what is no option becomes a problem. */
function flatten(
  from: Readonly<Record<string, unknown>>,
  at: (name: string) => string,
  problems: Problem[],
): Map<OptionName, unknown> {
  const found = new Map<OptionName, unknown>();
  for (const [key, value] of Object.entries(from)) {
    if (key === 'pool' && isObject(value)) {
      const nested = Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [`pool.${name}`, inner]),
      );
      for (const [name, inner] of flatten(nested, at, problems)) found.set(name, inner);
    } else if (key === 'pool' && value !== undefined)
      problems.push({ at: at(key), message: 'must be an object' });
    else if (isOption(key)) found.set(key, value);
    else if (value !== undefined) problems.push({ at: at(key), message: unknownText(key, OPTION_NAMES) });
  }
  return found;
}

function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): Map<OptionName, unknown> {
  const byVariable = new Map(OPTION_NAMES.map((name) => [environmentName(name), name]));
  const found = new Map<OptionName, unknown>();
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('HOTCELL_') || TEST_VARIABLES.has(variable) || value === undefined) continue;
    if (variable === VAULT_KEYS_VARIABLE) continue;
    if (COMMAND_VARIABLES.has(variable) && !isListOfTokens(variable, value)) continue;
    const name = byVariable.get(variable);
    if (name) found.set(name, value);
    else problems.push({ at: variable, message: unknownText(variable, [...byVariable.keys()]) });
  }
  return found;
}

function readFileText(file: { path: string; text: string }, problems: Problem[]): Map<OptionName, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(file.text);
  } catch (error) {
    // Of the parser's own message only the place, where it has one: it quotes the text around the mistake, which may be a token's digest.
    const place = /\(line \d+ column \d+\)/.exec((error as Error).message)?.[0];
    problems.push({ at: file.path, message: `is not valid JSON${place ? ` ${place}` : ''}` });
    return new Map();
  }
  if (!isObject(parsed)) {
    problems.push({ at: file.path, message: 'must be a JSON object' });
    return new Map();
  }
  const { $schema: _editorHint, ...options } = parsed;
  return flatten(options, (name) => `${file.path}: ${name}`, problems);
}

// ── the whole ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The typed configuration. Only sound when no value was refused; each field of `HostConfig` is a row of the table. */
function assemble(values: Readonly<Record<string, unknown>>, coreCount: number): HostConfig {
  const top = Object.entries(values).filter(([name]) => !name.startsWith('pool.'));
  const pool = Object.entries(values).filter(([name]) => name.startsWith('pool.'));
  const config: Record<string, unknown> = Object.fromEntries(top);
  if (config.executors === 0) config.executors = Math.max(1, coreCount);
  config.pool = Object.fromEntries(pool.map(([name, value]) => [name.slice('pool.'.length), value]));
  return config as unknown as HostConfig;
}

/** Rules over several options. */
function checkTogether(config: HostConfig, problems: Problem[]): void {
  if (!isLoopback(config.host) && config.tokens.length === 0) {
    problems.push({
      at: 'tokens',
      message: `are needed to listen beyond loopback, here on ${config.host}: run \`hotcell token\` and put the entry it prints under "tokens" in hotcell.config.json or into HOTCELL_TOKENS`,
    });
  }
  if (config.pool.min > config.pool.max) {
    problems.push({
      at: 'pool.min',
      message: `must not be above pool.max: ${config.pool.min} > ${config.pool.max}`,
    });
  }
}
