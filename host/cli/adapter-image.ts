/**
 * The image of an adapter's package, built as the registry builds it, without a registry or a host.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { grantsOf } from '../capabilities/grants.ts';
import { systemSecretSources } from '../capabilities/secrets.ts';
import { type HostConfig, LIMIT_DEFAULTS } from '../config.ts';
import { createCache, currentToolchain } from '../registry/cache.ts';
import { diskFiles } from '../registry/files.ts';
import { buildImage } from '../registry/image.ts';
import { parseManifest } from '../registry/manifest.ts';
import { createPreparer } from '../registry/prepare.ts';
import type { AdapterImage } from '../types.ts';
import type { World } from './world.ts';

export interface PreparedAdapter {
  readonly image: AdapterImage;
  /** From the component's bytes to an image; less when the preparation was known. */
  readonly prepareMs: number;
  readonly componentBytes: number;
}

/** A package: its manifest as parsed JSON, and its component. */
export interface AdapterFiles {
  readonly manifest: unknown;
  readonly component: Uint8Array;
}

/** The two files of a package folder that was built. */
export async function readPackageFolder(folder: string): Promise<AdapterFiles> {
  const read = (name: string): Promise<Buffer> => readFile(join(folder, name));
  return {
    manifest: JSON.parse((await read('adapter.json')).toString('utf8')),
    component: await read('component.wasm'),
  };
}

/** `dataDir` keeps what was prepared. Throws REGISTRY_* — the component or the manifest was refused. */
export async function prepareAdapter(
  world: World,
  config: HostConfig,
  { manifest: json, component }: AdapterFiles,
  dataDir: string,
): Promise<PreparedAdapter> {
  const { clock } = world;
  const manifest = parseManifest(json, { pool: config.pool, limits: LIMIT_DEFAULTS });
  const preparer = createPreparer({
    timeoutMs: config.prepareTimeoutMs,
    heapMiB: config.prepareHeapMiB,
    componentMaxBytes: config.componentMaxBytes,
    clock,
  });
  const startMs = clock.now();
  const secretSources = systemSecretSources(world.env);
  try {
    const image = await buildImage(manifest, component, {
      preparer,
      cache: createCache({ folder: dataDir, files: diskFiles, toolchain: currentToolchain() }),
      grantsOf: (one) => grantsOf(one, config.capabilities, secretSources),
    });
    return { image, prepareMs: clock.now() - startMs, componentBytes: component.byteLength };
  } finally {
    await preparer.close();
  }
}
