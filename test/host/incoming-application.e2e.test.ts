/**
 * An application in JavaScript that answers HTTP, through a whole host: what it sees of a request, what its clients see of its
 * responses, and what belongs to the host and passes in neither direction.
 */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATION } from '../http-application.ts';
import { applicationComponent, httpManifest } from '../http-guests.ts';
import { ask, watchCalls } from './incoming-client.ts';
import { type Served, serveHost } from './served.ts';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const TOKEN = 'a-token-of-the-host';

interface Seen {
  readonly method: { readonly tag: string };
  readonly path: string;
  readonly scheme: { readonly tag: string };
  readonly authority: string;
  readonly headers: readonly [string, string][];
  readonly body: string;
}

describe('an application that answers HTTP', () => {
  let component: Uint8Array;
  let served: Served;
  let guarded: Served;
  let calls: ReturnType<typeof watchCalls>;

  beforeAll(async () => {
    component = await applicationComponent(APPLICATION);
    served = await serveHost({ executors: 1 });
    const sha256 = createHash('sha256').update(TOKEN).digest('hex');
    guarded = await serveHost({
      executors: 1,
      tokens: [{ name: 'ci', sha256, tenant: 'acme', role: 'caller' }],
    });
    const capabilities = { clock: {}, log: {} };
    for (const { host } of [served, guarded])
      await host.install(httpManifest('app', component, { capabilities, pool: { min: 1 } }), component);
    await served.host.install(
      httpManifest('kept', component, { capabilities, pool: { min: 1 }, isolation: 'tenant' }),
      component,
    );
    calls = watchCalls();
  }, 120_000);
  afterAll(async () => {
    calls.stop();
    await served.close();
    await guarded.close();
  });
  beforeEach(() => {
    calls.events.length = 0;
  });

  const see = async (on: Served, method: string, path: string, headers = {}, body = ''): Promise<Seen> =>
    JSON.parse((await ask(on, `app/http${path}`, method, body, headers)).bytes.toString());

  describe('sees', () => {
    it('method, path, scheme, authority and body as they were sent, without what stands before its path', async () => {
      const seen = await see(served, 'PUT', '/seen?a=%2F&b', {}, 'hello');
      expect(seen).toMatchObject({
        method: { tag: 'put' },
        path: '/seen?a=%2F&b',
        scheme: { tag: 'HTTP' },
        authority: new URL(served.url).host,
        body: 'hello',
      });
      expect((await see(served, 'OPTIONS', '/seen')).method).toEqual({ tag: 'options' });
    });

    it('the headers of its client, and neither those of the connection nor those for the host', async () => {
      const { headers } = await see(served, 'GET', '/seen', {
        'x-own': 'mine',
        'x-named': 'of the connection',
        connection: 'keep-alive, x-named',
        te: 'trailers',
        'proxy-authorization': 'Basic x',
        authorization: 'Basic of-the-application',
        cookie: 'of=another',
        'x-tenant-id': 'acme',
        'x-request-timeout-ms': '5000',
        'x-request-id': 'known-1',
        'x-forwarded-prefix': '/forged',
        traceparent: TRACE,
      });
      expect(headers.toSorted()).toEqual([
        ['authorization', 'Basic of-the-application'],
        ['traceparent', TRACE],
        ['x-forwarded-prefix', '/v1/adapters/app/http'],
        ['x-own', 'mine'],
        ['x-request-id', 'known-1'],
      ]);
    });

    it('no token of the host', async () => {
      const { headers } = await see(guarded, 'GET', '/seen', { authorization: `Bearer ${TOKEN}` });
      expect(JSON.stringify(headers)).not.toContain(TOKEN);
      expect(headers.map(([name]) => name)).not.toContain('authorization');
      const { status, code } = await ask(guarded, 'app/http/seen');
      expect([status, code]).toEqual([401, 'POLICY_UNAUTHENTICATED']);
      await expect.poll(() => calls.events.at(-1)?.receipt.tenant).toBe('acme');
    });
  });

  describe('answers', () => {
    it('with its status, its headers and its body, and not with what is said for others', async () => {
      const { status, headers, bytes } = await ask(served, 'app/http/headers');
      expect([status, bytes.toString()]).toEqual([201, 'made']);
      expect(headers).toMatchObject({
        'x-app': 'one, two',
        'content-type': 'text/html',
        'x-latin': 'ü',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
        'x-hotcell-adapter-version': '1.0.0',
        'x-hotcell-attempts': '1',
      });
      expect(headers['x-request-id']).not.toBe('forged');
      for (const name of ['set-cookie', 'x-accel-redirect', 'x-hotcell-fuel', 'strict-transport-security'])
        expect(headers).not.toHaveProperty(name);
    });

    it('404 for what it does not know', async () => {
      const { status, headers, bytes } = await ask(served, 'app/http/nowhere?x');
      expect([status, headers['content-type'], bytes.toString()]).toEqual([
        404,
        'text/plain',
        'nothing at /nowhere?x',
      ]);
      await expect
        .poll(() => calls.events.at(-1)?.receipt)
        .toMatchObject({ outcome: 'ok', operation: 'handle' });
    });

    it('HEAD with a head, whatever it would write', async () => {
      const { status, headers, bytes, isWhole } = await ask(served, 'app/http/chunks', 'HEAD');
      expect([status, bytes.length, isWhole]).toEqual([200, 0, true]);
      expect(headers['content-length']).toBeUndefined();
      expect((await ask(served, 'app/http/length', 'HEAD')).headers['content-length']).toBe('5');
    });

    it('204 without a body, a known length with it, trailers behind the last piece', async () => {
      const empty = await ask(served, 'app/http/empty');
      expect([empty.status, empty.headers['content-length'], empty.isWhole]).toEqual([204, undefined, true]);
      const known = await ask(served, 'app/http/length');
      expect([known.headers['content-length'], known.bytes.toString()]).toEqual(['5', 'hello']);
      const { trailers, bytes } = await ask(served, 'app/http/trailers');
      expect([trailers, bytes.toString()]).toEqual([{ 'x-sum': '42' }, 'body']);
    });

    it('an error as one of its own, and a crash as a crash', async () => {
      const error = await ask(served, 'app/http/error');
      expect([error.status, error.code]).toEqual([500, 'ADAPTER_INTERNAL']);
      expect(error.bytes.toString()).toContain('loop-detected');
      for (const path of ['informational', 'crash']) {
        const { status, code } = await ask(served, `app/http/${path}`, 'POST');
        expect([path, status, code]).toEqual([path, 502, 'EXECUTOR_TRAP']);
      }
    });

    it('each request from a fresh cell, unless its manifest keeps them', async () => {
      const count = async (path: string) => Number((await ask(served, path)).bytes.toString());
      expect([await count('app/http/count'), await count('app/http/count')]).toEqual([1, 1]);
      // A response can be read before its call has ended: until then the next request goes to another cell.
      await expect.poll(() => count('kept/http/count')).toBeGreaterThan(2);
    });
  });
});
