/**
 * Waits until the processes of a server are idle: some go on for seconds after their last answer, and would slow who is measured
 * next. Where a system does not say what a process used, a fixed pause.
 */

import { readdir, readFile } from 'node:fs/promises';

const LOOK_MS = 50;
/** Of one core, in the time between two looks, below which a server is idle. */
const IDLE_SHARE = 0.1;
/** Kernels count in hundredths of a second: one look alone sees none of them. */
const IDLE_LOOKS = 3;
/** A server that never rests is measured as it is. */
const WAIT_MAX_MS = 15_000;
const PAUSE_MS = 1_000;
const TICK_MS = 10;

/** What settling needs to know of a machine; tests have one of their own. */
export interface Observer {
  /** Milliseconds of processor time that a process group has used; undefined where that cannot be known. */
  usedMs(groupId: number): Promise<number | undefined>;
  now(): number;
  pause(ms: number): Promise<void>;
}

const system: Observer = {
  usedMs,
  now: () => performance.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export async function settle(groupId: number, observer = system): Promise<void> {
  const untilMs = observer.now() + WAIT_MAX_MS;
  let before = await observer.usedMs(groupId);
  if (before === undefined) {
    await observer.pause(PAUSE_MS);
    return;
  }
  for (let idle = 0; idle < IDLE_LOOKS && observer.now() < untilMs; ) {
    await observer.pause(LOOK_MS);
    const now = await observer.usedMs(groupId);
    if (now === undefined) return;
    idle = now - before <= LOOK_MS * IDLE_SHARE ? idle + 1 : 0;
    before = now;
  }
}

/** Of the processes that are in the group now. */
async function usedMs(groupId: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const used = await Promise.all(ids.map((id) => usedByMs(id, groupId)));
  return used.reduce((sum, ms) => sum + ms, 0);
}

async function usedByMs(id: string, groupId: number): Promise<number> {
  // A process may end between being listed and being read: it then uses nothing.
  const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  // proc(5): the name, in brackets, may hold anything; behind it state, parent, group … and as 14th and 15th utime, stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[2]) === groupId ? (Number(fields[11]) + Number(fields[12])) * TICK_MS : 0;
}
