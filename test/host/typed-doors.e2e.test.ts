/** Typed adapters at every door: installed, listed, described, called by brokers and in batches. */

import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostError } from '../../host/errors.ts';
import { echoComponent } from '../registry/components.ts';
import { manifestJson } from '../registry/fixtures.ts';
import { blobComponent } from '../registry/worlds.ts';
import { type Answer, type Served, serveHost } from './served.ts';
import {
  ambiguousComponent,
  blocksComponent,
  ORDER,
  SHOP_WIT,
  shopComponent,
  typedManifest,
} from './typed-tools.ts';

const JSON_BODY = { 'content-type': 'application/json' };
const WORLD = { world: 'acme:shop/shop@1.0.0', wit: SHOP_WIT };

let served: Served;
let shop: Uint8Array;
const resultOf = ({ bytes }: Answer): never => JSON.parse(bytes.toString()) as never;
const callAdd = (): Promise<Answer> => served.call('/v1/adapters/shop/add', '{"a":1,"b":2}', JSON_BODY);
const get = async (path: string): Promise<never> =>
  (await (await request(`${served.url}${path}`)).body.json()) as never;

beforeAll(async () => {
  served = await serveHost({ executors: 1 });
  shop = await shopComponent();
  const examples = [{ input: { a: 1, b: '2' }, output: '3' }];
  const operations = { add: { readOnly: true, idempotent: true, examples } };
  await served.host.install(typedManifest('shop', shop, { ...WORLD, operations }), shop);
  const blocks = await blocksComponent();
  await served.host.install(typedManifest('blocks', blocks), blocks);
});
afterAll(() => served.close());

async function refusalOf(manifest: object, component: Uint8Array): Promise<HostError> {
  return served.host.install(manifest, component).then(
    () => {
      throw new Error('it was installed');
    },
    (error: HostError) => error,
  );
}

describe('installing a typed adapter', () => {
  it('needs no operations in the manifest, and takes descriptions and types from its text', () => {
    const { manifest, typed, wit, operations } = served.host.adapter('shop');
    expect(operations).toEqual(['place', 'mirror', 'add', 'reverse', 'greet', 'count', 'crash']);
    expect(wit).toBe(SHOP_WIT);
    expect(manifest.operations.add).toMatchObject({
      readOnly: true,
      idempotent: true,
      produces: 'application/json',
    });
    expect(manifest.operations.greet).toMatchObject({ readOnly: false, description: 'A greeting.' });
    const place = typed?.find(({ name }) => name === 'place');
    expect(place).toMatchObject({
      description: 'Takes an order. Orders of nothing are refused.',
      arguments: { type: 'object', required: ['order'], additionalProperties: false },
      isRawArgument: false,
    });
    expect(JSON.stringify(place)).toContain('Article number.');
  });

  it('is refused with the nearest name when the manifest has an operation that the component has not', async () => {
    const operations = { gret: { idempotent: true }, add: { produces: 'text/csv' } };
    const error = await refusalOf(typedManifest('shop', shop, { ...WORLD, operations }), shop);
    expect(error.code).toBe('REGISTRY_MANIFEST_INVALID');
    expect(error.problems).toEqual([
      { at: '/operations/gret', message: expect.stringContaining('the nearest it has is greet') },
      { at: '/operations/add/produces', message: expect.stringContaining('must be application/json') },
    ]);
    expect((await callAdd()).status).toBe(200);
  });

  it('is refused when an example is none', async () => {
    const examples = [{ input: { a: 1 }, output: 3 }];
    const error = await refusalOf(
      typedManifest('shop', shop, { ...WORLD, operations: { add: { examples } } }),
      shop,
    );
    expect(error.problems?.map(({ at }) => at)).toEqual([
      '/operations/add/examples/0/input/b',
      '/operations/add/examples/0/output',
    ]);
  });

  it('is refused when two functions map to one name, when WIT cannot be written as JSON, and when there is nothing to call', async () => {
    const refused = async (component: Uint8Array): Promise<[string, string]> => {
      const { code, detail } = await refusalOf(typedManifest('shop', component), component);
      return [code, detail];
    };
    expect(await refused(await ambiguousComponent())).toEqual([
      'REGISTRY_REJECTED',
      expect.stringContaining('are both the operation a-x'),
    ]);
    expect(await refused(await blobComponent())).toEqual([
      'REGISTRY_UNSUPPORTED',
      expect.stringContaining('a resource'),
    ]);
    expect(await refused(await echoComponent())).toEqual([
      'REGISTRY_UNSUPPORTED',
      expect.stringContaining('no function'),
    ]);
    // What ran before runs.
    expect((await callAdd()).status).toBe(200);
  });

  it('is refused when its text is not WIT, or not that of the component', async () => {
    const broken = await refusalOf(typedManifest('shop', shop, { wit: 'package a:b; world {' }), shop);
    expect(broken.code).toBe('REGISTRY_REJECTED');
    const other = SHOP_WIT.replace('add: func(a: s64, b: s64)', 'add: func(a: s64, c: s64)');
    const wrong = await refusalOf(typedManifest('shop', shop, { wit: other }), shop);
    expect([wrong.code, wrong.detail]).toEqual(['REGISTRY_REJECTED', expect.stringContaining('add')]);
    const more = SHOP_WIT.replace('crash: func();', 'crash: func(); fetch: func();');
    const missing = await refusalOf(typedManifest('shop', shop, { wit: more }), shop);
    expect(missing.detail).toMatch(/^\d+:\d+: the component does not export fetch/);
  });

  it('of the bytes world does not go by its name alone', async () => {
    const manifest = manifestJson({
      ...typedManifest('shop', shop),
      world: 'bytes',
      operations: { add: {} },
    });
    expect((await refusalOf(manifest, shop)).code).toBe('REGISTRY_REJECTED');
  });
});

describe('a broker', () => {
  const callTool = (body: unknown): Promise<Answer> =>
    served.call('/v1/tools/call', JSON.stringify(body), JSON_BODY);

  it('gives arguments as an object and gets the result as JSON', async () => {
    const answer = await callTool({ tool: 'shop.mirror', args: { order: ORDER }, plan_id: 'p' });
    expect(resultOf(answer)).toMatchObject({ success: true, result: ORDER, error: null, plan_id: 'p' });
  });

  it('gets problems and error values in the envelope', async () => {
    const bad = await callTool({ tool: 'shop.add', args: { a: 1, payload: 'x' } });
    expect([bad.status, resultOf(bad)]).toEqual([
      400,
      expect.objectContaining({
        success: false,
        error: expect.objectContaining({
          code: 'ADAPTER_BAD_INPUT',
          problems: expect.arrayContaining([{ at: '/b', message: 'is required' }]),
        }),
      }),
    ]);
    const closed = await callTool({ tool: 'shop.place', args: { order: { ...ORDER, items: [] } } });
    expect([closed.status, resultOf(closed)]).toEqual([
      422,
      expect.objectContaining({
        error: expect.objectContaining({ code: 'ADAPTER_FAILED', failure: { tag: 'closed' } }),
      }),
    ]);
  });
});

describe('a batch', () => {
  const batch = (body: string, type = 'application/json'): Promise<Answer> =>
    served.call('/v1/adapters/shop/add/batch', body, { 'content-type': type });

  it('of a typed operation is an array in and out, in order, a failed item alone', async () => {
    const answer = await batch('[{"a":1,"b":2},{"a":1},{"a":"5","b":6}]');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    expect(resultOf(answer)).toEqual([
      { status: 200, result: '3' },
      { status: 400, problem: expect.objectContaining({ code: 'ADAPTER_BAD_INPUT' }) },
      { status: 200, result: '11' },
    ]);
  });

  it.each(['[]', '{}', '[1', `[${'{},'.repeat(1_000)}{}]`])('%.10s… as a whole is refused', async (body) => {
    expect((await batch(body)).code).toBe('HTTP_MALFORMED');
  });

  it('in the form of the bytes world is refused', async () => {
    expect((await batch('--x--', 'multipart/mixed; boundary=x')).code).toBe('HTTP_UNSUPPORTED_TYPE');
  });
});

describe('the API document', () => {
  interface Media {
    readonly schema: object;
    readonly examples?: object;
  }
  interface Described {
    readonly requestBody: { readonly content: Record<string, Media> };
    readonly responses: Record<string, { readonly content: Record<string, Media> }>;
  }

  it('has schemas and examples of typed operations, and every reference leads somewhere', async () => {
    const { paths, components } = (await get('/openapi.json')) as {
      paths: Record<string, { post: Described }>;
      components: { schemas: Record<string, unknown> };
    };
    const add = paths['/v1/adapters/shop/add']?.post;
    expect(add?.requestBody.content['application/json']).toEqual({
      schema: { $ref: '#/components/schemas/shop.add.arguments' },
      examples: { 'example-1': { value: { a: 1, b: '2' } } },
    });
    expect(add?.responses['200']?.content['application/json']?.examples).toEqual({
      'example-1': { value: '3' },
    });
    const place = paths['/v1/adapters/shop/place']?.post;
    expect(JSON.stringify(place?.responses['422'])).toContain('shop.place.failure');
    const bytes = paths['/v1/adapters/blocks/bytes']?.post;
    expect(Object.keys(bytes?.requestBody.content ?? {})).toEqual([
      'application/json',
      'application/octet-stream',
    ]);
    for (const [, name] of JSON.stringify({ paths, components }).matchAll(
      /"\$ref":"#\/components\/schemas\/([^"]+)"/g,
    ))
      expect(components.schemas, name).toHaveProperty([name as string]);
    expect(JSON.stringify(components.schemas)).not.toContain('$defs');
  });

  it('is what /docs shows', async () => {
    expect(await get('/docs/json')).toEqual(await get('/openapi.json'));
  });

  it('of one adapter has the same schemas', async () => {
    const detail = (await get('/v1/adapters/shop')) as { typed: { name: string }[]; world: string };
    expect(detail.world).toBe(WORLD.world);
    expect(detail.typed).toEqual(JSON.parse(JSON.stringify(served.host.adapter('shop').typed)));
  });
});
