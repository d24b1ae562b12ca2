/**
 * Operations of typed worlds in the OpenAPI document: their schemas as components, their requests and replies.
 *
 * A schema is the one that calls are held against. Its definitions become components named
 * `adapter.operation.part` and `adapter.operation.part.definition`: names of adapters and operations have no dots, so no two are
 * the same, and none is that of a schema of the host.
 */

import type { AdapterDetail, JsonSchema, OperationExample, OperationSpec, TypedOperation } from '../types.ts';
import { resultType } from './call-form.ts';
import { BATCH_ITEMS_MAX } from './limits.ts';
import type { Json } from './openapi-components.ts';
import { PROBLEM_TYPE } from './problem.ts';

type Part = 'arguments' | 'result' | 'failure';

const refTo = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Json, examples?: Json): Json => ({
  'application/json': { schema, ...(examples ? { examples } : {}) },
});

/** Adds the schemas of an operation to `components`; gives the reference to each part. */
function addSchemas(
  components: Json,
  base: string,
  operation: TypedOperation,
): Record<Part, Json | undefined> {
  const add = (part: Part): Json | undefined => {
    const schema = operation[part];
    if (schema === undefined) return undefined;
    const name = `${base}.${part}`;
    const { $schema: _dialect, $defs, ...root } = schema;
    components[name] = withReferences(root, name);
    for (const [key, definition] of Object.entries(($defs as JsonSchema | undefined) ?? {}))
      components[`${name}.${key}`] = withReferences(definition, name);
    return refTo(name);
  };
  return { arguments: add('arguments'), result: add('result'), failure: add('failure') };
}

/** The same schema with its definitions where the document has them. Recursion: schemas are as deep as types. */
function withReferences(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      // No parameter, field or case of WIT has a name with a dollar sign.
      key === '$ref' && typeof inner === 'string'
        ? [key, inner.replace(/^#\/\$defs\//, `#/components/schemas/${name}.`)]
        : [key, withReferences(inner, name)],
    ),
  );
}

/** Examples by number, as OpenAPI has them; undefined for none. */
export function numbered(values: readonly unknown[]): Json | undefined {
  if (values.length === 0) return undefined;
  return Object.fromEntries(values.map((value, index) => [`example-${index + 1}`, { value }]));
}

/** Of those that have one. */
export const outputsOf = (examples: readonly OperationExample[]): unknown[] =>
  examples.filter((one) => Object.hasOwn(one, 'output')).map(({ output }) => output);

/** Request bodies and replies of a typed operation, for a single call and for a batch. */
export interface TypedParts {
  readonly requestBody: Json;
  readonly ok: Json;
  /** Beside those of every call: what it says when it fails by itself. */
  readonly failures: Json;
  readonly batchBody: Json;
  readonly batchOk: Json;
}

export function describeTyped(
  adapter: AdapterDetail,
  operation: TypedOperation,
  spec: OperationSpec,
  components: Json,
): TypedParts {
  const refs = addSchemas(components, `${adapter.name}.${operation.name}`, operation);
  const { examples } = spec;
  const known = { spec, typed: operation };
  const inputs = json(refs.arguments as Json, numbered(examples.map(({ input }) => input)));
  const outputs = json(refs.result as Json, numbered(outputsOf(examples)));
  const problem = refTo('Problem');
  const failed = {
    description: 'ADAPTER_FAILED: the operation failed with the error value in `failure`, or another 422',
    content: {
      [PROBLEM_TYPE]: {
        schema: { allOf: [problem, { type: 'object', properties: { failure: refs.failure } }] },
      },
    },
  };
  const items = (schema: Json): Json => ({
    type: 'array',
    minItems: 1,
    maxItems: BATCH_ITEMS_MAX,
    items: schema,
  });
  const item = {
    type: 'object',
    required: ['status'],
    properties: { status: { type: 'integer' }, result: refs.result, problem },
  };
  return {
    requestBody: {
      description: operation.isRawArgument
        ? 'JSON, or the bytes of the only argument with any other content type'
        : 'the arguments',
      required: Object.keys((operation.arguments.properties as object | undefined) ?? {}).length > 0,
      content: operation.isRawArgument ? { ...inputs, 'application/octet-stream': { schema: {} } } : inputs,
    },
    ok:
      operation.rawResult === undefined
        ? outputs
        : { ...outputs, [resultType(known, { isRawOutput: true })]: { schema: {} } },
    failures: operation.failure === undefined ? {} : { 422: failed },
    batchBody: { required: true, content: json(items(refs.arguments as Json)) },
    batchOk: { description: 'an item for each, in order: a result or a problem', content: json(items(item)) },
  };
}
