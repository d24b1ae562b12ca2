/**
 * The command line against a host made for the test: what is printed where, which exit code, and that whatever
 * happens host, server and telemetry are ended in order. Time, signals and streams belong to the test.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { notice } from '../../host/channels.ts';
import { createCli } from '../../host/cli/cli.ts';
import type { World } from '../../host/cli/world.ts';
import { createFakeClock } from '../../host/clock.ts';
import type { HostConfig } from '../../host/config.ts';
import { HostError } from '../../host/errors.ts';
import { OPTION_NAMES } from '../../host/options.ts';
import type { Call, Host, Outcome, Receipt } from '../../host/types.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hotcell-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const usage = { queueMs: 0, runMs: 0, attempts: 1, inputBytes: 0, outputBytes: 0 };

interface Stage {
  readonly run: (...args: string[]) => Promise<number>;
  readonly out: () => string;
  readonly err: () => string;
  /** What happened to host, server and telemetry, in order. */
  readonly events: string[];
  readonly calls: Call[];
  readonly configs: HostConfig[];
  readonly clock: ReturnType<typeof createFakeClock>;
  signal(name: NodeJS.Signals): void;
}

function stage(
  given: Partial<World> & {
    input?: readonly string[];
    answer?: (call: Call) => Outcome;
    inputMaxBytes?: number;
    onListening?: (stage: Stage) => void;
  } = {},
): Stage {
  const out: Buffer[] = [];
  const err: string[] = [];
  const events: string[] = [];
  const calls: Call[] = [];
  const configs: HostConfig[] = [];
  const clock = createFakeClock();
  let onSignal: ((signal: NodeJS.Signals) => void) | undefined;

  const answer = given.answer ?? ((call): Outcome => ({ kind: 'ok', bytes: call.payload, usage }));
  const host = {
    adapters: () => [
      {
        name: 'echo',
        version: '1.0.0',
        origin: 'bundled',
        isolation: 'shared',
        operations: ['echo', 'reverse'],
      },
    ],
    adapter(name: string) {
      if (name !== 'echo') throw new HostError('REGISTRY_NOT_FOUND', `there is no adapter ${name}`);
      return { manifest: { operations: { echo: { inputMaxBytes: given.inputMaxBytes ?? 1000 } } } };
    },
    async invoke(call: Call) {
      calls.push(call);
      const receipt: Receipt = { ...call, version: '1.0.0', outcome: 'ok', usage };
      return { outcome: answer(call), receipt };
    },
    snapshot: () => expect.unreachable(),
    async close() {
      if (!events.includes('host closed')) events.push('host closed');
    },
  } as unknown as Host;

  const world: World = {
    version: '1.2.3',
    env: {},
    cwd: folder,
    clock,
    stdin: (async function* () {
      for (const text of given.input ?? []) yield Buffer.from(text);
    })(),
    stdout: {
      write(chunk: string | Uint8Array, done?: () => void) {
        out.push(Buffer.from(chunk as string));
        done?.();
      },
    },
    stderr: { write: (text) => err.push(text) },
    signals(listener) {
      onSignal = listener;
      return () => void events.push('signals off');
    },
    exit: (code) => void events.push(`exit ${code}`),
    async createHost(config) {
      configs.push(config);
      notice({ level: 'info', event: 'pool.warming', message: 'warming pool echo' });
      notice({ level: 'debug', event: 'pool.detail', message: 'a detail' });
      events.push('host created');
      return host;
    },
    async serve() {
      events.push('listening');
      queueMicrotask(() => given.onListening?.(all));
      return { address: 'http://127.0.0.1:8080', close: async () => void events.push('server closed') };
    },
    async createTelemetry() {
      events.push('telemetry on');
      return { metricsText: async () => '', close: () => void events.push('telemetry off') };
    },
    ...given,
  };
  const cli = createCli(world);
  const all: Stage = {
    run: (...args) => cli(args),
    out: () => Buffer.concat(out).toString(),
    err: () => err.join(''),
    events,
    calls,
    configs,
    clock,
    signal: (name) => onSignal?.(name),
  };
  return all;
}

describe('usage', () => {
  test.each(['serve', 'invoke', 'adapters', 'config', 'token'])(
    '%s --help shows an example of it',
    async (command) => {
      const { run, out } = stage();
      expect(await run(command, '--help')).toBe(0);
      expect(out()).toMatch(new RegExp(`Example:\n {2}\\$ .*hotcell ${command}`));
    },
  );

  test('--version is the version of the package and nothing else', async () => {
    const { run, out } = stage();
    expect(await run('--version')).toBe(0);
    expect(out()).toBe('1.2.3\n');
  });

  test.each([
    [['invoke', 'echo']],
    [['serve', '--prot', '1']],
    [['nonsense']],
    [['token', '--role', 'root']],
    [[]],
  ])('a wrong command line %j exits with 2 and prints nothing to standard output', async (args) => {
    const { run, out, err } = stage();
    expect(await run(...args)).toBe(2);
    expect(out()).toBe('');
    expect(err()).not.toBe('');
  });

  test('a wrong configuration exits with 1 and names every problem', async () => {
    const { run, err } = stage({ env: { HOTCELL_PROT: '1' } });
    expect(await run('serve', '--port', 'x', '--pool-min', '-1')).toBe(1);
    expect(err().split('\n')).toEqual([
      'CONFIG_INVALID: 3 problems in the configuration',
      expect.stringContaining('HOTCELL_PROT is not an option; did you mean HOTCELL_PORT?'),
      expect.stringContaining('port must be a whole number'),
      expect.stringContaining('pool.min must be a whole number'),
      '',
    ]);
  });

  test('every option but the tokens is a flag of serve', async () => {
    const { run, out } = stage();
    await run('serve', '--help');
    const flags: readonly string[] = out().match(/--[a-z-]+/g) ?? [];
    for (const name of OPTION_NAMES) {
      const flag = `--${name.replace('MiB', 'Mib').replace(/[A-Z.]/g, (c) => (c === '.' ? '-' : `-${c.toLowerCase()}`))}`;
      expect(flags.includes(flag), flag).toBe(name !== 'tokens');
    }
  });
});

describe('configuration', () => {
  test('flags, environment and file meet in one table that says where each value came from', async () => {
    writeFileSync(join(folder, 'hotcell.config.json'), '{"killGraceMs": 20, "pool": {"max": 9}}');
    const { run, out } = stage({ env: { HOTCELL_LOG_LEVEL: 'warn' } });
    expect(await run('config', '--port', '0', '--no-bundled', '--prepare-heap-mib', '99', '--json')).toBe(0);
    const lines = JSON.parse(out()) as { name: string; value: unknown; source: string }[];
    const found = Object.fromEntries(lines.map(({ name, value, source }) => [name, `${value} ${source}`]));
    expect(found).toMatchObject({
      port: '0 flag',
      bundled: 'false flag',
      prepareHeapMiB: '99 flag',
      logLevel: 'warn environment',
      killGraceMs: '20 file',
      'pool.max': '9 file',
      host: '127.0.0.1 default',
    });
  });

  test('a configuration file that was named must exist', async () => {
    const { run, err } = stage();
    expect(await run('config', '--config', 'none.json')).toBe(1);
    expect(err()).toContain('none.json cannot be read (ENOENT)');
    expect(await run('config')).toBe(0);
  });

  test('a new token is accepted by the configuration it prints, which does not hold it', async () => {
    const { run, out, err } = stage();
    expect(await run('token', '--name', 'broker', '--tenant', 'acme', '--role', 'admin')).toBe(0);
    const [token, entry] = out().trim().split('\n');
    expect(token).toMatch(/^hc_[A-Za-z0-9_-]{43}$/);
    expect(err()).not.toContain(token);
    expect(entry).not.toContain(token);
    const env = { HOTCELL_TOKENS: `[${entry}]`, HOTCELL_HOST: '0.0.0.0' };
    const printed = stage({ env });
    expect(await printed.run('config')).toBe(0);
    expect(printed.out()).toContain('{"name":"broker","tenant":"acme","role":"admin"}');
  });

  test('a token for an impossible tenant is not made', async () => {
    const { run, out } = stage();
    expect(await run('token', '--tenant', '../x')).toBe(1);
    expect(out()).toBe('');
  });
});

describe('invoke', () => {
  test('bytes go from standard input through the host to standard output, and nothing else does', async () => {
    const { run, out, events, calls } = stage({ input: ['he', 'llo\0'] });
    expect(await run('invoke', 'echo', 'echo')).toBe(0);
    expect(out()).toBe('hello\0');
    expect(calls[0]).toMatchObject({ adapter: 'echo', operation: 'echo', tenant: 'public' });
    expect(events).toEqual(['host created', 'host closed']);
  });

  test('files serve as input and output', async () => {
    writeFileSync(join(folder, 'in.bin'), Buffer.from([0, 255, 254]));
    const { run, out } = stage();
    expect(await run('invoke', 'echo', 'echo', '--in', 'in.bin', '--out', 'out.bin')).toBe(0);
    expect([...readFileSync(join(folder, 'out.bin'))]).toEqual([0, 255, 254]);
    expect(out()).toBe('');
  });

  test('one call warms nothing it does not need, unless it was asked to', async () => {
    const { run, configs } = stage();
    await run('invoke', 'echo', 'echo');
    await run('invoke', 'echo', 'echo', '--executors', '3', '--pool-min', '2');
    expect(configs.map(({ executors, pool }) => [executors, pool.min])).toEqual([
      [1, 0],
      [3, 2],
    ]);
  });

  test('an error is its code and detail on standard error, and leaves no output file', async () => {
    const answer = (): Outcome => ({
      kind: 'error',
      error: new HostError('EXECUTOR_TRAP', 'unreachable'),
      usage,
    });
    const { run, out, err, events } = stage({ answer });
    expect(await run('invoke', 'echo', 'echo', '--out', 'out.bin')).toBe(1);
    expect([out(), err()]).toEqual(['', expect.stringContaining('EXECUTOR_TRAP: unreachable\n')]);
    expect(() => readFileSync(join(folder, 'out.bin'))).toThrow('ENOENT');
    expect(events.at(-1)).toBe('host closed');
  });

  test('--json wraps text as text, other bytes as base64, and errors too', async () => {
    const text = stage({ input: ['é'] });
    expect(await text.run('invoke', 'echo', 'echo', '--json')).toBe(0);
    expect(JSON.parse(text.out())).toMatchObject({
      success: true,
      result: 'é',
      encoding: 'utf8',
      adapter: 'echo',
    });

    const bytes = stage({ answer: () => ({ kind: 'ok', bytes: Uint8Array.of(1, 0xff).subarray(1), usage }) });
    await bytes.run('invoke', 'echo', 'echo', '--json');
    expect(JSON.parse(bytes.out())).toMatchObject({ result: '/w==', encoding: 'base64' });

    const error = new HostError('ADAPTER_BAD_INPUT', 'no', { cause: new Error('inner secret') });
    const failed = stage({ answer: () => ({ kind: 'error', error, usage }) });
    expect(await failed.run('invoke', 'echo', 'echo', '--json')).toBe(1);
    expect(JSON.parse(failed.out())).toMatchObject({ success: false, error: { code: 'ADAPTER_BAD_INPUT' } });
    expect(failed.out()).not.toContain('inner secret');
  });

  test('an input beyond the limit of the operation is given up while it is read', async () => {
    let given = 0;
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(++given && 100);
    })();
    const { run, err, calls } = stage({ stdin: endless, inputMaxBytes: 350 });
    expect(await run('invoke', 'echo', 'echo')).toBe(1);
    expect(err()).toContain('POOL_NEVER_FITS: the input is larger than the 350 bytes');
    expect([given, calls.length]).toEqual([4, 0]);
  });

  test('a large input says how far it is', async () => {
    const input = Array.from({ length: 20 }, () => 'x'.repeat(1024 * 1024));
    const { run, err } = stage({ input, inputMaxBytes: 64 * 1024 * 1024 });
    await run('invoke', 'echo', 'echo', '--out', 'big');
    expect(err().match(/read \d+ MiB …/g)).toEqual(['read 8 MiB …', 'read 16 MiB …']);
  });

  test.each([
    [['nobody', 'echo'], 'REGISTRY_NOT_FOUND'],
    [['echo', 'nothing'], 'REGISTRY_OPERATION_NOT_FOUND'],
    [['echo', 'echo', '--in', 'missing'], 'missing cannot be read (ENOENT)'],
    [['echo', 'echo', '--out', 'no/such/folder'], 'no/such/folder cannot be written (ENOENT)'],
  ])('%j ends with 1, a reason, and a closed host', async (args, reason) => {
    const { run, err, events } = stage();
    expect(await run('invoke', ...args)).toBe(1);
    expect(err()).toContain(reason);
    expect(events.at(-1)).toBe('host closed');
  });

  test('a reader that has seen enough is no error', async () => {
    const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const stdout = { write: (_: unknown, done?: (error: Error) => void) => done?.(closed) };
    const { run, err } = stage({ stdout, input: ['x'] });
    expect(await run('invoke', 'echo', 'echo')).toBe(0);
    expect(err()).not.toContain('EPIPE');
  });
});

describe('adapters', () => {
  test('lists name, version, origin and operations, and ends the host', async () => {
    const { run, out, events } = stage();
    expect(await run('adapters')).toBe(0);
    expect(out()).toMatch(/ADAPTER .*\necho +1\.0\.0 +bundled +shared +echo reverse\n$/);
    expect(events).toEqual(['host created', 'host closed']);
  });
});

describe('serve', () => {
  test('notices of the start are progress lines, then comes the address with a call to try', async () => {
    const { run, out, err } = stage({ onListening: ({ signal }) => signal('SIGTERM') });
    expect(await run('serve')).toBe(0);
    expect(out()).toBe('');
    expect(err()).toContain('warming pool echo\n');
    expect(err()).not.toContain('a detail');
    expect(err()).toContain('listens on http://127.0.0.1:8080\n');
    expect(err()).toContain('curl --data-binary hello http://127.0.0.1:8080/v1/adapters/echo/echo\n');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends server, host and telemetry in this order',
    async (name) => {
      const { run, events } = stage({ onListening: ({ signal }) => signal(name) });
      expect(await run('serve')).toBe(0);
      expect(events).toEqual([
        'host created',
        'telemetry on',
        'listening',
        'server closed',
        'host closed',
        'telemetry off',
        'signals off',
      ]);
    },
  );

  test('one key press that arrives twice drains; a second one later ends at once', async () => {
    const closing = Promise.withResolvers<void>();
    const listening = Promise.withResolvers<void>();
    const { run, events, signal, clock } = stage({
      async serve() {
        listening.resolve();
        return { address: 'http://127.0.0.1:1', close: () => closing.promise };
      },
    });
    const ended = run('serve');
    await listening.promise;
    signal('SIGINT');
    signal('SIGINT');
    await clock.advance(499);
    signal('SIGINT');
    expect(events).not.toContain('exit 1');
    await clock.advance(1);
    signal('SIGTERM');
    expect(events).toContain('exit 1');
    closing.resolve();
    expect(await ended).toBe(0);
  });

  test('a signal during the start ends it as soon as the host can be closed', async () => {
    const early: Stage = stage({
      createTelemetry: () => expect.unreachable(),
      signals(listener) {
        listener('SIGTERM');
        return () => {};
      },
    });
    expect(await early.run('serve')).toBe(0);
    expect(early.events).toEqual(['host created', 'host closed']);
  });

  test.each([
    ['EADDRINUSE', 'port 8080 on 127.0.0.1 is taken'],
    ['EACCES', 'may not be opened by this user'],
    ['EADDRNOTAVAIL', 'is no address of this machine'],
  ])('%s is said with what to do, and everything is ended', async (code, text) => {
    const { run, err, events } = stage({
      serve: () => Promise.reject(Object.assign(new Error('listen'), { code })),
    });
    expect(await run('serve')).toBe(1);
    expect(err()).toContain(text);
    expect(err()).not.toContain('    at ');
    expect(events).toEqual(['host created', 'telemetry on', 'telemetry off', 'host closed', 'signals off']);
  });

  test('an unexpected error shows the operator its cause', async () => {
    const { run, err } = stage({
      createHost: () =>
        Promise.reject(new HostError('HOST_INTERNAL', 'no', { cause: new TypeError('the cause') })),
    });
    expect(await run('serve')).toBe(1);
    expect(err()).toContain('HOST_INTERNAL: no\n');
    expect(err()).toContain('TypeError: the cause');
  });
});
