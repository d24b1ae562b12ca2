/**
 * The JSON Schema of `adapter.json` and the numbers it allows.
 *
 * Shape only: rules between fields are in `manifest.ts`. The bounds keep a slip of a digit (a timeout of a month, a
 * pool of a million) out of a running host; they are far outside of what an adapter needs and inside of what the
 * host survives. Unknown fields are refused everywhere, so that a misspelt limit is never silently a default.
 */

/** `adapter.json` itself, before parsing: 256 operations with long descriptions stay far below. */
export const MANIFEST_MAX_BYTES = 256 * 1024;

/** Adapter and operation names: they become folder names, URL segments and metric labels. */
export const NAME_PATTERN = '^[a-z][a-z0-9-]{0,63}$';

/** Semantic Versioning 2.0.0, the expression given in its FAQ; no build of it is longer than 64 characters here. */
const SEMVER_PATTERN =
  '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)' +
  '(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?' +
  '(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$';

const DAY_MS = 86_400_000;
const integer = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum }) as const;
const ratio = { type: 'number', exclusiveMinimum: 0, maximum: 1 } as const;

/** Ten minutes: longer work belongs in a queue, not in a call that holds a connection and a cell. */
const timeoutMs = integer(1, 600_000);
/** 1 GiB: a payload lives several times at once (request, guest memory, result) in a 4 GiB address space. */
const payloadMaxBytes = integer(0, 2 ** 30);
const description = { type: 'string', maxLength: 2_000 } as const;

export const manifestSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'version', 'component', 'sha256', 'world', 'operations'],
  properties: {
    name: { type: 'string', pattern: NAME_PATTERN },
    version: { type: 'string', maxLength: 64, pattern: SEMVER_PATTERN },
    description,
    component: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' },
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    world: { type: 'string', minLength: 1, maxLength: 256 },
    operations: {
      type: 'object',
      minProperties: 1,
      // A label and a table row each; an adapter with more is several adapters.
      maxProperties: 256,
      propertyNames: { pattern: NAME_PATTERN },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          idempotent: { type: 'boolean' },
          description,
          // A media type as in RFC 9110 §8.3.1: it is sent as a header, so nothing but a media type may pass.
          produces: {
            type: 'string',
            maxLength: 128,
            pattern:
              '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( ?; ?[A-Za-z0-9!#$&^_.+-]+=[A-Za-z0-9!#$&^_.+-]+)*$',
          },
          timeoutMs,
          inputMaxBytes: payloadMaxBytes,
          outputMaxBytes: payloadMaxBytes,
        },
      },
    },
    limits: {
      type: 'object',
      additionalProperties: false,
      properties: {
        // 4 GiB is what a 32-bit memory can address.
        memoryMaxMiB: integer(1, 4096),
        timeoutMs,
        inputMaxBytes: payloadMaxBytes,
        outputMaxBytes: payloadMaxBytes,
      },
    },
    pool: {
      type: 'object',
      additionalProperties: false,
      properties: {
        min: integer(0, 1_000),
        max: integer(1, 1_000),
        permits: integer(0, 100_000),
        tenantShare: ratio,
        acquireTimeoutMs: integer(1, 600_000),
        healthIntervalMs: integer(10, DAY_MS),
        idleMs: integer(10, DAY_MS),
        recycleCalls: integer(1, 1_000_000_000),
        recycleAgeMs: integer(10, 30 * DAY_MS),
        recycleMemoryRatio: ratio,
        maxCrashes: integer(1, 1_000),
        replayMax: integer(0, 20),
      },
    },
    isolation: { type: 'string', enum: ['fresh', 'tenant', 'shared'] },
    capabilities: {
      type: 'array',
      maxItems: 16,
      uniqueItems: true,
      items: {
        type: 'string',
        enum: ['log', 'clock', 'random', 'config', 'secrets', 'kv', 'http'],
      },
    },
  },
} as const;
