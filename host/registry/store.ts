/**
 * Installed packages on disk, replaced atomically.
 *
 *     packages/<name>/current.json        {"folder": "<id>"}: the switch
 *     packages/<name>/<id>/               adapter.json, the component, a signature: never changed once they have this name
 *     packages/<name>/.incoming-<id>/     being written; a leftover when the host died
 *
 * An install writes a folder, makes it durable, gives it its name, and then replaces `current.json` by a rename: at
 * every instant either the old or the new version is current, and whole. What no pointer names is swept at start, once it is
 * old: a younger one may be what another process installs at this moment (`hotcell adapters` beside a running host). The
 * store knows nothing of components; one process at a time may install.
 */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { notice } from '../channels.ts';
import { HostError } from '../errors.ts';
import type { Files } from './files.ts';
import { NAME_PATTERN } from './manifest-schema.ts';

export interface StoredPackage {
  readonly name: string;
  /** The package folder, absolute if the store's is. */
  readonly folder: string;
}

export interface PackageContent {
  readonly name: string;
  /** By name: `adapter.json` as it will be read again, the component, and the signature where there is one. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Written and durable, not yet current. Ends by exactly one of the two. */
export interface StagedPackage {
  /** Makes it current and removes the version before. Throws REGISTRY_STORE_FAILED — the old one is still current. */
  commit(): Promise<void>;
  /** Removes it. Never rejects: what cannot be removed is swept at the next start. */
  discard(): Promise<void>;
}

export interface Store {
  /** Sweeps leftovers and returns what is installed. A damaged package is a notice, never an error. */
  start(): Promise<StoredPackage[]>;
  /** Throws REGISTRY_STORE_FAILED — it could not be written; nothing has changed. */
  stage(content: PackageContent): Promise<StagedPackage>;
  /** Throws REGISTRY_STORE_FAILED — the package is still installed. */
  remove(name: string): Promise<void>;
}

const POINTER_FILE = 'current.json';
/** A pointer is one short line; a larger file is damage. */
const POINTER_MAX_BYTES = 1024;
const NAME = new RegExp(NAME_PATTERN);
const FOLDER_ID = /^[0-9a-f]{16}$/;

/** Longer than any install takes to write. */
export const LEFTOVER_AGE_MS = 3_600_000;

export function createStore(options: {
  readonly folder: string;
  readonly files: Files;
  /** True for what is swept when no pointer names it, by the time of its last change; default everything. */
  readonly isLeftover?: (modifiedMs: number) => boolean;
}): Store {
  const { files, isLeftover = () => true } = options;
  const root = join(options.folder, 'packages');

  return {
    async start() {
      const found: StoredPackage[] = [];
      for (const entry of (await failing('list the installed packages', files.list(root))) ?? []) {
        if (!entry.isFolder || !NAME.test(entry.name)) continue;
        try {
          const folder = await sweep(files, join(root, entry.name), isLeftover);
          if (folder !== undefined) found.push({ name: entry.name, folder });
        } catch (error) {
          notice({
            level: 'error',
            event: 'registry.package-damaged',
            message: `installed package ${entry.name} is damaged and was skipped`,
            fields: { adapter: entry.name },
            cause: error,
          });
        }
      }
      return found;
    },

    async stage(content) {
      const parent = join(root, content.name);
      const id = randomBytes(8).toString('hex');
      const incoming = join(parent, `.incoming-${id}`);
      const folder = join(parent, id);
      const discard = async (): Promise<void> => {
        await quietly('remove a package that was not installed', files.remove(incoming));
        await quietly('remove a package that was not installed', files.remove(folder));
      };
      try {
        await files.makeFolder(incoming);
        for (const [name, bytes] of content.files) await files.writeDurably(join(incoming, name), bytes);
        await files.syncFolder(incoming);
        await files.rename(incoming, folder);
        await files.syncFolder(parent);
        await files.syncFolder(root);
      } catch (error) {
        await discard();
        throw storeFailed('write the package', error);
      }
      return { commit: () => commit(files, parent, id), discard };
    },

    async remove(name) {
      const parent = join(root, name);
      // Without its pointer the package does not exist; the rest is sweeping.
      await failing('remove the package', files.remove(join(parent, POINTER_FILE)));
      await quietly('make the removal durable', files.syncFolder(parent));
      await quietly('remove the files of a removed package', files.remove(parent));
    },
  };
}

async function commit(files: Files, parent: string, id: string): Promise<void> {
  const draft = join(parent, `.pointer-${id}`);
  try {
    await files.writeDurably(draft, Buffer.from(`${JSON.stringify({ folder: id })}\n`));
    await files.rename(draft, join(parent, POINTER_FILE));
  } catch (error) {
    await quietly('remove a pointer that was not used', files.remove(draft));
    throw storeFailed('switch to the new version', error);
  }
  // The new version is current from here on: nothing below may make the install fail.
  await quietly('make the switch durable', files.syncFolder(parent));
  await quietly(
    'remove the version before',
    sweep(files, parent, () => true),
  );
}

/** Removes all but the current version; returns its folder, or undefined when nothing is installed here. */
async function sweep(
  files: Files,
  parent: string,
  isLeftover: (modifiedMs: number) => boolean,
): Promise<string | undefined> {
  const removeLeftover = async (path: string): Promise<void> => {
    const entry = await files.stat(path);
    if (entry && isLeftover(entry.modifiedMs)) await files.remove(path);
  };
  const pointer = join(parent, POINTER_FILE);
  const found = await files.stat(pointer);
  if (found === undefined) {
    // The first install never finished, or a removal did not.
    await removeLeftover(parent);
    return undefined;
  }
  if (found.sizeBytes > POINTER_MAX_BYTES) throw new Error(`${POINTER_FILE} has ${found.sizeBytes} bytes`);
  const { folder: id } = JSON.parse(new TextDecoder().decode(await files.read(pointer))) as {
    folder?: unknown;
  };
  // An id that is no plain name would lead out of the package.
  if (typeof id !== 'string' || !FOLDER_ID.test(id)) throw new Error(`${POINTER_FILE} names no folder`);
  const entries = (await files.list(parent)) ?? [];
  if (!entries.some((entry) => entry.isFolder && entry.name === id))
    throw new Error(`the folder ${id} is missing`);
  for (const entry of entries) {
    if (entry.name !== id && entry.name !== POINTER_FILE) {
      await quietly('remove a leftover', removeLeftover(join(parent, entry.name)));
    }
  }
  return join(parent, id);
}

function storeFailed(what: string, error: unknown): HostError {
  return new HostError('REGISTRY_STORE_FAILED', `could not ${what}; nothing was changed`, { cause: error });
}

async function failing<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw storeFailed(what, error);
  }
}

/** For steps whose failure costs disk space or durability, not truth: reported, and repaired at the next start. */
async function quietly(what: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    notice({ level: 'warn', event: 'registry.store', message: `could not ${what}`, cause: error });
  }
}
