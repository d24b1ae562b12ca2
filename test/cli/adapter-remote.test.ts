/** The commands of the kit against a host that runs: a real one with tokens, one that is down, one that is slow, and what is none. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { runDev } from '../../host/cli/adapter-dev.ts';
import type { World } from '../../host/cli/world.ts';
import { createFakeClock, systemClock } from '../../host/clock.ts';
import { type HostConfig, resolveConfig } from '../../host/config.ts';
import { type CreateHostOptions, createHost } from '../../host/host.ts';
import { serve } from '../../host/http/http.ts';
import { builtAdapter } from '../built-adapters.ts';
import { type Served, serveHost } from '../host/served.ts';
import { keyPair } from '../package/samples.ts';
import { folder, stage, useFolders } from './stage.ts';

useFolders();

const at = (...path: string[]): string => join(folder, 'shout', ...path);

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const token = (name: string, role: 'admin' | 'caller') => ({
  name,
  sha256: createHash('sha256').update(name).digest('hex'),
  tenant: 'public',
  role,
});
const tokens = [token('boss', 'admin'), token('clerk', 'caller')];

async function start(options: CreateHostOptions = {}): Promise<Served> {
  const served = await serveHost({ executors: 1, pool: { min: 1 }, tokens, ...options });
  closing.push(served.close);
  return served;
}

async function begin(): Promise<void> {
  expect(await stage({ clock: systemClock }).run('adapter', 'new', 'shout', '--lang', 'wat')).toBe(0);
}

/** Runs a command in the adapter's folder, with this token in the environment. */
async function run(as: string | undefined, ...args: string[]) {
  const env = as === undefined ? {} : { HOTCELL_TOKEN: as };
  const one = stage({ clock: systemClock, cwd: at(), env });
  const code = await one.run('adapter', ...args);
  return { code, out: one.out(), err: one.err() };
}

const slug = async (served: Served, text = 'a b'): Promise<string> => {
  const headers = { authorization: 'Bearer clerk', 'content-type': 'application/json' };
  const answer = await served.call('/v1/adapters/shout/slug', JSON.stringify({ text }), headers);
  return answer.code ?? answer.bytes.toString();
};

describe('a package goes into a running host', () => {
  test('by install and by pull, for an administrator and nobody else', async () => {
    await begin();
    const served = await start();
    await run(undefined, 'pack', '--out', 'a.tgz');
    await run(undefined, 'push', 'oci:layout:v1', '--file', 'a.tgz');
    const install = (as?: string) => run(as, 'install', 'a.tgz', '--to', served.url);
    expect((await install()).err).toMatch(
      /^POLICY_UNAUTHENTICATED: .*answered 401: .*; HOTCELL_TOKEN has to hold the token of an administrator\n$/,
    );
    const clerk = await install('clerk');
    expect([clerk.code, clerk.err]).toEqual([
      1,
      expect.stringMatching(
        /^POLICY_FORBIDDEN: .*HOTCELL_TOKEN holds another token than that of an administrator/,
      ),
    ]);
    expect(await slug(served)).toBe('REGISTRY_NOT_FOUND');

    const boss = await install('boss');
    expect([boss.code, boss.err]).toEqual([0, `shout 0.1.0 is installed at ${served.url}\n`]);
    expect(await slug(served)).toBe('"a-b"');
    await served.host.remove('shout');
    expect((await run('boss', 'pull', 'oci:layout:v1', '--to', served.url)).code).toBe(0);
    expect(await slug(served)).toBe('"a-b"');
    expect(boss.err + boss.out + clerk.err).not.toContain('boss"');
  });

  test('signed, where the host asks for a signature; the error of the host says how', async () => {
    await begin();
    const ada = keyPair();
    writeFileSync(at('key.pem'), ada.sign);
    const served = await start({ trustedKeys: [ada.verify] });
    await run(undefined, 'pack', '--out', 'a.tgz');
    await run(undefined, 'pack', '--out', 'b.tgz', '--sign', 'key.pem');
    expect((await run('boss', 'install', 'a.tgz', '--to', served.url)).err).toMatch(
      /^PACKAGE_UNSIGNED: .*answered 403: .*hotcell adapter pack --sign <key>`\n$/,
    );
    expect((await run('boss', 'install', 'b.tgz', '--to', `${served.url}/`)).code).toBe(0);
    expect(await slug(served)).toBe('"a-b"');
  });

  test('and into a data directory, under the keys of its configuration', async () => {
    await begin();
    const ada = keyPair();
    writeFileSync(at('key.pem'), ada.sign);
    writeFileSync(at('public.pem'), ada.verify);
    await run(undefined, 'pack', '--out', 'a.tgz');
    await run(undefined, 'pack', '--out', 'b.tgz', '--sign', 'key.pem');
    const install = async (file: string) => {
      const one = stage({ clock: systemClock, cwd: at(), createHost: (config) => createHost(config) });
      return [await one.run('adapter', 'install', file, '--trusted-keys', 'public.pem'), one.err()];
    };
    expect(await install('a.tgz')).toEqual([1, expect.stringMatching(/^PACKAGE_UNSIGNED/)]);
    expect(await install('b.tgz')).toEqual([0, expect.stringMatching(/shout 0\.1\.0 is installed in/)]);
  });
});

/** Something that listens and is no host of ours. */
async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('what does not answer as a host does', () => {
  test('is told from one that is down, which is told to be started', async () => {
    await begin();
    await run(undefined, 'pack', '--out', 'a.tgz');
    const served = await serveHost({ executors: 1 });
    await served.close();
    const down = await run('boss', 'install', 'a.tgz', '--to', served.url);
    expect([down.code, down.err]).toEqual([
      1,
      expect.stringMatching(/^KIT_HOST_UNREACHABLE: PUT .*ECONNREFUSED.*is `hotcell serve` running\?\n$/),
    ]);
    const website = await listen((_request, response) => response.writeHead(404).end('<h1>Not here</h1>'));
    expect((await run('boss', 'install', 'a.tgz', '--to', website)).err).toMatch(
      /^KIT_HOST_REFUSED: .*answered 404, not as a Hotcell host does: is the address right\?\n$/,
    );
    const cut = await listen((request) => request.socket.destroy());
    expect((await run('boss', 'install', 'a.tgz', '--to', cut)).err).toMatch(/^KIT_HOST_UNREACHABLE: PUT /);
  });

  test('never gets a token by a redirect', async () => {
    await begin();
    await run(undefined, 'pack', '--out', 'a.tgz');
    let asked = 0;
    const thief = await listen((_request, response) => {
      asked++;
      response.end();
    });
    const door = await listen((_request, response) => response.writeHead(307, { location: thief }).end());
    expect((await run('boss', 'install', 'a.tgz', '--to', door)).err).toMatch(
      /answered 307, not as a Hotcell host/,
    );
    expect(asked).toBe(0);
  });

  test('in time is given up, and the error says that it may still happen', async () => {
    await begin();
    await run(undefined, 'pack', '--out', 'a.tgz');
    const clock = createFakeClock();
    const slow = await listen((request) => request.resume().on('end', () => clock.advance(120_000)));
    const one = stage({ clock, cwd: at() });
    expect(await one.run('adapter', 'install', 'a.tgz', '--to', slow)).toBe(1);
    expect(one.err()).toMatch(/^KIT_HOST_UNREACHABLE: PUT .*: no answer within 120 s; .*may still finish\n$/);
  });

  test.each(['localhost:8080', 'ftp://example.org', 'http://ada:c4n4ry@127.0.0.1:1', '//x', ''])(
    'cannot even be asked at %j',
    async (address) => {
      await begin();
      await run(undefined, 'pack', '--out', 'a.tgz');
      for (const command of [['install', 'a.tgz'], ['dev']]) {
        const { code, err } = await run('boss', ...command, '--to', address);
        expect([code, err]).toEqual([
          1,
          expect.stringMatching(/^CONFIG_INVALID: the address of a host is like http:\/\/127/),
        ]);
        expect(err).not.toContain('c4n4ry');
      }
    },
  );
});

describe('adapter types', () => {
  test('of a host that runs, of its data and of the source are the same, and fit the client', async () => {
    await begin();
    // Not closed after the test: it ends before its data is read.
    const served = await serveHost({ executors: 1, tokens, data: join(folder, 'data') });
    const { out: ofSource } = await run(undefined, 'types');
    await run(undefined, 'pack', '--out', 'a.tgz');
    await run('boss', 'install', 'a.tgz', '--to', served.url);
    expect((await run('clerk', 'types', 'shout', '--from', served.url)).out).toBe(ofSource);
    await served.close();
    const local = stage({ clock: systemClock, cwd: at(), createHost: openOnly });
    expect(await local.run('adapter', 'types', 'shout', '--data', served.dataDir)).toBe(0);
    expect(local.out()).toBe(ofSource);
  });

  test('compile, and refuse what the operation does not take', async () => {
    await begin();
    writeFileSync(at('shout.d.ts'), (await run(undefined, 'types')).out);
    const client = new URL('../../host/client/client.ts', import.meta.url).pathname;
    const use = (args: string): string => `
      import { createClient } from '${client}';
      import type { Operations } from './shout.d.ts';
      const client = createClient<{ shout: Operations }>('http://127.0.0.1:8080');
      export const result: Promise<string> = client.call('shout', 'slug', ${args});`;
    expect(compile(use(`{ text: 'a' }`))).toBe('');
    expect(compile(use(`{ txt: 'a' }`))).toMatch(/'txt' does not exist in type/);
  });

  test('say what to do where there is no such adapter, no token, no name and no types', async () => {
    await begin();
    const served = await start();
    const { manifest, component } = await builtAdapter('echo');
    await served.host.install(manifest, component);
    const errorOf = async (as: string | undefined, ...args: string[]) =>
      (await run(as, 'types', ...args, '--from', served.url)).err;
    expect(await errorOf('clerk', 'shout')).toMatch(/^REGISTRY_NOT_FOUND: .*echo/);
    expect(await errorOf(undefined, 'echo')).toMatch(/^POLICY_UNAUTHENTICATED: .*HOTCELL_TOKEN has to hold/);
    expect(await errorOf('clerk')).toMatch(/^CONFIG_INVALID: with --from goes the name/);
    expect(await errorOf('clerk', 'echo')).toMatch(/^REGISTRY_UNSUPPORTED: echo is of the world bytes/);
    const local = stage({ clock: systemClock, cwd: folder, createHost: openOnly });
    expect(await local.run('adapter', 'types', 'nothing')).toBe(1);
    expect(local.err()).toMatch(
      /^REGISTRY_NOT_FOUND: nothing is no folder and no file here, and no adapter in /,
    );
  });

  test('of what is no host are refused, and a terminal obeys nothing of them', async () => {
    await begin();
    const ask = async (answer: unknown) => {
      const address = await listen((_request, response) => response.end(JSON.stringify(answer)));
      return run(undefined, 'types', 'shout', '--from', address);
    };
    for (const answer of [null, [], 'x', {}, { version: 1, world: 'x' }]) {
      expect((await ask(answer)).err).toMatch(/^KIT_HOST_REFUSED: the host does not say what shout is/);
    }
    expect((await ask({ version: '1\n;x', world: 'x', declarations: '' })).err).toMatch(/^KIT_HOST_REFUSED/);
    const { out } = await ask({ version: '1', world: 'x', declarations: 'A\u001b[2JB' });
    expect(out).toMatch(/\nA \[2JB$/);
    const long = await listen((_request, response) => response.end(Buffer.alloc(9 << 20)));
    expect((await run(undefined, 'types', 'shout', '--from', long)).err).toMatch(
      /^KIT_HOST_UNREACHABLE: GET .*: its answer has more than 8388608 bytes/,
    );
  });
});

/** As the program makes its hosts, without what comes with Hotcell. */
const openOnly: World['createHost'] = (config, only) =>
  createHost({ ...config, bundled: false, ...(only && { only }) });

function compile(text: string): string {
  writeFileSync(at('use.ts'), text);
  const tsc = new URL('../../node_modules/typescript/bin/tsc', import.meta.url).pathname;
  const options = ['--noEmit', '--strict', '--target', 'esnext', '--module', 'nodenext', '--ignoreConfig'];
  const types = [
    '--types',
    'node',
    '--typeRoots',
    new URL('../../node_modules/@types', import.meta.url).pathname,
  ];
  const args = [tsc, ...options, '--allowImportingTsExtensions', '--skipLibCheck', ...types, at('use.ts')];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: at() });
  return stdout;
}

/** A clock on which all waiting is over at once. */
const soonClock = {
  ...systemClock,
  after(waitMs: number, fn: () => void) {
    // How long files stay quiet before a build; what a host may take is not waited for at all.
    if (waitMs > 1000) return { cancel() {} };
    queueMicrotask(fn);
    return { cancel() {} };
  },
};

/** `hotcell adapter dev` in the adapter's folder; `next` resolves when it waits for a change after the last `change`. */
function dev(
  flags: { to?: string; sign?: string },
  given: Partial<World> = {},
  config?: Partial<HostConfig>,
) {
  const said: string[] = [];
  let onChange = (): void => {};
  let stop = (): void => {};
  let settled = Promise.withResolvers<void>();
  const world = {
    cwd: at(),
    env: { HOTCELL_TOKEN: 'boss' },
    clock: soonClock,
    stderr: {
      write(text: string) {
        said.push(text);
        if (text.includes('waiting for changes')) setImmediate(settled.resolve);
      },
    },
    signals: (onSignal: (signal: NodeJS.Signals) => void) => {
      stop = () => onSignal('SIGINT');
      return () => {};
    },
    ...given,
  } as unknown as World;
  const whole = { ...resolveConfig({ cwd: at() }).config, ...config };
  const ended = runDev(world, whole, { dir: '.', ...flags }, (_folder, callback) => {
    onChange = callback;
    return () => {};
  });
  return {
    said: () => said.splice(0).join(''),
    next: () => settled.promise,
    async change(text: string) {
      settled = Promise.withResolvers();
      writeFileSync(at('guest.wat'), text);
      onChange();
      await settled.promise;
    },
    async stop() {
      stop();
      await ended;
    },
  };
}

describe('adapter dev', () => {
  test('puts each change into the host that it was pointed at, and goes on when that was down', async () => {
    await begin();
    const source = readFileSync(at('guest.wat'), 'utf8');
    const data = join(folder, 'data');
    let served = await serveHost({ executors: 1, tokens, data });
    const port = Number(new URL(served.url).port);
    const session = dev({ to: served.url });
    await session.next();
    expect(session.said()).toMatch(/^shout: built in .* — active; waiting for changes\n$/);
    let log = '';
    // The host may not have heard yet that somebody listens.
    const seen = async (): Promise<string> => {
      expect(await slug(served)).toBe('"a-b"');
      log += session.said();
      return log;
    };
    await expect.poll(seen).toMatch(/^ {2}call {2}slug ok in \d+\.\d\d ms\n/);

    await session.change(source.replace('i32.const 45', 'i32.const 95'));
    expect(await slug(served)).toBe('"a_b"');

    await session.change(`${source}(`);
    expect(session.said()).toMatch(/KIT_BUILD_FAILED[\s\S]*the version before runs on/);
    expect(await slug(served)).toBe('"a_b"');

    await served.close();
    await session.change(source);
    expect(session.said()).toMatch(
      /KIT_HOST_UNREACHABLE: PUT .*\nwaiting for changes; the next one is sent again\n$/,
    );

    served = await serveHost({ executors: 1, tokens, data, port });
    closing.push(served.close);
    expect(await slug(served)).toBe('"a_b"');
    await session.change(`${source}\n`);
    expect(await slug(served)).toBe('"a-b"');
    await session.stop();
  });

  test('signs what it sends to a host that asks for it', async () => {
    await begin();
    const ada = keyPair();
    writeFileSync(at('key.pem'), ada.sign);
    const served = await start({ trustedKeys: [ada.verify] });
    const unsigned = dev({ to: served.url });
    await unsigned.next();
    expect(unsigned.said()).toMatch(/PACKAGE_UNSIGNED: /);
    await unsigned.stop();
    const signed = dev({ to: served.url, sign: 'key.pem' });
    await signed.next();
    expect(await slug(served)).toBe('"a-b"');
    await signed.stop();
  });

  test('shows what the guest logs, without what a terminal obeys, and each call with its end', async () => {
    await begin();
    const source = readFileSync(at('guest.wat'), 'utf8');
    // A line of level `info` with an escape sequence in it, written when `slug` begins.
    const logging = source
      .replace(
        '(module',
        '(module\n(import "hotcell:capabilities/log@1.0.0" "write" (func $log (param i32 i32 i32)))\n(data (i32.const 8) "A\\1b[2JB")',
      )
      .replaceAll('(i32.const 16)', '(i32.const 32)')
      .replace('(block $done', '(call $log (i32.const 2) (i32.const 8) (i32.const 6))\n(block $done');
    writeFileSync(at('guest.wat'), logging);
    const wit = readFileSync(at('world.wit'), 'utf8');
    writeFileSync(
      at('world.wit'),
      wit.replace('world shout {', 'world shout {\n  import hotcell:capabilities/log@1.0.0;'),
    );
    const manifest = JSON.parse(readFileSync(at('adapter.json'), 'utf8'));
    writeFileSync(at('adapter.json'), JSON.stringify({ ...manifest, capabilities: { log: {} } }));

    let url = '';
    const session = dev(
      {},
      {
        createHost: (config) => createHost({ ...config, executors: 1 }),
        createTelemetry: async () => ({ metricsText: async () => '', close: () => {} }),
        async serve(host) {
          const server = await serve(host, {
            host: '127.0.0.1',
            port: 0,
            bodyMaxBytes: 1024 * 1024,
            idempotency: { ttlMs: 1000, maxEntries: 1, maxBytes: 1024 },
            drainTimeoutMs: 1000,
            clock: systemClock,
            metricsText: async () => '',
            version: 'test',
          });
          url = server.address;
          return server;
        },
      },
      { trustedKeys: ['/nowhere.pem'] },
    );
    await session.next();
    expect(session.said()).toMatch(/\/v1\/adapters\/shout\/…\n[\s\S]* — active; waiting for changes\n$/);
    const call = async (path: string, body: string): Promise<string> => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${url}/v1/adapters/shout/${path}`, { method: 'POST', body, headers })).text();
    };
    expect(await call('slug', '{"text":"a b"}')).toBe('"a-b"');
    expect(session.said()).toMatch(/^ {2}info {2}A \[2JB\n {2}call {2}slug ok in \d+\.\d\d ms\n$/);
    await call('count', '{}');
    expect(session.said()).toMatch(/^ {2}call {2}count ADAPTER_BAD_INPUT in /);
    await session.stop();
  });
});
