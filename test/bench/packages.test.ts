/** Variations of a package: the same guest under other terms. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  makeScratchFolder,
  type Package,
  readBuilt,
  vary,
  writePackages,
} from '../../bench/host/packages.ts';

const built: Package = {
  manifest: {
    name: 'echo',
    version: '1.0.0',
    component: 'guest.wasm',
    sha256: 'abc',
    pool: { max: 3, min: 1 },
  },
  component: Uint8Array.of(1, 2, 3),
};

test('a variation merges the pool, keeps every other field and the very same component', () => {
  const varied = vary(built, { name: 'other', isolation: 'fresh', pool: { min: 0 } });
  expect(varied.manifest).toEqual({
    name: 'other',
    version: '1.0.0',
    component: 'guest.wasm',
    sha256: 'abc',
    isolation: 'fresh',
    pool: { max: 3, min: 0 },
  });
  expect(varied.component).toBe(built.component);
  expect(built.manifest.pool).toEqual({ max: 3, min: 1 });
});

test('packages are written one folder each, as a host reads them, and removed with their folder', async () => {
  const scratch = await makeScratchFolder();
  await writePackages(scratch.path, [built, vary(built, { name: 'other' })]);
  const manifest = JSON.parse(await readFile(join(scratch.path, 'other', 'adapter.json'), 'utf8'));
  expect(manifest.name).toBe('other');
  expect(await readFile(join(scratch.path, 'other', 'guest.wasm'))).toEqual(Buffer.from(built.component));
  await scratch.remove();
  await expect(readFile(join(scratch.path, 'other', 'adapter.json'))).rejects.toThrow(/ENOENT/);
});

test('an adapter that was not built is named, with what to do', async () => {
  await expect(readBuilt('never-built')).rejects.toThrow(/'never-built' is not built: run npm run build/);
});
