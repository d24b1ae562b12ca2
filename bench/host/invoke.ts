/**
 * Question: what does `host.invoke` add to the least a call into a thread can cost, a bare postMessage round trip?
 * One call at a time, 64 bytes there and back.
 */

import { type Contestant, type Table, timeEach } from '../harness.ts';
import { payloadOf } from './cells.ts';
import { startEchoThread } from './echo-thread.ts';
import { callHost, openHost, POOLS_OFF_TERMS } from './hosts.ts';
import { readBuilt, vary } from './packages.ts';

const POOLS_OFF = 'pools off (a new cell for each call)';
const BARE = 'bare postMessage round trip';

export const invokeTable: Table = {
  name: 'invoke',
  question: 'host.invoke, no HTTP, one call at a time: 64 bytes there and back (ms)',
  unit: 'ms',
  baseline: POOLS_OFF,
  headline: 'p50',
  // Short rounds: a wake-up costs 25 or 100 µs by whether the other core sleeps, and a round should see one of the two.
  effort: { rounds: 40, samples: 250, warmUp: 2_000 },
  quick: { rounds: 2, samples: 50, warmUp: 50 },
  async open() {
    const built = await readBuilt('echo');
    const opened = await openHost({
      packages: [built, vary(built, { name: 'pools-off', ...POOLS_OFF_TERMS })],
    });
    const thread = await startEchoThread();
    const payload = payloadOf(64);
    const contestant = (row: string, call: () => Promise<Uint8Array>): Contestant => ({
      row,
      answer: call,
      round: async (count) => ({ samples: await timeEach(count, call) }),
    });
    return {
      contestants: [
        contestant(POOLS_OFF, () => callHost(opened.host, 'pools-off', payload)),
        contestant(BARE, () => thread.roundTrip(payload)),
        {
          ...contestant('host.invoke', () => callHost(opened.host, 'echo', payload)),
          targets: [{ metric: 'p50', test: '<=', value: 2, against: BARE }],
        },
      ],
      async close() {
        await thread.close();
        await opened.close();
      },
    };
  },
};
