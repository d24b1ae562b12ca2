/**
 * CPU profiles of all threads of a process for as long as something runs in it. A thread that ends meanwhile has none.
 */

import type { CpuProfile } from './call-tree.ts';
import { connectThread, type InspectorLink } from './inspector-link.ts';

/** Between two looks at a thread's stack: fine enough for calls of a tenth of a millisecond, and not felt. */
const INTERVAL_US = 200;

export interface ThreadProfile {
  /** What it is: `main`, or its number and title. */
  readonly thread: string;
  readonly profile: CpuProfile;
}

/** Profiles every thread while `run` runs. `link` is that of the process's main thread, and stays open. */
export async function profileThreads(
  link: InspectorLink,
  run: () => Promise<unknown>,
): Promise<ThreadProfile[]> {
  const threads: { readonly name: string; readonly link: InspectorLink }[] = [{ name: 'main', link }];
  link.on('NodeWorker.attachedToWorker', (params) => {
    const { sessionId, workerInfo } = params as {
      readonly sessionId: string;
      readonly workerInfo: { readonly workerId: string; readonly title: string };
    };
    threads.push({ name: `thread ${workerInfo.workerId}`, link: connectThread(link, sessionId) });
  });
  // Resolves when it is attached to all that run now.
  await link.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  const started = [...threads];
  await Promise.all(
    started.map(async (thread) => {
      await thread.link.post('Profiler.enable');
      await thread.link.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
      await thread.link.post('Profiler.start');
    }),
  );
  const profiles: ThreadProfile[] = [];
  try {
    await run();
  } finally {
    const ends = await Promise.allSettled(started.map((thread) => thread.link.post('Profiler.stop')));
    profiles.push(
      ...ends.flatMap((end, index): ThreadProfile[] => {
        const name = started[index]?.name ?? '';
        // A thread that was ended meanwhile takes its samples with it.
        if (end.status === 'rejected') return [];
        return [{ thread: name, profile: (end.value as { readonly profile: CpuProfile }).profile }];
      }),
    );
    await link.post('NodeWorker.disable');
  }
  return profiles;
}
