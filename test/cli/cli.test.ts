/** The command line: help, exit codes, configuration, and the commands that only print. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { notice } from '../../host/channels.ts';
import { OPTION_NAMES } from '../../host/options.ts';
import { folder, stage, useFolders } from './stage.ts';

useFolders();

describe('usage', () => {
  test.each(['serve', 'invoke', 'seal', 'open', 'adapters', 'config', 'token'])(
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

  test('every option is a flag of serve, but what holds secrets or is no single value', async () => {
    const { run, out } = stage();
    await run('serve', '--help');
    expect(out().replaceAll(/\s+/g, ' ')).toContain('One of silent, fatal, error, warn, info, debug, trace.');
    const flags: readonly string[] = out().match(/--[a-z-]+/g) ?? [];
    const unflagged = ['tokens', 'capabilities', 'kvUrl'];
    for (const name of OPTION_NAMES) {
      const flag = `--${name.replace('MiB', 'Mib').replace(/[A-Z.]/g, (c) => (c === '.' ? '-' : `-${c.toLowerCase()}`))}`;
      expect(flags.includes(flag), flag).toBe(!unflagged.includes(name));
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

describe('adapters', () => {
  test('lists name, version, origin and operations, and ends the host', async () => {
    const { run, out, events } = stage();
    expect(await run('adapters')).toBe(0);
    expect(out()).toMatch(/ADAPTER .*\necho +1\.0\.0 +bundled +shared +echo reverse\n$/);
    expect(events).toEqual(['host created', 'host closed']);
  });

  test.each([['adapters'], ['invoke', 'echo', 'echo']])(
    'what was skipped is said to those who miss it: %s',
    async (...args) => {
      const { createHost } = stage();
      const { run, err } = stage({
        async createHost(config) {
          notice({ level: 'error', event: 'registry.skipped', message: 'adapter mine was skipped' });
          return createHost(config);
        },
      });
      expect(await run(...args)).toBe(0);
      expect(err()).toBe('adapter mine was skipped\n');
    },
  );
});
