import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { listOperations, type Operations } from '../../host/registry/wit-operations.ts';
import { operationSchemas } from '../../host/registry/wit-schema.ts';
import type { Schema } from '../../host/registry/wit-schema-types.ts';
import type { ExportedFunction, NamedType, TypeRef, WitType } from '../../host/types.ts';
import { operationsOf, SHOP } from './wit-samples.ts';

const shop = await operationsOf(SHOP);
const find = (all: Operations, name: string) => {
  const found = all.operations.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found;
};
const schemasOf = (name: string) => operationSchemas(shop, find(shop, name));

const $schema = 'https://json-schema.org/draft/2020-12/schema';
const COUNT = {
  type: ['integer', 'null'],
  minimum: 0,
  maximum: 4294967295,
  description: 'In stock; unknown when left out.',
};
const ITEM = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'What it is called.' },
    price: {
      type: ['integer', 'string'],
      minimum: -9007199254740991,
      maximum: 9007199254740991,
      pattern: '^(0|-?[1-9][0-9]{0,18})$',
      format: 'int64',
    },
    count: COUNT,
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['name', 'price', 'tags'],
  additionalProperties: false,
  description: 'One thing\nthat is sold.',
};
/** As a result: one form of integers, and every field. */
const SOLD = {
  ...ITEM,
  properties: {
    ...ITEM.properties,
    price: { type: 'string', pattern: ITEM.properties.price.pattern, format: 'int64' },
  },
  required: ['name', 'price', 'count', 'tags'],
};

describe('schemas', () => {
  it('write a type that is used twice once', () => {
    expect(schemasOf('double').arguments).toEqual({
      $schema,
      type: 'object',
      properties: {
        constructor: { $ref: '#/$defs/item' },
        pair: {
          type: 'array',
          prefixItems: [{ $ref: '#/$defs/item' }, { $ref: '#/$defs/item' }],
          items: false,
          minItems: 2,
          maxItems: 2,
        },
      },
      required: ['constructor', 'pair'],
      additionalProperties: false,
      $defs: { item: ITEM },
    });
  });

  it('of results are narrower than those of arguments', () => {
    expect(schemasOf('then').result).toEqual({ $schema, ...SOLD });
    expect(schemasOf('shop-find').result).toEqual({ $schema, type: 'array', items: SOLD });
  });

  it('of failures are apart from those of results', () => {
    expect(schemasOf('shop-find').failure).toEqual({
      $schema,
      type: 'object',
      discriminator: { propertyName: 'tag' },
      oneOf: [
        {
          type: 'object',
          properties: {
            tag: { type: 'string', const: 'too-many' },
            value: { type: 'string', pattern: '^(0|[1-9][0-9]{0,19})$', format: 'uint64' },
          },
          required: ['tag', 'value'],
          additionalProperties: false,
        },
        {
          type: 'object',
          properties: { tag: { type: 'string', enum: ['closed'] } },
          required: ['tag'],
          additionalProperties: false,
        },
      ],
      description: 'Why not.',
    });
    expect(schemasOf('outcome').failure).toEqual({ $schema, type: 'null' });
    expect(schemasOf('ping')).toEqual({
      arguments: { $schema, type: 'object', properties: {}, required: [], additionalProperties: false },
      result: { $schema, type: 'null' },
      failure: undefined,
    });
  });

  it.each([
    [
      'deep',
      'o',
      {
        type: ['object', 'null'],
        properties: { some: { type: ['string', 'null'], minLength: 1, maxLength: 1 } },
        required: ['some'],
        additionalProperties: false,
      },
    ],
    ['shop-find', 'color', { type: 'string', enum: ['red', 'green'], description: '- `red`: Like blood.' }],
    [
      'key',
      'k',
      {
        type: 'string',
        contentEncoding: 'base64',
        format: 'byte',
        minLength: 24,
        maxLength: 24,
        pattern: '[^=]==$',
      },
    ],
    ['digest', 'data', { type: 'string', contentEncoding: 'base64', format: 'byte' }],
    [
      'outcome',
      't',
      {
        type: 'object',
        properties: { ok: { type: 'null' }, error: { type: 'string' } },
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 1,
      },
    ],
  ])('of %s say what %s may be', (name, parameter, expected) => {
    expect((schemasOf(name).arguments.properties as Record<string, Schema>)[parameter]).toEqual(expected);
  });

  it('of flags and lists of a length', () => {
    expect(schemasOf('tools-find').result).toEqual({
      $schema,
      type: 'array',
      items: { type: 'string', enum: ['read', 'write', 'list'] },
      uniqueItems: true,
    });
    expect(schemasOf('key').result).toMatchObject({ type: 'array', minItems: 3, maxItems: 3 });
  });

  it('may keep their definitions elsewhere', () => {
    const kept = new Map<string, Schema>();
    const schemas = operationSchemas(shop, find(shop, 'double'), {
      reference: (name, part) => `#/components/schemas/double.${part}.${name}`,
      define: (name, schema, part) => kept.set(`${part}.${name}`, schema),
    });
    expect(schemas.arguments.$defs).toBeUndefined();
    expect(schemas.arguments.properties).toMatchObject({
      constructor: { $ref: '#/components/schemas/double.arguments.item' },
    });
    expect([...kept]).toEqual([['arguments.item', ITEM]]);
  });
});

/** One operation `f` of these parameters. */
function single(types: readonly WitType[], parameters: readonly NamedType[]): Operations {
  const lifted = undefined as unknown as ExportedFunction['lifted'];
  const type = { parameters, result: undefined };
  return listOperations({
    types,
    resources: [],
    exports: [{ interface: undefined, name: 'f', type, lifted }],
  });
}
const argumentsOf = (all: Operations): Schema => operationSchemas(all, find(all, 'f')).arguments;

describe('definitions', () => {
  const record = (name: string, type: TypeRef): WitType => ({ kind: 'record', fields: [{ name, type }] });

  it('have names of their own, whatever they are called', async () => {
    const all = await operationsOf(`package a:b;
      interface i { record point { x: u8 } }
      interface j { record point { y: u8 } }
      world w {
        use i.{point};
        use j.{point as other};
        export f: func(a: point, b: point, c: other, d: other, e: tuple<u8, u8>, f: tuple<u8, u8>);
      }`);
    const { $defs } = argumentsOf(all) as { $defs: Record<string, Schema> };
    expect(Object.keys($defs)).toEqual(['point', 'point-2', 'tuple']);
    expect($defs['point-2']).toMatchObject({ properties: { y: {} } });
  });

  it('keep a schema as small as its types, not as their product', () => {
    const types = Array.from(
      { length: 90 },
      (_, i): WitType => (i === 0 ? record('x', 'u8') : { kind: 'tuple', parts: [i - 1, i - 1] }),
    );
    expect(JSON.stringify(argumentsOf(single(types, [{ name: 'a', type: 89 }]))).length).toBeLessThan(20_000);
  });

  it('do not make a schema larger than may be', () => {
    const fields = Array.from({ length: 2_000 }, (_, i) => ({ name: `field-${i}`, type: 'string' as const }));
    const all = single([{ kind: 'record', fields }], [{ name: 'a', type: 0 }]);
    const run = () => argumentsOf(all);
    expect(run).toThrow(HostError);
    expect(run).toThrow(/operation f: the schema of its arguments has \d+ characters, more than 65536/);
  });
});
