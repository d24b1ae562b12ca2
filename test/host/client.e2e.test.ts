/** The client against a real host over loopback, typed as `hotcell adapter types` would type it. */

import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { type Client, createClient } from '../../host/client/client.ts';
import { type Served, serveHost } from './served.ts';
import { ORDER, SHOP_WIT, shopComponent, typedManifest } from './typed-tools.ts';

interface Receipt {
  id: string;
  count: number;
  text: string;
}

/** An extract of what is written for the shop. */
interface ShopOperations {
  place: { arguments: { order: unknown }; result: Receipt; failure: { tag: string } };
  add: { arguments: { a: number | string; b: number | string }; result: string; failure: never };
  reverse: { arguments: { data: string }; result: string; failure: never };
}

let served: Served;
let client: Client<{ shop: ShopOperations }>;
beforeAll(async () => {
  served = await serveHost({ bundled: true });
  const component = await shopComponent();
  await served.host.install(typedManifest('shop', component, { wit: SHOP_WIT }), component);
  client = createClient<{ shop: ShopOperations }>(served.url, { tenant: 'acme' });
});
afterAll(() => served.close());

describe('a typed client', () => {
  it('calls an operation with data and gets data, of the declared types', async () => {
    const receipt = await client.call('shop', 'place', { order: ORDER });
    expectTypeOf(receipt).toEqualTypeOf<Receipt>();
    expect(receipt).toEqual({ id: ORDER.id, count: 3, text: '3 things' });
    const wrong = async (): Promise<void> => {
      // @ts-expect-error an operation that the declarations do not have
      await client.call('shop', 'plaice', {});
      // @ts-expect-error an argument that is missing
      await client.call('shop', 'add', { a: 1 });
    };
    await expect(wrong()).rejects.toMatchObject({ code: 'REGISTRY_OPERATION_NOT_FOUND', mayHaveRun: false });
  });

  it('has the error value of an operation that fails, and the pointers of arguments that are wrong', async () => {
    await expect(client.call('shop', 'place', { order: { ...ORDER, items: [] } })).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      failure: { tag: 'closed' },
      requestId: expect.any(String),
    });
    const wrong = client.call('shop', 'add', { a: true as never, b: 'x' }).catch((error: unknown) => error);
    expect(await wrong).toMatchObject({
      code: 'ADAPTER_BAD_INPUT',
      problems: expect.arrayContaining([expect.objectContaining({ at: '/a' })]),
    });
  });

  it('calls many times in one request, and each item has its own end', async () => {
    const items = await client.batch('shop', 'add', [
      { a: 1, b: 2 },
      { a: 'x', b: 2 },
      { a: '41', b: 1 },
    ]);
    expect(items[0]).toEqual({ ok: true, result: '3' });
    expect(items[1]).toMatchObject({ ok: false, error: { code: 'ADAPTER_BAD_INPUT', status: 400 } });
    expect(items[2]).toEqual({ ok: true, result: '42' });
  });

  it('sends and gets bytes as they are', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, n) => n % 251);
    const echoed = await client.invokeBytes('echo', 'echo', bytes, { requestId: 'mine' });
    expect(echoed).toMatchObject({ requestId: 'mine', version: expect.stringMatching(/^\d/) });
    expect(Buffer.compare(echoed.bytes, bytes)).toBe(0);
    const reversed = await client.invokeBytes('shop', 'reverse', Uint8Array.of(1, 2, 3));
    expect([...reversed.bytes]).toEqual([3, 2, 1]);
  });

  it('calls the typed adapters that come with the host, which the OpenAPI document has with schemas and examples', async () => {
    const open = createClient(served.url);
    const document = JSON.stringify({ items: [{ sku: 'tea', price: 3 }] });
    expect(await open.call('json-query', 'query', { document, query: 'items[*].sku' })).toBe('["tea"]');
    expect(await open.call('text-tools', 'count', { text: 'für Ada\n' })).toEqual({
      lines: 1,
      words: 2,
      characters: 8,
      bytes: 9,
    });
    expect(
      await open.call('template', 'render', { template: '{{#a}}{{.}}{{/a}}', data: '{"a": [1, 2]}' }),
    ).toBe('12');
    await expect(open.call('template', 'render', { template: '{{#a}}', data: '{}' })).rejects.toMatchObject({
      code: 'ADAPTER_FAILED',
      failure: { tag: 'syntax', value: { line: 1, column: 1 } },
    });
    const api = (await (await fetch(`${served.url}/openapi.json`)).json()) as {
      paths: Record<
        string,
        { post: { description?: string; summary?: string; requestBody: { content: Record<string, object> } } }
      >;
      components: { schemas: Record<string, { properties?: object; required?: string[] }> };
    };
    for (const operation of [
      'json-query/pointer',
      'json-query/query',
      'text-tools/diff',
      'text-tools/slug',
      'template/render',
    ]) {
      const { post } = api.paths[`/v1/adapters/${operation}`] ?? {};
      expect(post?.requestBody.content['application/json'], operation).toMatchObject({
        schema: { $ref: `#/components/schemas/${operation.replace('/', '.')}.arguments` },
        examples: { 'example-1': { value: expect.any(Object) }, 'example-2': { value: expect.any(Object) } },
      });
    }
    expect(api.components.schemas['json-query.query.arguments']).toMatchObject({
      required: ['document', 'query'],
    });
    expect(api.components.schemas['template.render.arguments']).toMatchObject({
      required: ['template', 'data'],
    });
  });

  it('lists adapters, each with its operations', async () => {
    const adapters = await client.adapters();
    expect(adapters.find(({ name }) => name === 'shop')?.operations).toContain('place');
  });

  it('repeats a call under its key without running it twice', async () => {
    const open = createClient(served.url, { tenant: 'keys' });
    const place = () => open.call('shop', 'place', { order: ORDER }, { idempotencyKey: 'k' });
    expect(await place()).toEqual(await place());
    expect(await open.call('shop', 'count', {})).toBe(1);
  });
});
