/**
 * Whole starts of the launcher, as processes of their own over small programs: what they build, hand over, pass on and
 * return.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { makeRoot, removeRoots, write } from './root.ts';

removeRoots();

const bootPath = fileURLToPath(new URL('../../host/boot.mjs', import.meta.url));

/** A root that can be started: packages linked, boot.mjs copied, and `main` as its host/main.ts. */
function makeProgram(main: string, build = ''): string {
  const root = makeRoot({ 'host/main.ts': main, 'adapters/build.ts': build });
  mkdirSync(join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'node_modules'));
  cpSync(bootPath, join(root, 'host', 'boot.mjs'));
  return root;
}

const running = new Set<ChildProcess>();
// A test that failed must not leave its program behind: the launcher passes SIGTERM on to it.
afterEach(() => {
  for (const child of running) child.kill('SIGTERM');
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  root: string,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
) {
  return new Promise<Ended>((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'host', 'boot.mjs'), ...args], {
      env: options.env ?? process.env,
    });
    running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      options.onStdout?.(stdout, (signal) => child.kill(signal));
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

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

  test('build takes folders and options, and leaves the adapters here to the next start', async () => {
    const root = makeProgram('console.log("main")', 'console.log(JSON.stringify(process.argv.slice(2)))');
    expect(await start(root, ['--script', 'build', '--out', 'there', '../mine'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '["--verbose","--out","there","../mine"]\n',
    });
    expect(await start(root, [])).toMatchObject({ stdout: 'main\n', stderr: '[]\n' });
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
      const ended = await start(root, [], {
        onStdout(text, kill) {
          if (text.includes('ready') && !sent) kill(signal);
          sent ||= text.includes('ready');
        },
      });
      expect(ended).toMatchObject({ code: 5, signal: null, stdout: 'ready\ntold\n' });
    },
  );

  test('a program whose npm was ended by SIGTERM is told, and does not keep its port for ever', async () => {
    const root = makeProgram(`
      process.on('SIGTERM', () => { console.log('told'); process.exit(0); });
      setTimeout(() => {}, 10_000);
      console.log('ready');`);
    // What npm does: a shell, which gets the signal and does not pass it on.
    const shell = spawn('/bin/sh', ['-c', '"$0" "$1"; exit', process.execPath, join(root, 'host/boot.mjs')], {
      env: { ...process.env, npm_lifecycle_event: 'start' },
    });
    running.add(shell);
    let stdout = '';
    shell.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout === 'ready\n') shell.kill('SIGTERM');
    });
    // Closed when the last process that holds the stream has ended.
    await new Promise((resolve) => shell.on('close', resolve));
    running.delete(shell);
    expect(stdout).toBe('ready\ntold\n');
  });

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

describe('an install', () => {
  /** A root without packages, and an npm that does what `npm` says. */
  function makeBare(npm: string): { root: string; env: NodeJS.ProcessEnv } {
    const root = makeRoot({
      'host/main.ts': 'console.log("main")',
      'adapters/build.ts': '',
      'package-lock.json': '{"packages":{"":{}}}',
      'npm-cli.js': `import { mkdirSync } from 'node:fs';\n${npm}`,
    });
    cpSync(bootPath, join(root, 'host', 'boot.mjs'));
    return { root, env: { ...process.env, npm_execpath: join(root, 'npm-cli.js') } };
  }

  test('happens once, without scripts and without touching the lock file', async () => {
    const { root, env } = makeBare(
      `mkdirSync('node_modules'); console.log(process.argv.slice(2).join(' '));`,
    );
    const first = await start(root, [], { env });
    expect(first).toMatchObject({ code: 0, stdout: 'main\n' });
    expect(first.stderr).toMatch(/^installing about 0 packages … done in \d+ s\n$/);
    expect(await start(root, [], { env })).toMatchObject({ code: 0, stdout: 'main\n', stderr: '' });
  });

  test('that fails shows what npm said, and is tried again the next time', async () => {
    const { root, env } = makeBare(`mkdirSync('node_modules', { recursive: true });
      console.log(process.argv.slice(2).join(' ')); console.error('no network'); process.exitCode = 1;`);
    for (let attempt = 0; attempt < 2; attempt++) {
      const ended = await start(root, [], { env });
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(/--no-save --ignore-scripts/);
      expect(ended.stderr).toContain('no network\n');
      expect(ended.stderr).toContain('hotcell: npm failed (1); its output is above\n');
    }
  });

  test('of two starts at once is done by one', async () => {
    const { root, env } = makeBare(`mkdirSync('node_modules');`);
    // A second npm would fail: the folder exists.
    const both = await Promise.all([start(root, [], { env }), start(root, [], { env })]);
    expect(both.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, 'main\n'],
      [0, 'main\n'],
    ]);
  });

  test('is not begun with a lock file of another package.json', async () => {
    const { root, env } = makeBare('');
    write(root, { 'package.json': '{"type":"module","dependencies":{"a":"1"}}' });
    const ended = await start(root, [], { env });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^hotcell: package\.json and package-lock\.json disagree/);
  });
});
