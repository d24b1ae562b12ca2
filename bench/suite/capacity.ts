/**
 * How much a server can do, found out before it is loaded with parts of it; and how many of a pool's cells are lent
 * meanwhile.
 */

import type { PoolSnapshot } from '../../host/types.ts';
import type { Figure } from '../harness.ts';
import { nameOf, type Sample } from './sample.ts';
import { CONNECTIONS, type Served } from './served.ts';

const WARM_UP_MS = 500;
/** The generator is a process: it takes about so long before it sends. */
const GENERATOR_START_MS = 300;
/** Often enough for a mean over a second; each look is a request that the server answers beside the load. */
const LOOK_MS = 40;

/**
 * Calls a second that it answers to as many callers as it likes. The generator takes a core as it does in an open loop: on a machine
 * with few of them that is a part of what is measured.
 */
export async function measureCapacity(
  served: Served,
  sample: Sample,
  durationMs: number,
  adapter = nameOf(sample),
): Promise<number> {
  const { requestsPerSecond } = await served.drive(sample, adapter, {
    connections: CONNECTIONS,
    spin: true,
    warmUpMs: WARM_UP_MS,
    durationMs,
  });
  return requestsPerSecond;
}

export interface PoolWatch {
  /** Ends the watching. Throws when nothing was seen. */
  end(): Promise<Readonly<Record<string, Figure>>>;
}

/**
 * Looks at a pool at even distances while a load of these times is driven: means over the looks are means over time. It begins when
 * the generator has started and warmed up.
 */
export function watchPool(
  served: Served,
  adapter: string,
  { warmUpMs, durationMs }: { readonly warmUpMs: number; readonly durationMs: number },
): PoolWatch {
  const looks: PoolSnapshot[] = [];
  let isOver = false;
  let failure: unknown;
  const fromMs = performance.now() + warmUpMs + Math.min(GENERATOR_START_MS, durationMs / 4);
  const watching = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (performance.now() < fromMs) continue;
      looks.push(await served.pool(adapter));
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  return {
    async end() {
      isOver = true;
      await watching;
      if (failure !== undefined) throw failure;
      if (looks.length === 0) throw new Error('the pool was not looked at: the round was too short');
      return poolFigures(looks);
    },
  };
}

/** leased / (leased + idle), weighted by time, and what it is made of. */
export function poolFigures(looks: readonly PoolSnapshot[]): Readonly<Record<string, Figure>> {
  const n = looks.length;
  const sum = (of: (look: PoolSnapshot) => number): number =>
    looks.reduce((total, look) => total + of(look), 0);
  const leased = sum((look) => look.leased);
  const live = leased + sum((look) => look.idle);
  return {
    utilisation: { value: live === 0 ? 0 : (100 * leased) / live, unit: '%', n },
    leased: { value: leased / n, unit: 'cells', n },
    live: { value: live / n, unit: 'cells', n },
    target: { value: sum((look) => look.target) / n, unit: 'cells', n },
  };
}
