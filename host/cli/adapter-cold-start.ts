/**
 * What one adapter's cells cost to make: one warm executor, and new cells one after the other, each dropped before the
 * next. Nothing of a pool or a host is in the figures.
 */

import { createServices } from '../capabilities/services.ts';
import type { HostConfig } from '../config.ts';
import { createFleet } from '../executor/fleet.ts';
import type { AdapterImage } from '../types.ts';
import type { World } from './world.ts';

export interface ColdStart {
  readonly cellCount: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Cells made before any is counted: V8 compiles lazily, and the first ones pay for all. */
const WARM_UP_COUNT = 20;

/** Throws POOL_CREATE_FAILED — a cell cannot be made. */
export async function measureColdStart(
  world: World,
  config: HostConfig,
  image: AdapterImage,
  cellCount: number,
): Promise<ColdStart> {
  const { clock } = world;
  const services = createServices({ clock, kvUrl: undefined, kvMaxBytes: config.kvMaxBytes });
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
    return { cellCount, p50Ms: at(0.5), p95Ms: at(0.95) };
  } finally {
    await fleet.close();
    await services.close();
  }
}
