import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPolicy } from '../../host/policy/policy.ts';
import { type Bench, createBench } from './fake-host.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
  const policy = createPolicy({ loopback: true, tokens: [], clock: bench.clock });
  bench.fake.identify = policy.identify;
});
afterEach(() => bench.close());

const json = { 'content-type': 'application/json' };
const call = JSON.stringify({ tool: 'echo.echo', args: { payload: 'x' } });
const ROUTES = [
  ['POST', '/v1/adapters/echo/echo', {}, 'x'],
  [
    'POST',
    '/v1/adapters/echo/echo/batch',
    { 'content-type': 'multipart/mixed; boundary=b' },
    '--b\r\n\r\nx\r\n--b--\r\n',
  ],
  ['POST', '/v1/tools/call', json, call],
  ['GET', '/v1/adapters', {}, undefined],
  ['GET', '/v1/adapters/echo', {}, undefined],
  ['PUT', '/v1/adapters/echo', { 'content-type': 'multipart/form-data; boundary=b' }, 'x'],
  ['DELETE', '/v1/adapters/echo', {}, undefined],
  ['GET', '/metrics', {}, undefined],
  ['GET', '/openapi.json', {}, undefined],
  ['GET', '/docs', {}, undefined],
  ['GET', '/docs/json', {}, undefined],
  ['GET', '/docs/static/swagger-ui.css', {}, undefined],
] as const;

describe.each(ROUTES)('%s %s of a host without tokens', (method, url, headers, payload) => {
  const send = async (web: Record<string, string>) => {
    const reply = await bench.inject({
      method,
      url,
      headers: { ...headers, ...web },
      ...(payload === undefined ? {} : { payload }),
    });
    const isProblem = String(reply.headers['content-type']).startsWith('application/problem+json');
    return isProblem ? (reply.json().code as string) : String(reply.statusCode);
  };

  it.each([
    ['a page of another site', { host: '127.0.0.1:8080', origin: 'https://evil.example' }],
    ['a page that hides where it is from', { host: '127.0.0.1:8080', origin: 'null' }],
    ['a page whose own name was rebound to this machine', { host: 'evil.example:8080' }],
    [
      'such a page by a request that says its origin',
      { host: 'evil.example:8080', origin: 'http://evil.example:8080' },
    ],
  ])('refuses %s before anything happens', async (_who, web) => {
    expect(await send(web)).toBe('POLICY_ORIGIN_FORBIDDEN');
    expect(bench.fake.calls).toHaveLength(0);
    expect(bench.fake.installed).toHaveLength(0);
  });

  it.each([
    ['a program', { host: '127.0.0.1:8080' }],
    ['a program that says localhost', { host: 'localhost' }],
    ['the pages of the host itself', { host: '[::1]:8080', origin: 'http://[::1]:8080' }],
  ])('lets %s in', async (_who, web) => {
    expect(await send(web)).not.toBe('POLICY_ORIGIN_FORBIDDEN');
    expect(bench.fake.credentials).toHaveLength(1);
  });
});

it('health is open to every name: it says nothing, and probes come by many', async () => {
  for (const url of ['/health/live', '/health/ready']) {
    const reply = await bench.inject({ url, headers: { host: 'evil.example', origin: 'null' } });
    expect(reply.statusCode).toBe(200);
  }
});
