/** `hotcell adapter types`: declarations in TypeScript of the operations of an adapter, for callers of its JSON interface. */

import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { openPackage } from '../package/package.ts';
import { readWit } from '../registry/wit.ts';
import { listOperations } from '../registry/wit-operations.ts';
import { declareOperations } from '../registry/wit-typescript.ts';
import { type AdapterFiles, prepareAdapter, readPackageFolder } from './adapter-image.ts';
import { buildProject, dataFolder } from './adapter-project.ts';
import { fileError } from './invoke.ts';
import type { World } from './world.ts';

/**
 * `source`: the folder of an adapter, or a package file. Throws KIT_*, PACKAGE_*, REGISTRY_* — it cannot be built or read;
 * REGISTRY_UNSUPPORTED — of the bytes world, which has no types.
 */
export async function runTypes(world: World, config: HostConfig, source: string): Promise<void> {
  const path = resolve(world.cwd, source);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  let files: AdapterFiles;
  let dataDir = config.data;
  if (isFile) {
    files = await openPackage(
      await readFile(path).catch((error: unknown) => {
        throw fileError(error, source, 'read');
      }),
    );
  } else {
    const project = await buildProject(world, source);
    files = await readPackageFolder(project.packageFolder);
    dataDir = dataFolder(project);
  }
  const { image } = await prepareAdapter(world, config, files, dataDir);
  const { manifest, plan, wit } = image;
  if (manifest.world === 'bytes') {
    throw new HostError(
      'REGISTRY_UNSUPPORTED',
      `${manifest.name} is of the world bytes: its operations take and give bytes, which have no types`,
    );
  }
  // What tools print of a component has one world; an author's text may have several.
  const name = manifest.text === undefined ? undefined : /([^/@]+)(?:@.*)?$/.exec(manifest.world)?.[1];
  world.stdout.write(
    declareOperations(listOperations(plan, readWit(wit, name === 'typed' ? undefined : name))),
  );
}
