/**
 * What the READMEs say about options, limits, manifests and scripts is what the code has. `npx node test/write-tables.ts`
 * writes the tables.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tableUnder } from './markdown.ts';
import {
  capabilityTable,
  limitTable,
  manifestTable,
  operationTable,
  optionTable,
  poolTable,
} from './readme-tables.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');

describe('README.md', () => {
  test.each([
    ['configuration', optionTable()],
    ['limits', limitTable()],
  ])('prints the table of %s as it is in the code', (_name, table) => {
    expect(tableUnder(readme, table[0] ?? [])).toEqual(table);
  });

  test('names every script of package.json and no other', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [
      ...readme.matchAll(/(?:`|^)npm (?:run )?(start|test|check|bench|build|dev|lint|pack)\b/gm),
    ].map(([, name]) => name);
    expect([...new Set(named)].toSorted()).toEqual(
      Object.keys(scripts)
        .map((name) => name.replace(/^pre/, ''))
        .toSorted(),
    );
  });

  test('continuous integration installs optional oracles, runs the check that the README names, and nothing else', () => {
    const commands = read('.ci/run')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(commands).toEqual([
      'set -euo pipefail',
      `cd "$(dirname "\${BASH_SOURCE[0]}")/.."`,
      'export CI=true',
      '.ci/install-cobol',
      '.ci/install-redis',
      '.ci/install chromium chromium',
      'exec npm run check',
    ]);
  });
});

test('host/capabilities/README.md prints the numbers of capabilities as they are in the code', () => {
  const table = capabilityTable();
  expect(tableUnder(read('host/capabilities/README.md'), table[0] ?? [])).toEqual(table);
});

describe('adapters/README.md', () => {
  test.each([
    ['manifest', manifestTable()],
    ['operations', operationTable()],
    ['limits', limitTable()],
    ['pool', poolTable()],
  ])('prints the table of %s as the host reads it', (_name, table) => {
    expect(tableUnder(read('adapters/README.md'), table[0] ?? [])).toEqual(table);
  });
});
