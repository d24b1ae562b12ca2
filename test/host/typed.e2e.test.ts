/** Components of worlds of their own over HTTP: JSON in, JSON out, and what is refused before a guest sees it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Served, serveHost } from './served.ts';
import { ORDER, SHOP_WIT, shopComponent, typedManifest } from './typed-tools.ts';

const JSON_BODY = { 'content-type': 'application/json' };

describe('an adapter of a world of its own', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serveHost();
    const component = await shopComponent();
    await served.host.install(typedManifest('shop', component, { wit: SHOP_WIT }), component);
  });
  afterAll(() => served.close());

  const post = (operation: string, value: unknown): Promise<Answer> =>
    served.call(`/v1/adapters/shop/${operation}`, JSON.stringify(value), JSON_BODY);
  const resultOf = ({ bytes }: Answer): unknown => JSON.parse(bytes.toString());

  it('takes a JSON object of arguments and gives JSON', async () => {
    const answer = await post('add', { a: '9223372036854775806', b: 1 });
    expect([answer.status, answer.headers['content-type'], resultOf(answer)]).toEqual([
      200,
      'application/json',
      '9223372036854775807',
    ]);
    const placed = await post('place', { order: ORDER });
    expect(resultOf(placed)).toEqual({ id: ORDER.id, count: 3, text: '3 things' });
  });

  it('gives every kind of type back as it was', async () => {
    const answer = await post('mirror', { order: ORDER });
    expect([answer.status, resultOf(answer)]).toEqual([200, ORDER]);
  });
});
