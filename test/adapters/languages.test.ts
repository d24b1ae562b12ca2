/** What the build makes of sources: several files of TypeScript, interfaces of the host, places of errors. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildAdapters } from '../../adapters/build.ts';
import { createHost } from '../../host/host.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hotcell-languages-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string | object>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const build = () =>
  buildAdapters({ sources: [folder], outDir: join(folder, '.hotcell'), log: () => {} }).then(
    ([built]) => built,
    (error: Error) => error.message,
  );

const manifest = (language: string, more: object = {}) => ({
  name: 'noter',
  version: '0.1.0',
  world: 'noter',
  build: { language },
  ...more,
});

const NOTER = `package local:noter@0.1.0;
/// Notes.
world noter {
  import hotcell:capabilities/kv@1.0.0;
  /// Keeps a note, says how many there are.
  export note: func(text: string) -> string;
}`;

test('TypeScript of several files imports what its world imports, and its documentation goes along', async () => {
  write({
    'adapter.json': manifest('ts', { capabilities: { kv: {} } }),
    'world.wit': NOTER,
    'guest.ts': `import { increment } from 'hotcell:capabilities/kv@1.0.0';
      import { shorten } from './parts/shorten.ts';
      export function note(text: string): string { return shorten(text) + increment('count', 1); }`,
    'parts/shorten.ts': 'export const shorten = (text: string): string => text.slice(0, 3);',
  });
  expect(await build()).toMatchObject({ name: 'noter', built: true });
  expect(await build()).toMatchObject({ built: false });
  const adapters = join(folder, '.hotcell', 'noter');
  expect(JSON.parse(readFileSync(join(adapters, 'adapter.json'), 'utf8')).wit).toBe(NOTER);
  await using host = await createHost({ bundled: false, adapters, data: join(folder, 'data') });
  expect(host.adapter('noter').typed).toMatchObject([
    { name: 'note', description: 'Keeps a note, says how many there are.' },
  ]);
  const payload = Buffer.from('{"text": "hello"}');
  const { outcome } = await host.invoke({
    adapter: 'noter',
    operation: 'note',
    payload,
    tenant: 'public',
    requestId: 'r',
  });
  expect(outcome.kind === 'ok' && Buffer.from(outcome.bytes).toString()).toBe('"hel1"');

  // Any file of it makes it stale, and a mistake in one is told by its name.
  write({ 'parts/shorten.ts': 'export const shorten: = 1;' });
  expect(await build()).toMatch(/parts\/shorten\.ts: /);
  write({ 'parts/shorten.ts': 'export enum Part { a }' });
  expect(await build()).toMatch(/parts\/shorten\.ts: .*enum/i);
}, 60_000);

test('a world of its own needs its text', async () => {
  write({ 'adapter.json': manifest('js'), 'guest.js': 'export const note = (text) => text;' });
  expect(await build()).toMatch(/world "noter" needs a world\.wit beside adapter\.json/);
});

const COUNTER = `package local:noter@0.1.0;
world noter {
  /// Bytes of a text in UTF-8, or of two.
  export byte-length: func(text: string, more: option<string>) -> u32;
  /// The text, quoted.
  export quote-it: func(text: string) -> string;
}`;

test('AssemblyScript has worlds of its own too: its functions are those of the world, by their names there', async () => {
  write({
    'adapter.json': manifest('as'),
    'world.wit': COUNTER,
    'guest.ts': `import { putText, room, textAt } from 'hotcell/typed';
      export function byteLength(_at: usize, bytes: i32, _has: i32, _more: usize, moreBytes: i32): i32 { return bytes + moreBytes; }
      export function quoteIt(at: usize, bytes: i32): usize {
        const result = room(8);
        putText(result, '“' + textAt(at, bytes) + '”');
        return result;
      }`,
  });
  expect(await build()).toMatchObject({ built: true });
  const adapters = join(folder, '.hotcell', 'noter');
  await using host = await createHost({ bundled: false, adapters, data: join(folder, 'data') });
  const call = async (operation: string, given: object): Promise<unknown> => {
    const { outcome } = await host.invoke({
      adapter: 'noter',
      operation,
      payload: Buffer.from(JSON.stringify(given)),
      tenant: 'public',
      requestId: 'r',
    });
    return outcome.kind === 'ok' ? JSON.parse(Buffer.from(outcome.bytes).toString()) : outcome.error;
  };
  expect(await call('byte-length', { text: 'für', more: 'x' })).toBe(5);
  for (let turn = 0; turn < 3; turn++) expect(await call('quote-it', { text: '世界' })).toBe('“世界”');
}, 60_000);

test('AssemblyScript that lacks a function of its world, or has it with other parameters, is told which', async () => {
  write({ 'adapter.json': manifest('as'), 'world.wit': NOTER.replace(/import .*;/, ''), 'guest.ts': '' });
  expect(await build()).toMatch(/note/);
  write({ 'guest.ts': 'export function note(a: i32): i32 { return a; }' });
  expect(await build()).toMatch(/note/);
});

test('text that does not parse is told with line and column', async () => {
  write({
    'adapter.json': manifest('wat'),
    'world.wit': NOTER,
    'guest.wat': '(module\n  (func (export "note")) (fun))',
  });
  expect(await build()).toMatch(/line 2, column \d+/);
});

test('a module that lacks a function of its world is refused with the name of that', async () => {
  write({
    'adapter.json': manifest('wat'),
    'world.wit': 'package a:noter; world noter { export note: func(a: u32) -> u32; }',
    'guest.wat': '(module (memory (export "memory") 1))',
  });
  expect(await build()).toMatch(/note/);
});

test.each([
  ['c', 'guest.c'],
  ['wat', 'guest.wat'],
  ['ts', 'guest.ts'],
])('a source of %s that is not there is named', async (language, entry) => {
  write({ 'adapter.json': manifest(language), 'world.wit': NOTER });
  expect(await build()).toMatch(new RegExp(`there is no .*${entry.replace('.', '\\.')}`));
});

test('integers of 64 bits, which JavaScript has as doubles, are warned of at each build, by the line', async () => {
  const wit =
    'package a:b; // no u64 here\nworld noter {\n  /* nor s64 */ export note: func(id: list<u64>) -> string;\n}';
  write({
    'adapter.json': manifest('js'),
    'world.wit': wit,
    'guest.js': 'export const note = (id) => String(id);',
  });
  const warnings = [
    expect.stringMatching(/^world\.wit, line 3: JavaScript guests have u64 as a double: .* above 2\^53/),
  ];
  expect(await build()).toMatchObject({ built: true, warnings });
  expect(await build()).toMatchObject({ built: false, warnings });
  write({ 'world.wit': wit.replace('list<u64>', 'u32') });
  expect(await build()).toMatchObject({ built: true, warnings: [] });
}, 60_000);

test('types of a world in each other, which the JavaScript toolchain cannot take, are told with what helps', async () => {
  const types =
    'record place { line: u32 } variant problem { at(place) } export note: func() -> result<string, problem>;';
  write({
    'adapter.json': manifest('js'),
    'world.wit': `package a:b; world noter { ${types} }`,
    'guest.js': 'export const note = () => "";',
  });
  expect(await build()).toMatch(/put the types and functions of the world into an interface/);
}, 60_000);
