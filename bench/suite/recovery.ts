/**
 * What the end of an executor costs: its thread is ended from outside, with all its cells. From then to the next call served, and
 * until the pool has its cells and the host its spare again.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import type { CapabilityPolicy } from '../../host/capability-types.ts';
import type { Contestant } from '../harness.ts';
import { type OpenedHost, openHost } from '../host/hosts.ts';
import { vary } from '../host/packages.ts';
import type { SuiteTable } from './plan.ts';
import { callSample, nameOf, OPEN_POOL, type Sample } from './sample.ts';

/** Node tells on it of every thread that is started. */
const THREADS = channel('worker_threads');
/** Whose threads are started: it follows a host through its own callbacks. */
const owner = new AsyncLocalStorage<object>();
/** Executors of a host: with one nobody serves while it is gone. */
const COUNTS = [1, 2] as const;
/** A kill costs a thread: so many a round at most. */
const KILLS_MAX = 10;
/** A pool that is not whole by then never will be. */
const WHOLE_MAX_MS = 30_000;

const rowOf = (what: string, executors: number, sample: Sample): string =>
  `${what}, ${executors === 1 ? 'its only executor' : `one of ${executors} executors`}, ${nameOf(sample)}`;

interface Killable extends OpenedHost {
  /** Ends the thread of a live executor; resolves at once. */
  kill(): void;
}

/** A host whose threads are known. */
async function openKillable(
  sample: Sample,
  capabilities: CapabilityPolicy,
  executors: number,
): Promise<Killable> {
  const threads: Worker[] = [];
  const own = {};
  const onThread = (message: unknown): void => {
    // Hosts of other rows start threads too, now and later.
    if (owner.getStore() !== own) return;
    const { worker } = message as { readonly worker: Worker };
    threads.push(worker);
    worker.once('exit', () => threads.splice(threads.indexOf(worker), 1));
  };
  // For as long as the host lives: the executors that replace others are its threads too.
  THREADS.subscribe(onThread);
  try {
    const packages = [vary(sample.built, { pool: OPEN_POOL })];
    const { host, close } = await owner.run(own, () => openHost({ packages, executors, capabilities }));
    return {
      host,
      async close() {
        THREADS.unsubscribe(onThread);
        await close();
      },
      kill() {
        // The youngest is the spare; whoever prepares components is another thread.
        const oldest = threads.find(({ threadName }) => threadName?.startsWith('executor-'));
        if (oldest === undefined) throw new Error('the host has no thread');
        void oldest.terminate();
      },
    };
  } catch (error) {
    THREADS.unsubscribe(onThread);
    throw error;
  }
}

export function recoveryTable(samples: readonly Sample[], capabilities: CapabilityPolicy): SuiteTable {
  return {
    name: 'recovery',
    question: 'From the end of an executor thread to the next call served, and until all is there again (ms)',
    unit: 'ms',
    baseline: rowOf('next call served', COUNTS[0], samples[0] as Sample),
    headline: 'p50',
    effort: { rounds: 4, samples: KILLS_MAX, warmUp: 1 },
    quick: { rounds: 1, samples: 1, warmUp: 0 },
    expectedMs: { full: 25_000 * samples.length, quick: 2_500 * samples.length },
    async open() {
      const opened: Killable[] = [];
      const close = async (): Promise<void> => {
        for (const one of opened) await one.close();
      };
      try {
        const contestants: Contestant[] = [];
        for (const sample of samples) {
          for (const executors of COUNTS) {
            const killable = await openKillable(sample, capabilities, executors);
            opened.push(killable);
            await untilWhole(killable, executors);
            contestants.push(...contestantsOf(killable, sample, executors));
          }
        }
        return { contestants, close };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

function contestantsOf(killable: Killable, sample: Sample, executors: number): Contestant[] {
  const contestant = (what: string, until: () => Promise<unknown>): Contestant => ({
    row: rowOf(what, executors, sample),
    async round(count) {
      const times: number[] = [];
      while (times.length < Math.min(count, KILLS_MAX)) {
        const beganMs = performance.now();
        killable.kill();
        await until();
        times.push(performance.now() - beganMs);
        await untilWhole(killable, executors);
      }
      return { samples: times };
    },
  });
  return [
    contestant('next call served', async () => {
      // The thread ends a moment after it was told to: what it still serves is no recovery.
      await untilNoticed(killable, executors);
      await callSample(killable.host, sample, nameOf(sample));
    }),
    contestant('pool at its target and spare ready', async () => {
      await untilNoticed(killable, executors);
      await untilWhole(killable, executors);
    }),
  ];
}

/** The host has lost an executor that it did not know to be lost before. */
async function untilNoticed({ host }: Killable, executors: number): Promise<void> {
  const before = host.snapshot().executors.died;
  await until(() => host.snapshot().executors.died > before, `none of ${executors} executors was lost`);
}

async function untilWhole({ host }: Killable, executors: number): Promise<void> {
  await until(() => {
    const { executors: fleet, pools } = host.snapshot();
    return fleet.live === executors && fleet.spare === 1 && pools.every(({ size, target }) => size >= target);
  }, 'the host did not become whole again');
}

async function until(isTrue: () => boolean, problem: string): Promise<void> {
  const giveUpMs = performance.now() + WHOLE_MAX_MS;
  while (!isTrue()) {
    if (performance.now() > giveUpMs) throw new Error(`${problem} within ${WHOLE_MAX_MS} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
