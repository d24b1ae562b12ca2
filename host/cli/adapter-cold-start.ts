/**
 * What one adapter's cells cost to make: an image as the registry builds it, one warm executor, and new cells one after
 * the other, each dropped before the next. Nothing of a pool or a host is in the figures.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { grantsOf } from '../capabilities/grants.ts';
import { systemSecretSources } from '../capabilities/secrets.ts';
import { createServices } from '../capabilities/services.ts';
import { type HostConfig, LIMIT_DEFAULTS } from '../config.ts';
import { createFleet } from '../executor/fleet.ts';
import { createCache, currentToolchain } from '../registry/cache.ts';
import { diskFiles } from '../registry/files.ts';
import { buildImage } from '../registry/image.ts';
import { parseManifest } from '../registry/manifest.ts';
import { createPreparer } from '../registry/prepare.ts';
import type { AdapterImage } from '../types.ts';
import { type BuiltProject, dataFolder } from './adapter-project.ts';
import type { World } from './world.ts';

export interface ColdStart {
  readonly cellCount: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export interface Measured {
  readonly image: AdapterImage;
  /** From the component's bytes to an image; less when the preparation was known. */
  readonly prepareMs: number;
  readonly componentBytes: number;
  readonly coldStart: ColdStart;
}

/** Cells made before any is counted: V8 compiles lazily, and the first ones pay for all. */
const WARM_UP_COUNT = 20;

/** Throws REGISTRY_* — the component or the manifest was refused; POOL_CREATE_FAILED — a cell cannot be made. */
export async function measureAdapter(
  world: World,
  config: HostConfig,
  project: BuiltProject,
  cellCount: number,
): Promise<Measured> {
  const { clock } = world;
  const read = (name: string): Promise<Buffer> => readFile(join(project.packageFolder, name));
  const manifest = parseManifest(JSON.parse((await read('adapter.json')).toString('utf8')), {
    pool: config.pool,
    limits: LIMIT_DEFAULTS,
  });
  const component = await read(manifest.component);
  const preparer = createPreparer({
    timeoutMs: config.prepareTimeoutMs,
    heapMiB: config.prepareHeapMiB,
    componentMaxBytes: config.componentMaxBytes,
    clock,
  });
  const cache = createCache({
    folder: dataFolder(project),
    files: diskFiles,
    toolchain: currentToolchain(),
  });
  const services = createServices({ clock, kvUrl: undefined, kvMaxBytes: config.kvMaxBytes });
  const startMs = clock.now();
  const secretSources = systemSecretSources(world.env);
  const image = await buildImage(manifest, component, {
    preparer,
    cache,
    grantsOf: (one) => grantsOf(one, config.capabilities, secretSources),
  }).finally(() => preparer.close());
  const prepareMs = clock.now() - startMs;
  const fleet = await createFleet({
    count: 1,
    clock,
    killGraceMs: config.killGraceMs,
    services,
    onJoin: () => {},
    onLeave: () => {},
    onCollected: () => {},
  });
  try {
    fleet.load(image);
    const [executor] = fleet.executors;
    if (executor === undefined) throw new Error('the fleet has no executor');
    const times: number[] = [];
    for (let i = -WARM_UP_COUNT; i < cellCount; i++) {
      const beganMs = clock.now();
      const cell = await executor.createCell(image.id);
      if (i >= 0) times.push(clock.now() - beganMs);
      executor.destroyCell(cell.id);
    }
    times.sort((a, b) => a - b);
    const at = (part: number): number =>
      times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
    return {
      image,
      prepareMs,
      componentBytes: component.byteLength,
      coldStart: { cellCount, p50Ms: at(0.5), p95Ms: at(0.95) },
    };
  } finally {
    await fleet.close();
    await services.close();
  }
}
