/**
 * Starts what a subject serves with, as a process group of its own, and ends all of it: some servers are several processes.
 * A server that ends before it takes requests, or does not begin to within its time, is an error with what it said.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Refusal, Service, Subject, Way, Workload } from './subject.ts';

const BEHIND_FASTIFY = fileURLToPath(new URL('./fastify-server.ts', import.meta.url));
/** How a server of ours says that it cannot do what it was asked for. */
const REFUSED = /^refused: (.+)$/m;
const HAS_GROUPS = process.platform !== 'win32';
const SAID_MAX_CHARACTERS = 4_000;
/** Fifty threads that start at once on two cores take seconds. */
const START_TIMEOUT_MS = 120_000;
/** Draining included; what is left then is killed. */
const CLOSE_TIMEOUT_MS = 10_000;
/** A process group has no event for its end. */
const POLL_MS = 20;

export interface Server {
  readonly url: string;
  /** Process group. */
  readonly groupId: number;
  close(): Promise<void>;
}

/** What it serves with: its own program, else its calls behind Fastify. */
export async function serviceOf(subject: Subject, workload: Workload, way: Way): Promise<Service | Refusal> {
  if (subject.serve !== undefined) return subject.serve(workload, way);
  return {
    command: process.execPath,
    args: [...(subject.nodeFlags ?? []), BEHIND_FASTIFY, subject.name, workload, way],
    listens: /listens on http:\/\/\S+:(\d+)/,
    path: '/',
    close() {},
  };
}

/** Resolves when it takes requests. Closing it leaves the service's own files: they are for the next start. */
export async function startServer(service: Service): Promise<Server | Refusal> {
  guardGroups();
  const child = spawn(service.command, service.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...service.env },
    detached: true,
  });
  if (child.pid !== undefined) groups.add(child.pid);
  let said = '';
  const outcome = new Promise<string | Refusal>((resolve, reject) => {
    const read = (text: string): void => {
      said = (said + text).slice(-SAID_MAX_CHARACTERS);
      const [, port] = service.listens.exec(said) ?? [];
      if (port !== undefined) resolve(port);
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const [, reason] = REFUSED.exec(said) ?? [];
      if (reason !== undefined) resolve({ reason });
      else reject(new Error(`${service.command} ended (${signal ?? code}) before it listened:\n${said}`));
    });
  });
  // The whole group: what the program started holds its streams open, and only their end says that it ended.
  const limit = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), START_TIMEOUT_MS);
  try {
    const port = await outcome;
    if (typeof port !== 'string') return port;
    // Its log goes nowhere but is written: that is part of the price of a call.
    for (const stream of [child.stdout, child.stderr]) stream.removeAllListeners('data').resume();
    if (child.pid === undefined) throw new Error(`${service.command} has no process`);
    const url = `http://127.0.0.1:${port}${service.path}`;
    return { url, groupId: child.pid, close: () => end(child) };
  } catch (error) {
    await end(child);
    throw error;
  } finally {
    clearTimeout(limit);
  }
}

/** Asks the whole group to end, waits for all of it, and kills what does not. */
async function end(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const ended = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, 'exit');
  signalGroup(pid, 'SIGTERM');
  const untilMs = performance.now() + CLOSE_TIMEOUT_MS;
  while (signalGroup(pid, 0)) {
    if (performance.now() > untilMs) signalGroup(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await ended;
  groups.delete(pid);
}

/** A terminal's signals do not reach other groups than this program's: whoever ends it by one means them too. */
const groups = new Set<number>();
let isGuarded = false;

function guardGroups(): void {
  if (isGuarded) return;
  isGuarded = true;
  const killAll = (): void => {
    for (const groupId of groups) signalGroup(groupId, 'SIGKILL');
  };
  process.once('exit', killAll);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      // Who listens too ends in its own way, and closes what it opened.
      if (process.listenerCount(signal) > 0) return;
      killAll();
      process.kill(process.pid, signal);
    });
  }
}

/** False when nothing of the group is left. */
function signalGroup(groupId: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (groupId === undefined) return false;
  try {
    return process.kill(HAS_GROUPS ? -groupId : groupId, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
