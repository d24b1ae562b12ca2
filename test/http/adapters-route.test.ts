import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { type Bench, createBench, multipart } from './fake-host.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

const field = (name: string) => `Content-Disposition: form-data; name="${name}"; filename="x"`;
const wasm = Buffer.from([0, 0x61, 0x73, 0x6d, 13, 10]);
const form = (manifest: unknown, ...more: [string, Buffer | string][]) =>
  multipart('b', [
    [field('manifest'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest)],
    [field('component'), wasm],
    ...more,
  ]);
const put = (name: string, payload: Buffer, type = 'multipart/form-data; boundary=b') =>
  bench.inject({ method: 'PUT', url: `/v1/adapters/${name}`, payload, headers: { 'content-type': type } });

describe('adapters', () => {
  it('are listed and shown with manifest and WIT', async () => {
    const list = await bench.inject('/v1/adapters');
    expect(list.json().adapters.map((adapter: { name: string }) => adapter.name)).toEqual(['echo']);
    const shown = (await bench.inject('/v1/adapters/echo')).json();
    expect(shown.wit).toContain('package hotcell:adapter');
    expect(shown.manifest.operations.echo.inputMaxBytes).toBe(1_000);
  });

  it('that are not there are a 404', async () => {
    for (const method of ['GET', 'DELETE'] as const) {
      const reply = await bench.inject({ method, url: '/v1/adapters/nope' });
      expect([reply.statusCode, reply.json().code]).toEqual([404, 'REGISTRY_NOT_FOUND']);
    }
  });

  it('are installed with 201, replaced with 200, and removed with 204', async () => {
    expect((await put('new', form({ name: 'new' }))).statusCode).toBe(201);
    expect((await put('new', form({ name: 'new' }))).statusCode).toBe(200);
    expect(bench.fake.installed[0]?.manifest).toEqual({ name: 'new' });
    expect(Buffer.from(bench.fake.installed[0]?.component ?? [])).toEqual(wasm);
    const removed = await bench.inject({ method: 'DELETE', url: '/v1/adapters/new' });
    expect([removed.statusCode, removed.body]).toEqual([204, '']);
    expect((await bench.inject('/v1/adapters/new')).statusCode).toBe(404);
  });

  it('that were removed are unknown to the next call at once', async () => {
    const invoke = () => bench.inject({ method: 'POST', url: '/v1/adapters/echo/echo', payload: 'x' });
    expect((await invoke()).statusCode).toBe(200);
    await bench.inject({ method: 'DELETE', url: '/v1/adapters/echo' });
    expect((await invoke()).json().code).toBe('REGISTRY_NOT_FOUND');
  });

  it('with a manifest of megabytes are refused before it is parsed', async () => {
    await bench.close();
    bench = await createBench({ bodyMaxBytes: 1_000_000 });
    const bomb = await put('new', form('['.repeat(256 * 1024 + 1)));
    expect([bomb.statusCode, bomb.json().detail]).toEqual([413, expect.stringMatching(/the part manifest/)]);
    const full = form({ name: 'new', description: 'x'.repeat(256 * 1024 - 31) });
    expect((await put('new', full)).statusCode).toBe(201);
  });

  it.each(['PUT', 'DELETE'] as const)('are not changed by %s without an admin', async (method) => {
    for (const code of ['POLICY_ADMIN_OFF', 'POLICY_FORBIDDEN'] as const) {
      bench.fake.requireAdmin = () => {
        throw new HostError(code, 'no');
      };
      // The form is broken on purpose: who may not change anything does not learn what is wrong with it.
      const reply = await bench.inject({ method, url: '/v1/adapters/echo', payload: 'junk' });
      expect([reply.statusCode, reply.json().code]).toEqual([403, code]);
    }
    expect(bench.fake.installed).toHaveLength(0);
  });

  it('must have the name of their path', async () => {
    const reply = await put('one', form({ name: 'other' }));
    expect([reply.statusCode, reply.json().code]).toEqual([422, 'REGISTRY_MANIFEST_INVALID']);
    expect(reply.json().problems).toEqual([{ at: '/name', message: 'must equal the name in the path' }]);
  });

  it("come with the registry's own list of problems when that refuses them", async () => {
    const problems = [
      { at: '/version', message: 'must be semver' },
      { at: '/limits', message: 'must be object' },
    ];
    bench.fake.install = async () => {
      throw new HostError('REGISTRY_MANIFEST_INVALID', 'two problems', { problems });
    };
    expect((await put('x', form({ name: 3 }))).json().problems).toEqual(problems);
  });

  it('need exactly one manifest and one component, and a manifest that is JSON', async () => {
    const bad = [
      multipart('b', [[field('manifest'), '{}']]),
      multipart('b', [[field('component'), wasm]]),
      form({ name: 'x' }, [field('manifest'), '{}']),
      form('{not json'),
      form({ name: 'x' }).subarray(0, 150),
      multipart('b', [['X-Other: 1', 'x']]),
    ];
    for (const body of bad) {
      const reply = await put('x', body);
      expect([reply.statusCode, reply.json().code]).toEqual([400, 'HTTP_MALFORMED']);
    }
    const many = form(
      { name: 'x' },
      ...Array.from({ length: 7 }, () => [field('more'), ''] as [string, string]),
    );
    expect((await put('x', many)).statusCode).toBe(413);
    expect((await put('x', form({ name: 'x' }), 'application/json')).statusCode).toBe(415);
    expect(bench.fake.installed).toHaveLength(0);
  });
});
