import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Processes, threads and programs that tests start load the sources of the host again and again: stripped and compiled once.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.build', 'compiled');

/** Files whose hosts, threads and processes crash, are killed or are counted: each runs in a process of its own. */
const ALONE = [
  'test/**/*.{e2e,fault,hostile}.test.ts',
  'test/{host,hostile}/**/*.test.ts',
  'test/executor/*.test.ts',
];

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    globalSetup: ['test/build-first.ts'],
    // Two cores: more files at once would only make threads of the host and of the runner wait for each other.
    maxWorkers: 2,
    // No test takes a tenth of it on a machine of its own; one that others use must not fail what is right.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      // What these import (the host, the compilers, jco) is loaded once for all of them: for each it would take a second.
      {
        extends: true,
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: ALONE, isolate: false },
      },
    ],
  },
});
