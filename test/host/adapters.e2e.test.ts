import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { FormData, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtAdapter, type Package } from '../built-adapters.ts';
import { newDataFolder } from '../data-folder.ts';
import { type Served, serveHost } from './served.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const token = (name: string, role: 'caller' | 'admin') => ({
  name,
  sha256: sha256(`token-of-${name}`),
  tenant: name,
  role,
});
const bearer = (name: string) => ({ authorization: `Bearer token-of-${name}` });

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly problems?: readonly { at: string; message: string }[];
}

let dataDir: string;
let served: Served;
let echo: Package;

const options = () => ({ data: dataDir, tokens: [token('ops', 'admin'), token('app', 'caller')] });

async function put(
  as: string,
  name: string,
  manifest: unknown,
  component: Uint8Array,
): Promise<{ status: number; body: Problem }> {
  const form = new FormData();
  form.set('manifest', typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  form.set(
    'component',
    new Blob([Uint8Array.from(component)], { type: 'application/wasm' }),
    'component.wasm',
  );
  const url = `${served.url}/v1/adapters/${name}`;
  const response = await request(url, { method: 'PUT', body: form, headers: bearer(as) });
  return { status: response.statusCode, body: (await response.body.json()) as Problem };
}

const call = (name: string, body: string) => served.call(`/v1/adapters/${name}/echo`, body, bearer('app'));

beforeAll(async () => {
  dataDir = await newDataFolder();
  echo = await builtAdapter('echo');
  served = await serveHost(options());
});
afterAll(async () => {
  await served.close();
  await rm(dataDir, { recursive: true });
});

describe('installing over HTTP', () => {
  it('needs an admin token', async () => {
    expect((await put('app', 'echo', echo.manifest, echo.component)).body.code).toBe('POLICY_FORBIDDEN');
    expect((await put('nobody', 'echo', echo.manifest, echo.component)).body.code).toBe(
      'POLICY_UNAUTHENTICATED',
    );
    expect((await call('echo', 'x')).code).toBe('REGISTRY_NOT_FOUND');
  });

  it('makes the adapter callable at once, and again after a restart', async () => {
    expect((await put('ops', 'echo', echo.manifest, echo.component)).status).toBe(201);
    expect((await call('echo', 'first')).bytes.toString()).toBe('first');
    await served.close();
    served = await serveHost(options());
    expect((await call('echo', 'again')).bytes.toString()).toBe('again');
  });

  it('refuses what it cannot trust and goes on with the version that runs', async () => {
    const { manifest, component } = echo;
    const withSha = (bytes: Uint8Array) => ({ ...manifest, version: '9.0.0', sha256: sha256(bytes) });
    const flipped = Uint8Array.from(component);
    flipped[0] = 1;
    const truncated = component.subarray(0, component.length >> 1);
    const random = randomBytes(4096);
    const cases: [unknown, Uint8Array, string][] = [
      [{ ...manifest, sha256: sha256('other') }, component, 'REGISTRY_DIGEST_MISMATCH'],
      [withSha(truncated), truncated, 'REGISTRY_REJECTED'],
      [withSha(random), random, 'REGISTRY_REJECTED'],
      [withSha(flipped), flipped, 'REGISTRY_REJECTED'],
      [withSha(new Uint8Array(0)), new Uint8Array(0), 'REGISTRY_REJECTED'],
      ['{"name": ', component, 'HTTP_MALFORMED'],
      [[], component, 'REGISTRY_MANIFEST_INVALID'],
    ];
    for (const [bad, bytes, code] of cases) {
      const { status, body } = await put('ops', 'echo', bad, bytes);
      expect([body.code, status >= 400 && status < 500]).toEqual([code, true]);
    }
    expect((await call('echo', 'still here')).bytes.toString()).toBe('still here');
    expect(served.host.adapter('echo').version).toBe(manifest.version);
  });

  it('says everything that is wrong with a manifest in one answer', async () => {
    const bad = {
      ...echo.manifest,
      version: 'one',
      sha256: 'x',
      isolation: 'none',
      pool: { min: -1, max: 0 },
      extra: 1,
    };
    const { body } = await put('ops', 'echo', bad, echo.component);
    const places = body.problems?.map((problem) => problem.at) ?? [];
    expect(body.code).toBe('REGISTRY_MANIFEST_INVALID');
    for (const place of ['/version', '/sha256', '/isolation', '/pool/min', '/pool/max', '/extra']) {
      expect(places).toContain(place);
    }
  });

  it('of a component whose cells cannot start fails and leaves nothing behind', async () => {
    const { manifest, component } = await builtAdapter('unstartable');
    const { status, body } = await put('ops', 'unstartable', manifest, component);
    expect([status, body.code]).toEqual([502, 'POOL_CREATE_FAILED']);
    expect(served.host.adapters().map((adapter) => adapter.name)).toEqual(['echo']);
    expect(served.host.snapshot().pools.map((pool) => pool.adapter)).toEqual(['echo']);
  });

  it('thirty versions in a row under load fails no call', async () => {
    const statuses = new Map<number, number>();
    let isOver = false;
    const callers = Array.from({ length: 8 }, async (_, caller) => {
      for (let index = 0; !isOver; index++) {
        const answer = await call('echo', `${caller}-${index}`);
        const isRight = answer.bytes.toString() === `${caller}-${index}`;
        const status = isRight ? answer.status : -answer.status;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    for (let version = 1; version <= 30; version++) {
      const { status } = await put(
        'ops',
        'echo',
        { ...echo.manifest, version: `2.0.${version}` },
        echo.component,
      );
      expect(status).toBe(200);
    }
    isOver = true;
    await Promise.all(callers);
    expect([...statuses.keys()]).toEqual([200]);
    expect(served.host.adapter('echo').version).toBe('2.0.30');
  });

  it('can be undone by an admin', async () => {
    const remove = (as: string) =>
      request(`${served.url}/v1/adapters/echo`, { method: 'DELETE', headers: bearer(as) });
    expect((await remove('app')).statusCode).toBe(403);
    expect((await remove('ops')).statusCode).toBe(204);
    expect((await call('echo', 'x')).code).toBe('REGISTRY_NOT_FOUND');
  });
});

describe('a session', () => {
  it('keeps its cell, serves its calls in order, and ends with a lost cell', async () => {
    const { manifest, component } = await builtAdapter('faulty');
    await served.host.install(manifest, component);
    const session = await served.host.session({ adapter: 'faulty', tenant: 'app', requestId: 's' });
    const text = async (operation: string): Promise<string> => {
      const { outcome } = await session.invoke(operation, new Uint8Array(0));
      return outcome.kind === 'ok' ? Buffer.from(outcome.bytes).toString() : outcome.error.code;
    };
    expect(await Promise.all([text('count'), text('count'), text('count')])).toEqual(['1', '2', '3']);
    expect(served.host.snapshot().pools.find((pool) => pool.adapter === 'faulty')?.leased).toBe(1);
    expect(await text('trap')).toBe('EXECUTOR_TRAP');
    await expect(text('count')).rejects.toMatchObject({ code: 'POOL_SESSION_LOST' });
    await expect
      .poll(() => served.host.snapshot().pools.find((pool) => pool.adapter === 'faulty')?.leased)
      .toBe(0);
    session.close();
  });
});

describe('a closed host', () => {
  it('has no cell, no thread and no call left, and says so', async () => {
    const own = await serveHost();
    await own.host.install(echo.manifest, echo.component);
    await own.host.close();
    const { outcome } = await own.host.invoke({
      adapter: 'echo',
      operation: 'echo',
      payload: new Uint8Array(1),
      tenant: 'public',
      requestId: 'late',
    });
    expect(outcome).toMatchObject({ kind: 'error', error: { code: 'HOST_CLOSED' } });
    expect(own.host.snapshot()).toMatchObject({
      state: 'closed',
      pools: [],
      executors: { live: 0, spare: 0 },
      memories: { live: 0 },
    });
    await own.close();
  });
});
