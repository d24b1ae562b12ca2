/** `hotcell adapter push` and `pull`: packages to and from an OCI registry or an OCI layout on disk. */

import { resolve } from 'node:path';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { type ArtifactStore, pullPackage, pushPackage } from '../package/oci-artifact.ts';
import { createLayoutStore } from '../package/oci-layout.ts';
import { type OciReference, parseReference } from '../package/oci-reference.ts';
import { createRegistryStore } from '../package/oci-registry.ts';
import { openPackage } from '../package/package.ts';
import {
  describePackage,
  installPackage,
  packProject,
  readPackage,
  type TrustFlags,
  trustedKeys,
} from './adapter-pack.ts';
import { createOutput } from './output.ts';
import type { World } from './world.ts';

interface RegistryFlags {
  readonly plainHttp?: true;
}

export interface PushFlags extends RegistryFlags {
  readonly dir: string;
  readonly file?: string;
  readonly sign?: string;
}

export interface PullFlags extends RegistryFlags, TrustFlags {
  readonly out?: string;
  readonly force?: true;
  readonly install?: true;
  readonly to?: string;
}

/** Packs the project, or takes the file, and pushes. Throws KIT_*, PACKAGE_*, OCI_*. */
export async function runPush(world: World, reference: string, flags: PushFlags): Promise<void> {
  const target = parseReference(reference);
  const store = openStore(world, target, flags);
  const opened =
    flags.file === undefined
      ? await openPackage((await packProject(world, flags)).bytes)
      : (await readPackage(world, flags.file, {})).opened;
  const digest = await pushPackage(store, target.reference, opened);
  world.stdout.write(`${digest}\n`);
  world.stderr.write(`${opened.manifest.name} ${opened.manifest.version} is pushed to ${reference}\n`);
}

/**
 * Pulls and verifies; writes the package file, or installs it. Nothing is written or installed of what is not whole.
 * Throws OCI_*, PACKAGE_*, and what the host refuses with.
 */
export async function runPull(
  world: World,
  config: HostConfig,
  reference: string,
  flags: PullFlags,
): Promise<void> {
  const source = parseReference(reference);
  const trusted = await trustedKeys(world, flags);
  const { bytes, digest } = await pullPackage(openStore(world, source, flags), source.reference);
  const opened = await openPackage(bytes, { trustedKeys: trusted });
  world.stdout.write(`${digest}\n${describePackage(opened)}`);
  if (flags.install || flags.to !== undefined) {
    await installPackage(world, config, { bytes, opened }, flags.to);
    return;
  }
  const path = flags.out ?? `${opened.manifest.name}-${opened.manifest.version}.hotcell.tgz`;
  if (flags.out === undefined && !/^[a-z0-9][a-zA-Z0-9.+-]*$/.test(path)) {
    throw new HostError('PACKAGE_INVALID', 'its name and version are not a file name: give one with --out');
  }
  const options = { replace: flags.force === true, isSecret: false, notForTerminals: 'packages' };
  const output = await createOutput(world, path, options);
  try {
    await output.write(bytes);
    await output.commit();
  } finally {
    await output.discard();
  }
  world.stderr.write(`${path}\n`);
}

function openStore(world: World, reference: OciReference, { plainHttp }: RegistryFlags): ArtifactStore {
  if (reference.kind === 'layout') return createLayoutStore(resolve(world.cwd, reference.folder));
  const { HOTCELL_OCI_USERNAME: username, HOTCELL_OCI_PASSWORD: password } = world.env;
  return createRegistryStore({
    registry: reference.registry,
    repository: reference.repository,
    plainHttp: plainHttp === true,
    credentials: username === undefined || password === undefined ? undefined : { username, password },
    clock: world.clock,
  });
}
