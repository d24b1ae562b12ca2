/** Every template is an adapter that builds, passes its own checks, and says the same as the others. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../adapters/compile.ts';
import { TEMPLATE_LANGUAGES } from '../../host/cli/adapter-new.ts';
import { createCli } from '../../host/cli/cli.ts';
import type { World } from '../../host/cli/world.ts';
import { systemClock } from '../../host/clock.ts';
import { createHost } from '../../host/host.ts';

const folder = mkdtempSync(join(tmpdir(), 'hotcell-templates-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command as an author would; gives its exit code and all it said. */
async function hotcell(cwd: string, ...args: string[]): Promise<{ code: number; said: string }> {
  let said = '';
  const sink = {
    write(chunk: string | Uint8Array, done?: () => void) {
      said += Buffer.from(chunk as string).toString();
      done?.();
    },
  };
  const world = { cwd, env: {}, version: '0', clock: systemClock, stdout: sink, stderr: sink };
  const cli = createCli({
    ...world,
    createHost: (config, only) => createHost(only ? { ...config, only } : config),
  } as World);
  return { code: await cli(args), said };
}

/** What a compiler of the system says when it is not there, or cannot do it. */
const ABSENT: Partial<Record<string, RegExp>> = {
  c: /no clang for wasm32 was found: install .* or run `npm install @yowasp\/clang`/,
  rust: /cargo was not found: install Rust|run `rustup target add wasm32-unknown-unknown`|Rust has no linker/,
};

describe.each(TEMPLATE_LANGUAGES)('the template %s', (lang) => {
  test('is begun, built and checked', async (context) => {
    await hotcell(folder, 'adapter', 'new', `my-${lang}`, '--lang', lang);
    const { code, said } = await hotcell(join(folder, `my-${lang}`), 'adapter', 'check', '--cells', '5');
    const absent = ABSENT[lang];
    if (code !== 0 && absent !== undefined && /KIT_BUILD_FAILED/.test(said)) {
      expect(said).toMatch(absent);
      return context.skip('no compiler for it here: what is said then has been tested');
    }
    expect(said).toMatch(/cases +ok/);
    expect(code).toBe(0);
    if (lang === 'as') return;
    const answer = await hotcell(
      join(folder, `my-${lang}`),
      'adapter',
      'run',
      'slug',
      '--json',
      '{"text": "Ada & Bob"}',
    );
    expect(answer.said).toContain('"ada-bob"');
  }, 120_000);
});

test('there is a template for each language that the build knows', () => {
  expect([...TEMPLATE_LANGUAGES].sort()).toEqual(Object.keys(LANGUAGES).sort());
});

test('the TypeScript of the template, and of the adapter in it, has types that fit', () => {
  const files = ['templates/ts/guest.ts', 'http-get/guest.ts', 'http-get/capabilities.d.ts'];
  const paths = files.map((file) => new URL(`../../adapters/${file}`, import.meta.url).pathname);
  const tsc = new URL('../../node_modules/.bin/tsc', import.meta.url).pathname;
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--noUncheckedIndexedAccess', '--types', ''];
  const modules = ['--target', 'esnext', '--module', 'esnext', '--allowImportingTsExtensions'];
  expect(execFileSync(tsc, [...options, ...modules, ...paths], { encoding: 'utf8' })).toBe('');
});

test('the manifests differ in their language alone', () => {
  const manifests = TEMPLATE_LANGUAGES.filter((lang) => lang !== 'as').map((lang) => {
    const path = new URL(`../../adapters/templates/${lang}/adapter.json`, import.meta.url);
    return { ...JSON.parse(readFileSync(path, 'utf8')), build: undefined };
  });
  for (const manifest of manifests) expect(manifest).toEqual(manifests[0]);
});
