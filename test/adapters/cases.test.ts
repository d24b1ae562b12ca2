/**
 * Every adapter answers as its own `cases.json` says, bundled or not: those of the bytes world through jco's glue, those of
 * worlds of their own in a host, which has the JSON of their types.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildAdapters, discoverAdapters } from '../../adapters/build.ts';
import { parseCases, runCase as runHostCase } from '../../host/cli/adapter-cases.ts';
import { createHost } from '../../host/host.ts';
import type { Host, Session } from '../../host/types.ts';
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

const sources = [...bundled, ...forTests].map((source, index) => {
  const manifest: { readonly world: string } = JSON.parse(readFileSync(join(source, 'adapter.json'), 'utf8'));
  return { source, isTyped: manifest.world !== 'bytes', ...(packages[index] as (typeof packages)[number]) };
});

for (const { source, name, folder } of sources.filter(({ isTyped }) => !isTyped)) {
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

describe('adapters of typed worlds', () => {
  const typed = sources.filter(({ isTyped }) => isTyped);
  let data: string;
  let host: Host;
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'hotcell-cases-'));
    const only = typed.map(({ name }) => name);
    // Every name, no address: what the cases of an adapter ask for is refused before a socket is opened.
    const capabilities = { '*': { http: { hosts: ['*'] } } };
    host = await createHost({ only, data, capabilities, executors: 1 });
  });
  afterAll(async () => {
    await host.close();
    rmSync(data, { recursive: true });
  });

  describe.each(typed)('adapter $name', ({ name, source }) => {
    let session: Session;
    beforeAll(async () => {
      session = await host.session({ adapter: name, tenant: 'public', requestId: 'cases' });
    });
    afterAll(() => session.close());

    for (const [number, given] of parseCases(readFileSync(join(source, 'cases.json'), 'utf8')).entries()) {
      test(`${number + 1}: ${caseTitle(given)}`, async () => {
        expect((await runHostCase(session, given)).problem).toBeUndefined();
      });
    }
  });
});
