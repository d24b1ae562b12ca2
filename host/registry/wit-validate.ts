/**
 * Arguments against the schema of their operation, before a guest sees them: every problem, with its JSON pointer.
 *
 * The schema is compiled when an operation is first called, and kept. Nothing is coerced, nothing is filled in. One pass
 * stops at the first problem and decides; only when it finds one, and only for small input, a second pass collects the others:
 * a list of a million wrong items must not become a million problems.
 * Names in a schema come from a component. They are labels, checked when its bytes were read, and Ajv quotes them.
 */

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Problem } from '../errors.ts';
import type { Operation, Operations } from './wit-operations.ts';
import { operationSchemas } from './wit-schema.ts';
import type { Schema } from './wit-schema-types.ts';

/** Nobody mends more than this before trying again. */
const PROBLEMS_MAX_COUNT = 50;

/** Up to here all problems are looked for: some 30,000 wrong items, about 10 MB while they are collected. */
const ALL_PROBLEMS_MAX_BYTES = 64 * 1024;

export interface Validator {
  /**
   * Problems of parsed JSON as the arguments of an operation; empty when there are none, at most 50. `sizeBytes` is the length of
   * the JSON.
   */
  check(value: unknown, sizeBytes: number): readonly Problem[];
}

/** A validator of the arguments of one operation. Throws REGISTRY_UNSUPPORTED — the schema is too large; not later. */
export function createValidator(all: Operations, operation: Operation): Validator {
  return createSchemaValidator(operationSchemas(all, operation).arguments);
}

/** Of any schema of `wit-schema.ts`. */
export function createSchemaValidator(schema: Schema): Validator {
  let first: ValidateFunction | undefined;
  let every: ValidateFunction | undefined;
  return {
    check(value, sizeBytes) {
      first ??= compile(schema, false);
      if (first(value)) return loneSurrogate(value);
      if (sizeBytes > ALL_PROBLEMS_MAX_BYTES) return toProblems(first.errors);
      every ??= compile(schema, true);
      every(value);
      return toProblems(every.errors);
    },
  };
}

const within =
  (min: bigint, max: bigint) =>
  (text: string): boolean => {
    // The pattern beside it says which texts are integers, and how long they are.
    if (!/^-?[0-9]{1,20}$/.test(text)) return false;
    const value = BigInt(text);
    return value >= min && value <= max;
  };

function isBase64(text: string): boolean {
  try {
    Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' });
  } catch {
    return false;
  }
  // The decoder skips blanks.
  return !/\s/.test(text);
}

function compile(schema: Schema, allErrors: boolean): ValidateFunction {
  const ajv = new Ajv2020({
    allErrors,
    strict: true,
    // `["integer", "string"]` is how a value says that it has two forms.
    allowUnionTypes: true,
    coerceTypes: false,
    // Otherwise a field `constructor` is never missing: every object inherits one.
    ownProperties: true,
    // The schemas are our own output; checking them against the meta-schema doubles the time to compile.
    validateSchema: false,
    // Worth more when the schema is compiled than it costs when it is used.
    code: { optimize: false },
    formats: {
      int64: within(-(2n ** 63n), 2n ** 63n - 1n),
      uint64: within(0n, 2n ** 64n - 1n),
      byte: isBase64,
    },
  });
  return ajv.compile(byTag(schema) as Schema);
}

/**
 * The same schema with each `oneOf` by tag written as a choice: only the case that the tag names is looked at, so that what is
 * reported is about that case. Ajv's own `discriminator` refuses cases with names that every object inherits (`constructor`).
 * Recursion: schemas are as deep as types.
 */
function byTag(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(byTag);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { discriminator, oneOf, ...others } = schema as Schema;
  if (!isTagged(schema as Schema)) return mapValues(schema as Schema, byTag);
  const branches = oneOf as { properties: { tag: { const?: string; enum?: string[] } } }[];
  const names = branches.flatMap(({ properties: { tag } }) => tag.enum ?? [tag.const as string]);
  const object = { type: 'object', required: ['tag'] };
  return {
    ...others,
    ...object,
    properties: { tag: { enum: names } },
    allOf: branches.map((branch) => ({
      if: { ...object, properties: { tag: branch.properties.tag } },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      then: byTag(branch),
    })),
  };
}

/** Not a parameter or a field that is called `discriminator`: its value is a schema, which names no property. */
const isTagged = ({ discriminator, oneOf }: Schema): boolean =>
  Array.isArray(oneOf) && (discriminator as { propertyName?: unknown } | undefined)?.propertyName === 'tag';

const mapValues = (schema: Schema, map: (value: unknown) => unknown): Schema => {
  const mapped: [string, unknown][] = Object.entries(schema).map(([key, value]) => [key, map(value)]);
  return Object.fromEntries(mapped);
};

function toProblems(errors: readonly ErrorObject[] | null | undefined): Problem[] {
  const all = errors ?? [];
  // Of "this, or null" the part about null says nothing, unless it is all there is.
  const telling = all.filter(
    ({ keyword, schemaPath }) =>
      keyword !== 'anyOf' && keyword !== 'if' && !/\/anyOf\/1\/type$/.test(schemaPath),
  );
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const error of telling.length > 0 ? telling : all) {
    const problem = toProblem(error);
    const key = `${problem.at} ${problem.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    problems.push(problem);
    if (problems.length === PROBLEMS_MAX_COUNT) break;
  }
  return problems;
}

function toProblem({ keyword, params, message, instancePath }: ErrorObject): Problem {
  const at = clip(instancePath);
  switch (keyword) {
    case 'additionalProperties':
      return { at: `${at}/${pointer(String(params.additionalProperty))}`, message: 'is not a known field' };
    case 'required':
      return { at: `${at}/${pointer(String(params.missingProperty))}`, message: 'is required' };
    case 'enum':
    case 'const': {
      const allowed = keyword === 'enum' ? (params.allowedValues as unknown[]) : [params.allowedValue];
      return { at, message: clip(`must be one of ${allowed.join(', ')}`) };
    }
    case 'type':
      return { at, message: `must be ${[params.type].flat().join(' or ')}` };
    case 'format':
      return { at, message: FORMATS.get(String(params.format)) ?? 'is not valid' };
    default:
      return { at, message: message ?? 'is not valid' };
  }
}

const FORMATS: ReadonlyMap<string, string> = new Map([
  ['int64', 'must be an integer of 64 bits'],
  ['uint64', 'must be an integer of 64 bits that is not negative'],
  ['byte', 'must be base64, padded, without blanks'],
]);

/** The first string that no Unicode text can hold. The schema was met, so this goes as deep as the types. */
function loneSurrogate(value: unknown, at = ''): Problem[] {
  if (typeof value === 'string')
    return value.isWellFormed() ? [] : [{ at: clip(at), message: 'must not hold a lone surrogate' }];
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  for (const key of isList ? value.keys() : Object.keys(value)) {
    const part = (value as Record<string | number, unknown>)[key];
    if (typeof part !== 'string' && typeof part !== 'object') continue;
    if (typeof part === 'string' && part.isWellFormed()) continue;
    const found = loneSurrogate(part, `${at}/${pointer(`${key}`)}`);
    if (found.length > 0) return found;
  }
  return [];
}

/** One segment of a JSON pointer, RFC 6901, shortened. */
const pointer = (name: string): string => clip(name.replaceAll('~', '~0').replaceAll('/', '~1'));
const clip = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);
