/** The build of adapters: what it writes, what it leaves alone, and how it fails. */

import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildAdapters, discoverAdapters } from '../../adapters/build.ts';
import { withExamples } from '../../adapters/examples.ts';

const root = mkdtempSync(join(tmpdir(), 'hotcell-build-'));
const outDir = join(root, 'out');
const echo = join(root, 'echo');
const unstartable = join(root, 'unstartable');

let lines: string[] = [];

/** Builds both copies; returns the names of those that were built. */
async function build(): Promise<string[]> {
  lines = [];
  const built = await buildAdapters({
    sources: [echo, unstartable],
    outDir,
    log: (line) => lines.push(line),
  });
  return built.filter((adapter) => adapter.built).map((adapter) => adapter.name);
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

beforeAll(async () => {
  cpSync(join(import.meta.dirname, '..', '..', 'adapters', 'echo'), echo, { recursive: true });
  cpSync(join(import.meta.dirname, 'unstartable'), unstartable, { recursive: true });
  expect(await build()).toEqual(['echo', 'unstartable']);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a package', () => {
  test('holds the component, and a manifest with its digest, with examples and without the build section', () => {
    const manifest = JSON.parse(readFileSync(join(outDir, 'echo', 'adapter.json'), 'utf8'));
    const source = JSON.parse(readFileSync(join(echo, 'adapter.json'), 'utf8'));
    const { build: _build, operations, ...rest } = source;
    expect(manifest.operations.echo.examples[0]).toEqual({ input: 'a', output: 'a' });
    expect(manifest).toEqual({
      ...rest,
      operations: withExamples(operations, readFileSync(join(echo, 'cases.json'), 'utf8')),
      component: 'component.wasm',
      sha256: digestOf(join(outDir, 'echo', 'component.wasm')),
    });
  });

  test('is announced in one line that says how long it took', async () => {
    rmSync(join(outDir, 'echo'), { recursive: true });
    await build();
    expect(lines).toEqual([expect.stringMatching(/^building adapter echo … \d+\.\d s$/)]);
  });

  test('is the same, byte for byte, when it is built again', async () => {
    const before = digestOf(join(outDir, 'echo', 'component.wasm'));
    rmSync(join(outDir, 'echo'), { recursive: true });
    await build();
    expect(digestOf(join(outDir, 'echo', 'component.wasm'))).toBe(before);
  });
});

describe('only what is stale is built', () => {
  test('nothing, and without a word, when nothing changed', async () => {
    expect(await build()).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('one adapter, when one byte of its source changed', async () => {
    appendFileSync(join(echo, 'guest.ts'), '\n');
    expect(await build()).toEqual(['echo']);
    expect(await build()).toEqual([]);
  });

  test('one adapter, when its manifest changed', async () => {
    const path = join(unstartable, 'adapter.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"1.0.0"', '"1.0.1"'));
    expect(await build()).toEqual(['unstartable']);
    const manifest = JSON.parse(readFileSync(join(outDir, 'unstartable', 'adapter.json'), 'utf8'));
    expect(manifest.version).toBe('1.0.1');
  });

  test('an adapter whose package was damaged', async () => {
    const path = join(outDir, 'echo', 'component.wasm');
    const before = digestOf(path);
    writeFileSync(path, readFileSync(path).subarray(1));
    expect(await build()).toEqual(['echo']);
    expect(digestOf(path)).toBe(before);
    writeFileSync(join(outDir, 'echo', 'inputs.json'), '{"builder":');
    expect(await build()).toEqual(['echo']);
  });

  test('an adapter that imports a file which changed', async () => {
    mkdirSync(join(echo, 'answer'));
    writeFileSync(join(echo, 'answer', 'index.ts'), 'export const answer: i32 = 41;\n');
    appendFileSync(join(echo, 'guest.ts'), "export * from './answer';\n");
    expect(await build()).toEqual(['echo']);
    writeFileSync(join(echo, 'answer', 'index.ts'), 'export const answer: i32 = 42;\n');
    expect(await build()).toEqual(['echo']);
    expect(await build()).toEqual([]);
  });

  test('an adapter whose import means another file now', async () => {
    writeFileSync(join(echo, 'answer.ts'), 'export const answer: i32 = 43;\n');
    expect(await build()).toEqual(['echo']);
    expect(await build()).toEqual([]);
  });

  test('the README does not matter, the cases do: examples are made of them', async () => {
    appendFileSync(join(echo, 'README.md'), '\n');
    expect(await build()).toEqual([]);
    appendFileSync(join(echo, 'cases.json'), '\n');
    expect(await build()).toEqual(['echo']);
  });
});

test('two builds at once leave whole packages and nothing else', async () => {
  rmSync(outDir, { recursive: true });
  await Promise.all([build(), build(), build()]);
  expect(readdirSync(outDir).sort()).toEqual(['echo', 'unstartable']);
  const manifest = JSON.parse(readFileSync(join(outDir, 'echo', 'adapter.json'), 'utf8'));
  expect(manifest.sha256).toBe(digestOf(join(outDir, 'echo', 'component.wasm')));
  expect(await build()).toEqual([]);
});

test('folders without an adapter.json are not adapters', async () => {
  expect(await discoverAdapters(root)).toEqual([echo, unstartable]);
});

describe('a build that fails', () => {
  const broken = join(root, 'broken');

  /** Tries to build an adapter made of these files, beside a good one, and returns the error's text. */
  async function failure(files: Record<string, string>): Promise<string> {
    rmSync(broken, { recursive: true, force: true });
    cpSync(echo, broken, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(broken, name), text);
    try {
      await buildAdapters({ sources: [broken, unstartable], outDir, log: () => undefined });
    } catch (error) {
      return (error as Error).message;
    } finally {
      rmSync(broken, { recursive: true, force: true });
    }
    throw new Error('the build succeeded');
  }

  const manifest = (fields: object): string =>
    JSON.stringify({ name: 'broken', world: 'bytes', build: { language: 'as' }, ...fields });

  test('shows the compiler output, names the adapter, builds the others and keeps the old package', async () => {
    appendFileSync(join(unstartable, 'guest.ts'), '\n');
    const message = await failure({
      'adapter.json': manifest({}),
      'guest.ts': 'export function handle(operation: string, payload: Uint8Array): i32 { return nothing; }',
    });
    expect(message).toMatch(/adapter broken does not build:/);
    expect(message).toMatch(/Cannot find name 'nothing'/);
    expect(message).toMatch(/broken\/guest\.ts\(1,/);
    expect(await build()).toEqual([]);
    expect(readdirSync(outDir).sort()).toEqual(['echo', 'unstartable']);
  });

  test('says that a guest without handle is none', async () => {
    expect(await failure({ 'adapter.json': manifest({}), 'guest.ts': '' })).toMatch(/handle/);
  });

  const js = { 'adapter.json': manifest({ build: { language: 'js' } }) };

  test('says that a JavaScript adapter needs a guest.js', async () => {
    expect(await failure(js)).toMatch(/there is no .*guest\.js/);
  });

  test('shows where JavaScript does not parse', async () => {
    expect(await failure({ ...js, 'guest.js': 'export const handler = {' })).toMatch(/guest\.js:1:/);
  });

  test('shows what the top level of JavaScript threw', async () => {
    expect(await failure({ ...js, 'guest.js': 'throw new Error("at the top")' })).toMatch(/at the top/);
  });

  test('says which world is unknown', async () => {
    expect(await failure({ 'adapter.json': manifest({ world: 'words' }) })).toMatch(/words/);
  });

  test('refuses manifests it cannot build from', async () => {
    expect(await failure({ 'adapter.json': '{' })).toMatch(/adapter\.json is not JSON/);
    expect(await failure({ 'adapter.json': 'null' })).toMatch(/"name"/);
    expect(await failure({ 'adapter.json': manifest({ name: '../up' }) })).toMatch(/"name" must be/);
    expect(await failure({ 'adapter.json': manifest({ world: 1 }) })).toMatch(/"world" is missing/);
    expect(await failure({ 'adapter.json': manifest({ build: {} }) })).toMatch(/"build.language" must be/);
    expect(await failure({ 'adapter.json': manifest({ name: 'unstartable' }) })).toMatch(
      /two of the folders/,
    );
  });
});
