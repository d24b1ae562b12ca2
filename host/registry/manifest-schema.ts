/**
 * The JSON Schema of `adapter.json`.
 *
 * Shape only: rules between fields are in `manifest.ts`, and the numbers are those of `options.ts`, so that a manifest
 * may say what an operator may say. The bounds keep a slip of a digit (a timeout of a month, a pool of a million) out
 * of a running host. Descriptions and defaults are for readers: `adapters/README.md` prints them. Unknown fields are refused everywhere, so that a misspelt limit is never silently a default.
 */

import { LIMIT_BOUNDS, type NumberRow, POOL_BOUNDS } from '../options.ts';

/** `adapter.json` itself, before parsing: 256 operations with long descriptions stay far below. */
export const MANIFEST_MAX_BYTES = 256 * 1024;

/** Adapter and operation names: they become folder names, URL segments and metric labels. */
export const NAME_PATTERN = '^[a-z][a-z0-9-]{0,63}$';

/** Semantic Versioning 2.0.0, the expression given in its FAQ; no build of it is longer than 64 characters here. */
const SEMVER_PATTERN =
  '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)' +
  '(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?' +
  '(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$';

/** A number as the table of options bounds it. */
const bounded = ({ integer, min, max, reason }: NumberRow) =>
  ({ type: integer ? 'integer' : 'number', minimum: min, maximum: max, description: reason }) as const;

const boundedAll = <K extends string>(rows: Readonly<Record<K, NumberRow>>) =>
  Object.fromEntries(Object.entries<NumberRow>(rows).map(([name, row]) => [name, bounded(row)])) as Readonly<
    Record<K, ReturnType<typeof bounded>>
  >;

const limits = boundedAll(LIMIT_BOUNDS);
/** An operation may narrow the limits of its adapter; memory belongs to the cell, which serves all of them. */
const { timeoutMs, inputMaxBytes, outputMaxBytes, fuelMax } = limits;

export const manifestSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'version', 'component', 'sha256', 'world'],
  properties: {
    name: {
      type: 'string',
      pattern: NAME_PATTERN,
      description: 'Names the adapter in URLs, metrics and folders.',
    },
    version: {
      type: 'string',
      maxLength: 64,
      pattern: SEMVER_PATTERN,
      description: 'Semantic version. Several may be live; new calls go to the active one.',
    },
    description: { type: 'string', maxLength: 2_000, description: 'For people.' },
    component: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$',
      description: 'File name of the component beside the manifest.',
    },
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'Digest of the component.' },
    world: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      description:
        'The contract the component implements: `bytes`; `wasi:http/proxy` for one that answers HTTP requests; or the name of another world (`typed` where it has none), whose exported functions are the operations.',
    },
    wit: {
      type: 'string',
      minLength: 1,
      // With the rest of the manifest within its limit.
      maxLength: 128 * 1024,
      description:
        'WIT text of a world other than `bytes`, for the documentation in it: the component itself carries none. It must agree with the component.',
    },
    operations: {
      type: 'object',
      minProperties: 1,
      // A label and a table row each; an adapter with more is several adapters.
      maxProperties: 256,
      description:
        'Operation name (as `name`) → the fields below. In a world other than `bytes` it may be left out, or name some operations: the component says which it has. In `wasi:http/proxy` it is `handle` alone.',
      propertyNames: { pattern: NAME_PATTERN },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          idempotent: {
            type: 'boolean',
            default: false,
            description: 'A call that died with its cell may be run again.',
          },
          readOnly: {
            type: 'boolean',
            default: false,
            description: 'It changes nothing anywhere: a hint for agents.',
          },
          examples: {
            type: 'array',
            maxItems: 8,
            default: [],
            description:
              'For documents: `input` and, where wanted, `output` of a call, as JSON. In a world other than `bytes` they must meet the schemas.',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['input'],
              properties: { input: {}, output: {} },
            },
          },
          description: { type: 'string', maxLength: 2_000, description: 'For people and for tool listings.' },
          // A media type as in RFC 9110 §8.3.1: it is sent as a header, so nothing but a media type may pass.
          produces: {
            type: 'string',
            maxLength: 128,
            pattern:
              '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( ?; ?[A-Za-z0-9!#$&^_.+-]+=[A-Za-z0-9!#$&^_.+-]+)*$',
            default: 'application/octet-stream',
            description:
              'Media type of the result. In a world other than `bytes` it is JSON, and only a result that is `list<u8>` or `string` may have another.',
          },
          timeoutMs,
          inputMaxBytes,
          outputMaxBytes,
          fuelMax,
        },
      },
    },
    limits: {
      type: 'object',
      additionalProperties: false,
      description: 'Limits of every operation that names none: below.',
      properties: limits,
    },
    pool: {
      type: 'object',
      additionalProperties: false,
      description: 'How many cells, and when they are replaced: below.',
      properties: boundedAll(POOL_BOUNDS),
    },
    isolation: {
      type: 'string',
      enum: ['fresh', 'tenant', 'shared'],
      default: 'tenant',
      description:
        '`fresh`: one call per cell, the default in `wasi:http/proxy` · `tenant`: a cell serves one tenant until it is destroyed · `shared`: state may cross tenants, only for adapters that keep none and are trusted.',
    },
    // Its inside is read by the reader that reads the operator's side too: `capability-policy.ts`.
    capabilities: {
      type: 'object',
      maxProperties: 16,
      default: {},
      description:
        'What the component may import and how much of it, by capability: `../host/capabilities/README.md`. The operator permits it.',
    },
  },
} as const;
