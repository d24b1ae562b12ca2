/**
 * Question: what does one more idle echo cell cost in resident memory? Answered by the slope of RSS over thousands of
 * held cells, so that what exists once (threads, code, heap slack) does not count.
 */

import type { AdapterImage, Executor, Host, Session } from '../../host/types.ts';
import { type Contestant, collectGarbage, type Round, type Table } from '../harness.ts';
import { slope } from '../statistics.ts';
import { bytesOf, callOnce, echoRequest, makeImage, payloadOf, startExecutor } from './cells.ts';
import { prepareGlue } from './glue.ts';
import { openHost } from './hosts.ts';
import { readBuilt, vary } from './packages.ts';

/** RSS is read so many times on the way. */
const STEPS = 8;
const KIB = 1_024;
/** Required of an idle echo cell. */
const LIMIT_KIB = 48;
/** A pool may be told to hold at most so many cells. */
const POOL_MAX_CELLS = 1_000;
const POOLS_OFF = 'pools off (a new cell for each call, none held)';
const GLUE = "jco's glue, held";

/** Adds `count` things in steps and gives the slope of RSS in KiB a thing. */
async function slopePerThing(count: number, add: () => Promise<void> | void): Promise<Round> {
  const points: [number, number][] = [];
  const perStep = Math.max(1, Math.floor(count / STEPS));
  for (let step = 0; step <= STEPS; step++) {
    if (step > 0) for (let index = 0; index < perStep; index++) await add();
    await collectGarbage();
    points.push([step * perStep, process.memoryUsage.rss() / KIB]);
  }
  // The first step pays for what exists once: heap growth, code, the first arena of every kind.
  const value = slope(points.slice(1));
  return { figures: { 'RSS per cell': { value, unit: 'KiB', n: STEPS * perStep } } };
}

export const idleMemoryTable: Table = {
  name: 'idle-memory',
  question: 'Resident memory of one more idle echo cell (slope over held cells)',
  unit: 'KiB',
  baseline: GLUE,
  headline: 'RSS per cell',
  effort: { rounds: 1, samples: 4_000, warmUp: 0 },
  quick: { rounds: 1, samples: 400, warmUp: 0 },
  async open() {
    const built = await readBuilt('echo');
    const image = makeImage(built);
    const payload = payloadOf(64);
    const makeGlueCell = await prepareGlue(built.component);
    const contestants: Contestant[] = [
      {
        row: GLUE,
        round: async (count) => {
          const held: unknown[] = [];
          const round = await slopePerThing(count, () => void held.push(makeGlueCell()));
          held.length = 0;
          return round;
        },
      },
      {
        row: POOLS_OFF,
        round: (count) =>
          inNewExecutor(image, (executor) =>
            slopePerThing(count, async () => void (await callOnce(executor, image.id, payload))),
          ),
      },
      {
        row: 'cell held by an executor',
        targets: [{ metric: 'RSS per cell', test: '<=', value: LIMIT_KIB }],
        round: (count) =>
          inNewExecutor(image, (executor) =>
            slopePerThing(count, async () => void (await executor.createCell(image.id))),
          ),
      },
      {
        row: 'cell that served a call, held by an executor',
        targets: [{ metric: 'RSS per cell', test: '<=', value: LIMIT_KIB }],
        round: (count) =>
          inNewExecutor(image, (executor) =>
            slopePerThing(count, async () => {
              const { id } = await executor.createCell(image.id);
              bytesOf(await executor.run(id, echoRequest(payload)));
            }),
          ),
      },
      {
        row: 'cell held through a host, with its pool state',
        targets: [{ metric: 'RSS per cell', test: '<=', value: LIMIT_KIB }],
        round: (count) => holdThroughHost(Math.min(count, 4 * POOL_MAX_CELLS)),
      },
    ];
    return { contestants, close: () => {} };
  },
};

/** Every row starts with an empty heap of its own: space freed by another row would hide what this one takes. */
async function inNewExecutor(
  image: AdapterImage,
  use: (executor: Executor) => Promise<Round>,
): Promise<Round> {
  const executor = startExecutor();
  executor.load(image);
  try {
    return await use(executor);
  } finally {
    await executor.stop();
  }
}

/** Pins cells by sessions: what a pinned cell takes is what an idle one takes, plus the session. */
async function holdThroughHost(count: number): Promise<Round> {
  const built = await readBuilt('echo');
  const names = Array.from({ length: Math.ceil(count / POOL_MAX_CELLS) }, (_, index) => `echo-${index}`);
  const pool = { min: 0, max: POOL_MAX_CELLS, permits: 2 * POOL_MAX_CELLS, tenantShare: 1, idleMs: 600_000 };
  const opened = await openHost({ packages: names.map((name) => vary(built, { name, pool })) });
  const sessions: Session[] = [];
  try {
    return await slopePerThing(count, async () => {
      const adapter = names[sessions.length % names.length] ?? 'echo-0';
      sessions.push(await openSession(opened.host, adapter, sessions.length));
    });
  } finally {
    for (const session of sessions) session.close();
    await opened.close();
  }
}

function openSession(host: Host, adapter: string, index: number): Promise<Session> {
  return host.session({ adapter, tenant: 'bench', requestId: `hold-${index}` });
}
