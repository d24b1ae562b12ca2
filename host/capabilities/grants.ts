/**
 * What a cell gets: the narrower of what its manifest asks for and what the operator permits, field by field.
 *
 * Runs when an adapter is activated, which is when secrets are read. Always: a capability that the manifest does not ask for is
 * not granted, whatever is permitted; one that it asks for and that is not permitted refuses the adapter, with a text
 * that says what the operator would have to write. The result is frozen plain data. No text here has a value of a secret.
 */

import {
  type BoundName,
  boundOf,
  CAPABILITY_BOUNDS,
  type CAPABILITY_NAMES,
  HTTP_METHODS_DEFAULT,
  HTTP_METHODS_PERMITTED,
  LOG_LEVEL_DEFAULT,
  LOG_LEVELS,
  PERMITTED_UNASKED,
} from '../capability-bounds.ts';
import { intersectHosts } from '../capability-patterns.ts';
import type {
  CapabilityPolicy,
  Grants,
  HttpGrant,
  LogGrant,
  ManifestCapabilities,
  PolicyCapabilities,
} from '../capability-types.ts';
import { HostError, type Problem } from '../errors.ts';
import { intersectRanges } from './addresses.ts';
import { readSecret, type SecretSources } from './secrets.ts';

type Name = (typeof CAPABILITY_NAMES)[number];
type Permitted<K extends Name> = Exclude<PolicyCapabilities[K], false | undefined>;

/**
 * Grants of one adapter. `manifest` and `policy` are what their readers returned.
 *
 * Throws REGISTRY_CAPABILITY_DENIED — the manifest asks for what the operator does not permit; CONFIG_INVALID — a secret that is
 * permitted cannot be read. Both with all problems, denials first, each naming the capability or the secret.
 */
export async function grantsOf(
  manifest: { readonly name: string; readonly capabilities: ManifestCapabilities },
  policy: CapabilityPolicy,
  sources: SecretSources,
): Promise<Grants> {
  const { name: adapter, capabilities: asked } = manifest;
  const denials: Problem[] = [];
  const failures: Problem[] = [];
  const deny = (what: string, message: string): void => {
    denials.push({ at: `/capabilities/${what}`, message });
  };
  const permittedOf = <K extends Name>(name: K): Permitted<K> | undefined => {
    const said = policyOf(policy, adapter, name);
    if (said !== undefined && said !== false) return said as Permitted<K>;
    if (said === undefined && PERMITTED_UNASKED.has(name)) return {} as Permitted<K>;
    deny(name, `is not permitted; the operator can, by "capabilities": ${example(adapter, name, asked)}`);
    return undefined;
  };

  const grants: { -readonly [K in keyof Grants]: Grants[K] } = {};
  if (asked.log) {
    const permitted = permittedOf('log');
    if (permitted) grants.log = narrowLog(asked.log, permitted);
  }
  if (asked.clock) {
    const permitted = permittedOf('clock');
    if (permitted) grants.clock = { resolutionMs: narrow('clock.resolutionMs', asked.clock, permitted) };
  }
  if (asked.random && permittedOf('random')) grants.random = {};
  if (asked.config) {
    const permitted = permittedOf('config');
    if (permitted) grants.config = settings(asked.config, permitted);
  }
  if (asked.kv) {
    const permitted = permittedOf('kv');
    if (permitted) grants.kv = { maxBytes: narrow('kv.maxBytes', asked.kv, permitted) };
  }
  if (asked.files) {
    const permitted = permittedOf('files');
    if (permitted) grants.files = { maxBytes: narrow('files.maxBytes', asked.files, permitted) };
  }
  if (asked.http) {
    const permitted = permittedOf('http');
    if (permitted) grants.http = narrowHttp(asked.http, permitted, deny);
  }
  if (asked.secrets) {
    const permitted = permittedOf('secrets');
    if (permitted) grants.secrets = await readSecrets(asked.secrets, permitted);
  }
  refuseIfAny();
  return freeze(grants);

  async function readSecrets(names: readonly string[], permitted: Permitted<'secrets'>) {
    const values: Record<string, string> = {};
    for (const name of names) {
      const source = Object.hasOwn(permitted, name) ? permitted[name] : undefined;
      if (source === undefined) {
        deny(
          `secrets/${name}`,
          `is not permitted; the operator can, by "capabilities": {"${adapter}": {"secrets": {"${name}": {"env": "…"}}}}`,
        );
        continue;
      }
      const read = await readSecret(source, sources);
      if (read.kind === 'ok') values[name] = read.value;
      else failures.push({ at: `capabilities.${adapter}.secrets.${name}`, message: read.problem });
    }
    return values;
  }

  function refuseIfAny(): void {
    const problems = [...denials, ...failures];
    const [first] = problems;
    if (first === undefined) return;
    const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
    const code = denials.length > 0 ? 'REGISTRY_CAPABILITY_DENIED' : 'CONFIG_INVALID';
    throw new HostError(code, `adapter ${adapter}: ${first.at} ${first.message}${more}`, { problems });
  }
}

/** What is said of the adapter itself stands before what is said of all. */
function policyOf<K extends Name>(
  policy: CapabilityPolicy,
  adapter: string,
  name: K,
): PolicyCapabilities[K] | undefined {
  for (const key of [adapter, '*']) {
    const said = Object.hasOwn(policy, key) ? policy[key]?.[name] : undefined;
    if (said !== undefined) return said;
  }
  return undefined;
}

/** The line of configuration that would permit what was asked. Of every host one is named: nobody should permit all by copying. */
function example(adapter: string, name: Name, asked: ManifestCapabilities): string {
  const value =
    name === 'http'
      ? { hosts: (asked.http?.hosts ?? []).map((host) => (host === '*' ? 'api.example.org' : host)) }
      : name === 'secrets'
        ? Object.fromEntries((asked.secrets ?? []).map((secret) => [secret, { env: '…' }]))
        : {};
  return JSON.stringify({ [adapter]: { [name]: value } });
}

function narrow(name: BoundName, asked: object, permitted: object): number {
  const bound = boundOf(name);
  const field = name.slice(name.indexOf('.') + 1);
  const ofAsked = (asked as Readonly<Record<string, number | undefined>>)[field] ?? bound.default;
  const ofPermitted = (permitted as Readonly<Record<string, number | undefined>>)[field] ?? bound.permitted;
  return bound.narrower === 'smaller' ? Math.min(ofAsked, ofPermitted) : Math.max(ofAsked, ofPermitted);
}

function narrowLog(asked: Partial<LogGrant>, permitted: Partial<LogGrant>): LogGrant {
  const rank = (level: LogGrant['level']): number => LOG_LEVELS.indexOf(level);
  const own = asked.level ?? LOG_LEVEL_DEFAULT;
  const other = permitted.level ?? LOG_LEVELS[0];
  return {
    level: rank(own) > rank(other) ? own : other,
    callMaxBytes: narrow('log.callMaxBytes', asked, permitted),
  };
}

function settings(
  asked: Readonly<Record<string, string>>,
  permitted: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const value = (name: string, own: string): string =>
    Object.hasOwn(permitted, name) ? (permitted[name] ?? own) : own;
  return Object.fromEntries(Object.entries(asked).map(([name, own]) => [name, value(name, own)]));
}

function narrowHttp(
  asked: NonNullable<ManifestCapabilities['http']>,
  permitted: Permitted<'http'>,
  deny: (what: string, message: string) => void,
): HttpGrant {
  const hosts = intersectHosts(asked.hosts, permitted.hosts);
  const askedMethods = asked.methods ?? HTTP_METHODS_DEFAULT;
  const permittedMethods = permitted.methods ?? HTTP_METHODS_PERMITTED;
  const methods = askedMethods.filter((method) => permittedMethods.includes(method));
  // A grant that permits nothing would be found out call by call.
  if (hosts.length === 0) deny('http/hosts', `none of ${list(asked.hosts)} is permitted by the operator`);
  if (methods.length === 0)
    deny('http/methods', `none of ${list(askedMethods)} is permitted by the operator`);
  return {
    hosts,
    methods,
    plain: (asked.plain ?? false) && (permitted.plain ?? false),
    privateRanges: intersectRanges(asked.privateRanges ?? [], permitted.privateRanges ?? []),
    requestMaxBytes: narrow('http.requestMaxBytes', asked, permitted),
    responseMaxBytes: narrow('http.responseMaxBytes', asked, permitted),
    callMaxRequests: narrow('http.callMaxRequests', asked, permitted),
    timeoutMs: narrow('http.timeoutMs', asked, permitted),
  };
}

const list = (items: readonly string[]): string => items.slice(0, 8).join(', ') || 'an empty list';

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object') freeze(inner as object);
  return Object.freeze(value);
}

/** Bounds of every number, for the table of the README. */
export const capabilityRows = (): readonly (readonly string[])[] =>
  Object.entries(CAPABILITY_BOUNDS).map(([name, { unit, min, max, default: value, permitted, reason }]) => [
    `\`${name}\``,
    `${value} ${unit}`,
    `${permitted} ${unit}`,
    `${min} – ${max}`,
    reason,
  ]);
