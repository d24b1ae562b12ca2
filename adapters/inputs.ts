/**
 * What a package was made of, and whether that is still so.
 *
 * Every file that a build looks at is read through a `SourceReader`, which keeps its digest from that very read: a file
 * that is saved while the compiler runs makes the package stale, not wrong. Files looked for in vain are kept too: once
 * such a file exists, an import may mean another one.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

/** Written beside the package as `inputs.json`. */
export interface Inputs {
  /** Digest of the builder: versions of the tools and the build's own code. */
  readonly builder: string;
  /** Path from the adapter's folder → SHA-256 in hex, or null for a file that was not there. */
  readonly files: Readonly<Record<string, string | null>>;
  /** SHA-256 in hex of `component.wasm`. */
  readonly component: string;
}

export interface SourceReader {
  /** The text of a file, or null when there is none. */
  read(path: string): Promise<string | null>;
  /** The digests of all that was read, relative to the folder. */
  files(): Record<string, string | null>;
}

export function createSourceReader(folder: string): SourceReader {
  const files = new Map<string, string | null>();
  return {
    async read(path) {
      const bytes = await readIfThere(path);
      files.set(relative(folder, path).replaceAll('\\', '/'), bytes === null ? null : digest(bytes));
      return bytes === null ? null : bytes.toString('utf8');
    },
    files: () => Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** True when the package is whole and nothing it was made of has changed. */
export async function isFresh(
  packageFolder: string,
  sourceFolder: string,
  builder: string,
): Promise<boolean> {
  const text = await readIfThere(join(packageFolder, 'inputs.json'));
  if (text === null || (await readIfThere(join(packageFolder, 'adapter.json'))) === null) return false;
  const inputs = parse(text.toString('utf8'));
  if (inputs?.builder !== builder) return false;
  if ((await digestOf(join(packageFolder, 'component.wasm'))) !== inputs.component) return false;
  for (const [path, expected] of Object.entries(inputs.files)) {
    if ((await digestOf(resolve(sourceFolder, path))) !== expected) return false;
  }
  return true;
}

/** A file that is not JSON was damaged, and a package that is not whole is built again: null says both. */
function parse(text: string): Inputs | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** SHA-256 in lower-case hex. */
export function digest(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

async function digestOf(path: string): Promise<string | null> {
  const bytes = await readIfThere(path);
  return bytes === null ? null : digest(bytes);
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}
