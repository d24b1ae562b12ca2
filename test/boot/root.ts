/** Temporary roots for the tests of the launcher: small repositories that are gone after each test. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';

const roots: string[] = [];

/** Writes files below `root`, by path. */
export function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** Called by each file that makes roots: they are removed after each of its tests. */
export function removeRoots(): void {
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
  });
}

/** A temporary folder with an empty lock file. */
export function makeRoot(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'hotcell-boot-'));
  roots.push(root);
  write(root, { 'package.json': '{"type":"module"}', 'package-lock.json': '{"packages":{}}', ...files });
  return root;
}
