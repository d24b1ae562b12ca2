/**
 * Operations → JSON Schema 2020-12 of their arguments, results and failures.
 *
 * What is published is what is enforced: `wit-validate.ts` compiles these very schemas, and `executor/abi-json.ts` takes and
 * gives exactly what they say, with two additions that schemas cannot carry well: strings hold no lone surrogates, and the
 * formats `int64`, `uint64` and `byte` (base64) are checked. Arguments may be written more freely than results are: 64-bit
 * integers as numbers or decimal strings, an absent field for `none`. Results have one form.
 * Always: a type used twice is in `$defs`, so that a schema grows with its types and not with their product.
 */

import { HostError } from '../errors.ts';
import type { TypeRef } from '../link-plan.ts';
import { nameDefinitions } from './wit-names.ts';
import type { Operation, Operations } from './wit-operations.ts';
import { createTypeSchema, type Schema } from './wit-schema-types.ts';

/**
 * Longest schema, in characters of JSON. It is compiled in the thread that serves, once: 100,000 characters took 0.4 s as one record and
 * 1.2 s as nested variants. Every agent that lists tools is sent it, too.
 */
export const SCHEMA_MAX_CHARS = 64 * 1024;

export interface OperationSchemas {
  /** An object with a property for each parameter. */
  readonly arguments: Schema;
  readonly result: Schema;
  /** What a call that fails gives; undefined for a function that cannot fail but by a trap. */
  readonly failure: Schema | undefined;
}

export type SchemaPart = 'arguments' | 'result' | 'failure';

export interface SchemaOptions {
  /**
   * Where definitions are kept, `#/$defs/` by default. With another they are handed to `define`, part by part: a name means one
   * type as an argument and another as a result, and is unique only within its operation and part.
   */
  readonly reference?: (name: string, part: SchemaPart) => string;
  readonly define?: (name: string, schema: Schema, part: SchemaPart) => void;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Throws REGISTRY_UNSUPPORTED — a schema would be longer than `SCHEMA_MAX_CHARS`. */
export function operationSchemas(
  all: Operations,
  operation: Operation,
  options: SchemaOptions = {},
): OperationSchemas {
  const { parameters, result, failure } = operation;
  const wrap = (
    part: SchemaPart,
    roots: readonly TypeRef[],
    isInput: boolean,
    build: (schemaOf: (ref: TypeRef) => Schema) => Schema,
  ): Schema => {
    const names = nameDefinitions(all, roots);
    const reference = (name: string): string => options.reference?.(name, part) ?? `#/$defs/${name}`;
    const schemaOf = createTypeSchema(all, names, reference, isInput);
    const root = build(schemaOf.inline);
    const definitions: Record<string, Schema> = {};
    for (const [ref, name] of names) {
      const schema = schemaOf.definition(ref);
      if (options.define === undefined) definitions[name] = schema;
      else options.define(name, schema, part);
    }
    const whole: Schema = {
      ...(options.define === undefined ? { $schema: DIALECT } : {}),
      ...root,
      ...(Object.keys(definitions).length > 0 ? { $defs: definitions } : {}),
    };
    const chars = JSON.stringify(whole).length;
    if (chars > SCHEMA_MAX_CHARS) {
      throw new HostError(
        'REGISTRY_UNSUPPORTED',
        `operation ${operation.name}: the schema of its ${part} has ${chars} characters, more than ${SCHEMA_MAX_CHARS}`,
      );
    }
    return whole;
  };
  const value = (part: SchemaPart, ref: TypeRef | undefined): Schema =>
    wrap(part, ref === undefined ? [] : [ref], false, (schemaOf) =>
      ref === undefined ? { type: 'null' } : schemaOf(ref),
    );
  return {
    arguments: wrap(
      'arguments',
      parameters.map(({ type }) => type),
      true,
      (schemaOf) => {
        const isOption = (ref: TypeRef): boolean =>
          typeof ref === 'number' && all.types[ref]?.kind === 'option';
        return {
          type: 'object',
          properties: Object.fromEntries(parameters.map(({ name, type }) => [name, schemaOf(type)])),
          required: parameters.filter(({ type }) => !isOption(type)).map(({ name }) => name),
          additionalProperties: false,
        };
      },
    ),
    result: value('result', result),
    failure: failure === undefined ? undefined : value('failure', failure.error),
  };
}
