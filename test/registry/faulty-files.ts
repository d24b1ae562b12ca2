/** A disk that fails at its n-th operation, or dies there and stays dead: what the process was doing ends in the middle. */

import { diskFiles, type Files } from '../../host/registry/files.ts';

export interface FaultyFiles {
  readonly files: Files;
  /** Operations begun so far. */
  readonly count: () => number;
}

export function createFaultyFiles(failAt: number, mode: 'fails' | 'dies'): FaultyFiles {
  let count = 0;
  const guard = async <T>(work: () => Promise<T>, torn?: () => Promise<unknown>): Promise<T> => {
    count += 1;
    if (count === failAt || (mode === 'dies' && count > failAt)) {
      if (count === failAt) await torn?.();
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    }
    return work();
  };
  return {
    count: () => count,
    files: {
      read: (path) => guard(() => diskFiles.read(path)),
      // A failing write is a torn one: half of the bytes are there.
      writeDurably: (path, bytes) =>
        guard(
          () => diskFiles.writeDurably(path, bytes),
          () => diskFiles.writeDurably(path, bytes.subarray(0, bytes.length >> 1)),
        ),
      makeFolder: (path) => guard(() => diskFiles.makeFolder(path)),
      rename: (from, to) => guard(() => diskFiles.rename(from, to)),
      remove: (path) => guard(() => diskFiles.remove(path)),
      list: (path) => guard(() => diskFiles.list(path)),
      stat: (path) => guard(() => diskFiles.stat(path)),
      syncFolder: (path) => guard(() => diskFiles.syncFolder(path)),
    },
  };
}
