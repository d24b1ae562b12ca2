/**
 * Question: what does it cost to have a cell, split by how much is warm already? From bytes nobody has seen to a cell
 * that waits in a pool, for a component of one core module (echo) and for one of thirteen (hello-js).
 */

import { systemClock } from '../../host/clock.ts';
import { createPreparer } from '../../host/registry/prepare.ts';
import type { AdapterImage, Executor, Host } from '../../host/types.ts';
import { type Contestant, type Round, type Table, type Target, timeEach } from '../harness.ts';
import {
  bootExecutors,
  bytesOf,
  callOnce,
  echoRequest,
  makeServedImage,
  payloadOf,
  startExecutor,
} from './cells.ts';
import { callHost, openHost } from './hosts.ts';
import { type Package, readBuilt } from './packages.ts';

/** Dear things are done fewer times a round; the table says how many it were. */
const PREPARE_MAX = 6;
const BOOT_MAX = 20;
const PAYLOAD = payloadOf(64);
const poolsOff = (name: string): string => `pools off: new cell + call + drop, ${name}`;

const below = (value: number): readonly Target[] => [{ metric: 'p95', test: '<', value }];

interface Stand {
  readonly name: string;
  readonly built: Package;
  readonly image: AdapterImage;
  readonly executor: Executor;
  readonly host: Host;
  /** Upper bound of p95 in ms for a new cell in a warm executor. */
  readonly newCellMaxMs: number;
}

export const coldStartTable: Table = {
  name: 'cold-start',
  question: 'Cold start, split: from unseen bytes to a warm lease (ms)',
  unit: 'ms',
  baseline: poolsOff('echo'),
  headline: 'p50',
  effort: { rounds: 5, samples: 250, warmUp: 60 },
  quick: { rounds: 1, samples: 20, warmUp: 3 },
  async open() {
    const packages = [await readBuilt('echo'), await readBuilt('hello-js')];
    const opened = await openHost({ packages });
    const executor = startExecutor();
    const stands = packages.map((built): Stand => {
      const image = makeServedImage(built);
      executor.load(image);
      const name = built.manifest.name;
      return { name, built, image, executor, host: opened.host, newCellMaxMs: name === 'echo' ? 0.4 : 5 };
    });
    return {
      contestants: stands.flatMap(contestantsOf),
      async close() {
        await executor.stop();
        await opened.close();
      },
    };
  },
};

function contestantsOf(stand: Stand): Contestant[] {
  const { name, built, image, executor, host, newCellMaxMs } = stand;
  return [
    {
      row: poolsOff(name),
      answer: () => callOnce(executor, image.id, PAYLOAD),
      round: async (count) => ({
        samples: await timeEach(count, () => callOnce(executor, image.id, PAYLOAD)),
      }),
    },
    {
      row: `prepare + compile from nothing, ${name}`,
      round: async (count) => ({
        samples: await timeEach(Math.min(count, PREPARE_MAX), () => prepareFromNothing(built)),
      }),
    },
    {
      row: `new executor + cell, ${name}`,
      round: (count) => bootExecutors(image, Math.min(count, BOOT_MAX)),
    },
    {
      row: `new cell in a warm executor, ${name}`,
      targets: below(newCellMaxMs),
      round: (count) => createCells(stand, count, 'host'),
    },
    {
      row: `new cell, timed in its thread, ${name}`,
      round: (count) => createCells(stand, count, 'thread'),
    },
    { row: `its first call, ${name}`, round: (count) => firstCalls(stand, count) },
    { row: `warm lease, ${name}`, round: (count) => leaseWarm(host, name, count) },
    {
      row: `warm lease + 64-byte call, ${name}`,
      targets: below(0.3),
      answer: () => callHost(host, name, PAYLOAD),
      round: async (count) => ({ samples: await timeEach(count, () => callHost(host, name, PAYLOAD)) }),
    },
  ];
}

/** The preparing thread's start, all checks, and the compilation. */
async function prepareFromNothing({ component }: Package): Promise<void> {
  const preparer = createPreparer({
    timeoutMs: 30_000,
    heapMiB: 512,
    componentMaxBytes: component.length,
    clock: systemClock,
  });
  const { plan, code } = await preparer.prepare(component);
  for (const { offset, length } of plan.modules) {
    await WebAssembly.compile(code.slice(offset, offset + length));
  }
  await preparer.close();
}

async function createCells(
  { executor, image }: Stand,
  count: number,
  seenBy: 'host' | 'thread',
): Promise<Round> {
  const samples = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const startMs = performance.now();
    const { id, createMs } = await executor.createCell(image.id);
    samples[index] = seenBy === 'host' ? performance.now() - startMs : createMs;
    executor.destroyCell(id);
  }
  return { samples };
}

async function firstCalls({ executor, image }: Stand, count: number): Promise<Round> {
  const samples = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const { id } = await executor.createCell(image.id);
    const startMs = performance.now();
    bytesOf(await executor.run(id, echoRequest(PAYLOAD)));
    samples[index] = performance.now() - startMs;
    executor.destroyCell(id);
  }
  return { samples };
}

/** A session that is opened and closed: a cell is leased and given back, nothing runs in it. */
async function leaseWarm(host: Host, adapter: string, count: number): Promise<Round> {
  const samples = await timeEach(count, async () => {
    const session = await host.session({ adapter, tenant: 'bench', requestId: 'bench' });
    session.close();
  });
  return { samples };
}
