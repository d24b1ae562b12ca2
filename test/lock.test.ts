/**
 * `package-lock.json` names what a plain `npm ci` asks for: every package of every platform, at the version that was
 * asked for. A registry that does not have the builds of some platform leaves them out when the file is written; npm
 * then refuses the file on every platform.
 */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Entry {
  readonly version?: string;
  readonly optional?: boolean;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Entry>> };

/** Where Node would find `name` from the package at `from`. */
function find(from: string, name: string): Entry | undefined {
  for (let folder = from; ; ) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (found || folder === '') return found;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')));
  }
}

test('every dependency is in the lock file, those for other platforms too', () => {
  const missing = Object.entries(packages).flatMap(([from, entry]) =>
    Object.entries({ ...entry.dependencies, ...entry.optionalDependencies })
      .filter(([name, wanted]) => {
        const found = find(from, name);
        return found === undefined || (/^\d+\.\d+\.\d+/.test(wanted) && found.version !== wanted);
      })
      .map(([name, wanted]) => `${from}: ${name}@${wanted}`),
  );
  expect(missing).toEqual([]);
});

test('what is installed everywhere has its integrity in the lock file', () => {
  const unverified = Object.entries(packages).filter(
    ([path, entry]) => path !== '' && !entry.optional && entry.integrity === undefined,
  );
  expect(unverified).toEqual([]);
});
