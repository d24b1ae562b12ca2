/** What is emitted for a package: JavaScript of the same lines, whose references are to what was emitted. */

import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { describe, expect, test } from 'vitest';
import { emitModule } from '../host/emit.ts';
import * as host from '../host/host.ts';
import { sourceOf } from './tidy/sources.ts';

describe('an emitted module', () => {
  const { code, refers } = emitModule(
    'host/cli/a.ts',
    [
      '/**',
      " * As in `import x from './x.ts'`.",
      ' */',
      "import type { T } from './types.ts';",
      "import { b } from './b.ts';",
      "import { readFile } from 'node:fs/promises';",
      "export { c } from '../c.ts';",
      "const worker = new URL('./thread.ts', import.meta.url);",
      "const later = await import('../../adapters/build.ts');",
      "const name = 'guest.ts';",
      'const x: number = b as number;',
    ].join('\n'),
  );

  test('refers to modules that are emitted, and those are named', () => {
    expect(refers.sort()).toEqual(['adapters/build.ts', 'host/c.ts', 'host/cli/b.ts', 'host/cli/thread.ts']);
    expect(code).toMatch(/from '\.\/b\.js'/);
    expect(code).toMatch(/from '\.\.\/c\.js'/);
    expect(code).toMatch(/new URL\('\.\/thread\.js'/);
    expect(code).toMatch(/import\('\.\.\/\.\.\/adapters\/build\.js'\)/);
  });

  test('keeps its lines, and what only looks like a reference', () => {
    const lines = code.split('\n');
    expect(lines[1]).toBe(" * As in `import x from './x.ts'`.");
    expect(lines[9]).toBe("const name = 'guest.ts';");
    expect(lines[10]).toMatch(/^const x {9}= b {10};$/);
  });

  test('has no types', () => {
    expect(code).not.toMatch(/types\.ts|: number/);
  });
});

test('nothing that is emitted imports what only a clone has', () => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const strangers: string[] = [];
  const waiting = ['host/main.ts'];
  const seen = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const text = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
    for (const next of emitModule(path, text).refers) {
      if (!seen.has(next)) waiting.push(next);
      seen.add(next);
    }
    for (const { specifier, path: relative, typeOnly } of sourceOf(path, text).imports) {
      // What begins with `wasi:` stands in the text of a guest.
      if (relative !== undefined || typeOnly || /^wasi:/.test(specifier) || isBuiltin(specifier)) continue;
      const [scope = '', name] = specifier.split('/');
      const wanted = scope.startsWith('@') ? `${scope}/${name}` : scope;
      if (!Object.hasOwn(dependencies, wanted)) strangers.push(`${path}: ${specifier}`);
    }
  }
  expect(strangers).toEqual([]);
  // The suite is part of it, and so is what it starts as processes of its own.
  for (const file of ['suite/suite', 'load', 'suite/memory-entry', 'host/bare-fastify'])
    expect(seen, file).toContain(`bench/${file}.ts`);
});

test('the entry of the package exports what the host exports', () => {
  const entry = readFileSync(new URL('../host/entry.mjs', import.meta.url), 'utf8');
  const [, names = ''] = /export const \{([^}]*)\}/.exec(entry) ?? [];
  const listed = names.split(',').map((name) => name.trim());
  expect(listed.filter((name) => name !== '').sort()).toEqual(Object.keys(host).sort());
});
