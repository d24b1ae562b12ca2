import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { parseMultipart } from '../../host/http/multipart.ts';
import { type Bench, createBench, failed, INPUT_MAX_BYTES, multipart, ok } from './fake-host.ts';

const URL = '/v1/adapters/echo/echo/batch';
const TYPE = 'Content-Type: application/octet-stream';
let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

const post = (payload: Buffer | string, headers: Record<string, string> = {}) =>
  bench.inject({
    method: 'POST',
    url: URL,
    payload,
    headers: { 'content-type': 'multipart/mixed; boundary=b', ...headers },
  });

const items = (...bodies: (string | Buffer)[]) =>
  multipart(
    'b',
    bodies.map((body) => [TYPE, body] as const),
  );

async function partsOf(reply: Awaited<ReturnType<typeof post>>) {
  const boundary = /boundary=(\S+)$/.exec(String(reply.headers['content-type']))?.[1] ?? '';
  const parts = await parseMultipart(reply.rawPayload, boundary, 2_000);
  return parts.map(({ headers, bytes }) => ({
    headers,
    status: Number(headers['x-status']),
    text: Buffer.from(bytes).toString(),
  }));
}

describe('a batch', () => {
  it('answers every item in order, also when later ones end first', async () => {
    const release: (() => void)[] = [];
    bench.fake.respond = async (call) => {
      const text = Buffer.from(call.payload).toString();
      if (text === 'a') await new Promise<void>((resolve) => release.push(resolve));
      if (text === 'c') release[0]?.();
      return ok(Buffer.from(text.toUpperCase()));
    };
    const reply = await post(items('a', 'b', 'c'));
    expect(reply.statusCode).toBe(200);
    const parts = await partsOf(reply);
    expect(parts.map(({ status, text }) => [status, text])).toEqual([
      [200, 'A'],
      [200, 'B'],
      [200, 'C'],
    ]);
    expect(parts[0]?.headers['content-type']).toBe('application/octet-stream');
    expect(parts[0]?.headers['x-hotcell-attempts']).toBe('1');
  });

  it('keeps bytes exactly, line breaks and other boundaries included', async () => {
    const bodies = [
      Buffer.from('\r\n--c\r\n'),
      Buffer.from([0, 255, 13, 10]),
      Buffer.alloc(0),
      Buffer.from('--'),
    ];
    const parts = await partsOf(await post(items(...bodies)));
    expect(parts.map((part) => part.text)).toEqual(bodies.map((body) => body.toString()));
  });

  it('has an error of its own for each item, and serves the others', async () => {
    bench.fake.respond = (call) => {
      const text = Buffer.from(call.payload).toString();
      if (text === 'full') return failed(new HostError('POOL_FULL', 'full', { retryAfterS: 2 }));
      return ok(call.payload);
    };
    const parts = await partsOf(await post(items('x', 'full', 'y')));
    expect(parts.map((part) => part.status)).toEqual([200, 503, 200]);
    expect(parts[1]?.headers['content-type']).toBe('application/problem+json');
    expect(parts[1]?.headers['retry-after']).toBe('2');
    expect(JSON.parse(parts[1]?.text ?? '').code).toBe('POOL_FULL');
    expect(bench.fake.calls).toHaveLength(3);
  });

  it('refuses only the item that is over its limit', async () => {
    const parts = await partsOf(await post(items('x', Buffer.alloc(INPUT_MAX_BYTES + 1), 'y')));
    expect(parts.map((part) => part.status)).toEqual([200, 413, 200]);
    expect(JSON.parse(parts[1]?.text ?? '').code).toBe('HTTP_BODY_TOO_LARGE');
    expect(bench.fake.calls).toHaveLength(2);
  });

  it('never has more than 16 items under way', async () => {
    let running = 0;
    let most = 0;
    bench.fake.respond = async (call) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return ok(call.payload);
    };
    const parts = await partsOf(await post(items(...Array.from({ length: 100 }, (_, index) => `${index}`))));
    expect(parts).toHaveLength(100);
    expect(most).toBe(16);
  });

  it('takes 1,000 items and refuses 1,001 before any is called', async () => {
    const big = await createBench({ bodyMaxBytes: 1_000_000 });
    bench.fake.calls.length = 0;
    const send = (count: number) =>
      big.inject({
        method: 'POST',
        url: URL,
        payload: items(...new Array<string>(count).fill('x')),
        headers: { 'content-type': 'multipart/mixed; boundary=b' },
      });
    expect((await partsOf(await send(1_000))).length).toBe(1_000);
    const reply = await send(1_001);
    expect([reply.statusCode, reply.json().code]).toEqual([413, 'HTTP_BODY_TOO_LARGE']);
    expect(big.fake.calls).toHaveLength(1_000);
    await big.close();
  });

  it('of a million empty items is refused before they are split, which would take a minute', async () => {
    await bench.close();
    bench = await createBench({ bodyMaxBytes: 64 * 1024 * 1024 });
    const reply = await post(Buffer.alloc(20_000_000, '\r\n--b\r\n\r\n'));
    expect([reply.statusCode, reply.json().code]).toEqual([413, 'HTTP_BODY_TOO_LARGE']);
  });

  it('refuses a body cut at any byte, and never calls the adapter for it', async () => {
    const whole = items('hello', 'world');
    // The line break after the last boundary is not needed: everything before it is.
    for (let length = 0; length < whole.length - 2; length++) {
      const reply = await post(whole.subarray(0, length));
      expect([length, reply.statusCode, reply.json().code]).toEqual([length, 400, 'HTTP_MALFORMED']);
    }
    expect(bench.fake.calls).toHaveLength(0);
  });

  it.each(['', '--b--\r\n', 'no boundary at all', '--b\r\nHeader: without end\r\n--b--\r\n'])(
    'refuses the body %j',
    async (body) => {
      const reply = await post(body);
      expect([reply.statusCode, reply.json().code]).toEqual([400, 'HTTP_MALFORMED']);
    },
  );

  it.each([
    ['application/json', 415],
    ['multipart/form-data; boundary=b', 415],
    ['multipart/mixed', 400],
    ['multipart/mixed; boundary=', 400],
    [`multipart/mixed; boundary=${'b'.repeat(71)}`, 400],
    ['multipart/mixed; boundary="b"', 200],
    ['Multipart/Mixed; charset=x; Boundary=b', 200],
  ])('with the content type %s is answered %i', async (type, status) => {
    expect((await post(items('x'), { 'content-type': type })).statusCode).toBe(status);
  });

  it('refuses a part with a transfer encoding it would have to undo', async () => {
    const reply = await post(multipart('b', [['Content-Transfer-Encoding: base64', 'aGk=']]));
    expect([reply.statusCode, reply.json().code]).toEqual([415, 'HTTP_UNSUPPORTED_TYPE']);
  });

  it('refuses an idempotency key rather than ignore it', async () => {
    expect((await post(items('x'), { 'idempotency-key': 'k' })).statusCode).toBe(400);
  });

  it('refuses a body over the limit of the host', async () => {
    const reply = await post(Buffer.alloc(60_000));
    expect([reply.statusCode, reply.json().code]).toEqual([413, 'HTTP_BODY_TOO_LARGE']);
  });
});
