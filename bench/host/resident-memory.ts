/**
 * What held cells take of resident memory: the slope of RSS over thousands of them. Each function is one round, made to
 * be the only thing that its process does (`child-round.ts`).
 */

import type { Executor, Session } from '../../host/types.ts';
import type { Round } from '../harness.ts';
import { bytesOf, callOnce, echoRequest, makeServedImage, payloadOf, startExecutor } from './cells.ts';
import { prepareGlue } from './glue.ts';
import { openHost } from './hosts.ts';
import { readBuilt, vary } from './packages.ts';
import { slopePerThing } from './rss-slope.ts';

/** A pool may be told to hold at most so many cells. */
const POOL_MAX_CELLS = 1_000;
const PAYLOAD = payloadOf(64);

/** Instances behind jco's glue, kept. */
export async function holdGlue(count: number): Promise<Round> {
  const makeCell = await prepareGlue((await readBuilt('echo')).component);
  const held: unknown[] = [];
  const round = await slopePerThing(count, () => void held.push(makeCell()));
  if (held.length < count / 2) throw new Error('the instances were not held');
  return round;
}

/** Cells created, called and dropped: what is left behind though nothing is held. */
export function callAndDrop(count: number): Promise<Round> {
  return withExecutor((executor, imageId) =>
    slopePerThing(count, async () => void (await callOnce(executor, imageId, PAYLOAD)), false),
  );
}

/** Cells that never served a call. */
export function holdVirgins(count: number): Promise<Round> {
  return withExecutor((executor, imageId) =>
    slopePerThing(count, async () => void (await executor.createCell(imageId))),
  );
}

/** Cells that served one call each. */
export function holdUsed(count: number): Promise<Round> {
  return withExecutor((executor, imageId) =>
    slopePerThing(count, async () => {
      const { id } = await executor.createCell(imageId);
      bytesOf(await executor.run(id, echoRequest(PAYLOAD)));
    }),
  );
}

/** Cells of a whole host, pinned by sessions: what a pinned cell takes is what an idle one takes, plus the session. */
export async function holdThroughHost(count: number): Promise<Round> {
  const built = await readBuilt('echo');
  const names = Array.from({ length: Math.ceil(count / POOL_MAX_CELLS) }, (_, index) => `echo-${index}`);
  const pool = { min: 0, max: POOL_MAX_CELLS, tenantShare: 1, idleMs: 600_000 };
  const { host, close } = await openHost({ packages: names.map((name) => vary(built, { name, pool })) });
  const sessions: Session[] = [];
  try {
    return await slopePerThing(count, async () => {
      const adapter = names[sessions.length % names.length] ?? '';
      sessions.push(await host.session({ adapter, tenant: 'bench', requestId: 'hold' }));
    });
  } finally {
    for (const session of sessions) session.close();
    await close();
  }
}

async function withExecutor(use: (executor: Executor, imageId: string) => Promise<Round>): Promise<Round> {
  const image = makeServedImage(await readBuilt('echo'));
  const executor = startExecutor();
  executor.load(image);
  try {
    return await use(executor, image.id);
  } finally {
    await executor.stop();
  }
}
