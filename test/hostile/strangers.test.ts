/** Guests after what belongs to others: state, store, secrets, addresses behind the host, and the objects of the host itself. */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { serve, type TestServer } from '../capabilities/stage.ts';
import { ORDER, SHOP_WIT, shopComponent, typedManifest } from '../host/typed-tools.ts';
import { type Answer, type Arena, openArena, told } from './arena.ts';
import { answer, ECHO, hostile, on } from './kit.ts';

/** What names resolve to: each time they are asked for, the next. */
const resolved = vi.hoisted(() => ({ addresses: [] as string[], asked: 0 }));
vi.mock('node:dns/promises', async (original) => ({
  ...(await original<typeof import('node:dns/promises')>()),
  lookup: async () => [{ address: resolved.addresses[resolved.asked++] ?? '127.0.0.9', family: 4 }],
}));

/** Behind everything that the payload is copied to. */
const HEAP = '(global.set $next (i32.const 8192))';
/** The text of the `option<string>` at 2048, or `none`. */
const OPTION = `(if (result i32) (i32.load8_u (i32.const 2048))
  (then ${answer('(i32.load (i32.const 2052))', '(i32.load (i32.const 2056))')})
  (else ${answer('(i32.const 1024)', '(i32.const 4)')}))`;
const NONE = '(data (i32.const 1024) "none")';
const returns = (body: string): string => `(return (block (result i32) ${body}))`;

/** `g`: what the store has for the payload; `s`: stores the payload under itself. */
const KEEPER = {
  imports: ['kvGet', 'kvSet'],
  fields: NONE,
  invoke: `${HEAP}
    ${on(
      'g',
      `(call $kvGet (local.get $in) (local.get $inlen) (i32.const 2048))
       (if (i32.load8_u (i32.const 2048)) (then unreachable))
       ${returns(`(if (result i32) (i32.load8_u (i32.const 2052))
         (then ${answer('(i32.load (i32.const 2056))', '(i32.load (i32.const 2060))')})
         (else ${answer('(i32.const 1024)', '(i32.const 4)')}))`)}`,
    )}
    (call $kvSet (local.get $in) (local.get $inlen) (local.get $in) (local.get $inlen) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then unreachable)) ${ECHO}`,
} as const;

/** Marks its memory, a global and its table, and says which marks were there before, as bits. */
const MARKER = {
  fields: `(global $mark (mut i32) (i32.const 0)) (table $t 2 funcref) (elem declare func $f) (func $f)`,
  invoke: `(i32.store8 (i32.const 32) (i32.or (i32.or
      (i32.ne (global.get $mark) (i32.const 0))
      (i32.shl (i32.ne (i32.load (i32.const 60000)) (i32.const 0)) (i32.const 1)))
      (i32.shl (i32.eqz (ref.is_null (table.get $t (i32.const 1)))) (i32.const 2))))
    (global.set $mark (i32.const 1)) (i32.store (i32.const 60000) (i32.const 1))
    (table.set $t (i32.const 1) (ref.func $f))
    ${answer('(i32.const 32)', '(i32.const 1)')}`,
};

/** Sends GET to the URL that is its payload; `h`: with a header that ends its line. Answers the body, or the error's text. */
const SENDER = {
  imports: ['send'],
  fields: `(data (i32.const 1024) "GET") (data (i32.const 1040) "x-one") (data (i32.const 1056) "a\\0d\\0ahost: other\\0d\\0ax: y")
    (data (i32.const 1100) "\\10\\04\\00\\00\\05\\00\\00\\00\\20\\04\\00\\00\\16\\00\\00\\00")`,
  invoke: `${HEAP}
    (call $send (i32.const 1024) (i32.const 3) (local.get $in) (local.get $inlen)
      (i32.const 1100) (i32.eq (i32.load8_u (local.get $op)) (i32.const 104))
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then ${returns(answer('(i32.load (i32.const 2056))', '(i32.load (i32.const 2060))'))}))
    ${answer('(i32.load (i32.const 2064))', '(i32.load (i32.const 2068))')}`,
} as const;

describe('a guest that is after what belongs to others', () => {
  let arena: Arena;
  let front: TestServer;
  let location = '';
  beforeAll(async () => {
    front = await serve((request, response) => {
      if (request.url === '/redirect') response.writeHead(302, { location }).end();
      else response.end(`seen ${request.rawHeaders.includes('x') ? 'injected' : 'clean'}`);
    });
    vi.stubEnv('HOSTILE_TEST_SECRET', 'only the owner');
    vi.stubEnv('HOSTILE_OTHER_SECRET', 'of the thief');
    const http = {
      hosts: [`127.0.0.1:${front.port}`, `rebind.example.org:${front.port}`, '169.254.169.254', 'localhost'],
      plain: true,
      privateRanges: ['127.0.0.1/32'],
    };
    arena = await openArena({
      capabilities: {
        owner: { secrets: { key: { env: 'HOSTILE_TEST_SECRET' } } },
        thief: { secrets: { own: { env: 'HOSTILE_OTHER_SECRET' } } },
        sender: { http },
        'slow-sender': { http: { ...http, hosts: ['127.0.0.1'] } },
      },
    });
    await arena.enter('sender', await hostile(SENDER), { capabilities: { http } });
  });
  afterAll(async () => {
    await arena.close();
    await front[Symbol.asyncDispose]();
    vi.unstubAllEnvs();
  });

  const text = async (name: string, operation: string, body: string, tenant?: string): Promise<string> =>
    (await arena.attack(name, operation, body, tenant)).bytes.toString();

  it('secrets of another adapter', async () => {
    const guest = await hostile({
      imports: ['secret'],
      fields: NONE,
      invoke: `${HEAP} (call $secret (local.get $in) (local.get $inlen) (i32.const 2048)) ${OPTION}`,
    });
    await arena.enter('owner', guest, { capabilities: { secrets: ['key'] } });
    expect(await text('owner', 'a', 'key')).toBe('only the owner');
    // Asking for it is refused; who has secrets of its own finds none of that name.
    await expect(arena.enter('thief', guest, { capabilities: { secrets: ['key'] } })).rejects.toMatchObject({
      code: 'REGISTRY_CAPABILITY_DENIED',
    });
    await expect(arena.enter('thief', guest)).rejects.toMatchObject({ code: 'REGISTRY_IMPORT_FORBIDDEN' });
    await arena.enter('thief', guest, { capabilities: { secrets: ['own'] } });
    expect(await text('thief', 'a', 'own')).toBe('of the thief');
    for (const name of ['key', 'owner/key', '__proto__', 'constructor', 'HOSTILE_TEST_SECRET'])
      expect(await arena.besides(() => text('thief', 'a', name))).toBe('none');
  });

  it('the environment and the files of the host, which anybody may ask for and nobody has', async () => {
    const guest = await hostile({
      imports: ['environment', 'directories'],
      invoke: `${HEAP} (call $environment (i32.const 2048)) (call $directories (i32.const 2056))
        (i32.store8 (i32.const 2064) (i32.load (i32.const 2052))) (i32.store8 (i32.const 2065) (i32.load (i32.const 2060)))
        ${answer('(i32.const 2064)', '(i32.const 2)')}`,
    });
    await arena.enter('prying', guest);
    expect([...(await arena.besides(() => arena.attack('prying', 'a', ''))).bytes]).toEqual([0, 0]);
    // Granted, it is settings of the manifest and an empty directory of the cell: one of each, and nothing of the host.
    await arena.enter('settled', guest, { capabilities: { config: { ONE: 'setting' }, files: {} } });
    expect([...(await arena.attack('settled', 'a', '')).bytes]).toEqual([1, 1]);
  });

  it('kv of another tenant, and of another adapter', async () => {
    const guest = await hostile(KEEPER);
    const kv = { capabilities: { kv: {} } };
    await arena.enter('keeper', guest, kv);
    await arena.enter('other-keeper', guest, kv);
    for (const key of ['secret', '__proto__', 'constructor']) {
      expect(await text('keeper', 's', key, 'alice')).toBe(key);
      expect(await text('keeper', 'g', key, 'alice')).toBe(key);
    }
    const tries = ['secret', '../alice/secret', 'alice/secret', 'alice\0secret', 'alice:secret', ' secret'];
    for (const key of [...tries, '__proto__', 'constructor', 'keeper alice secret'])
      for (const adapter of ['keeper', 'other-keeper']) expect(await text(adapter, 'g', key)).toBe('none');
    expect(await text('other-keeper', 'g', 'secret', 'alice')).toBe('none');
  });

  it('state left for the next tenant in memory, globals and tables', async () => {
    const pool = { min: 1, max: 1, acquireTimeoutMs: 20_000 };
    const guest = await hostile(MARKER);
    const left = async (name: string, tenant: string): Promise<number | undefined> =>
      (await arena.attack(name, 'a', '', tenant)).bytes[0];
    await arena.enter('tenant', guest, { pool, isolation: 'tenant' });
    await arena.enter('fresh', guest, { pool, isolation: 'fresh' });
    await arena.besides(async () => {
      expect(await left('tenant', 'mallory')).toBe(0);
      expect(await left('tenant', 'mallory')).toBe(7);
      expect(await left('tenant', 'alice')).toBe(0);
      expect(await left('tenant', 'mallory')).toBe(0);
      for (const tenant of ['mallory', 'mallory', 'alice']) expect(await left('fresh', tenant)).toBe(0);
    });
  });

  it('prototype pollution through JSON: names that objects have are names like others', async () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const component = await hostile(KEEPER);
    const polluted = JSON.parse(
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
    );
    for (const change of [
      polluted,
      { operations: JSON.parse('{"__proto__": {"polluted": 1}, "a": {}}') },
      { capabilities: JSON.parse('{"kv": {}, "__proto__": {"polluted": 1}}') },
      { capabilities: { kv: JSON.parse('{"__proto__": {"polluted": 1}}') } },
      { limits: JSON.parse('{"__proto__": {"memoryMaxMiB": 4096}}') },
    ]) {
      const manifest = { capabilities: { kv: {} }, ...change };
      await expect(arena.enter('pollute', component, manifest)).rejects.toMatchObject({
        code: 'REGISTRY_MANIFEST_INVALID',
      });
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect(Object.getOwnPropertyDescriptor({}, 'polluted')).toBeUndefined();
    for (const path of [
      '__proto__/a',
      'neighbour/__proto__',
      'constructor/prototype',
      'neighbour/constructor',
    ])
      expect((await arena.call(`/v1/adapters/${path}`)).status).toBe(404);
  });

  it('prototype pollution through the JSON of a typed call: what is no field is refused, at any depth', async () => {
    const component = await shopComponent();
    await arena.host.install(typedManifest('shop', component, { wit: SHOP_WIT }), component);
    const mirror = (json: string): Promise<Answer> =>
      arena.call('/v1/adapters/shop/mirror', json, { 'content-type': 'application/json' });
    const order = JSON.stringify(ORDER);
    expect((await mirror(`{"order": ${order}}`)).status).toBe(200);
    const evil = '"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}';
    for (const json of [
      `{${evil}, "order": ${order}}`,
      `{"order": {${evil}, ${order.slice(1)}}`,
      `{"order": ${order.replace('"items":[{', `"items":[{${evil},`)}}`,
      '{"__proto__": {"order": 1}}',
      '{"order": {"__proto__": {}}}',
      `{"order": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      '['.repeat(1_000_000),
    ]) {
      const reply = await arena.besides(() => mirror(json));
      expect([400, 422], json.slice(0, 60)).toContain(reply.status);
    }
    expect(Object.getOwnPropertyDescriptor({}, 'polluted')).toBeUndefined();
    // None of it reached the guest: it is the same cell that answered first.
    expect(arena.pool('shop').counters.crashes).toBe(0);
    expect(arena.lost()).toBe(0);
  });

  describe('with outbound requests', () => {
    afterEach(() => {
      resolved.asked = 0;
    });
    const origin = (): string => `http://127.0.0.1:${front.port}`;

    it('redirect to a private address', async () => {
      expect(await text('sender', 'a', `${origin()}/`)).toBe('seen clean');
      await using behind = await serve((_request, response) => void response.end('secret'));
      for (const to of [
        `http://127.0.0.2:${behind.port}/`,
        `http://127.0.0.1:${behind.port}/`,
        `http://localhost:${behind.port}/`,
        `http://[::1]:${behind.port}/`,
        'http://169.254.169.254/latest/meta-data/',
        'file:///etc/passwd',
      ]) {
        location = to;
        const said = await arena.besides(() => text('sender', 'a', `${origin()}/redirect`));
        expect(said, to).toMatch(/not granted|not public|must be http/);
      }
      expect(behind.seen).toEqual([]);
    });

    it('an answer for a call that has ended is no answer for the next', async () => {
      const begun = Promise.withResolvers<() => void>();
      await using slow = await serve((_request, response) => begun.resolve(() => response.end('late')));
      const http = { hosts: ['127.0.0.1'], plain: true, privateRanges: ['127.0.0.1/32'] };
      const asker = await hostile({
        imports: ['fields', 'request', 'setScheme', 'setAuthority', 'handle', 'subscribe', 'get', 'block'],
        fields: '(global $future (mut i32) (i32.const 0))',
        // `b`: sends, and does not wait. Anything else: waits for what was sent, and answers all that there is of it.
        invoke: `(local $r i32) ${HEAP}
          ${on(
            'b',
            `(local.set $r (call $request (call $fields)))
             (if (call $setScheme (local.get $r) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)) (then unreachable))
             (if (call $setAuthority (local.get $r) (i32.const 1) (local.get $in) (local.get $inlen)) (then unreachable))
             (call $handle (local.get $r) (i32.const 0) (i32.const 0) (i32.const 2048))
             (if (i32.load8_u (i32.const 2048)) (then unreachable))
             (global.set $future (i32.load (i32.const 2056))) ${returns(ECHO)}`,
          )}
          (call $block (call $subscribe (global.get $future)))
          (call $get (global.get $future) (i32.const 3072))
          (i32.store8 (i32.const 3073) (i32.load8_u (i32.const 3080)))
          (i32.store8 (i32.const 3074) (i32.load8_u (i32.const 3088)))
          ${answer('(i32.const 3072)', '(i32.const 3)')}`,
      });
      await arena.enter('slow-sender', asker, {
        capabilities: { http },
        pool: { min: 1, max: 1, acquireTimeoutMs: 20_000 },
      });
      expect(await text('slow-sender', 'b', `127.0.0.1:${slow.port}`)).toBe(`127.0.0.1:${slow.port}`);
      // Not before its call has ended; it may have been given up before it was sent at all.
      void begun.promise.then((release) => release());
      // some(ok(err(…))): what was asked in another call failed with that.
      expect([...(await arena.attack('slow-sender', 'w')).bytes]).toEqual([1, 0, 1]);
    });

    it('DNS rebinding: the name is public when it is first asked for, and private the next time', async () => {
      // 127.0.0.1 stands for a public address: it alone is granted.
      resolved.addresses = ['127.0.0.1', '127.0.0.2', '10.0.0.1', '169.254.169.254', '127.0.0.1'];
      const url = `http://rebind.example.org:${front.port}/`;
      const before = front.seen.length;
      expect(await text('sender', 'a', url)).toBe('seen clean');
      for (const _ of [1, 2, 3]) expect(await text('sender', 'a', url)).toContain('not public');
      expect(await text('sender', 'a', url)).toBe('seen clean');
      expect(resolved.asked).toBe(5);
      expect(front.seen.length - before).toBe(2);
    });

    it('header injection in outbound requests', async () => {
      const before = front.seen.length;
      const said = await arena.besides(() => text('sender', 'h', `${origin()}/`));
      expect(said).toContain('control character');
      for (const url of [
        `${origin()}/ HTTP/1.1\r\nx: y\r\n\r\nGET /`,
        `${origin()}/\r\nx: y`,
        `http://a:b@127.0.0.1:${front.port}/`,
      ]) {
        const reply = await arena.attack('sender', 'a', url);
        // What a URL drops or escapes by its own rules may be sent; it is one request without another header.
        expect(reply.bytes.toString()).toMatch(/seen clean|must|not valid/);
      }
      expect(front.seen.slice(before).every((line) => /^GET \/[^ ]*$/.test(line))).toBe(true);
    });

    it('an address that was not granted, by any spelling of it', async () => {
      for (const host of [
        '2130706434',
        '0x7f.2',
        '127.2',
        '[::ffff:127.0.0.2]',
        '127.0.0.2',
        'example.org',
      ]) {
        const said = await text('sender', 'a', `http://${host}:${front.port}/`);
        expect(said, host).toMatch(/not granted|not public/);
      }
      expect(told(await arena.attack('sender', 'a', 'not a url'))).toEqual([200, undefined]);
    });
  });
});
