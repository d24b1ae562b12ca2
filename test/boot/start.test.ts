/**
 * Whole starts of the launcher, as processes of their own over small programs: what they build, hand over, pass on and
 * return.
 */

import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeRoot, write } from './root.ts';

const bootPath = fileURLToPath(new URL('../../host/boot.mjs', import.meta.url));

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
