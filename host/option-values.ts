/**
 * Reads one value of one option: from text (flag, environment) or from JSON (file, program), within its bounds.
 *
 * Base layer, used by `config.ts`; `policy/` takes the names of tenants from here. Every refusal says what was expected, and what was given unless that may be
 * a secret. Nothing is coerced from JSON: `"8080"` in a file is a problem, so that the file means one thing.
 */

import { resolve } from 'node:path';
import { readPolicy } from './capability-policy.ts';
import type { CapabilityPolicy, PolicyCapabilities, SecretSource } from './capability-types.ts';
import type { Problem } from './errors.ts';
import type { NumberRow, OptionRow } from './options.ts';

export interface ApiToken {
  readonly name: string;
  /** Lower-case hex SHA-256 of the token. */
  readonly sha256: string;
  readonly tenant: string;
  readonly role: 'caller' | 'admin';
}

/** What a tenant, and a token, may be called: the name appears in logs and keys. */
export const TENANT_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Begins the names of the host's own tenants, the vault among them: one that no caller's name can begin with. */
const OWN_TENANT_PREFIX = '~';
/** Whether it is a tenant of the host's own, whose calls nobody from outside made. */
export const isOwnTenant = (tenant: string): boolean => tenant.startsWith(OWN_TENANT_PREFIX);

const STORE_URL_MAX_CHARS = 2048;
const HOST_TEXT = /^[A-Za-z0-9._:%-]{1,253}$/;
/** Tokens are compared one by one for each request; more belong into an identity provider in front. */
const TOKENS_MAX_COUNT = 1000;

/** More signers than this are an authority's business: it signs, and is the one key. */
const KEYS_MAX_COUNT = 100;
/** An Ed25519 key in PEM has 113 characters, a path as many as a system takes. */
const KEY_MAX_CHARS = 4096;
/** A key itself, and not the path of its file. */
export const isPem = (text: string): boolean => text.trimStart().startsWith('-----BEGIN ');

export interface ValueContext {
  /** Where it came from, for the problem. */
  readonly at: string;
  /** Base of a relative path. */
  readonly base: string;
  /** Text stands for every kind: true for flags and the environment. */
  readonly textual: boolean;
  readonly problems: Problem[];
}

/** The value in the option's own type, or undefined after a problem was added. */
export function readValue(row: OptionRow, raw: unknown, context: ValueContext): unknown {
  const refuse = (message: string): undefined => {
    context.problems.push({ at: context.at, message });
    return undefined;
  };
  const text = context.textual && typeof raw === 'string' ? raw : undefined;
  switch (row.kind) {
    case 'number': {
      const value = text === undefined ? raw : numberOf(text);
      return inBound(row, value) ? value : refuse(`must be ${boundText(row)}, not ${shown(raw)}`);
    }
    case 'switch': {
      if (typeof raw === 'boolean') return raw;
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      return refuse(`must be true or false, not ${shown(raw)}`);
    }
    case 'choice':
      if (typeof raw === 'string' && row.choices.includes(raw)) return raw;
      return refuse(
        `must be one of ${row.choices.join(', ')}, not ${shown(raw)}${suggestion(raw, row.choices)}`,
      );
    case 'path':
      if (typeof raw === 'string' && raw !== '' && !raw.includes('\0')) return resolve(context.base, raw);
      return refuse(`must be a path, not ${shown(raw)}`);
    case 'text':
      if (typeof raw === 'string' && HOST_TEXT.test(raw)) return raw;
      return refuse(`must be a host name or an IP address, not ${shown(raw)}`);
    case 'tokens':
      return readTokens(text === undefined ? raw : parsed(text), context);
    case 'keys':
      return readKeys(text?.startsWith('[') ? parsed(text) : (text ?? raw), context);
    case 'capabilities':
      if (text !== undefined)
        return refuse('belongs into the configuration file: it has no flag and no variable');
      return readCapabilityPolicy(raw, context);
    case 'store-url':
      if (typeof raw === 'string' && isStoreUrl(raw)) return raw;
      // Not quoted: it may hold a password.
      return refuse('must be redis://[user:password@]host[:port][/number], or rediss:// for TLS');
  }
}

/** "is not an option", with the nearest name that is. */
export function unknownText(name: string, known: readonly string[]): string {
  return `is not an option${suggestion(name, known) || '; `hotcell config` lists all of them'}`;
}

/** `65535` → "a whole number from 0 to 65535". */
export function boundText(row: NumberRow): string {
  const unit = row.unit === '' || row.unit === 'ratio' ? '' : ` (${row.unit})`;
  return `a ${row.integer ? 'whole ' : ''}number from ${row.min} to ${row.max}${unit}`;
}

function inBound(row: NumberRow, value: unknown): value is number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  return value >= row.min && value <= row.max && (!row.integer || Number.isInteger(value));
}

/** Plain decimals only: `Number` would take "", " 1", "0x10" and "1e3". */
function numberOf(text: string): number | undefined {
  return /^\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}

function shown(raw: unknown): string {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not an array: the refusal for that says what is expected, and must not quote a token list.
    return undefined;
  }
}

/** With the paths of secrets made absolute. */
function readCapabilityPolicy(raw: unknown, context: ValueContext): CapabilityPolicy | undefined {
  const policy = readPolicy(raw, (path, message) => {
    const at = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
    context.problems.push({ at: `${context.at}${at}`, message });
  });
  if (policy === undefined) return undefined;
  const absolute = (source: SecretSource): SecretSource =>
    'file' in source ? { file: resolve(context.base, source.file) } : source;
  const entries = Object.entries(policy).map(([adapter, given]): [string, PolicyCapabilities] => {
    if (!given.secrets) return [adapter, given];
    const secrets = Object.entries(given.secrets).map(([name, source]) => [name, absolute(source)]);
    return [adapter, { ...given, secrets: Object.fromEntries(secrets) }];
  });
  return Object.fromEntries(entries);
}

function isStoreUrl(text: string): boolean {
  const url = text.length <= STORE_URL_MAX_CHARS ? URL.parse(text) : null;
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') return false;
  return /^\/?(\d{1,4})?$/.test(url.pathname) && url.search === '' && url.hash === '' && isDecodable(url);
}

/** User and password are decoded where they are used, where it is too late to refuse them. */
function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
}

/** Keys in PEM as they are, paths made absolute. Never quotes what was given: it may be a private key in the wrong place. */
function readKeys(raw: unknown, { at, base, textual, problems }: ValueContext): string[] | undefined {
  const keys = textual && typeof raw === 'string' ? [raw] : raw;
  const refuse = (place: string, message: string): undefined => {
    problems.push({ at: `${at}${place}`, message });
    return undefined;
  };
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > KEYS_MAX_COUNT) {
    const unset = 'leave it out to take packages without a signature';
    return refuse('', `must be an array of 1 to ${KEYS_MAX_COUNT} public keys; ${unset}`);
  }
  const before = problems.length;
  const read = keys.map((key: unknown, index) => {
    if (typeof key !== 'string' || key === '' || key.includes('\0') || key.length > KEY_MAX_CHARS) {
      return refuse(`[${index}]`, 'must be a public key in PEM, or the path of a file with it');
    }
    return isPem(key) ? key : resolve(base, key);
  });
  return problems.length === before ? (read as string[]) : undefined;
}

/** Never quotes what was given: it may be a token in the wrong place. */
function readTokens(raw: unknown, context: ValueContext): readonly ApiToken[] | undefined {
  const refuse = (at: string, message: string): void => {
    context.problems.push({ at: `${context.at}${at}`, message });
  };
  if (!Array.isArray(raw)) {
    refuse('', 'must be a JSON array of {name, sha256, tenant, role}');
    return undefined;
  }
  if (raw.length > TOKENS_MAX_COUNT) {
    refuse('', `must not have more than ${TOKENS_MAX_COUNT} entries`);
    return undefined;
  }
  const before = context.problems.length;
  const names = new Set<string>();
  const digests = new Set<string>();
  const tokens = raw.map((entry: unknown, index): ApiToken => {
    const at = `[${index}]`;
    const fields = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    const { name, sha256, tenant, role, ...others } = fields;
    if (typeof name !== 'string' || !TENANT_PATTERN.test(name)) {
      refuse(`${at}.name`, 'must be 1 to 64 letters, digits, dots, dashes or underscores');
    } else if (names.has(name)) refuse(`${at}.name`, `is used twice: ${name}`);
    else names.add(name);
    if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
      refuse(`${at}.sha256`, 'must be the SHA-256 of the token as 64 lower-case hex digits');
    } else if (digests.has(sha256)) refuse(`${at}.sha256`, 'is the same as that of another token');
    else digests.add(sha256);
    if (typeof tenant !== 'string' || !TENANT_PATTERN.test(tenant)) {
      refuse(`${at}.tenant`, 'must be 1 to 64 letters, digits, dots, dashes or underscores');
    }
    if (role !== 'caller' && role !== 'admin') refuse(`${at}.role`, 'must be caller or admin');
    if (Object.keys(others).length > 0) {
      refuse(at, 'has a key beside name, sha256, tenant and role; a plain token does not belong here');
    }
    return { name, sha256, tenant, role } as ApiToken;
  });
  return context.problems.length === before ? tokens : undefined;
}

function suggestion(given: unknown, known: readonly string[]): string {
  if (typeof given !== 'string' || given.length > 64) return '';
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (!best || distance < best.distance) best = { name, distance };
  }
  if (!best || best.distance >= given.length) return '';
  // Two slips (one swap) or a third of the letters; beyond that it is another word.
  return best.distance <= Math.max(2, Math.floor(given.length / 3)) ? `; did you mean ${best.name}?` : '';
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
