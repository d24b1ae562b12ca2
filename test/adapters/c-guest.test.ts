/** Which compiler makes a C adapter, and what it is given: a stand-in for `@yowasp/clang`, and the package itself where it is. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildAdapters } from '../../adapters/build.ts';

const TEMPLATE = new URL('../../adapters/templates/c/', import.meta.url).pathname;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hotcell-c-'));
  for (const name of ['adapter.json', 'world.wit', 'guest.c', 'cases.json']) {
    write({ [name]: readFileSync(join(TEMPLATE, name), 'utf8') });
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** The folder of the package, or what kept it from being made. */
const build = (): Promise<{ readonly folder: string } | string> =>
  buildAdapters({ sources: [folder], outDir: join(folder, '.hotcell'), log: () => {} }).then(
    ([built]) => built ?? 'nothing',
    (error: Error) => error.message,
  );

/** A package of that name which says what it was given, and behaves as `body` does. */
function install(body: string): void {
  write({
    'node_modules/@yowasp/clang/package.json': '{"type":"module","exports":{"default":"./index.js"}}',
    'node_modules/@yowasp/clang/index.js': `
      import { writeFileSync } from 'node:fs';
      const text = (tree) => Object.fromEntries(Object.entries(tree).map(([name, one]) =>
        [name, one instanceof Uint8Array ? new TextDecoder().decode(one).slice(0, 10) : text(one)]));
      export async function runClang(args, files, options) {
        if (args === null) return options.fetchProgress();
        writeFileSync(${JSON.stringify(join(folder, 'given.json'))}, JSON.stringify({ args, files: text(files) }));
        ${body}
      }`,
  });
}

test('the compiler that a project has installed is taken, with the files of all its folders', async () => {
  write({ 'parts/slug.h': '// a header', 'parts/more.c': '// more code', 'notes.txt': 'none' });
  // What it makes is no module: the step behind it says so, which shows that this was asked.
  install(`return { 'guest.wasm': new Uint8Array([0]) };`);
  expect(await build()).toMatch(/my-adapter does not build/);
  const { args, files } = JSON.parse(readFileSync(join(folder, 'given.json'), 'utf8'));
  expect(args).toEqual(
    expect.arrayContaining(['clang', '--target=wasm32', '-nostdlib', 'guest.c', 'parts/more.c']),
  );
  expect(args).not.toContain('parts/slug.h');
  expect(files).toEqual({
    'guest.c': expect.stringMatching(/^\/\/ C witho/),
    parts: { 'slug.h': '// a heade', 'more.c': '// more co' },
  });
});

test('what it prints becomes the error, and nothing of it goes to standard output', async () => {
  install(`
    options.stderr(new TextEncoder().encode('guest.c:1:1: error: no'));
    options.stdout(null);
    throw new Error('exit 1');`);
  const written = vi.spyOn(process.stdout, 'write');
  expect(await build()).toBe('adapter my-adapter does not build:\nguest.c:1:1: error: no');
  expect(written).not.toHaveBeenCalled();
  written.mockRestore();
  install(`return {};`);
});

test('a program that was named beats it, and one that is not there is told', async () => {
  install(`return {};`);
  vi.stubEnv('HOTCELL_CLANG', join(folder, 'nothing'));
  expect(await build()).toMatch(/HOTCELL_CLANG is .*nothing, which is not a program/);
  expect(existsSync(join(folder, 'given.json'))).toBe(false);
});

test('without any the error says what to install', async () => {
  vi.stubEnv('PATH', folder);
  expect(await build()).toMatch(
    /no clang for wasm32 was found: install clang and lld .*, or run `npm install @yowasp\/clang` in the folder/,
  );
});

test('the package itself builds the template', async (context) => {
  // A hundred megabytes that only authors in C need: nothing here depends on it.
  const installed = resolve(process.env.YOWASP_CLANG ?? 'node_modules', '@yowasp', 'clang');
  if (!existsSync(installed)) {
    return context.skip('YOWASP_CLANG names no node_modules folder with @yowasp/clang, and here is none');
  }
  mkdirSync(join(folder, 'node_modules', '@yowasp'), { recursive: true });
  symlinkSync(installed, join(folder, 'node_modules', '@yowasp', 'clang'));
  const written = vi.spyOn(console, 'log');
  const built = await build();
  expect(written).not.toHaveBeenCalled();
  written.mockRestore();
  expect(built).toMatchObject({ name: 'my-adapter', built: true });
  write({ 'guest.c': 'int x = y;' });
  expect(await build()).toMatch(/guest\.c:1:9: error: use of undeclared identifier 'y'/);
}, 120_000);
