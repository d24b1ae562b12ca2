/** What the schema says and what the converter does are one thing: random types, their values, and damage to them. */

import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { createJsonCodec } from '../../host/executor/abi-json.ts';
import { listOperations } from '../../host/registry/wit-operations.ts';
import { operationSchemas } from '../../host/registry/wit-schema.ts';
import { createSchemaValidator } from '../../host/registry/wit-validate.ts';
import { lifted, mutate, planOf, typeSamples } from '../executor/random-types.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const fits = (text: string, min: bigint, max: bigint): boolean =>
  /^-?\d+$/.test(text) && BigInt(text) >= min && BigInt(text) <= max;

/** Somebody else's validator: it takes schemas as they are published, `oneOf` and all, and holds them against the dialect. */
const foreign = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  ownProperties: true,
  keywords: ['discriminator'],
  formats: {
    int64: (text: string) => fits(text, -(2n ** 63n), 2n ** 63n - 1n),
    uint64: (text: string) => fits(text, 0n, 2n ** 64n - 1n),
    byte: (text: string) => Buffer.from(text, 'base64').toString('base64') === text,
  },
});

/** Equal but for prototypes, and for which NaN it is. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && a.toHex() === b.toHex();
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameValue((a as never)[key], (b as never)[key]))
  );
}

describe('of random types, three deep,', () => {
  it('a value written as JSON and read again is the same value, and the schemas accept it', () => {
    let count = 0;
    fc.assert(
      fc.property(
        typeSamples(3).chain((sample) => fc.tuple(fc.constant(sample), lifted(sample.types, sample.ref))),
        ([sample, value]) => {
          const plan = planOf(sample);
          // The result of a function is taken apart when it is a `result`: here it is written within a tuple.
          const types = [...sample.types, { kind: 'tuple', parts: [sample.ref] } as const];
          const codec = createJsonCodec({
            types,
            exports: plan.exports.map((one) => ({
              ...one,
              type: { ...one.type, result: sample.types.length },
            })),
          });
          const json = decoder.decode(codec.jsonFromResult(0, [value]).bytes);
          const [written] = JSON.parse(json) as [unknown];
          const given = `{"a":${json.slice(1, -1)}}`;
          const [read] = codec.valuesFromJson(0, encoder.encode(given));
          expect(sameValue(read, value), `${given} of ${JSON.stringify(sample)}`).toBe(true);
          const operations = listOperations(planOf(sample));
          const [operation] = operations.operations;
          if (operation === undefined) throw new Error('no operation');
          const schemas = operationSchemas(operations, operation);
          expect(createSchemaValidator(schemas.arguments).check({ a: written }, 0)).toEqual([]);
          if (operation.failure === undefined) {
            expect(createSchemaValidator(schemas.result).check(written, 0)).toEqual([]);
          }
          count++;
        },
      ),
      { numRuns: 150 },
    );
    console.log(`${count} values there and back`);
  });

  it('the schema accepts exactly what the converter reads', () => {
    const counts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(
        typeSamples(3).chain((sample) => fc.tuple(fc.constant(sample), lifted(sample.types, sample.ref))),
        fc.array(fc.nat(0xffff), { minLength: 200, maxLength: 200 }),
        ([sample, value], picks) => {
          const plan = planOf(sample);
          const codec = createJsonCodec(plan);
          const operations = listOperations(plan);
          const [operation] = operations.operations;
          if (operation === undefined) throw new Error('no operation');
          const schema = operationSchemas(operations, operation).arguments;
          const validator = createSchemaValidator(schema);
          const published = foreign.compile(schema);
          const whole = createJsonCodec({
            types: [...sample.types, { kind: 'tuple', parts: [sample.ref] }],
            exports: plan.exports.map((one) => ({
              ...one,
              type: { ...one.type, result: sample.types.length },
            })),
          });
          const [written] = JSON.parse(decoder.decode(whole.jsonFromResult(0, [value]).bytes)) as [unknown];
          let at = 0;
          const pick = (max: number): number => (picks[at++ % picks.length] ?? 0) % max;
          for (let round = 0; round < 8; round++) {
            const text = JSON.stringify(mutate({ a: written }, pick));
            const problems = validator.check(JSON.parse(text), text.length);
            let refused: HostError | undefined;
            try {
              codec.valuesFromJson(0, encoder.encode(text));
            } catch (error) {
              if (!(error instanceof HostError) || error.code !== 'ADAPTER_BAD_INPUT') throw error;
              refused = error;
            }
            const about = `${text} of ${JSON.stringify(sample)}: ${JSON.stringify(problems)} ${refused?.detail}`;
            expect(problems.length > 0, about).toBe(refused !== undefined);
            // Lone surrogates are beyond schemas.
            if (/\\ud[89a-f]/.test(text)) continue;
            expect(published(JSON.parse(text)), about).toBe(refused === undefined);
            counts[refused === undefined ? 'accepted' : 'refused']++;
          }
        },
      ),
      { numRuns: 150 },
    );
    console.log(`${counts.accepted} accepted by both, ${counts.refused} refused by both`);
    expect(counts.accepted).toBeGreaterThan(50);
    expect(counts.refused).toBeGreaterThan(1_000);
  });
});
