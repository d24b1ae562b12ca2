/**
 * Files in memory without a name, for rings and what goes beside them.
 *
 * Each is created for its owner alone and unlinked before anything is written, so that nobody can open it by name and it is
 * gone with the last process that holds it. On a system without a file system in memory the pages may reach a disk.
 */

import { randomUUID } from 'node:crypto';
import { openSync, statfsSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY_DIR = '/dev/shm';
/** Containers give 64 MiB by default, which some executors with large payloads fill; then the disk's cache is used. */
const MEMORY_FREE_MIN_BYTES = 128 * 1024 * 1024;

function folder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DIR);
    if (bavail * bsize >= MEMORY_FREE_MIN_BYTES) return MEMORY_DIR;
  } catch {
    // No such file system here: not an error, the other folder works everywhere.
  }
  return tmpdir();
}

/** A new empty file, open for reading and writing. Throws Error — no file can be made. The caller closes it. */
export function openMemoryFile(): number {
  const path = join(folder(), `hotcell-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}
