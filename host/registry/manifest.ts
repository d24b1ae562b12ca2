/**
 * `adapter.json` → `Manifest`: everything wrong with it in one answer, or every default filled in.
 *
 * The schema and the rules between fields are both evaluated before anything is thrown, so that an author mends a
 * manifest once. Nothing is coerced: `"3"` is not 3. The result is frozen, and its table of operations has no
 * prototype, so that a call of `constructor` finds nothing. It does not look at the component.
 */

import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { readManifestCapabilities } from '../capability-policy.ts';
import type { ManifestCapabilities } from '../capability-types.ts';
import { HostError, type Problem } from '../errors.ts';
import { HANDLE, isProxyWorld } from '../service-incoming.ts';
import type { Isolation, Limits, Manifest, OperationExample, OperationSpec, PoolOptions } from '../types.ts';
import { manifestSchema } from './manifest-schema.ts';

/** Of a package itself; a component of such a name would be written over it. */
const RESERVED_FILES = ['adapter.json', 'digests.json', 'signature.json'];

export interface ManifestDefaults {
  readonly pool: PoolOptions;
  readonly limits: Limits;
}

interface OperationJson {
  readonly idempotent?: boolean;
  readonly readOnly?: boolean;
  readonly examples?: readonly OperationExample[];
  readonly description?: string;
  readonly produces?: string;
  readonly timeoutMs?: number;
  readonly inputMaxBytes?: number;
  readonly outputMaxBytes?: number;
  readonly fuelMax?: number;
}

interface ManifestJson {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly component: string;
  readonly sha256: string;
  readonly world: string;
  readonly wit?: string;
  readonly operations?: Readonly<Record<string, OperationJson>>;
  readonly limits?: Partial<Limits>;
  readonly pool?: Partial<PoolOptions>;
  readonly isolation?: Isolation;
  readonly capabilities?: ManifestCapabilities;
}

/** A hostile manifest can be wrong in a hundred thousand places; nobody reads more than this. */
const PROBLEMS_MAX_COUNT = 100;

const OPERATION_FIELDS = manifestSchema.properties.operations.additionalProperties.properties;

const validate = new Ajv2020({ allErrors: true, strict: true, coerceTypes: false }).compile<ManifestJson>(
  manifestSchema,
);

/**
 * Validates parsed JSON and fills in the defaults.
 *
 * Throws REGISTRY_MANIFEST_INVALID — with every problem (JSON pointer, message), at most 100;
 * REGISTRY_UNSUPPORTED — it is well-formed and asks for a world that this version does not have.
 */
export function parseManifest(json: unknown, defaults: ManifestDefaults): Manifest {
  const wellShaped = validate(json);
  // Of the capabilities their own reader says more.
  const errors = (validate.errors ?? []).filter(({ instancePath }) => instancePath !== '/capabilities');
  const problems = wellShaped ? [] : errors.map(toProblem);
  problems.push(...relationProblems(json, defaults));
  const capabilities = readCapabilities(record(json).capabilities, problems);
  if (!wellShaped || problems.length > 0) throw invalid(problems);
  const given = json as ManifestJson;
  return fill(given, capabilities, defaults);
}

function readCapabilities(raw: unknown, problems: Problem[]): ManifestCapabilities {
  const read = readManifestCapabilities(raw ?? {}, (path, message) => {
    const at = path.map((key) => `/${pointer(String(key))}`).join('');
    problems.push({ at: `/capabilities${at}`, message });
  });
  // Without it there is a problem, and so no manifest.
  return read ?? Object.freeze({});
}

function fill(given: ManifestJson, capabilities: ManifestCapabilities, defaults: ManifestDefaults): Manifest {
  const limits: Limits = Object.freeze({ ...defaults.limits, ...given.limits });
  const isProxy = isProxyWorld(given.world);
  const operations: Record<string, OperationSpec> = Object.create(null);
  const said = isProxy ? { [HANDLE]: given.operations?.[HANDLE] ?? {} } : (given.operations ?? {});
  for (const [name, operation] of Object.entries(said)) {
    operations[name] = fillOperation(operation, limits, given.world);
  }
  return Object.freeze({
    name: given.name,
    version: given.version,
    description: given.description,
    component: given.component,
    sha256: given.sha256,
    world: given.world,
    text: given.wit,
    operations: Object.freeze(operations),
    limits,
    pool: fillPool(given.pool ?? {}, defaults.pool),
    // Such components are written for servers that make an instance for each request, and some never let go of what they got.
    isolation: given.isolation ?? (isProxy ? 'fresh' : manifestSchema.properties.isolation.default),
    capabilities,
  });
}

/** One operation with every default filled in. */
export function fillOperation(operation: OperationJson, limits: Limits, world: string): OperationSpec {
  const { idempotent, produces } = OPERATION_FIELDS;
  return Object.freeze({
    idempotent: operation.idempotent ?? (isProxyWorld(world) || idempotent.default),
    readOnly: operation.readOnly ?? OPERATION_FIELDS.readOnly.default,
    description: operation.description,
    examples: operation.examples ?? [],
    produces: operation.produces ?? (world === 'bytes' ? produces.default : 'application/json'),
    timeoutMs: operation.timeoutMs ?? limits.timeoutMs,
    inputMaxBytes: operation.inputMaxBytes ?? limits.inputMaxBytes,
    outputMaxBytes: operation.outputMaxBytes ?? limits.outputMaxBytes,
    fuelMax: operation.fuelMax ?? limits.fuelMax,
  });
}

/** A default never contradicts what the author wrote: `max: 2` alone lowers the default `min` to 2. */
function fillPool(given: Partial<PoolOptions>, defaults: PoolOptions): PoolOptions {
  const max = given.max ?? defaults.max;
  const permits = defaults.permits === 0 ? 0 : Math.max(defaults.permits, max);
  return Object.freeze({ ...defaults, min: Math.min(defaults.min, max), permits, ...given });
}

/** Rules between fields, on whatever is well-typed of a manifest that may otherwise be nonsense. */
function relationProblems(json: unknown, defaults: ManifestDefaults): Problem[] {
  const problems: Problem[] = [];
  const root = record(json);
  // Only the component of another world says by itself which operations it has.
  if (root.operations === undefined && (root.world === 'bytes' || typeof root.world !== 'string')) {
    problems.push({ at: '/operations', message: 'is required' });
  }
  const isProxy = typeof root.world === 'string' && isProxyWorld(root.world);
  for (const name of isProxy ? Object.keys(record(root.operations)) : []) {
    if (name !== HANDLE) {
      const message = `is not in this world, where ${HANDLE} is all there is`;
      problems.push({ at: `/operations/${pointer(name)}`, message });
    }
  }
  if ((root.world === 'bytes' || isProxy) && root.wit !== undefined) {
    problems.push({ at: '/wit', message: 'is for worlds whose functions are operations' });
  }
  const pool = record(root.pool);
  const max = number(pool.max) ?? defaults.pool.max;
  const min = number(pool.min);
  const permits = number(pool.permits);
  if (min !== undefined && min > max) {
    problems.push({ at: '/pool/min', message: `must be at most max, which is ${max}` });
  }
  if (permits !== undefined && permits > 0 && permits < max) {
    problems.push({ at: '/pool/permits', message: `must be 0 (2 × max) or at least max, which is ${max}` });
  }
  const component = root.component;
  if (typeof component === 'string' && RESERVED_FILES.includes(component.toLowerCase())) {
    problems.push({
      at: '/component',
      message: `must not be ${component}: that is a file of the package itself`,
    });
  }
  const limits = record(root.limits);
  for (const [name, operation] of Object.entries(record(root.operations))) {
    for (const limit of ['timeoutMs', 'inputMaxBytes', 'outputMaxBytes', 'fuelMax'] as const) {
      const own = number(record(operation)[limit]);
      const cap = number(limits[limit]) ?? defaults.limits[limit];
      if (own === undefined || own <= cap) continue;
      problems.push({
        at: `/operations/${pointer(name)}/${limit}`,
        message: `must be at most the limit of the adapter, which is ${cap}`,
      });
    }
  }
  return problems;
}

function invalid(problems: readonly Problem[]): HostError {
  const shown = problems.slice(0, PROBLEMS_MAX_COUNT);
  const first = shown[0];
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
  return new HostError(
    'REGISTRY_MANIFEST_INVALID',
    `adapter.json: ${first === undefined ? 'not valid' : `${first.at || '/'} ${first.message}`}${more}`,
    { problems: shown },
  );
}

function toProblem(error: ErrorObject): Problem {
  const at = clip(error.instancePath);
  switch (error.keyword) {
    case 'additionalProperties': {
      const field = String(error.params.additionalProperty);
      // The likeliest mistake of somebody who wrote an adapter: its folder instead of what was built of it.
      const isSource = at === '' && field === 'build';
      return {
        at: `${at}/${pointer(field)}`,
        message: isSource
          ? 'belongs to the source of an adapter: build it, and use the package'
          : 'is not a known field',
      };
    }
    case 'required':
      return { at: `${at}/${pointer(String(error.params.missingProperty))}`, message: 'is required' };
    case 'propertyNames':
      return {
        at: `${at}/${pointer(String(error.params.propertyName))}`,
        message: 'is not a valid name: a lower-case letter, then up to 63 of a-z, 0-9 and -',
      };
    case 'enum':
      return { at, message: `must be one of ${(error.params.allowedValues as unknown[]).join(', ')}` };
    default:
      return { at, message: error.message ?? 'is not valid' };
  }
}

/** One segment of a JSON pointer, RFC 6901, shortened: names in a hostile manifest can be megabytes long. */
const pointer = (name: string): string => clip(name.replaceAll('~', '~0').replaceAll('/', '~1'));
const clip = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
