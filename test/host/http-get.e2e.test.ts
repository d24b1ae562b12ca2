/** The adapter http-get over HTTP, against servers on loopback; and what is said where the operator has not permitted it. */

import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noticeChannel } from '../../host/channels.ts';
import { builtAdapter } from '../built-adapters.ts';
import { serve, type TestServer } from '../capabilities/stage.ts';
import { type Served, serveHost } from './served.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
/** A character of three bytes across every thousand. */
const LONG = '世'.repeat(100_000);

const PAGES: Readonly<Record<string, (response: ServerResponse, path: string) => void>> = {
  '/json': (response) =>
    response.writeHead(200, { ...JSON_HEADERS, 'x-a': ['1', '2'] }).end('{"name":"Ada"}'),
  '/missing': (response) =>
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('für nichts'),
  '/latin1': (response) =>
    response
      .writeHead(200, { 'content-type': 'text/html; charset="ISO-8859-1"' })
      .end(Buffer.from('für', 'latin1')),
  '/broken': (response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end(Buffer.from('f\xfcr', 'latin1')),
  '/image': (response) =>
    response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([137, 80, 0, 255])),
  '/bare': (response) => response.writeHead(204).end(),
  '/long': (response) => response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(LONG),
  '/hop': (response) => response.writeHead(302, { location: '/hop2' }).end('over there'),
  '/hop2': (response) => response.writeHead(307, { location: '/json' }).end(),
  '/outside': (response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
  '/circle': (response) => response.writeHead(302, { location: '/circle' }).end(),
  '/cut': (response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
    response.write('half', () => response.destroy());
  },
  '/never': () => {},
};

let server: TestServer;
let served: Served;
let base: string;
beforeAll(async () => {
  server = await serve((request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/headers'))
      response.writeHead(200, JSON_HEADERS).end(JSON.stringify(request.headers));
    else (PAGES[path] ?? PAGES['/missing'])?.(response, path);
  });
  base = `http://127.0.0.1:${server.port}`;
  const { manifest, component } = await builtAdapter('http-get');
  // An address is reached only where manifest and operator both write it out.
  const http = { hosts: [`127.0.0.1:${server.port}`], plain: true, privateRanges: ['127.0.0.0/8'] };
  served = await serveHost({ executors: 1, capabilities: { 'http-get': { http } } });
  await served.host.install(
    {
      ...manifest,
      limits: { ...(manifest.limits as object), timeoutMs: 60_000 },
      capabilities: { http: { ...http, methods: ['GET'], callMaxRequests: 6 } },
    },
    component,
  );
}, 120_000);
afterAll(async () => {
  await served.close();
  await server[Symbol.asyncDispose]();
});

interface Got {
  readonly status: number;
  readonly answer: Record<string, unknown> & { readonly failure?: unknown };
}

async function get(path: string, more: object = {}): Promise<Got> {
  const url = path.startsWith('/') ? `${base}${path}` : path;
  const { status, bytes } = await served.call(
    '/v1/adapters/http-get/get',
    JSON.stringify({ url, ...more }),
    JSON_HEADERS,
  );
  return { status, answer: JSON.parse(bytes.toString()) };
}

const body = async (path: string, more: object = {}): Promise<unknown> => (await get(path, more)).answer.body;
const failure = async (path: string, more: object = {}): Promise<unknown> =>
  (await get(path, more)).answer.failure;

describe('http-get', () => {
  it('gives status, headers, media type, body and where it came from', async () => {
    const { status, answer } = await get('/json');
    expect(status).toBe(200);
    expect(answer).toMatchObject({
      status: 200,
      'content-type': 'application/json',
      body: { tag: 'text', value: '{"name":"Ada"}' },
      truncated: false,
      url: `${base}/json`,
    });
    expect(answer.headers).toEqual(
      expect.arrayContaining([
        { name: 'x-a', value: '1' },
        { name: 'x-a', value: '2' },
      ]),
    );
  });

  it('gives every status as a success, and text only where the bytes are text', async () => {
    expect((await get('/missing')).answer).toMatchObject({
      status: 404,
      body: { tag: 'text', value: 'für nichts' },
    });
    expect((await get('/bare')).answer).toMatchObject({
      status: 204,
      'content-type': null,
      body: { tag: 'bytes', value: '' },
    });
    expect(await body('/latin1')).toEqual({ tag: 'text', value: 'für' });
    expect(await body('/broken')).toEqual({
      tag: 'bytes',
      value: Buffer.from('f\xfcr', 'latin1').toString('base64'),
    });
    expect(await body('/image')).toEqual({
      tag: 'bytes',
      value: Buffer.from([137, 80, 0, 255]).toString('base64'),
    });
  });

  it('sends the headers it is given, and none that are not for callers', async () => {
    const headers = [
      { name: 'X-Own', value: 'café' },
      { name: 'accept', value: 'text/plain' },
    ];
    const { value } = (await body('/headers', { headers })) as { value: string };
    expect(JSON.parse(value)).toMatchObject({
      'x-own': 'café',
      accept: 'text/plain',
      host: new URL(base).host,
    });
    for (const name of ['host', 'content-length', 'connection', 'a b']) {
      expect(await failure('/json', { headers: [{ name, value: 'x' }] })).toMatchObject({
        tag: 'bad-header',
      });
    }
    expect(await failure('/json', { headers: [{ name: 'x', value: 'a\r\nb: c' }] })).toMatchObject({
      tag: 'bad-header',
    });
  });

  it('leaves out what is longer than asked for, at a whole character, or fails where all of it is wanted', async () => {
    for (const bytes of [0, 1, 2, 3, 3_001, 299_999]) {
      const { answer } = await get('/long', { 'max-bytes': bytes });
      expect(answer).toMatchObject({
        truncated: true,
        body: { tag: 'text', value: LONG.slice(0, Math.floor(bytes / 3)) },
      });
    }
    expect((await get('/long', { 'max-bytes': 300_000, whole: true })).answer).toMatchObject({
      truncated: false,
    });
    expect((await get('/long')).answer).toMatchObject({ truncated: true });
    expect(await failure('/long', { 'max-bytes': 299_999, whole: true })).toEqual({
      tag: 'too-large',
      value: 'the body has more than 299999 bytes',
    });
  });

  it('gives a redirect as it is, and follows only where that is said, only to what is permitted, five times at most', async () => {
    const { answer } = await get('/hop');
    expect(answer).toMatchObject({ status: 302, url: `${base}/hop`, body: { value: expect.any(String) } });
    expect(answer.headers).toEqual(expect.arrayContaining([{ name: 'location', value: '/hop2' }]));
    const follow = { 'follow-redirects': true };
    expect((await get('/hop', follow)).answer).toMatchObject({ status: 200, url: `${base}/json` });
    expect(await failure('/outside', follow)).toEqual({
      tag: 'not-allowed',
      value: 'the host is not granted',
    });
    const before = server.seen.length;
    expect((await get('/circle', follow)).answer).toMatchObject({ status: 302, url: `${base}/circle` });
    expect(server.seen.length - before).toBe(6);
  });

  it('says what was not allowed, not in time, or not to be had', async () => {
    const { status, answer } = await get('http://localhost:1/');
    expect({ status, code: answer.code }).toEqual({ status: 422, code: 'ADAPTER_FAILED' });
    expect(answer.failure).toEqual({ tag: 'not-allowed', value: 'the host is not granted' });
    expect(await failure('https://example.org/')).toMatchObject({ tag: 'not-allowed' });
    expect(await failure('file:///etc/passwd')).toMatchObject({ tag: 'bad-url' });
    expect(await failure(`${base.replace('//', '//user:word@')}/`)).toMatchObject({ tag: 'bad-url' });
    expect(await failure('/cut')).toMatchObject({ tag: 'failed' });
    expect(await failure('/never', { 'timeout-ms': 50 })).toEqual({ tag: 'timeout' });
  });
});

describe('http-get without a grant', () => {
  it('is refused by itself: the host starts, says what to write, and tells callers why', async () => {
    const data = await mkdtemp(join(tmpdir(), 'hotcell-http-get-'));
    const notices: unknown[] = [];
    const listen = (notice: unknown): void => void notices.push(notice);
    noticeChannel.subscribe(listen);
    const other = await serveHost({ bundled: true, only: ['http-get'], data, executors: 1 });
    try {
      expect(other.host.adapters()).toEqual([]);
      const wanted = '"capabilities": {"http-get":{"http":{"hosts":["api.example.org"]}}}';
      expect(notices).toContainEqual(
        expect.objectContaining({
          level: 'info',
          event: 'registry.skipped',
          message: expect.stringContaining(wanted),
        }),
      );
      const { status, code, bytes } = await other.call('/v1/adapters/http-get/get', '{}', JSON_HEADERS);
      expect({ status, code }).toEqual({ status: 403, code: 'REGISTRY_CAPABILITY_DENIED' });
      expect(JSON.parse(bytes.toString()).detail).toContain('/capabilities/http is not permitted');
    } finally {
      noticeChannel.unsubscribe(listen);
      await other.close();
      await rm(data, { recursive: true });
    }
  });
});
