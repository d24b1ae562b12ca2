/**
 * What servers of peers need of this machine: a file with their guest, a port, a program on the PATH.
 *
 * Nothing here is taken for good: the file lies in its caller's folder, and a port is free until somebody takes it.
 */

import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { buildGuest, type Form } from '../guests/guests.ts';
import type { Workload } from '../subject.ts';

/** Writes the guest into a folder; gives the file. */
export async function writeGuest(folder: string, form: Form, workload: Workload): Promise<string> {
  const path = join(folder, 'guest.wasm');
  await writeFile(path, await buildGuest(form, workload));
  return path;
}

/** For servers that take a number and not 0. Somebody else may take it before they do: they then say so and end. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

/** The file that a command stands for, or undefined. */
export function findOnPath(command: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
