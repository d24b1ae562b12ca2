/**
 * `hotcell adapter types`: declarations in TypeScript of the operations of an adapter, for `createClient` and other callers of its
 * JSON interface.
 *
 * They are those of the adapter as a host has it, whether that is a source here, a package, what a host of this configuration
 * would serve, or what one serves that runs elsewhere.
 */

import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HostConfig } from '../config.ts';
import { HostError, hasCode } from '../errors.ts';
import { openPackage } from '../package/package.ts';
import { type AdapterFiles, prepareAdapter, readPackageFolder } from './adapter-image.ts';
import { buildProject, dataFolder } from './adapter-project.ts';
import { showRemotely } from './adapter-remote.ts';
import { fileError } from './invoke.ts';
import { printable } from './print.ts';
import { startHost, type World } from './world.ts';

export interface TypesFlags {
  /** Address of a running host that has the adapter. */
  readonly from?: string;
}

/** What every way to an adapter gives. */
interface Typed {
  readonly name: string;
  readonly version: string;
  readonly world: string;
  /** Undefined where it has none. */
  readonly declarations: string | undefined;
}

/**
 * `source`: the folder of an adapter, or a package file; else the name of one that is installed, comes with the host or lies in
 * its directory. Throws KIT_*, PACKAGE_*, REGISTRY_* — it cannot be built, read or found; REGISTRY_UNSUPPORTED — it has no types.
 */
export async function runTypes(
  world: World,
  config: HostConfig,
  source: string,
  flags: TypesFlags,
): Promise<void> {
  const { name, version, world: contract, declarations } = await find(world, config, source, flags);
  if (declarations === undefined) {
    throw new HostError(
      'REGISTRY_UNSUPPORTED',
      `${name} is of the world ${contract}: its operations take and give bytes, which have no types`,
    );
  }
  const use = `createClient<{ ${/^[a-z0-9]+$/.test(name) ? name : `'${name}'`}: Operations }>(address)`;
  world.stdout.write(printable(`// ${name} ${version}, for ${use} of hotcell/client.\n\n${declarations}`));
}

async function find(world: World, config: HostConfig, source: string, { from }: TypesFlags): Promise<Typed> {
  const isName = /^[a-z][a-z0-9-]*$/.test(source);
  if (from !== undefined) {
    if (!isName)
      throw new HostError('CONFIG_INVALID', 'with --from goes the name of an adapter of that host');
    return readDetail(source, await showRemotely(world, from, source));
  }
  const found = await stat(resolve(world.cwd, source)).catch(() => undefined);
  if (found?.isFile()) return describe(world, config, await readFileOf(world, source), config.data);
  if (found === undefined && isName) return ofInstalled(world, config, source);
  const project = await buildProject(world, source);
  return describe(world, config, await readPackageFolder(project.packageFolder), dataFolder(project));
}

/** What another host says of an adapter; nothing of it is believed but its text. */
function readDetail(name: string, detail: unknown): Typed {
  const { version, world, declarations } = (detail ?? {}) as Partial<Record<keyof Typed, unknown>>;
  if (typeof version !== 'string' || typeof world !== 'string') {
    throw new HostError(
      'KIT_HOST_REFUSED',
      `the host does not say what ${name} is: it is not a Hotcell host`,
    );
  }
  // In the comment above the declarations, which a line break would end.
  if (/[\r\n]/.test(version)) throw new HostError('KIT_HOST_REFUSED', `the version of ${name} is not one`);
  return { name, version, world, declarations: typeof declarations === 'string' ? declarations : undefined };
}

async function readFileOf(world: World, source: string): Promise<AdapterFiles> {
  const bytes = await readFile(resolve(world.cwd, source)).catch((error: unknown) => {
    throw fileError(error, source, 'read');
  });
  return openPackage(bytes);
}

async function describe(
  world: World,
  config: HostConfig,
  files: AdapterFiles,
  dataDir: string,
): Promise<Typed> {
  const { image } = await prepareAdapter(world, config, files, dataDir);
  return { ...image.manifest, declarations: image.typed?.declarations };
}

async function ofInstalled(world: World, config: HostConfig, name: string): Promise<Typed> {
  const host = await startHost(world, config, ['warn', 'error'], [name]);
  try {
    return host.adapter(name);
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_NOT_FOUND')) throw error;
    throw new HostError(
      'REGISTRY_NOT_FOUND',
      `${name} is no folder and no file here, and no adapter in ${config.data}: \`hotcell adapters\` lists those; --from asks a host that runs`,
      { cause: error },
    );
  } finally {
    await host.close();
  }
}
