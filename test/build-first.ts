/**
 * Runs before all tests: builds the kernels they run, once. Without it every worker that meets a stale kernel would
 * compile it for itself, at the same time as the others. In a process of its own: the compiler stays in memory.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export function setup(): void {
  const script = join(import.meta.dirname, 'build-kernels.ts');
  const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the kernels could not be built; the reason is above');
}
