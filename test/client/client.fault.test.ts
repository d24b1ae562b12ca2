/** What the client does when the host is busy, slow, gone, or no host at all. */

import { afterEach, describe, expect, it } from 'vitest';
import { type ClientOptions, createClient } from '../../host/client/client.ts';
import { cut, json, problem, type Script, type ScriptedHost, scriptHost, silent } from './scripted-host.ts';

let host: ScriptedHost | undefined;
afterEach(async () => {
  await host?.close();
  host = undefined;
});
const script = async (scripts: readonly Script[], options?: ClientOptions): Promise<ScriptedHost> => {
  host = await scriptHost(scripts, options);
  return host;
};

const busy = (attempts = 0, seconds = 2): Script =>
  problem('POOL_FULL', 503, attempts, {}, { 'Retry-After': String(seconds) });

describe('a call that was refused', () => {
  it.each([
    ['the host is full', busy()],
    ["the tenant's share is spent", problem('POOL_TENANT_SHARE', 429, 0, {}, { 'Retry-After': '2' })],
  ])(
    'because %s is made again, not before the host says and not at the very moment',
    async (_why, refusal) => {
      const { client, requests, waits } = await script([refusal, refusal, json('done')]);
      expect(await client.call('shop', 'greet', { name: 'Ada' })).toBe('done');
      expect(requests.map(({ body }) => String(body))).toEqual(Array(3).fill('{"name":"Ada"}'));
      expect(waits).toEqual([2_250, 2_250]);
    },
  );

  it('is made three times and not more, and the last error is thrown', async () => {
    const { client, requests } = await script([busy()]);
    await expect(client.call('shop', 'greet', {})).rejects.toMatchObject({
      code: 'POOL_FULL',
      status: 503,
      retryable: true,
      retryAfterMs: 2_000,
      requestId: 'r-1',
      mayHaveRun: false,
    });
    expect(requests).toHaveLength(3);
  });

  it('without a Retry-After waits longer each time, by chance', async () => {
    const refusal = problem('POOL_FULL', 503, 0);
    const { client, waits } = await script([refusal], { retry: { attempts: 4, baseMs: 100, maxMs: 300 } });
    await expect(client.call('shop', 'greet', {})).rejects.toThrow();
    expect(waits).toEqual([50, 100, 150]);
  });

  it('is not waited for past its time, nor longer than the caller wants', async () => {
    const { client, requests } = await script([busy(0, 60)]);
    await expect(client.call('shop', 'greet', {})).rejects.toMatchObject({ code: 'POOL_FULL' });
    await expect(client.call('shop', 'greet', {}, { timeoutMs: 30_001 })).rejects.toThrow();
    expect(requests).toHaveLength(2);
  });

  it('for good is not made again, and says all that was wrong', async () => {
    const problems = [{ at: '/a', message: 'must be integer' }];
    const refusal = problem('ADAPTER_BAD_INPUT', 400, 0, { retryable: false, problems });
    const { client, requests } = await script([refusal]);
    await expect(client.call('shop', 'add', {})).rejects.toMatchObject({
      code: 'ADAPTER_BAD_INPUT',
      problems,
    });
    expect(requests).toHaveLength(1);
  });
});

describe('a call that may have run', () => {
  const died = problem('EXECUTOR_DIED', 502, 1);

  it.each([
    ['died with its executor', died],
    ['lost its connection', cut],
  ])('because it %s is not made again unasked', async (_how, script1) => {
    const { client, requests } = await script([script1, json('done')]);
    await expect(client.call('shop', 'place', {})).rejects.toMatchObject({ mayHaveRun: true });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['idempotent', { idempotent: true }],
    ['under a key', { idempotencyKey: 'k-1' }],
  ])('is made again when it is %s', async (_why, options) => {
    const { client, requests } = await script([died, cut, json('done')]);
    expect(await client.call('shop', 'place', {}, options)).toBe('done');
    expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual(
      Array(3).fill('idempotencyKey' in options ? 'k-1' : undefined),
    );
  });
});

describe('a host that is not there', () => {
  it('is asked again, because nothing can have run', async () => {
    const { client, url, waits, close } = await script([silent]);
    await close();
    host = undefined;
    expect(url).toMatch(/^http:/);
    await expect(client.call('shop', 'place', {})).rejects.toMatchObject({
      code: 'CLIENT_UNREACHABLE',
      mayHaveRun: false,
      status: undefined,
    });
    expect(waits).toEqual([50, 100]);
  });

  it('but a proxy in its place is an error of its own', async () => {
    const gateway: Script = (_request, response) => void response.writeHead(502).end('<html>');
    const { client, requests } = await script([gateway]);
    await expect(client.call('shop', 'place', {})).rejects.toMatchObject({
      code: 'CLIENT_BAD_REPLY',
      status: 502,
    });
    expect(requests).toHaveLength(1);
  });

  it('but a page in its place is no result', async () => {
    const page: Script = (_request, response) => void response.end('<html>');
    const { client } = await script([page]);
    await expect(client.call('shop', 'place', {})).rejects.toMatchObject({ code: 'CLIENT_BAD_REPLY' });
  });

  it('but a redirect is not followed: it would take the token elsewhere', async () => {
    const away: Script = (_request, response) =>
      void response.writeHead(307, { Location: 'http://[::1]:1/' }).end();
    const { client, requests } = await script([away], { token: 'secret' });
    await expect(client.call('shop', 'place', {})).rejects.toMatchObject({ code: 'CLIENT_UNREACHABLE' });
    expect(requests).toHaveLength(1);
  });
});

describe('a call that takes too long', () => {
  it('ends by its time, a little after the host was to end it', async () => {
    const asked = Promise.withResolvers<void>();
    const scripted = await script([() => asked.resolve()]);
    const call = scripted.client.call('shop', 'place', {}, { timeoutMs: 40_000 });
    await asked.promise;
    expect(scripted.requests[0]?.headers['x-request-timeout-ms']).toBe('40000');
    scripted.expire();
    await expect(call).rejects.toMatchObject({ code: 'CLIENT_TIMEOUT', retryable: false, mayHaveRun: true });
  });

  it('is given up by its caller, while it runs and while it waits', async () => {
    const asked = Promise.withResolvers<void>();
    const { client } = await script([() => asked.resolve()]);
    const giving = new AbortController();
    const call = client.call('shop', 'place', {}, { signal: giving.signal });
    await asked.promise;
    giving.abort();
    await expect(call).rejects.toMatchObject({ code: 'CLIENT_ABORTED' });
    await expect(client.call('shop', 'place', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CLIENT_ABORTED',
    });
  });

  it('between two attempts ends when its caller gives up', async () => {
    const waiting = Promise.withResolvers<void>();
    const scripted = await script([busy()], {
      time: {
        now: () => 0,
        after(ms) {
          if (ms < 30_000) waiting.resolve();
          return () => {};
        },
      },
    });
    const giving = new AbortController();
    const call = scripted.client.call('shop', 'place', {}, { signal: giving.signal });
    await waiting.promise;
    giving.abort();
    await expect(call).rejects.toMatchObject({ code: 'CLIENT_ABORTED' });
    expect(scripted.requests).toHaveLength(1);
  });
});

describe('a reply', () => {
  it('is read to its limit', async () => {
    const long: Script = (_request, response) => void response.end(Buffer.alloc(1_001));
    const { client } = await script([long], { replyMaxBytes: 1_000 });
    await expect(client.invokeBytes('echo', 'echo', 'x')).rejects.toMatchObject({ code: 'CLIENT_BAD_REPLY' });
  });

  it('that is cut short is none', async () => {
    const short: Script = (request, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('half', () => request.socket.destroy());
    };
    const { client } = await script([short]);
    await expect(client.invokeBytes('echo', 'echo', 'x')).rejects.toMatchObject({
      code: 'CLIENT_UNREACHABLE',
    });
  });

  it('to a batch has an item for each, or is none', async () => {
    const items = [
      { status: 200, result: 1 },
      { status: 503, problem: { code: 'POOL_FULL', detail: 'later', retryable: true } },
    ];
    const { client } = await script([json(items)]);
    const [first, second] = await client.batch('shop', 'add', [{}, {}]);
    expect(first).toEqual({ ok: true, result: 1 });
    expect(second).toMatchObject({ ok: false, error: { code: 'POOL_FULL', status: 503, retryable: true } });
    await expect(client.batch('shop', 'add', [{}])).rejects.toMatchObject({ code: 'CLIENT_BAD_REPLY' });
  });
});

it('names of adapters and operations do not lead out of their place', async () => {
  const { client, requests } = await script([json(null)]);
  await client.call('../../x', 'a/b?c#d', {});
  expect(requests[0]?.url).toBe('/v1/adapters/..%2F..%2Fx/a%2Fb%3Fc%23d');
});

it('an address that is none is refused at once', () => {
  expect(() => createClient('nonsense')).toThrow(TypeError);
});

describe('a stream', () => {
  const source = (...texts: string[]) =>
    new ReadableStream<Uint8Array>({
      start(stream) {
        for (const text of texts) stream.enqueue(Buffer.from(text));
        stream.close();
      },
    });

  it('is sent while it is made, and given back while it comes', async () => {
    const echo: Script = (_request, response, body) => void response.end(body);
    const { client, requests } = await script([echo], { token: 't' });
    const headers = { 'X-Hotcell-Context': 'backups' };
    const reply = await client.stream('/v1/vault/seal', source('a', 'b'), { headers });
    expect(await new Response(reply).text()).toBe('ab');
    expect(requests[0]).toMatchObject({
      url: '/v1/vault/seal',
      headers: { 'x-hotcell-context': 'backups', authorization: 'Bearer t', 'transfer-encoding': 'chunked' },
    });
  });

  it('that is refused is an error like another, and never sent again', async () => {
    const { client, requests } = await script([busy()]);
    await expect(client.stream('v1/vault/open', source('x'))).rejects.toMatchObject({ code: 'POOL_FULL' });
    expect(requests).toHaveLength(1);
  });

  it('that is cut short does not end well', async () => {
    const short: Script = (request, response) =>
      void response.writeHead(200).write('half', () => setImmediate(() => request.socket.destroy()));
    const { client } = await script([short]);
    await expect(
      client.stream('v1/vault/seal', source('x')).then((reply) => new Response(reply).text()),
    ).rejects.toThrow();
  });
});
