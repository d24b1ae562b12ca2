/**
 * Data folders for hosts of tests: new ones, empty but for what other hosts of this run have prepared.
 *
 * To prepare a component takes a compiler that has to be loaded, most of a second of a core; a hundred hosts of tests serve
 * the same few components. So preparations of one run lie in one folder, made by `build-first.ts` and removed after it: no
 * run ever meets what older sources prepared. Tests of preparation itself, and hosts of hostile components, keep to
 * folders of their own.
 */

import { mkdir, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the hosts of this run keep what they prepared. */
    readonly preparedFolder: string;
  }
}

/** A new folder; whoever asked removes it. */
export async function newDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hotcell-'));
  await sharePreparations(folder);
  return folder;
}

/** Makes the preparations of this run those of a host whose data folder this will be; it need not be there yet. */
export async function sharePreparations(dataFolder: string): Promise<void> {
  await mkdir(join(dataFolder, 'cache'), { recursive: true });
  await symlink(inject('preparedFolder'), join(dataFolder, 'cache', 'prepared')).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
