/** `hotcell bench` as a command line: what it measures, what it refuses and how far it says it is. What it measures is tested elsewhere. */

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BenchState, benchBar, benchLine, createBenchProgress } from '../../host/cli/bench-progress.ts';
import { type BenchSample, findSamples } from '../../host/cli/bench-samples.ts';
import type { World } from '../../host/cli/world.ts';
import { createFakeClock } from '../../host/clock.ts';
import { makePackage } from '../../host/package/package.ts';
import { builtAdapter } from '../built-adapters.ts';
import { folder, stage, useFolders } from './stage.ts';

useFolders();

beforeAll(async () => {
  await builtAdapter('echo');
});

const world = (): World => ({ cwd: folder, stderr: { write: () => true } }) as unknown as World;
const textOf = ({ payload }: BenchSample): string => Buffer.from(payload).toString('utf8');

/** A built package, whose component is never looked into. */
function writeBuilt(name: string, manifest: object, cases?: object): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(
    join(path, 'adapter.json'),
    JSON.stringify({ name, version: '1.0.0', component: 'component.wasm', ...manifest }),
  );
  writeFileSync(join(path, 'component.wasm'), 'not looked into');
  if (cases !== undefined) writeFileSync(join(path, 'cases.json'), JSON.stringify(cases));
  return path;
}

describe('the adapters that are measured', () => {
  test('are echo and hello-js where none is named, with 64 bytes', async () => {
    const samples = await findSamples(world(), [], undefined, {});
    expect(samples.map(({ built, operation }) => [built.manifest.name, operation])).toEqual([
      ['echo', 'echo'],
      ['hello-js', 'echo'],
    ]);
    for (const { payload } of samples) expect(payload).toHaveLength(64);
  });

  test('are called with an example of their manifest, of the operation that is asked for', async () => {
    const [sample] = await findSamples(world(), ['echo'], undefined, { operation: 'length' });
    expect([sample?.operation, sample && textOf(sample)]).toEqual(['length', '世界']);
  });

  test('may be folders of the working directory or of the operator, called with a case that succeeds', async () => {
    writeBuilt('shout', { world: 'shout', operations: {} }, [
      { operation: 'fails', input: { json: {} }, failure: { kind: 'bad-input' } },
      { operation: 'slug', input: { json: { text: 'A' } }, output: { json: 'a' } },
    ]);
    const [byPath] = await findSamples(world(), ['./shout'], undefined, {});
    expect([byPath?.operation, byPath && textOf(byPath)]).toEqual(['slug', '{"text":"A"}']);
    const [byName] = await findSamples({ ...world(), cwd: '/' }, ['shout'], folder, {});
    expect(byName?.operation).toBe('slug');
  });

  test('may be package files, which are verified first', async () => {
    const component = Buffer.from('not looked into');
    const sha256 = createHash('sha256').update(component).digest('hex');
    const manifest = {
      name: 'shout',
      version: '1.0.0',
      component: 'component.wasm',
      sha256,
      world: 'bytes',
      operations: {},
    };
    const cases = [{ operation: 'loud', input: { text: 'a' }, output: { text: 'A' } }];
    const bytes = await makePackage({
      files: new Map([
        ['adapter.json', Buffer.from(JSON.stringify(manifest))],
        ['component.wasm', component],
        ['cases.json', Buffer.from(JSON.stringify(cases))],
      ]),
    });
    writeFileSync(join(folder, 'shout.hotcell.tgz'), bytes);
    const [sample] = await findSamples(world(), ['shout.hotcell.tgz'], undefined, {});
    expect([sample?.built.manifest.name, sample?.operation, sample && textOf(sample)]).toEqual([
      'shout',
      'loud',
      'a',
    ]);
    writeFileSync(join(folder, 'broken.hotcell.tgz'), bytes.subarray(0, 100));
    await expect(findSamples(world(), ['broken.hotcell.tgz'], undefined, {})).rejects.toThrow(
      /PACKAGE_|package/i,
    );
  });

  test('take an input from the command line before any example', async () => {
    writeBuilt('mute', { world: 'bytes', operations: { hum: {} } });
    const input = Buffer.from('la');
    const [sample] = await findSamples(world(), ['./mute'], undefined, { input });
    expect([sample?.operation, sample && textOf(sample)]).toEqual(['hum', 'la']);
    writeBuilt('duo', { world: 'bytes', operations: { hum: {}, sing: {} } });
    await expect(findSamples(world(), ['./duo'], undefined, { input })).rejects.toThrow(
      /--in needs --operation/,
    );
  });
});

describe('refused, with what to do', () => {
  test('an adapter there is not', async () => {
    const { run, err } = stage();
    expect(await run('bench', 'nobody')).toBe(1);
    expect(err()).toMatch(
      /^REGISTRY_NOT_FOUND: there is no adapter nobody, nor a folder or package file of that name\. Adapters: .*echo.*hello-js/,
    );
  });

  test('one that says nowhere what to call it with', async () => {
    writeBuilt('mute', { world: 'bytes', operations: { hum: {} } });
    const { run, err } = stage();
    expect(await run('bench', './mute')).toBe(1);
    expect(err()).toMatch(/^CONFIG_INVALID: mute has no example.*--operation and --in <file>/);
    expect(await run('bench', 'echo', '--operation', 'sing')).toBe(1);
    expect(err()).toMatch(/echo has no example of sing/);
  });

  test('one that answers HTTP itself, one named twice, and an input that cannot be read', async () => {
    writeBuilt('site', { world: 'wasi:http/proxy' });
    const { run, err } = stage();
    expect(await run('bench', './site')).toBe(1);
    expect(err()).toMatch(/REGISTRY_UNSUPPORTED: site answers HTTP by itself/);
    expect(await run('bench', 'echo', 'echo')).toBe(1);
    expect(err()).toMatch(/CONFIG_INVALID: the adapter echo is named twice/);
    expect(await run('bench', 'echo', '--operation', 'echo', '--in', 'nothing')).toBe(1);
    expect(err()).toMatch(/nothing/);
  });

  test('a table there is not, before anything is measured', async () => {
    const { run, err, out } = stage();
    expect(await run('bench', 'echo', '--only', 'colt')).toBe(1);
    expect(err()).toMatch(
      /^CONFIG_INVALID: there is no table colt\. Tables: prepare, start, cold, isolation, http, /,
    );
    expect(out()).toBe('');
  });

  test('a baseline there is not, and a smoke run as one', async () => {
    const { run, err } = stage();
    expect(await run('bench', 'echo', '--quick', '--against')).toBe(1);
    expect(err()).toMatch(/^CONFIG_INVALID: no baseline is saved for this machine/);
    expect(await run('bench', 'echo', '--quick', '--against', 'old.jsonl')).toBe(1);
    expect(err()).toMatch(/CONFIG_INVALID: there is no baseline .*old\.jsonl/);
    expect(await run('bench', 'echo', '--quick', '--save')).toBe(1);
    expect(err()).toMatch(/CONFIG_INVALID: --save with --quick/);
  });

  test('a seed that is none is a wrong command line', async () => {
    const { run, err } = stage();
    expect(await run('bench', '--seed', 'x')).toBe(2);
    expect(err()).toMatch(/whole number/);
  });
});

test('--help has examples', async () => {
  const { run, out } = stage();
  expect(await run('bench', '--help')).toBe(0);
  expect(out()).toMatch(/\$ hotcell bench echo --quick/);
});

describe('progress', () => {
  const state: BenchState = {
    table: 'cold',
    tableIndex: 3,
    tableCount: 12,
    tableShare: 0.5,
    elapsedMs: 40_100,
    leftMs: 129_500,
    text: 'round 2/5: warm lease',
  };

  test('is a line for people and a line for logs', () => {
    expect(benchLine(state)).toBe('table 3/12 cold, 0:41 elapsed, about 2:10 left');
    expect(benchBar(state)).toBe(
      '[#####-------------------] 3/12 cold  0:41 elapsed, about 2:10 left  round 2/5: warm lease',
    );
    expect(benchLine({ ...state, leftMs: undefined })).toBe('table 3/12 cold, 0:41 elapsed');
  });

  test('on a terminal is written over, at most ten times a second, and taken away for what is printed', async () => {
    const written: string[] = [];
    const clock = createFakeClock();
    const progress = createBenchProgress(
      { isTTY: true, columns: 60, write: (text) => written.push(text) },
      clock,
    );
    progress.show(state);
    progress.show({ ...state, text: 'too soon' });
    await clock.advance(100);
    progress.show({ ...state, text: 'later' });
    progress.clear();
    progress.clear();
    expect(written).toHaveLength(3);
    expect(written[1]).toBe(`\r${benchBar({ ...state, text: 'later' }).slice(0, 59)}\u001b[K`);
    expect(written[2]).toBe('\r\u001b[K');
  });

  test('elsewhere has one line a table', () => {
    const written: string[] = [];
    const progress = createBenchProgress({ write: (text) => written.push(text) }, createFakeClock());
    for (const tableIndex of [1, 1, 2]) progress.show({ ...state, tableIndex });
    progress.clear();
    expect(written).toHaveLength(2);
    expect(written.join('')).not.toContain('\r');
  });
});

test('a signal ends the run after its round: what was measured is there, and the exit code says so', async () => {
  const { run, err, signal } = stage({
    stdout: {
      // The first table is about to be measured: its title was printed.
      write: (text: string | Uint8Array) => {
        if (String(text).includes('cold-start suite')) signal('SIGINT');
      },
    },
  });
  expect(await run('bench', 'echo', '--quick', '--out', 'measured')).toBe(1);
  expect(err()).toMatch(/SIGINT: ending after this round; what was measured is kept/);
  expect(err()).toMatch(/cut off; written: .*run\.jsonl/);
});
