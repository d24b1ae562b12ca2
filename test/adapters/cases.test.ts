/** Every adapter answers as its own `cases.json` says, bundled or not. */

import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildAdapters, discoverAdapters } from '../../adapters/build.ts';
import { loadPackage } from './glue-cell.ts';
import { caseTitle, readCases, runCase } from './run-cases.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const bundled = await discoverAdapters(join(ROOT, 'adapters'));
const forTests = [join(import.meta.dirname, 'faulty')];
const build = (sources: string[], name: string) =>
  buildAdapters({ sources, outDir: join(ROOT, '.build', name), log: console.log });
const packages = [...(await build(bundled, 'adapters')), ...(await build(forTests, 'test-adapters'))];

test('echo and hello-js are among the bundled adapters', () => {
  expect(bundled.map((folder) => basename(folder))).toEqual(expect.arrayContaining(['echo', 'hello-js']));
});

for (const [index, source] of [...bundled, ...forTests].entries()) {
  const { name, folder } = packages[index] as (typeof packages)[number];
  const { imports, create } = await loadPackage(folder);
  const cell = create();

  describe(`adapter ${name}`, () => {
    test('imports nothing', () => {
      expect(imports).toEqual([]);
    });

    test('is well', () => {
      expect(cell.health()).toBeUndefined();
    });

    for (const [number, given] of readCases(source).entries()) {
      test(`${number + 1}: ${caseTitle(given)}`, () => runCase(given, cell.invoke));
    }

    test('is still well', () => {
      expect(cell.health()).toBeUndefined();
    });
  });
}
