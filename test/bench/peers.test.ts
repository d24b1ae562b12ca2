/** The peers' own manifest and lock, and where they may be installed. Nothing is installed here. */

import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { absenceOf, isWritableCheckout, peerVersion } from '../../bench/peers.ts';

interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const folder = new URL('../../bench/peers/', import.meta.url);
const text = await readFile(new URL('package-lock.json', folder), 'utf8');
const { packages }: { packages: Readonly<Record<string, Entry>> } = JSON.parse(text);
const { dependencies }: { dependencies: Readonly<Record<string, string>> } = JSON.parse(
  await readFile(new URL('package.json', folder), 'utf8'),
);

test('every peer is locked at the one version that is asked for', () => {
  for (const [name, wanted] of Object.entries(dependencies)) {
    expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, wanted]);
  }
});

test('the lock holds what its packages need, on every platform, or npm would refuse it', () => {
  const missing = Object.entries(packages).flatMap(([from, entry]) =>
    Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
      .filter((name) => packages[`node_modules/${name}`] === undefined)
      .map((name) => `${from}: ${name}`),
  );
  expect(missing).toEqual([]);
});

test('what is installed everywhere has its integrity, and nothing says where it came from', () => {
  const unverified = Object.entries(packages).filter(
    ([path, entry]) => path !== '' && !entry.optional && entry.integrity === undefined,
  );
  expect(unverified).toEqual([]);
  expect(text).not.toContain('"resolved"');
});

test('a package that the manifest does not name is not there, and says how peers are installed', () => {
  expect(peerVersion('left-pad')).toBeUndefined();
  expect(absenceOf('left-pad')).toMatch(/^left-pad is not installed: .*--peers/);
});

test('peers are not put below an installed package, nor where nothing may be written', async (context) => {
  const scratch = await mkdtemp(join(tmpdir(), 'hotcell-test-'));
  try {
    const installed = join(scratch, 'node_modules', 'hotcell');
    await mkdir(installed, { recursive: true });
    expect(isWritableCheckout(scratch)).toBe(true);
    expect(isWritableCheckout(installed)).toBe(false);
    expect(isWritableCheckout(join(scratch, 'absent'))).toBe(false);
    if (process.getuid?.() === 0) return context.skip('root may write everywhere');
    await chmod(scratch, 0o500);
    expect(isWritableCheckout(scratch)).toBe(false);
  } finally {
    await chmod(scratch, 0o700);
    await rm(scratch, { recursive: true });
  }
});
