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

export async function settle(groupId: number): Promise<void> {
  const untilMs = performance.now() + WAIT_MAX_MS;
  let before = await usedMs(groupId);
  if (before === undefined) {
    await pause(PAUSE_MS);
    return;
  }
  for (let idle = 0; idle < IDLE_LOOKS && performance.now() < untilMs; ) {
    await pause(LOOK_MS);
    const now = await usedMs(groupId);
    if (now === undefined) return;
    idle = now - before <= LOOK_MS * IDLE_SHARE ? idle + 1 : 0;
    before = now;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds of processor time that the group's processes have used; undefined where that cannot be known. */
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
