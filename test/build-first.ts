/**
 * Runs before all tests: builds the kernels they run, once. Without it every worker that meets a stale kernel would
 * compile it for itself, at the same time as the others. In a process of its own: the compiler stays in memory.
 *
 * Makes the folder of what hosts of this run prepare (`data-folder.ts`), and removes it in the end.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

export function setup(project: TestProject): () => void {
  const script = join(import.meta.dirname, 'build-kernels.ts');
  const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the kernels could not be built; the reason is above');
  const folder = mkdtempSync(join(tmpdir(), 'hotcell-prepared-'));
  project.provide('preparedFolder', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
