import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ALONE } from './test/alone.ts';
import { LongestFirst } from './test/longest-first.ts';

// Processes, threads and programs that tests start load the sources of the host again and again: stripped and compiled once.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.build', 'compiled');

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    globalSetup: ['test/build-first.ts'],
    // Two cores: more files at once would only make threads of the host and of the runner wait for each other.
    maxWorkers: 2,
    // Several times what any takes: a machine that others use too must not fail what is right.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      {
        extends: true,
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: ALONE, isolate: false },
      },
    ],
  },
});
