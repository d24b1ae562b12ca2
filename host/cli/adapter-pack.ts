/**
 * `hotcell adapter pack`, `verify` and `install`: a project to a package file, and a package file to a host.
 *
 * A package is verified before anything of it is used, and a host is given the file itself and verifies it once more.
 */

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { HostConfig } from '../config.ts';
import {
  COMPONENT,
  MANIFEST,
  makePackage,
  type OpenedPackage,
  openPackage,
  TEXTS,
} from '../package/package.ts';
import { readTrustedKey } from '../package/signature.ts';
import { buildProject, kilobytes } from './adapter-project.ts';
import { installRemotely } from './adapter-remote.ts';
import { fileError } from './invoke.ts';
import { createOutput } from './output.ts';
import { table } from './print.ts';
import type { World } from './world.ts';

export interface PackFlags {
  readonly dir: string;
  readonly out?: string;
  readonly sign?: string;
  readonly force?: true;
}

export interface TrustFlags {
  /** Files of public keys in PEM. */
  readonly key?: readonly string[];
}

/** Builds, and writes the package. Throws KIT_*; PACKAGE_*; CONFIG_INVALID — the file exists or cannot be written. */
export async function runPack(world: World, flags: PackFlags): Promise<void> {
  const { bytes, name, version } = await packProject(world, flags);
  const path = flags.out ?? `${name}-${version}.hotcell.tgz`;
  const options = { replace: flags.force === true, isSecret: false, notForTerminals: 'packages' };
  const output = await createOutput(world, path, options);
  try {
    await output.write(bytes);
    await output.commit();
  } finally {
    await output.discard();
  }
  world.stderr.write(`${path}: ${kilobytes(bytes.byteLength)}${flags.sign ? ', signed' : ''}\n`);
}

/** The bytes of the package of a project, which is built first. */
export async function packProject(
  world: World,
  { dir, sign }: Pick<PackFlags, 'dir' | 'sign'>,
): Promise<{ readonly bytes: Uint8Array; readonly name: string; readonly version: string }> {
  const project = await buildProject(world, dir);
  const files = new Map<string, Uint8Array>();
  for (const name of [MANIFEST, COMPONENT]) {
    files.set(name, await readFile(join(project.packageFolder, name)));
  }
  for (const name of TEXTS) {
    const bytes = await readFile(join(project.folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw fileError(error, name, 'read');
    });
    if (bytes !== undefined) files.set(name, bytes);
  }
  const privateKeyPem = sign === undefined ? undefined : await readText(world, sign);
  const bytes = await makePackage({ files }, { privateKeyPem });
  // What is sent out has been read as a receiver will read it.
  const { manifest } = await openPackage(bytes);
  return { bytes, name: manifest.name, version: manifest.version };
}

export interface PackageFile {
  readonly bytes: Uint8Array;
  readonly opened: OpenedPackage;
}

/** Reads and verifies a package file. */
export async function readPackage(world: World, file: string, flags: TrustFlags): Promise<PackageFile> {
  const bytes = await readFile(resolve(world.cwd, file)).catch((error: unknown) => {
    throw fileError(error, file, 'read');
  });
  return { bytes, opened: await openPackage(bytes, { trustedKeys: await trustedKeys(world, flags) }) };
}

/** Undefined where no key is named: then signatures are checked and not asked for. */
export async function trustedKeys(world: World, { key }: TrustFlags): Promise<string[] | undefined> {
  if (key === undefined) return undefined;
  const ids: string[] = [];
  for (const file of key) ids.push(readTrustedKey(await readText(world, file)));
  return ids;
}

/** Says what is in a package that is whole. Throws PACKAGE_* otherwise. */
export async function runVerify(world: World, file: string, flags: TrustFlags): Promise<void> {
  const { opened } = await readPackage(world, file, flags);
  world.stdout.write(describePackage(opened));
}

export function describePackage({ manifest, files, keyId, isTrusted }: OpenedPackage): string {
  const rows = [...files].map(([name, bytes]) => [name, kilobytes(bytes.byteLength), 'digest ok']);
  const trust = isTrusted ? 'trusted' : 'signed, by a key that was not named with --key';
  rows.push(['signature', '', keyId === undefined ? 'none' : `${trust}: ${keyId}`]);
  return `${manifest.name} ${manifest.version}\n${table([['FILE', 'SIZE', 'STATE'], ...rows])}`;
}

/** Installs into the data directory of this configuration, or into a host over HTTP. */
export async function runInstall(
  world: World,
  config: HostConfig,
  file: string,
  flags: TrustFlags & { readonly to?: string },
): Promise<void> {
  await installPackage(world, config, await readPackage(world, file, flags), flags.to);
}

/** Throws what the host refuses with; a version that ran before runs on then. */
export async function installPackage(
  world: World,
  config: HostConfig,
  { bytes, opened }: PackageFile,
  address: string | undefined,
): Promise<void> {
  const { name, version } = opened.manifest;
  if (address !== undefined) {
    await installRemotely(world, address, name, bytes);
    world.stderr.write(`${name} ${version} is installed at ${address}\n`);
    return;
  }
  // The other adapters are nobody's concern here.
  const host = await world.createHost({ ...config, bundled: false, adapters: undefined }, [name]);
  try {
    await host.installPackage(bytes);
  } finally {
    await host.close();
  }
  world.stderr.write(`${name} ${version} is installed in ${config.data}\n`);
}

async function readText(world: World, file: string): Promise<string> {
  try {
    return await readFile(resolve(world.cwd, file), 'utf8');
  } catch (error) {
    throw fileError(error, file, 'read');
  }
}
