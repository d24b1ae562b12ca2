/** What guests try with outbound HTTP, each named after its attack. Nothing of it reaches a server that was not granted. */

import { expect, it } from 'vitest';
import { type ServiceEvent, serviceChannel } from '../../host/channels.ts';
import { codeOf, header, httpGrant, serve, stage, textOf } from './stage.ts';

const ofPort = (port: number) => httpGrant({ hosts: [`*:${port}`, `127.0.0.1:${port}`], privateRanges: [] });

it('DNS rebinding: a name that is allowed at first and private when it is asked for again is not connected to', async () => {
  await using server = await serve((_request, response) => void response.end('x'));
  // 127.0.0.1 stands for a public address: it alone is granted.
  const answers = [['127.0.0.1'], ['127.0.0.2'], ['10.0.0.1', '::1'], ['::ffff:127.0.0.2'], ['0.0.0.0'], []];
  let asked = 0;
  await using host = stage({
    resolve: async () =>
      (answers[asked++] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  });
  const guest = host.guest({ http: { ...ofPort(server.port), privateRanges: ['127.0.0.1/32'] } });
  const url = `http://rebind.example.org:${server.port}/`;
  expect((await guest.send(url)).status).toBe(200);
  for (const _ of answers.slice(1)) expect(await codeOf(guest.send(url))).toBe('denied');
  expect(asked).toBe(answers.length);
  expect(server.seen.length).toBe(1);
});

it('DNS rebinding between check and connection: the name is asked once, and the address that was checked is the one connected to', async () => {
  await using server = await serve((_request, response) => void response.end('checked'));
  let asked = 0;
  await using host = stage({
    resolve: async () => [{ address: ++asked === 1 ? '127.0.0.1' : '127.9.9.9', family: 4 }],
  });
  const grant = { ...ofPort(server.port), privateRanges: ['127.0.0.1/32'] };
  const answer = await host.guest({ http: grant }).send(`http://pinned.example.org:${server.port}/`);
  expect(textOf(answer.body)).toBe('checked');
  expect(asked).toBe(1);
});

it('a connection that another grant opened to a private address serves nobody else', async () => {
  await using server = await serve((_request, response) => void response.end('x'));
  await using host = stage({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
  const url = `http://shared.example.org:${server.port}/`;
  const wide = { ...ofPort(server.port), privateRanges: ['127.0.0.0/8'] };
  expect((await host.guest({ http: wide }).send(url)).status).toBe(200);
  expect(await codeOf(host.guest({ http: ofPort(server.port) }).send(url))).toBe('denied');
  expect(server.seen.length).toBe(1);
});

it('redirects to what was not granted: an address, a name, a scheme, a method, credentials', async () => {
  let location = '';
  await using target = await serve((_request, response) => void response.end('secret'));
  await using server = await serve((_request, response) => void response.writeHead(307, { location }).end());
  await using host = stage({
    resolve: async (name) => [
      { address: name === 'front.example.org' ? '127.0.0.1' : '127.0.0.2', family: 4 },
    ],
  });
  const grant = httpGrant({
    hosts: [
      `*:${server.port}`,
      `*:${target.port}`,
      `127.0.0.1:${server.port}`,
      `169.254.169.254:${target.port}`,
    ],
    privateRanges: ['127.0.0.1/32', '169.254.0.0/16'],
  });
  const guest = host.guest({ http: { ...grant, callMaxRequests: 100 } });
  const front = `http://front.example.org:${server.port}/`;
  for (const [to, code] of [
    [`http://127.0.0.1:${target.port}/`, 'denied'],
    [`http://localhost:${target.port}/`, 'denied'],
    [`http://2130706433:${target.port}/`, 'denied'],
    [`http://0177.0.0.1:${target.port}/`, 'denied'],
    [`http://[::ffff:7f00:1]:${target.port}/`, 'denied'],
    [`http://private.example.org:${target.port}/`, 'denied'],
    [`http://169.254.169.254:${target.port}/latest/meta-data/`, 'denied'],
    [`https://front.example.org/`, 'denied'],
    ['file:///etc/passwd', 'denied'],
    ['ftp://front.example.org/', 'denied'],
    [`http://user:password@front.example.org:${server.port}/`, 'invalid'],
    ['http://', 'invalid'],
  ] as const) {
    location = to;
    expect(await codeOf(guest.send(front)), to).toBe(code);
  }
  expect(target.seen).toEqual([]);
});

it('header injection: nothing in a request can end its line or say where a body ends', async () => {
  await using server = await serve((_request, response) => void response.end('x'));
  await using host = stage();
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({ http: { ...httpGrant({ hosts: [authority] }), callMaxRequests: 1000 } });
  const url = `http://${authority}/`;
  const wrong = [
    header('x', 'a\r\nhost: b'),
    header('x', 'a\nb'),
    header('x', 'a\0b'),
    header('x', 'a\x7f'),
    header('x\r\ny', 'a'),
    header('x y', 'a'),
    header('x:', 'a'),
    header('', 'a'),
    header('é', 'a'),
    header('HOST', 'other'),
    header('Connection', 'close'),
    header('keep-alive', '1'),
    header('Transfer-Encoding', 'chunked'),
    header('content-length', '1'),
    header('Expect', '100-continue'),
    header('upgrade', 'h2c'),
    header('TE', 'trailers'),
    header('proxy-authorization', 'x'),
    header('Proxy-Anything', 'x'),
  ];
  for (const one of wrong) {
    expect(await codeOf(guest.send(url, { headers: [one] })), one.name).toBe('invalid');
  }
  for (const headers of [
    null,
    'x',
    [null],
    [['a', 'b']],
    [{ name: 'a', value: 'b' }],
    Array(101).fill(header('a', 'b')),
  ]) {
    expect(await codeOf(guest.callAnyhow('http.send', { method: 'GET', url, headers }))).toBe('invalid');
  }
  const head = { method: 'GET', scheme: 'http', authority, pathWithQuery: '/', headers: [], hasBody: false };
  for (const change of [
    { pathWithQuery: '/ HTTP/1.1\r\nx: y' },
    { pathWithQuery: '/a b' },
    { pathWithQuery: '/#f' },
    { pathWithQuery: 'http://other/' },
    { pathWithQuery: '/é' },
    { pathWithQuery: `/${'x'.repeat(16_384)}` },
    { method: 'GET /x' },
    { method: 'GET\r\n' },
    { method: '' },
    { authority: `${authority}/x` },
    { authority: `user@${authority}` },
    { authority: `${authority}\r\nx: y` },
    { authority: `a\t${authority}` },
    { authority: `${authority}?x` },
    { authority: `${authority}\\x` },
    { authority: '' },
    { scheme: 'ws' },
    { hasBody: 'no' },
    { bodyBytes: -1 },
    { connectTimeoutMs: Number.NaN },
  ]) {
    expect(await codeOf(guest.callAnyhow('http.open', { ...head, ...change })), JSON.stringify(change)).toBe(
      'invalid',
    );
  }
  expect(server.seen).toEqual([]);
});

it('a thread that lies: methods that do not exist, arguments of other kinds, capabilities it was not given', async () => {
  await using host = stage();
  const guest = host.guest({ http: httpGrant() });
  for (const method of ['kv.get', 'constructor', '__proto__', 'toString', 'http', 'http.exec', '']) {
    expect(await codeOf(guest.callAnyhow(method, {}))).toBe('denied');
  }
  for (const argument of [undefined, null, 1, 'x']) {
    expect(await codeOf(guest.callAnyhow('http.send', argument))).toBe('invalid');
  }
  for (const id of [0, 1, -1, '1', null, {}, Number.NaN]) {
    for (const method of ['http.write', 'http.finish', 'http.response', 'http.read']) {
      expect(await codeOf(guest.callAnyhow(method, { id }))).toBe('invalid');
    }
  }
  const kv = host.guest({ kv: { maxBytes: 1000 } });
  for (const argument of [{}, { key: '' }, { key: 1 }, { key: '\ud800' }, { key: 'é'.repeat(257) }]) {
    expect(await codeOf(kv.callAnyhow('kv.get', argument))).toBe('invalid');
  }
  expect(await codeOf(kv.callAnyhow('kv.set', { key: 'k', value: 'text' }))).toBe('invalid');
  expect(await codeOf(kv.callAnyhow('kv.increment', { key: 'k', by: 1 }))).toBe('invalid');
  expect(await codeOf(kv.callAnyhow('kv.increment', { key: 'k', by: 2n ** 63n }))).toBe('invalid');
  expect(await codeOf(kv.call('kv.set', { key: 'k', value: new Uint8Array(1000) }))).toBe('quota');
});

it('kv of another tenant, and of another adapter, is not there', async () => {
  await using host = stage();
  const grants = { kv: { maxBytes: 1000 } };
  const value = new Uint8Array([1]);
  await host.guest(grants).call('kv.set', { key: 'k', value });
  const others = [
    { tenant: 'two' },
    { adapter: 'other' },
    { adapter: 'tool/one', tenant: '' },
    { tenant: 'one/' },
  ];
  for (const change of others) {
    const guest = host.guest(grants, change);
    expect((await guest.call('kv.get', { key: 'k' })).value).toBeUndefined();
    expect((await guest.call('kv.list', { prefix: '' })).keys).toEqual([]);
  }
  expect((await host.guest(grants).call('kv.get', { key: 'k' })).value).toEqual(value);
});

it('what guests ask is published by adapter, method and outcome, and without a word of it', async () => {
  await using host = stage();
  const seen: ServiceEvent[] = [];
  const listener = (event: unknown): void => void seen.push(event as ServiceEvent);
  serviceChannel.subscribe(listener);
  try {
    const guest = host.guest({ kv: { maxBytes: 1000 }, http: httpGrant(), secrets: { KEY: 's3cret' } });
    await guest.call('kv.set', { key: 's3cret', value: new Uint8Array(Buffer.from('s3cret')) });
    await codeOf(
      guest.send('https://s3cret.example.org:99/?s3cret', { headers: [header('authorization', 's3cret')] }),
    );
    expect(seen.map(({ adapter, method, outcome }) => [adapter, method, outcome])).toEqual([
      ['tool', 'kv.set', 'ok'],
      ['tool', 'http.send', 'denied'],
    ]);
    expect(JSON.stringify(seen)).not.toContain('s3cret');
  } finally {
    serviceChannel.unsubscribe(listener);
  }
});
