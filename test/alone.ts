/**
 * Test files that run in a process of their own. All others share one for each worker, with all modules that they load:
 * the host, the compilers and jco are loaded there once, and not for a second in each file.
 *
 * Alone are those whose hosts, threads and processes crash, are killed or are counted, and those that run another test
 * file's tests in another placement.
 */

export const ALONE = [
  'test/**/*.{e2e,fault,hostile}.test.ts',
  'test/{host,hostile}/**/*.test.ts',
  'test/executor/*.test.ts',
];
