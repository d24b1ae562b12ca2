import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, HostError } from '../../host/errors.ts';
import { adapterDetail, type Bench, createBench, failed, INPUT_MAX_BYTES, ok, usage } from './fake-host.ts';

const URL = '/v1/adapters/echo/echo';
let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

const post = (options: { url?: string; headers?: Record<string, string>; payload?: string | Buffer } = {}) =>
  bench.inject({ method: 'POST', url: URL, payload: 'hello', ...options });

describe('an invocation', () => {
  it('gives the operation raw bytes and returns raw bytes, whatever the content type', async () => {
    const payload = Buffer.from([0, 255, 13, 10, 128]);
    for (const type of ['application/json', 'text/html', 'application/x-unheard-of', 'multipart/mixed']) {
      const reply = await post({ payload, headers: { 'content-type': type } });
      expect(reply.statusCode).toBe(200);
      expect(reply.rawPayload).toEqual(payload);
      expect(reply.headers['content-type']).toBe('application/octet-stream');
    }
  });

  it('takes an absent body as an empty payload', async () => {
    const reply = await bench.inject({ method: 'POST', url: URL });
    expect(reply.statusCode).toBe(200);
    expect(reply.rawPayload).toHaveLength(0);
    expect(bench.fake.calls[0]?.payload).toHaveLength(0);
  });

  it('answers with the media type its operation produces', async () => {
    expect((await post({ url: '/v1/adapters/echo/say' })).headers['content-type']).toBe(
      'text/plain; charset=utf-8',
    );
  });

  it('reads the media type again when another version answered than was known', async () => {
    await post();
    bench.fake.detail = adapterDetail('2.0.0', 'image/png');
    const reply = await post();
    expect(reply.headers['content-type']).toBe('image/png');
    expect(reply.headers['x-hotcell-adapter-version']).toBe('2.0.0');
  });

  it('looks at the adapter once a second, not once a call', async () => {
    await post();
    await post();
    expect(bench.fake.adapterReads).toBe(1);
    await bench.clock.advance(1_000);
    await post();
    expect(bench.fake.adapterReads).toBe(2);
  });

  it('states queue and run time, attempts, version and request id', async () => {
    const { headers } = await post();
    expect(headers['server-timing']).toBe('queue;dur=0.500, run;dur=1.250');
    expect(headers['x-hotcell-attempts']).toBe('1');
    expect(headers['x-hotcell-adapter-version']).toBe('1.0.0');
    expect(headers['x-request-id']).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
  });

  it('forbids a browser to guess, run, embed or share what an adapter returned', async () => {
    const { headers } = await post();
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    expect(headers['referrer-policy']).toBe('no-referrer');
  });

  it('keeps a well-formed request id and replaces a hostile one', async () => {
    const kept = await post({ headers: { 'x-request-id': 'Job-7.a_b' } });
    expect(kept.headers['x-request-id']).toBe('Job-7.a_b');
    expect(bench.fake.calls[0]?.requestId).toBe('Job-7.a_b');
    for (const hostile of ['', 'a b', '../../etc', 'x'.repeat(65), '<script>', 'ü']) {
      const id = (await post({ headers: { 'x-request-id': hostile } })).headers['x-request-id'];
      expect(id).not.toBe(hostile);
      expect(id).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    }
  });

  it('passes a well-formed trace context on and ignores any other', async () => {
    const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const later = 'cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes';
    const bad = [
      'junk',
      good.toUpperCase(),
      `${good}-extra`,
      `ff${good.slice(2)}`,
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
    ];
    for (const traceparent of [good, later, ...bad]) {
      expect((await post({ headers: { traceparent } })).statusCode).toBe(200);
    }
    expect(bench.fake.traceparents).toEqual([good, later, ...bad.map(() => undefined)]);
  });

  it('narrows the call by X-Request-Timeout-Ms', async () => {
    await post({ headers: { 'x-request-timeout-ms': '250' } });
    await post({ headers: { 'x-request-timeout-ms': '3600000' } });
    await post();
    expect(bench.fake.calls.map((call) => call.timeoutMs)).toEqual([250, 3_600_000, undefined]);
  });

  it.each(['-1', '0', '3600001', '99999999999999999999', '1.5', '1e3', '0x10', ' ', 'soon', 'NaN', '1, 2'])(
    'refuses the timeout %j before the adapter is called',
    async (value) => {
      const reply = await post({ headers: { 'x-request-timeout-ms': value } });
      expect(reply.statusCode).toBe(400);
      expect(reply.json().code).toBe('POLICY_TIMEOUT_INVALID');
      expect(reply.headers['x-hotcell-attempts']).toBe('0');
      expect(bench.fake.calls).toHaveLength(0);
    },
  );

  it.each(['gzip', 'br', 'gzip, identity', 'x'])('refuses the content encoding %j', async (value) => {
    const reply = await post({ headers: { 'content-encoding': value } });
    expect(reply.statusCode).toBe(415);
    expect(reply.json().code).toBe('HTTP_UNSUPPORTED_TYPE');
  });

  it('takes a body of exactly the limit and refuses one byte more', async () => {
    expect((await post({ payload: Buffer.alloc(INPUT_MAX_BYTES) })).statusCode).toBe(200);
    const reply = await post({ payload: Buffer.alloc(INPUT_MAX_BYTES + 1) });
    expect(reply.statusCode).toBe(413);
    expect(reply.json().code).toBe('HTTP_BODY_TOO_LARGE');
    expect(bench.fake.calls).toHaveLength(1);
  });

  it('knows neither adapters nor operations that are not there, even those every object has', async () => {
    expect((await post({ url: '/v1/adapters/nope/echo' })).json().code).toBe('REGISTRY_NOT_FOUND');
    for (const name of ['nope', 'constructor', '__proto__', 'toString', '%00', '..%2f..%2fetc']) {
      const reply = await post({ url: `/v1/adapters/echo/${name}` });
      expect(reply.statusCode).toBe(404);
      expect(reply.json().code).toBe('REGISTRY_OPERATION_NOT_FOUND');
    }
  });

  it('gives the tenant header to the host unread, however hostile', async () => {
    bench.fake.identify = () => {
      throw new HostError('POLICY_TENANT_INVALID', 'not a tenant name');
    };
    for (const tenant of ['../x', '*', 'a'.repeat(500), "'; drop table", '__proto__']) {
      const reply = await post({ headers: { 'x-tenant-id': tenant, authorization: 'Bearer t' } });
      expect(reply.json().code).toBe('POLICY_TENANT_INVALID');
      expect(bench.fake.credentials.at(-1)).toMatchObject({
        authorization: 'Bearer t',
        tenantHeader: tenant,
      });
    }
    expect(bench.fake.calls).toHaveLength(0);
  });

  it('says how to authenticate when a token is missing', async () => {
    bench.fake.identify = () => {
      throw new HostError('POLICY_UNAUTHENTICATED', 'a token is needed');
    };
    const reply = await post();
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer');
  });
});

describe('a problem document', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('has status, title and retryability of %s', async (code) => {
    bench.fake.respond = () => failed(new HostError(code, 'what happened', { cause: new Error('secret') }));
    const reply = await post({ headers: { 'x-request-id': 'req-1' } });
    const { status, title, retryable } = ERRORS[code];
    expect(reply.statusCode).toBe(status);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.json()).toEqual({
      type: `urn:hotcell:error:${code}`,
      title,
      status,
      code,
      detail: 'what happened',
      instance: 'req-1',
      retryable,
    });
  });

  it('carries Retry-After in whole seconds, at least one', async () => {
    bench.fake.respond = () => failed(new HostError('POOL_FULL', 'full', { retryAfterS: 0.2 }));
    expect((await post()).headers['retry-after']).toBe('1');
    bench.fake.respond = () => failed(new HostError('POOL_TENANT_SHARE', 'share', { retryAfterS: 2.1 }));
    expect((await post()).headers['retry-after']).toBe('3');
  });

  it('says what the failed call cost', async () => {
    const error = new HostError('EXECUTOR_TRAP', 'trapped');
    bench.fake.respond = () => ({ kind: 'error', error, usage: usage(3) });
    const { headers } = await post();
    expect(headers['x-hotcell-attempts']).toBe('3');
    expect(headers['server-timing']).toContain('run;dur=1.250');
  });

  it('of an unexpected error shows neither its message nor its stack', async () => {
    bench.fake.identify = () => {
      throw new TypeError('secret path /etc/shadow');
    };
    const reply = await post();
    expect(reply.statusCode).toBe(500);
    expect(reply.json().code).toBe('HOST_INTERNAL');
    expect(reply.body).not.toMatch(/secret|shadow|TypeError| at /);
  });

  it('answers unknown routes, and known ones with another method', async () => {
    const unknown = await bench.inject({ method: 'GET', url: '/v2/nothing' });
    expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'HTTP_ROUTE_NOT_FOUND']);
    const cases = [
      ['GET', URL, 'POST'],
      ['PATCH', '/v1/adapters/echo', 'DELETE, GET, HEAD, PUT'],
      ['POST', '/metrics?x=1', 'GET, HEAD'],
    ] as const;
    for (const [method, url, allow] of cases) {
      const reply = await bench.inject({ method, url });
      expect([reply.statusCode, reply.json().code]).toEqual([405, 'HTTP_METHOD_NOT_ALLOWED']);
      expect(reply.headers.allow).toBe(allow);
    }
  });

  it('answers what the framework refuses: a broken escape, a content type that is none', async () => {
    const broken = await post({ url: '/v1/adapters/echo/%zz' });
    expect([broken.statusCode, broken.json().code]).toEqual([400, 'HTTP_MALFORMED']);
    const type = await post({ headers: { 'content-type': 'not a type' } });
    expect([type.statusCode, type.json().code]).toEqual([415, 'HTTP_UNSUPPORTED_TYPE']);
    const long = await post({ url: `/v1/adapters/echo/${'x'.repeat(500)}` });
    expect([long.statusCode, long.json().code]).toEqual([404, 'HTTP_ROUTE_NOT_FOUND']);
  });

  it('stands even for an adapter whose media type cannot be a header', async () => {
    bench.fake.detail = adapterDetail('1.0.0', 'text/plain\r\nX-Evil: 1');
    bench.fake.respond = () => ok(Buffer.from('x'));
    const reply = await post();
    expect(reply.json().code).toBe('HOST_INTERNAL');
    expect(reply.headers['x-evil']).toBeUndefined();
  });
});
