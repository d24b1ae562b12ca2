/**
 * The few file operations that packages and cache are made of, as an object, so that a test can fail the n-th one.
 *
 * `writeDurably`, `rename` and `syncFolder` are the three from which atomic replacement is built: bytes reach the disk
 * before a name points at them. Errors are Node's own; the callers wrap them once.
 */

import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

export interface Files {
  read(path: string): Promise<Uint8Array>;
  /** Creates or replaces a file; resolves when its bytes are on the disk. Not atomic: a crash leaves a part. */
  writeDurably(path: string, bytes: Uint8Array): Promise<void>;
  /** With its parents; an existing one is fine. */
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file or a whole folder; a missing one is fine. */
  remove(path: string): Promise<void>;
  /** In order of name; undefined when the folder does not exist. */
  list(path: string): Promise<FolderEntry[] | undefined>;
  /** undefined when there is no such file. `isFile` is false for folders, pipes and devices. */
  stat(
    path: string,
  ): Promise<
    { readonly isFile: boolean; readonly sizeBytes: number; readonly modifiedMs: number } | undefined
  >;
  /** Makes renames in this folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
}

const missingIsUndefined = (error: unknown): undefined => {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
};

export const diskFiles: Files = {
  read: (path) => readFile(path),

  async writeDurably(path, bytes) {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },

  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },

  rename: (from, to) => rename(from, to),

  remove: (path) => rm(path, { recursive: true, force: true }),

  async list(path) {
    const entries = await readdir(path, { withFileTypes: true }).catch(missingIsUndefined);
    if (entries === undefined) return undefined;
    const named = entries.map((entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory() || entry.isSymbolicLink(),
    }));
    return named.sort((a, b) => (a.name < b.name ? -1 : 1));
  },

  async stat(path) {
    const found = await stat(path).catch(missingIsUndefined);
    return found && { isFile: found.isFile(), sizeBytes: found.size, modifiedMs: found.mtimeMs };
  },

  async syncFolder(path) {
    // Windows cannot open a folder for this and journals renames by itself.
    if (process.platform === 'win32') return;
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};
