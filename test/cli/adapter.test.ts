/**
 * The commands of the kit as an author uses them, from an empty folder, with the real build and a real host. One language
 * whose build takes a moment stands for all; `templates.test.ts` has the others.
 */

import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCases } from '../../host/cli/adapter-cases.ts';
import { runDev } from '../../host/cli/adapter-dev.ts';
import type { World } from '../../host/cli/world.ts';
import { systemClock } from '../../host/clock.ts';
import { resolveConfig } from '../../host/config.ts';
import { createHost } from '../../host/host.ts';
import { makePackage } from '../../host/package/package.ts';
import { builtAdapter } from '../built-adapters.ts';
import { sharePreparations } from '../data-folder.ts';
import { keyPair } from '../package/samples.ts';
import { folder, stage, useFolders } from './stage.ts';

useFolders();

/** A command line whose hosts are real. */
function author(given: Partial<World> = {}) {
  return stage({
    clock: systemClock,
    createHost: (config, only) => createHost(only === undefined ? config : { ...config, only }),
    ...given,
  });
}

const at = (...path: string[]): string => join(folder, 'shout', ...path);

async function begin(lang = 'wat'): Promise<void> {
  expect(await author().run('adapter', 'new', 'shout', '--lang', lang)).toBe(0);
}

/** Runs a command in the adapter's folder and gives what it said. */
async function inShout(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  // Where a project's host keeps what it prepares, and where an install does.
  for (const data of ['.hotcell/data', 'hotcell-data']) await sharePreparations(at(data));
  const one = author({ cwd: at() });
  const code = await one.run('adapter', ...args);
  return { code, out: one.out(), err: one.err() };
}

describe('adapter new', () => {
  test('writes a template under the name that was asked for', async () => {
    await begin();
    expect(readdirSync(at()).sort()).toEqual([
      '.gitignore',
      'README.md',
      'adapter.json',
      'cases.json',
      'guest.wat',
      'world.wit',
    ]);
    expect(readFileSync(at('world.wit'), 'utf8')).toContain('world shout {');
    for (const file of readdirSync(at())) expect(readFileSync(at(file), 'utf8')).not.toContain('my-adapter');
  });

  test('writes over nothing', async () => {
    await begin();
    const again = author();
    expect(await again.run('adapter', 'new', 'shout', '--lang', 'js')).toBe(1);
    expect(again.err()).toMatch(/shout is not empty: name another folder with --dir/);
  });

  test.each(['Shout', '../shout', 'a--b', 'a-1', ''])('refuses the name %j', async (name) => {
    const one = author();
    expect(await one.run('adapter', 'new', name, '--lang', 'ts')).toBe(1);
    expect(one.err()).toMatch(/CONFIG_INVALID: .* cannot be the name of an adapter/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('adapter check', () => {
  test('passes what the template makes, and says what it costs', async () => {
    await begin();
    const { code, out } = await inShout('check', '--cells', '20');
    expect(out).toMatch(/^contract +ok +2 operations: slug, count/m);
    expect(out).toMatch(/^imports +ok +none/m);
    expect(out).toMatch(/^cases +ok +3 of 3 pass/m);
    expect(out).toMatch(/^cold start +ok +p50 [\d.]+ ms, p95 [\d.]+ ms \(20 new cells/m);
    expect(code).toBe(0);
  });

  test('fails with 1 and the case when an answer is another one', async () => {
    await begin();
    const cases = [{ operation: 'slug', input: { json: { text: 'A' } }, output: { json: 'b' } }];
    writeFileSync(at('cases.json'), JSON.stringify(cases));
    const { code, out } = await inShout('check', '--cells', '1', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      passed: false,
      failed: [{ title: 'slug {"text":"A"}', problem: 'expected "\\"b\\"", got "\\"a\\""' }],
    });
  });

  test('runs the cases behind one that ends its cell, which may be what a case expects', async () => {
    await begin();
    const text = readFileSync(at('guest.wat'), 'utf8');
    // An argument of 7 characters ends the cell.
    const trap = '(if (i32.eq (local.get $length) (i32.const 7)) (then unreachable)) (block $done';
    writeFileSync(at('guest.wat'), text.replace('(block $done', trap));
    const input = { json: { text: '7654321' } };
    const cases = [
      { operation: 'slug', input, output: { json: 'x' } },
      { operation: 'slug', input, failure: { kind: 'EXECUTOR_TRAP' } },
      { operation: 'slug', input: { json: { text: 'a' } }, output: { json: 'a' } },
    ];
    writeFileSync(at('cases.json'), JSON.stringify(cases));
    const { code, out } = await inShout('check', '--cells', '1');
    expect(code).toBe(1);
    expect(out).toMatch(/cases +FAILED +2 of 3 pass/);
    expect(out).toMatch(/case slug .*: expected a result, got EXECUTOR_TRAP/);
  });

  test('fails with what the host would say of the manifest', async () => {
    await begin();
    const manifest = JSON.parse(readFileSync(at('adapter.json'), 'utf8'));
    writeFileSync(at('adapter.json'), JSON.stringify({ ...manifest, limits: { timeoutMs: 'soon' } }));
    const { code, out } = await inShout('check');
    expect(code).toBe(1);
    expect(out).toMatch(/refused +FAILED +REGISTRY_MANIFEST_INVALID: .*\/limits\/timeoutMs/);
  });

  test.each<[string, unknown, RegExp]>([
    ['no list', {}, /is not a list/],
    ['a case that cannot fail', [{ operation: 'slug' }], /case 1 needs either an output or a failure/],
    ['no operation', [{ output: { text: '' } }], /case 1 names no operation/],
    [
      'an input of no kind',
      [{ operation: 'a', input: { x: 1 }, output: { text: '' } }],
      /input and output are/,
    ],
    ['a failure of no kind', [{ operation: 'a', failure: {} }], /case 1: failure.kind is missing/],
  ])('says what is wrong with cases.json: %s', (_what, cases, message) => {
    expect(() => parseCases(JSON.stringify(cases))).toThrow(message);
  });
});

describe('adapter build and run', () => {
  test('an operation answers, and wrong arguments are told with their place', async () => {
    await begin();
    expect((await inShout('run', 'slug', '--json', '{"text": "Hello, World!"}')).out).toBe('"hello-world"');
    const wrong = await inShout('run', 'slug', '--json', '{"text": 7}');
    expect([wrong.code, wrong.err]).toEqual([
      1,
      expect.stringMatching(/ADAPTER_BAD_INPUT.*\n.*\/text must be string/),
    ]);
    expect((await inShout('run', 'slug', '--json', '{')).err).toMatch(/CONFIG_INVALID: --json is not JSON/);
    expect((await inShout('run', 'slug', '--json', '1', '--text', 'a')).err).toMatch(/give one of/);
    expect((await inShout('run', 'slugs', '--json', '{}')).err).toMatch(/REGISTRY_OPERATION_NOT_FOUND/);
  });

  test('a source that does not build is told with line and column', async () => {
    await begin();
    appendFileSync(at('guest.wat'), '(');
    const { code, err } = await inShout('build');
    expect([code, err]).toEqual([1, expect.stringMatching(/KIT_BUILD_FAILED: .*\n?.*line \d+, column \d+/)]);
  });

  test('a folder that is no adapter is told what to do', async () => {
    const one = author();
    expect(await one.run('adapter', 'build')).toBe(1);
    expect(one.err()).toMatch(/KIT_PROJECT_INVALID: there is no adapter\.json: .*hotcell adapter new/);
  });
});

describe('adapter pack, verify, push, pull and install', () => {
  test('a signed package goes through a layout on disk into a host, the same byte for byte', async () => {
    await begin();
    const ada = keyPair();
    writeFileSync(at('key.pem'), ada.sign);
    writeFileSync(at('public.pem'), ada.verify);
    const file = 'shout-0.1.0.hotcell.tgz';
    expect((await inShout('pack', '--sign', 'key.pem')).code).toBe(0);
    expect((await inShout('verify', file, '--key', 'public.pem')).out).toMatch(/signature +trusted/);
    expect((await inShout('push', 'oci:layout:v1', '--file', file)).out).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect((await inShout('pull', 'oci:layout:v1', '--out', 'pulled.tgz', '--key', 'public.pem')).code).toBe(
      0,
    );
    expect(readFileSync(at('pulled.tgz'))).toEqual(readFileSync(at(file)));

    expect((await inShout('install', 'pulled.tgz')).code).toBe(0);
    await using host = await createHost({ bundled: false, data: at('hotcell-data') });
    expect(host.adapters()).toMatchObject([{ name: 'shout', version: '0.1.0', origin: 'installed' }]);
    expect(host.adapter('shout').wit).toContain('/// How often a character stands in a text.');
  });

  test('nothing is written of what is not trusted, and no file is replaced unasked', async () => {
    await begin();
    writeFileSync(at('public.pem'), keyPair().verify);
    expect((await inShout('push', 'oci:layout:v1')).code).toBe(0);
    const pulled = await inShout('pull', 'oci:layout:v1', '--out', 'x.tgz', '--key', 'public.pem');
    expect([pulled.code, pulled.err]).toEqual([1, expect.stringMatching(/PACKAGE_UNSIGNED/)]);
    expect(existsSync(at('x.tgz'))).toBe(false);
    writeFileSync(at('x.tgz'), 'mine');
    expect((await inShout('pull', 'oci:layout:v1', '--out', 'x.tgz')).err).toMatch(/x\.tgz exists: --force/);
    expect(readFileSync(at('x.tgz'), 'utf8')).toBe('mine');
  });

  test('a damaged package leaves what is installed as it is', async () => {
    await begin();
    await inShout('pack', '--out', 'a.tgz');
    await inShout('install', 'a.tgz');
    const bytes = readFileSync(at('a.tgz'));
    bytes[400] = (bytes[400] as number) ^ 1;
    writeFileSync(at('b.tgz'), bytes);
    const refused = await inShout('install', 'b.tgz');
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/^PACKAGE_/)]);
    await using host = await createHost({ bundled: false, data: at('hotcell-data') });
    expect(host.adapters()).toMatchObject([{ name: 'shout', version: '0.1.0' }]);
  });
});

describe('adapter types', () => {
  test('prints declarations of a project and of a package file', async () => {
    await begin();
    await inShout('pack', '--out', 'a.tgz');
    const { out } = await inShout('types');
    expect(out).toMatch(
      /^\/\/ shout 0\.1\.0, for createClient<\{ shout: Operations \}>[\s\S]*export interface Operations \{[\s\S]*slug: \{[\s\S]*text: string;/,
    );
    expect((await inShout('types', 'a.tgz')).out).toBe(out);
  });

  test('says that the world bytes has none', async () => {
    const { manifest, component } = await builtAdapter('echo');
    const files = new Map([
      ['adapter.json', Buffer.from(JSON.stringify(manifest))],
      ['component.wasm', component],
    ]);
    writeFileSync(join(folder, 'echo.tgz'), await makePackage({ files }));
    const one = author();
    expect(await one.run('adapter', 'types', 'echo.tgz')).toBe(1);
    expect(one.err()).toMatch(/REGISTRY_UNSUPPORTED: echo is of the world bytes/);
  });
});

/** A clock on which all waiting is over at once. */
function soon(_ms: number, fn: () => void): { cancel(): void } {
  queueMicrotask(fn);
  return { cancel() {} };
}

describe('adapter dev', () => {
  test('serves again after a change, keeps the version before when that is wrong, and ends on a signal', async () => {
    await begin();
    const said: string[] = [];
    let change = (): void => {};
    let stop: (signal: NodeJS.Signals) => void = () => {};
    const waiting: (() => void)[] = [];
    const host = await createHost({ bundled: false, data: at('dev') });
    const call = async (): Promise<string> => {
      const { outcome } = await host.invoke({
        adapter: 'shout',
        operation: 'slug',
        payload: Buffer.from('{"text": "a b"}'),
        tenant: 'public',
        requestId: 'r',
      });
      return outcome.kind === 'ok' ? Buffer.from(outcome.bytes).toString() : outcome.error.code;
    };
    /** Resolves when it waits for the next change. */
    const settled = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
    const world = {
      cwd: at(),
      env: {},
      clock: { ...systemClock, after: soon },
      stderr: {
        write(text: string) {
          said.push(text);
          if (text.includes('waiting for changes')) setImmediate(() => waiting.shift()?.());
        },
      },
      signals: (onSignal: typeof stop) => {
        stop = onSignal;
        return () => said.push('signals off');
      },
      createHost: async () => host,
      createTelemetry: async () => ({ metricsText: async () => '', close: () => {} }),
      serve: async () => ({ address: 'http://here', close: async () => void said.push('server closed') }),
    } as unknown as World;
    const source = readFileSync(at('guest.wat'), 'utf8');
    let next = settled();
    const ended = runDev(world, resolveConfig({ cwd: at() }).config, { dir: '.' }, (_folder, onChange) => {
      change = onChange;
      return () => said.push('watch off');
    });
    await next;
    expect(await call()).toBe('"a-b"');

    next = settled();
    writeFileSync(at('guest.wat'), `${source}(`);
    change();
    await next;
    expect(said.join('')).toMatch(/KIT_BUILD_FAILED[\s\S]*the version before runs on/);
    expect(await call()).toBe('"a-b"');

    next = settled();
    writeFileSync(at('guest.wat'), source.replace('i32.const 45', 'i32.const 95'));
    change();
    await next;
    expect(await call()).toBe('"a_b"');

    stop('SIGINT');
    await ended;
    expect(said.slice(-3)).toEqual(['watch off', 'signals off', 'server closed']);
    expect(host.state).toBe('closed');
    rmSync(at('dev'), { recursive: true, force: true });
  });
});
