/**
 * The packed tarball in an empty folder: the program runs and serves, and the library is imported.
 *
 * The packages it depends on are linked from this clone, so that npm's own part (resolving and fetching them) is not covered.
 */

import { execFile, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtAdapter } from '../built-adapters.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hotcell-installed-'));
const modules = join(folder, 'node_modules');
const launcher = join(modules, 'hotcell', 'host', 'boot.mjs');
const run = promisify(execFile);
const inFolder = { cwd: folder, encoding: 'utf8' } as const;

beforeAll(async () => {
  await builtAdapter('echo');
  await run(process.execPath, [join(ROOT, 'host', 'emit.ts')]);
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(packed.stdout);
  mkdirSync(modules);
  const installed = realpathSync(join(ROOT, 'node_modules'));
  for (const name of readdirSync(installed)) {
    if (name !== 'hotcell') symlinkSync(join(installed, name), join(modules, name));
  }
  mkdirSync(join(modules, 'hotcell'));
  await run('tar', ['-xzf', filename, '-C', join(modules, 'hotcell'), '--strip-components', '1'], inFolder);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the program says its version, and calls an adapter', async () => {
  const { version } = JSON.parse((await run('cat', [join(ROOT, 'package.json')])).stdout);
  expect((await run(process.execPath, [launcher, '--version'], inFolder)).stdout).toBe(`${version}\n`);
  writeFileSync(join(folder, 'in.txt'), 'hello');
  for (const placement of ['thread', 'process']) {
    const args = [launcher, 'invoke', 'echo', 'upper', '--in', 'in.txt', '--placement', placement];
    expect((await run(process.execPath, args, inFolder)).stdout).toBe('HELLO');
  }
}, 60_000);

test('the program serves', async () => {
  const child = spawn(process.execPath, [launcher, 'serve', '--port', '0'], { cwd: folder });
  try {
    let said = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.stderr.on('data', (chunk) => {
        said += chunk;
        const [, found] = /listens on (http:\S+)/.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.on('close', () => reject(new Error(said)));
    });
    const answer = await fetch(`${address}/v1/adapters/echo/echo`, { method: 'POST', body: 'hello' });
    expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
}, 60_000);

test('the library is imported by its name', async () => {
  const program = `
    import { createHost } from 'hotcell';
    import { createClient } from 'hotcell/client';
    console.log(typeof createClient);
    await using host = await createHost({ only: ['echo'] });
    const call = { adapter: 'echo', operation: 'upper', payload: Buffer.from('abc'), tenant: 'public', requestId: '1' };
    console.log(Buffer.from((await host.invoke(call)).outcome.bytes).toString());`;
  writeFileSync(join(folder, 'embed.mjs'), program);
  expect((await run(process.execPath, ['embed.mjs'], inFolder)).stdout).toBe('function\nABC\n');
}, 60_000);

test('the kit works: a template is built, checked and packed', async () => {
  await run(process.execPath, [launcher, 'adapter', 'new', 'shout', '--lang', 'as'], inFolder);
  const inShout = { ...inFolder, cwd: join(folder, 'shout') };
  const { stdout } = await run(process.execPath, [launcher, 'adapter', 'check', '--cells', '5'], inShout);
  expect(stdout).toMatch(/^cases +ok +3 of 3 pass/m);
  await run(process.execPath, [launcher, 'adapter', 'pack'], inShout);
  expect(readdirSync(join(folder, 'shout'))).toContain('shout-0.1.0.hotcell.tgz');
}, 120_000);

test('the suite measures', async () => {
  const only = ['cold', 'http', 'memory'].flatMap((table) => ['--only', table]);
  const args = [launcher, 'bench', 'echo', '--quick', '--out', 'measured', ...only];
  const { stdout } = await run(process.execPath, args, inFolder);
  expect(stdout).toMatch(/^new cell in a warm executor, echo/m);
  const lines = readFileSync(join(folder, 'measured', 'run.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const kinds = lines.map((line) => JSON.parse(line).kind);
  expect(kinds).not.toContain('broken');
  expect([kinds[0], kinds.at(-1)]).toEqual(['run', 'end']);
}, 120_000);

test('declarations are those of the sources', async () => {
  const program = `
    import { createHost, type Host } from 'hotcell';
    import { createClient } from 'hotcell/client';
    const host: Host = await createHost({ bundled: true });
    // @ts-expect-error: an option of this name there is not
    await createHost({ prot: 1 });
    export const state: string = host.state;
    export const made: unknown = createClient;`;
  writeFileSync(join(folder, 'types.ts'), program);
  const { bin } = JSON.parse((await run('cat', [join(modules, 'typescript', 'package.json')])).stdout);
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--lib', 'esnext'];
  const args = [join(modules, 'typescript', bin.tsc), ...options, '--types', 'node', 'types.ts'];
  const { stdout } = await run(process.execPath, args, inFolder).catch((error) => error);
  expect(stdout).toBe('');
}, 60_000);
