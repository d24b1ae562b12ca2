import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ERRORS, HostError } from '../../host/errors.ts';
import { adapterDetail, type Bench, createBench } from './fake-host.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

describe('health', () => {
  it('is ready only when the host is, and says what it is instead', async () => {
    expect((await bench.inject('/health/ready')).json()).toEqual({ state: 'ready' });
    for (const state of ['starting', 'draining', 'closed'] as const) {
      bench.fake.state = state;
      const reply = await bench.inject('/health/ready');
      expect([reply.statusCode, reply.json().state, reply.json().code]).toEqual([
        503,
        state,
        'HTTP_DRAINING',
      ]);
      expect((await bench.inject('/health/live')).statusCode).toBe(200);
    }
  });

  it('is open to everybody, and metrics and documents are not where the host has tokens', async () => {
    bench.fake.identify = () => {
      throw new HostError('POLICY_UNAUTHENTICATED', 'a token is needed');
    };
    for (const url of ['/health/live', '/health/ready'])
      expect((await bench.inject(url)).statusCode).toBe(200);
    for (const url of ['/metrics', '/openapi.json', '/docs', '/docs/json', '/docs/static/swagger-ui.css']) {
      const reply = await bench.inject(url);
      expect([url, reply.statusCode, reply.json().code]).toEqual([url, 401, 'POLICY_UNAUTHENTICATED']);
    }
  });
});

describe('metrics', () => {
  it('are the text of the source', async () => {
    const reply = await bench.inject({ url: '/metrics', headers: { 'x-tenant-id': '***' } });
    expect(reply.body).toBe('hotcell_up 1\n');
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(bench.fake.credentials.at(-1)?.tenantHeader).toBeUndefined();
  });

  it('that cannot be collected are a problem document', async () => {
    const broken = await createBench({ metricsText: () => Promise.reject(new Error('secret')) });
    const reply = await broken.inject('/metrics');
    expect([reply.statusCode, reply.json().code]).toEqual([500, 'HOST_INTERNAL']);
    expect(reply.body).not.toContain('secret');
    await broken.close();
  });
});

type Json = { [key: string]: Json } & Json[];

/** Every `$ref` in the document, with the path it stands at. */
function refsOf(value: unknown, at = '#'): [string, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    key === '$ref' ? [[at, String(inner)]] : refsOf(inner, `${at}/${key}`),
  );
}

describe('the API document', () => {
  it('is OpenAPI 3.1: required fields, resolvable references, unique ids, described responses', async () => {
    const document = (await bench.inject('/openapi.json')).json() as Json;
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Hotcell', version: '9.9.9' });
    for (const [at, ref] of refsOf(document)) {
      const found = ref
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
      expect(found, `${at} → ${ref}`).toBeTypeOf('object');
    }
    const ids: string[] = [];
    for (const [path, item] of Object.entries(document.paths as object)) {
      expect(path).toMatch(/^\//);
      for (const [method, operation] of Object.entries(item as Record<string, Json>)) {
        expect(['get', 'put', 'post', 'delete']).toContain(method);
        ids.push(String(operation.operationId));
        const responses = Object.entries(operation.responses as object);
        expect(responses.length).toBeGreaterThan(0);
        for (const [status, response] of responses) {
          expect(status).toMatch(/^[1-5]\d\d$/);
          expect((response as { description?: unknown }).description).toBeTypeOf('string');
        }
        // Every parameter in the path is declared, and no other.
        const declared = (operation.parameters as Json[]).map((parameter) => String(parameter.$ref));
        expect(declared.includes('#/components/parameters/AdapterName')).toBe(path.includes('{name}'));
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has every operation with its media type and limits, and one schema for every code', async () => {
    const { paths, components } = (await bench.inject('/openapi.json')).json();
    const say = paths['/v1/adapters/echo/say'].post;
    expect(Object.keys(say.responses['200'].content)).toEqual(['text/plain; charset=utf-8']);
    expect(say['x-hotcell-limits']).toEqual({
      timeoutMs: 1_000,
      inputMaxBytes: 1_000,
      outputMaxBytes: 2_000,
      idempotent: true,
      readOnly: false,
    });
    expect(say.responses['503'].$ref).toBe('#/components/responses/Call503');
    expect(components.responses.Call503.content['application/problem+json'].schema).toEqual({
      $ref: '#/components/schemas/Problem',
    });
    expect(paths['/v1/adapters/echo/say/batch'].post).toBeDefined();
    expect(components.schemas.Problem.properties.code.enum).toEqual(Object.keys(ERRORS));
  });

  it('is composed anew: it follows the live adapters', async () => {
    const { say: _gone, ...operations } = adapterDetail().manifest.operations;
    const before = adapterDetail();
    bench.fake.detail = { ...before, manifest: { ...before.manifest, operations } };
    const { paths } = (await bench.inject('/openapi.json')).json();
    expect(paths['/v1/adapters/echo/say']).toBeUndefined();
    expect(paths['/v1/adapters/echo/echo']).toBeDefined();
  });

  it('describes every route there is', async () => {
    const { paths } = (await bench.inject('/openapi.json')).json();
    const documented = new Set(
      Object.entries(paths as Record<string, object>).flatMap(([path, item]) =>
        Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
      ),
    );
    for (const route of [
      'POST /v1/adapters/echo/echo',
      'POST /v1/adapters/echo/echo/batch',
      'POST /v1/tools/call',
      'POST /v1/vault/seal',
      'POST /v1/vault/open',
      'GET /v1/adapters',
      'GET /v1/adapters/{name}',
      'PUT /v1/adapters/{name}',
      'DELETE /v1/adapters/{name}',
      'POST /v1/copybook/layout',
      'POST /v1/copybook/decode',
      'POST /v1/copybook/encode',
      'POST /v1/copybook/detect',
      'POST /mcp',
      'GET /mcp',
      'DELETE /mcp',
      'GET /health/live',
      'GET /health/ready',
      'GET /metrics',
      'GET /openapi.json',
    ]) {
      expect(documented).toContain(route);
    }
  });
});

describe('the documentation pages', () => {
  it('come from this host alone, under a policy that forbids everything else', async () => {
    const page = await bench.inject('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.body).not.toMatch(/(?:src|href)="https?:/);
    // No inline script: the policy would stop it.
    expect(page.body).not.toMatch(/<script(?![^>]*\ssrc=)/);
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe|https?:|upgrade-insecure/);
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    expect(page.headers['x-request-id']).toBeDefined();
    for (const [, file] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await bench.inject(String(file))).statusCode, file).toBe(200);
    }
  });

  it('show the live document', async () => {
    const document = (await bench.inject('/openapi.json')).json();
    expect((await bench.inject('/docs/json')).json()).toEqual(document);
    expect(JSON.parse((await bench.inject('/docs/yaml')).body)).toEqual(document);
  });
});
