/**
 * Reads capabilities as a manifest asks for them and as an operator permits them: one reader, because both have one form.
 *
 * Base layer, pure. Every problem is reported with the place it is at; nothing is coerced, and what is not known is refused, so
 * that a misspelt limit is never silently a default. Values of `config` and anything under `secrets` are never quoted.
 */

import {
  type BoundName,
  boundOf,
  CAPABILITY_BOUNDS,
  CAPABILITY_NAMES,
  LIST_BOUNDS,
  LOG_LEVELS,
} from './capability-bounds.ts';
import { hostProblem, rangeProblem } from './capability-patterns.ts';
import type { CapabilityPolicy, ManifestCapabilities, PolicyCapabilities } from './capability-types.ts';

/** Takes a problem at a path of keys below what is read. */
export type Refuse = (path: readonly (string | number)[], message: string) => void;

type Fields = Readonly<Record<string, unknown>>;
type Read = (value: Fields, path: readonly (string | number)[], refuse: Refuse) => void;

/** Names of settings and secrets: what an environment variable, or a dotted setting, may be called. */
const SETTING_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,127}$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const ADAPTER_NAME = /^(\*|[a-z][a-z0-9-]{0,63})$/;
const METHOD = /^[A-Z][A-Z-]{0,31}$/;
const FORBIDDEN_METHODS = new Set(['CONNECT', 'TRACE']);
const PATH_MAX_CHARS = 4096;

/** What a manifest asks for, frozen; undefined after a problem. */
export function readManifestCapabilities(raw: unknown, refuse: Refuse): ManifestCapabilities | undefined {
  if (Array.isArray(raw)) {
    const names = raw.filter((name) => typeof name === 'string' && /^[a-z]{1,16}$/.test(name)).slice(0, 16);
    const example = names.map((name) => `"${name}": ${name === 'secrets' ? '[…]' : '{}'}`).join(', ');
    refuse([], `is an object by the names of capabilities, not a list: { ${example || '"log": {}'} }`);
    return undefined;
  }
  return readAll(raw, 'manifest', [], refuse) as ManifestCapabilities | undefined;
}

/** What an operator permits, by adapter or `*`, frozen; undefined after a problem. */
export function readPolicy(raw: unknown, refuse: Refuse): CapabilityPolicy | undefined {
  if (!isObject(raw)) {
    refuse([], 'must be an object by the names of adapters, or * for all of them');
    return undefined;
  }
  const entries = Object.entries(raw);
  if (entries.length > LIST_BOUNDS.policyMaxCount) {
    refuse([], `must not have more than ${LIST_BOUNDS.policyMaxCount} entries`);
    return undefined;
  }
  const policy: Record<string, PolicyCapabilities> = Object.create(null);
  let isWhole = true;
  for (const [name, value] of entries) {
    if (!ADAPTER_NAME.test(name)) {
      refuse([clip(name)], 'is neither the name of an adapter nor *');
      isWhole = false;
      continue;
    }
    const read = readAll(value, 'policy', [name], refuse);
    if (read === undefined) isWhole = false;
    else policy[name] = read as PolicyCapabilities;
  }
  return isWhole ? Object.freeze(policy) : undefined;
}

function readAll(
  raw: unknown,
  side: 'manifest' | 'policy',
  path: readonly (string | number)[],
  refuseOne: Refuse,
): unknown {
  let count = 0;
  const refuse: Refuse = (at, message) => {
    count++;
    refuseOne(at, message);
  };
  if (!isObject(raw)) refuse(path, `must be an object by the names of capabilities, not ${kindOf(raw)}`);
  else {
    for (const [name, value] of Object.entries(raw)) {
      const at = [...path, clip(name)];
      const read = Object.hasOwn(READERS, name) ? READERS[name as keyof typeof READERS] : undefined;
      if (read === undefined) refuse(at, `is no capability: there are ${CAPABILITY_NAMES.join(', ')}`);
      else if (side === 'policy' && value === false) continue;
      else if (name === 'secrets')
        (side === 'manifest' ? readSecretNames : readSecretSources)(value, at, refuse);
      else if (!isObject(value)) {
        const or = side === 'policy' ? ' or false' : '';
        refuse(at, `must be an object${or}, {} for all defaults, not ${kindOf(value)}`);
      } else read(value, at, refuse);
    }
  }
  return count === 0 ? deepFreeze(structuredClone(raw)) : undefined;
}

const READERS: Readonly<Record<(typeof CAPABILITY_NAMES)[number], Read>> = {
  log(value, path, refuse) {
    readFields('log', value, path, refuse, ['level']);
    const levels: readonly unknown[] = LOG_LEVELS;
    if (value.level !== undefined && !levels.includes(value.level)) {
      refuse([...path, 'level'], `must be one of ${LOG_LEVELS.join(', ')}`);
    }
  },
  clock: (value, path, refuse) => readFields('clock', value, path, refuse),
  random: (value, path, refuse) => readFields('random', value, path, refuse),
  kv: (value, path, refuse) => readFields('kv', value, path, refuse),
  files: (value, path, refuse) => readFields('files', value, path, refuse),
  config: readConfig,
  secrets() {},
  http(value, path, refuse) {
    readFields('http', value, path, refuse, ['hosts', 'methods', 'plain', 'privateRanges']);
    const { hosts, methods, plain, privateRanges } = value;
    const list = (
      name: string,
      items: unknown,
      maxCount: number,
      problem: (item: string) => string | undefined,
    ) => readList(items, [...path, name], maxCount, problem, refuse);
    if (hosts === undefined) refuse([...path, 'hosts'], 'is required: the hosts that may be reached');
    else list('hosts', hosts, LIST_BOUNDS.hostsMaxCount, hostProblem);
    if (methods !== undefined) list('methods', methods, LIST_BOUNDS.methodsMaxCount, methodProblem);
    if (privateRanges !== undefined) {
      list('privateRanges', privateRanges, LIST_BOUNDS.privateRangesMaxCount, rangeProblem);
    }
    if (plain !== undefined && typeof plain !== 'boolean')
      refuse([...path, 'plain'], 'must be true or false');
  },
};

/** The numbers of a capability, and that it has no other fields than those and `others`. */
function readFields(
  capability: string,
  value: Fields,
  path: readonly (string | number)[],
  refuse: Refuse,
  others: readonly string[] = [],
): void {
  for (const [field, given] of Object.entries(value)) {
    if (others.includes(field)) continue;
    const name = `${capability}.${field}`;
    if (!Object.hasOwn(CAPABILITY_BOUNDS, name)) {
      refuse([...path, clip(field)], `is not a field of ${capability}`);
      continue;
    }
    const { min, max, unit } = boundOf(name as BoundName);
    const isWhole = Number.isInteger(min);
    const isFine =
      typeof given === 'number' && given >= min && given <= max && (!isWhole || Number.isInteger(given));
    if (!isFine)
      refuse([...path, field], `must be a ${isWhole ? 'whole ' : ''}number from ${min} to ${max} (${unit})`);
  }
}

function readConfig(value: Fields, path: readonly (string | number)[], refuse: Refuse): void {
  const entries = Object.entries(value);
  if (entries.length > LIST_BOUNDS.configMaxCount) {
    refuse(path, `must not have more than ${LIST_BOUNDS.configMaxCount} names`);
    return;
  }
  let bytes = 0;
  for (const [name, text] of entries) {
    if (!SETTING_NAME.test(name)) refuse([...path, clip(name)], NAME_TEXT);
    if (typeof text !== 'string') refuse([...path, clip(name)], 'must be a text');
    else if (!text.isWellFormed() || text.includes('\0')) {
      refuse([...path, clip(name)], 'must be valid Unicode without NUL');
    } else bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  if (bytes > LIST_BOUNDS.configMaxBytes) {
    refuse(path, `has more than ${LIST_BOUNDS.configMaxBytes} bytes of names and values`);
  }
}

const NAME_TEXT =
  'is not a valid name: a letter, then up to 127 letters, digits, dots, dashes or underscores';

function readSecretNames(value: unknown, path: readonly (string | number)[], refuse: Refuse): void {
  const problem = (name: string) => (SETTING_NAME.test(name) ? undefined : NAME_TEXT);
  readList(value, path, LIST_BOUNDS.secretsMaxCount, problem, refuse);
}

function readSecretSources(value: unknown, path: readonly (string | number)[], refuse: Refuse): void {
  if (!isObject(value)) {
    refuse(path, 'must be false or an object: name → { "env": "VARIABLE" } or { "file": "/path" }');
    return;
  }
  const entries = Object.entries(value);
  if (entries.length > LIST_BOUNDS.secretsMaxCount) {
    refuse(path, `must not have more than ${LIST_BOUNDS.secretsMaxCount} names`);
    return;
  }
  for (const [name, source] of entries) {
    if (!SETTING_NAME.test(name)) refuse([...path, clip(name)], NAME_TEXT);
    const keys = isObject(source) ? Object.keys(source) : [];
    const { env, file } = (isObject(source) ? source : {}) as { env?: unknown; file?: unknown };
    const isEnv = typeof env === 'string' && VARIABLE_NAME.test(env);
    const isFile =
      typeof file === 'string' && file !== '' && file.length <= PATH_MAX_CHARS && !file.includes('\0');
    if (keys.length !== 1 || !(isEnv || isFile)) {
      // Not quoted: a value in the place of its source is the likeliest slip.
      refuse(
        [...path, clip(name)],
        'must be { "env": "VARIABLE" } or { "file": "/path" }, never the value itself',
      );
    }
  }
}

function readList(
  items: unknown,
  path: readonly (string | number)[],
  maxCount: number,
  problem: (item: string) => string | undefined,
  refuse: Refuse,
): void {
  if (!Array.isArray(items) || items.length > maxCount) {
    refuse(path, `must be a list of at most ${maxCount} texts`);
    return;
  }
  items.forEach((item: unknown, index) => {
    const message = typeof item === 'string' ? problem(item) : 'must be a text';
    if (message !== undefined) refuse([...path, index], message);
  });
  if (new Set(items).size !== items.length) refuse(path, 'has an entry twice');
}

function methodProblem(method: string): string | undefined {
  if (FORBIDDEN_METHODS.has(method)) return `${method} can be granted to nobody`;
  return METHOD.test(method) ? undefined : 'must be a method in upper case, like GET';
}

const clip = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

const kindOf = (value: unknown): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
};

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
