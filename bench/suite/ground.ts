/**
 * What several tables stand on: one server with the adapters under test, started when a table first asks for it and kept until the
 * run is over, because a start costs seconds of which a smoke run has few.
 *
 * Beside each adapter as it is in service stands one whose pool has room to find its size, and beside them the guests of the suite
 * itself. A table that breaks may have broken the server: `close` ends it, and the next one that asks starts another.
 */

import type { CapabilityPolicy } from '../../host/capability-types.ts';
import { vary } from '../host/packages.ts';
import { type Server, startBareFastify } from '../host/servers.ts';
import { measureCapacity } from './capacity.ts';
import type { TableOptions } from './plan.ts';
import { forVariants, nameOf, OPEN_POOL, type Sample } from './sample.ts';
import { type Served, serve } from './served.ts';
import { makeStormSamples } from './storm-guest.ts';
import { makeWaitingSample } from './waiting-guest.ts';

/** Far from both ends: neither is what a pool settles at. */
export const ROOMY_POOL = { ...OPEN_POOL, min: 2, max: 64 } as const;
const CAPACITY_MS = 3_000;
const CAPACITY_QUICK_MS = 500;

export const roomyName = (sample: Sample): string => `${nameOf(sample)}-roomy`;

export interface Standing {
  readonly served: Served;
  /** By crashes in a hundred calls, 0 first. */
  readonly storm: ReadonlyMap<number, Sample>;
  readonly waiting: Sample;
  /** Calls a second, measured once. */
  capacityOf(sample: Sample): Promise<number>;
}

export interface Ground {
  standing(): Promise<Standing>;
  bare(): Promise<Server>;
  /** Where the inspectors of servers listen that run now. */
  inspectors(): Promise<readonly string[]>;
  /** Ends what was started. Asked again afterwards, it starts anew. */
  close(): Promise<void>;
}

export function createGround(
  samples: readonly Sample[],
  capabilities: CapabilityPolicy,
  { quick, inspected }: Pick<TableOptions, 'quick' | 'inspected'>,
): Ground {
  let standing: Promise<Standing> | undefined;
  let bare: Promise<Server> | undefined;

  const start = async (): Promise<Standing> => {
    const storm = await makeStormSamples();
    const waiting = await makeWaitingSample(ROOMY_POOL);
    const served = await serve(
      [
        ...samples.map(({ built }) => vary(built, { pool: OPEN_POOL })),
        ...samples.map((sample) => vary(sample.built, { name: roomyName(sample), pool: ROOMY_POOL })),
        ...[...storm.values()].slice(0, 1).map(({ built }) => built),
        waiting.built,
      ],
      forVariants(samples, capabilities, ({ name }) => [`${name}-roomy`]),
      inspected ? { nodeFlags: ['--inspect=127.0.0.1:0'] } : {},
    );
    const capacities = new Map<Sample, Promise<number>>();
    return {
      served,
      storm,
      waiting,
      capacityOf(sample) {
        const known = capacities.get(sample);
        if (known !== undefined) return known;
        const measured = measureCapacity(served, sample, quick ? CAPACITY_QUICK_MS : CAPACITY_MS);
        capacities.set(sample, measured);
        return measured;
      },
    };
  };

  return {
    standing: () => {
      standing ??= start();
      return standing;
    },
    bare: () => {
      bare ??= startBareFastify();
      return bare;
    },
    async inspectors() {
      const { inspector } = (await standing)?.served ?? {};
      return inspector === undefined ? [] : [inspector];
    },
    async close() {
      const [server, peer] = [standing, bare];
      standing = undefined;
      bare = undefined;
      // What did not start has nothing to end; who asked for it was told.
      await server?.then(
        ({ served }) => served.close(),
        () => {},
      );
      await peer?.then(
        (started) => started.close(),
        () => {},
      );
    },
  };
}
