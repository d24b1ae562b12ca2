/** Components of worlds of their own over HTTP: JSON in, JSON out, and what is refused before a guest sees it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Served, serveHost } from './served.ts';
import { blocksComponent, ORDER, SHOP_WIT, shopComponent, typedManifest } from './typed-tools.ts';

const JSON_BODY = { 'content-type': 'application/json' };
const MiB = 1024 * 1024;

const resultOf = ({ bytes }: Answer): unknown => JSON.parse(bytes.toString());
const problemsOf = (answer: Answer): { at: string; message: string }[] =>
  (resultOf(answer) as { problems: { at: string; message: string }[] }).problems;

let served: Served;
beforeAll(async () => {
  served = await serveHost({ executors: 1 });
  const shop = await shopComponent();
  const examples = [{ input: { a: 1, b: '2' }, output: '3' }];
  const operations = {
    add: { readOnly: true, idempotent: true, examples },
    greet: { produces: 'text/html' },
  };
  await served.host.install(
    typedManifest('shop', shop, { world: 'acme:shop/shop@1.0.0', wit: SHOP_WIT, operations }),
    shop,
  );
  const blocks = await blocksComponent();
  const limits = { timeoutMs: 300, inputMaxBytes: 16 * MiB, outputMaxBytes: 1 * MiB };
  await served.host.install(
    typedManifest('blocks', blocks, {
      operations: { rows: { timeoutMs: 20_000 }, huge: { timeoutMs: 20_000 } },
      limits: { ...limits, timeoutMs: 20_000 },
      pool: { min: 1, max: 2, maxCrashes: 100 },
    }),
    blocks,
  );
});
afterAll(() => served.close());

const callShop = (operation: string, value: unknown): Promise<Answer> =>
  served.call(`/v1/adapters/shop/${operation}`, JSON.stringify(value), JSON_BODY);
const callBlocks = (
  operation: string,
  body: string | Uint8Array,
  headers: Record<string, string> = JSON_BODY,
): Promise<Answer> => served.call(`/v1/adapters/blocks/${operation}`, body, headers);

describe('a typed operation', () => {
  it('takes a JSON object of arguments and gives JSON', async () => {
    const answer = await callShop('add', { a: '9223372036854775806', b: 1 });
    expect([answer.status, answer.headers['content-type'], resultOf(answer)]).toEqual([
      200,
      'application/json',
      '9223372036854775807',
    ]);
    const placed = await callShop('place', { order: ORDER });
    expect(resultOf(placed)).toEqual({ id: ORDER.id, count: 3, text: '3 things' });
  });

  it('gives records, lists, variants, enums, flags, options and tuples back as they were', async () => {
    const answer = await callShop('mirror', { order: ORDER });
    expect([answer.status, resultOf(answer)]).toEqual([200, ORDER]);
  });

  it('keeps all bits of an integer of 64, written as text', async () => {
    const answer = await callBlocks('same', '{"n":"18446744073709551615"}');
    expect(resultOf(answer)).toBe('18446744073709551615');
  });

  it('without parameters needs no body', async () => {
    const answer = await served.call('/v1/adapters/shop/count');
    expect([answer.status, resultOf(answer)]).toEqual([200, expect.any(Number)]);
  });

  it('that gives an error value is an answer: 422 with the value, and the cell is well', async () => {
    const before = resultOf(await callShop('count', {})) as number;
    const answer = await callShop('place', { order: { ...ORDER, items: [] } });
    expect([answer.status, answer.code]).toEqual([422, 'ADAPTER_FAILED']);
    expect(resultOf(answer)).toMatchObject({ failure: { tag: 'closed' } });
    const many = [{ sku: 'tea', count: 101 }];
    const soldOut = await callShop('place', { order: { ...ORDER, items: many } });
    expect(resultOf(soldOut)).toMatchObject({ failure: { tag: 'sold-out', value: 'tea' } });
    // The same cell goes on counting.
    expect(resultOf(await callShop('count', {}))).toBe(before + 2);
  });

  it('that crashes is told, and the next call has another cell', async () => {
    expect((await callShop('crash', {})).code).toBe('EXECUTOR_TRAP');
    expect(resultOf(await callShop('count', {}))).toBe(0);
  });
});

describe('bytes of a typed operation', () => {
  const raw = { 'content-type': 'image/png' };
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);

  it('go as they are where they are the only argument, and come as they are where Accept asks', async () => {
    const answer = await callBlocks('bytes', bytes, { ...raw, accept: 'application/octet-stream' });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/octet-stream']);
    expect(Buffer.compare(answer.bytes, bytes)).toBe(0);
  });

  it('are base64 in JSON otherwise', async () => {
    const base64 = Buffer.from(bytes).toString('base64');
    expect(resultOf(await callBlocks('bytes', bytes, raw))).toBe(base64);
    expect(resultOf(await callBlocks('bytes', JSON.stringify({ data: base64 })))).toBe(base64);
  });

  it('of a text come as text where Accept asks, and as what the manifest says the operation produces', async () => {
    const text = await callBlocks('text', '{"name":"für"}', { ...JSON_BODY, accept: 'text/plain' });
    expect([text.headers['content-type'], text.bytes.toString()]).toEqual([
      'text/plain; charset=utf-8',
      'für',
    ]);
    const html = await callShop('greet', { name: 'Ada' });
    expect([html.headers['content-type'], html.bytes.toString()]).toEqual(['text/html', 'Hello, Ada']);
  });

  it('are refused with 415 where the operation takes JSON', async () => {
    const answer = await callBlocks('same', bytes, raw);
    expect([answer.status, answer.code]).toEqual([415, 'HTTP_UNSUPPORTED_TYPE']);
  });
});

describe('bad arguments', () => {
  const wrong: [string, unknown, string, RegExp][] = [
    ['missing', { a: 1 }, '/b', /is required/],
    ['extra', { a: 1, b: 2, c: 3 }, '/c', /not a known field/],
    ['of the wrong type', { a: 1, b: true }, '/b', /must be integer or string/],
    ['out of range', { a: 1, b: '9223372036854775808' }, '/b', /integer of 64 bits/],
    ['numbers that JSON rounds', { a: 1, b: 2 ** 60 }, '/b', /must be/],
    ['no object', [1, 2], '', /must be object/],
  ];
  it.each(wrong)('%s are refused with their JSON pointer', async (_, value, at, message) => {
    const answer = await callShop('add', value);
    expect([answer.status, answer.code]).toEqual([400, 'ADAPTER_BAD_INPUT']);
    expect(problemsOf(answer)).toContainEqual({ at, message: expect.stringMatching(message) });
    expect(answer.headers['x-hotcell-attempts']).toBe('0');
  });

  it('are all told at once', async () => {
    const order = { ...ORDER, id: -1, items: [{ sku: 3, count: 70_000 }], payment: { tag: 'gold' }, more: 1 };
    const problems = problemsOf(await callShop('mirror', { order }));
    expect(problems.map(({ at }) => at).sort()).toEqual([
      '/order/id',
      '/order/items/0/count',
      '/order/items/0/sku',
      '/order/more',
      '/order/payment/tag',
    ]);
  });

  it('that are not UTF-8, or no JSON, are refused', async () => {
    const latin = await callBlocks('text', Buffer.from('{"name":"f\xfcr"}', 'latin1'));
    expect([latin.code, problemsOf(latin)[0]?.message]).toEqual(['ADAPTER_BAD_INPUT', 'is not UTF-8']);
    for (const body of ['{"name":', 'name', '{"name":"a"}x'])
      expect((await callBlocks('text', body)).code).toBe('ADAPTER_BAD_INPUT');
    const surrogate = await callBlocks('text', '{"name":"\\ud800"}');
    expect(problemsOf(surrogate)).toEqual([{ at: '/name', message: 'must not hold a lone surrogate' }]);
  });

  it.each([1_000, 100_000])('nested %d deep are refused', async (depth) => {
    const answer = await callBlocks('rows', `{"rows":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    expect([answer.status, answer.code]).toEqual([400, 'ADAPTER_BAD_INPUT']);
    expect(problemsOf(answer)[0]?.at).toBe('/rows/0/0');
  });

  it('of 10 MB are refused by the limit, by the number of their parts, or with the pointer', async () => {
    const over = await callBlocks('text', JSON.stringify({ name: 'x'.repeat(17 * MiB) }));
    expect([over.status, over.code]).toEqual([413, 'HTTP_BODY_TOO_LARGE']);
    const parts = await callBlocks('rows', `{"rows":[${'[],'.repeat(3 * MiB)}[]]}`);
    expect([parts.code, problemsOf(parts)[0]?.message]).toEqual([
      'ADAPTER_BAD_INPUT',
      expect.stringContaining('members and items'),
    ]);
    const long = await callBlocks('rows', `{"rows":[[1],["${'x'.repeat(10 * MiB)}"]]}`);
    expect([long.code, problemsOf(long)[0]?.at]).toEqual(['ADAPTER_BAD_INPUT', '/rows/1/0']);
  });

  it('do not reach the guest, and leave the cell as it was', async () => {
    const before = resultOf(await callShop('count', {})) as number;
    for (const [, value] of wrong) await callShop('add', value);
    expect(resultOf(await callShop('count', {}))).toBe(before);
  });
});

describe('results that are none', () => {
  it.each(['half-text', 'outside'])('%s end the cell with EXECUTOR_BAD_RESULT', async (operation) => {
    const answer = await callBlocks(operation, '{}');
    expect([answer.status, answer.code]).toEqual([502, 'EXECUTOR_BAD_RESULT']);
    expect(resultOf(await callBlocks('same', '{"n":1}'))).toBe('1');
  });

  it('over the limit are refused, and the executor goes on', async () => {
    const answer = await callBlocks('huge', '{}');
    expect([answer.status, answer.code]).toEqual([502, 'EXECUTOR_OUTPUT_TOO_LARGE']);
    expect(served.host.snapshot().executors.died).toBe(0);
  });

  it('never come from a guest that loops: it is stopped at its deadline', async () => {
    const answer = await callBlocks('spin', '{}', { ...JSON_BODY, 'x-request-timeout-ms': '100' });
    expect([answer.status, answer.code]).toEqual([504, 'EXECUTOR_DEADLINE']);
    expect(served.host.snapshot().executors.killed).toBe(0);
  });
});
