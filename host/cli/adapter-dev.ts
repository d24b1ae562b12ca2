/**
 * `hotcell adapter dev`: builds and serves again after each change, until Ctrl-C.
 *
 * The adapter runs in a host of this process, with HTTP and the guest's log on the terminal, or is put into another host
 * over HTTP. A build or an adapter that is refused leaves the version before running; its error stays on the screen until
 * something changes. What a guest writes is stripped of control characters: a terminal obeys them.
 */

import { watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type GuestLogEvent, guestLogChannel, type InvokeEvent, invokeChannel } from '../channels.ts';
import type { Timer } from '../clock.ts';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { readPackageFolder } from './adapter-image.ts';
import { packProject } from './adapter-pack.ts';
import {
  type BuiltProject,
  buildProject,
  describeBuild,
  type Project,
  readProject,
} from './adapter-project.ts';
import { adapterUrl, followRemotely, installRemotely, type LogLine } from './adapter-remote.ts';
import { printable } from './print.ts';
import type { World } from './world.ts';

export interface DevFlags {
  readonly dir: string;
  readonly to?: string;
  /** File of a private key, for a host that asks for signatures. */
  readonly sign?: string;
}

/** Calls back after files of a folder have changed; returns how to stop. */
export type Watch = (folder: string, onChange: () => void) => () => void;

/** Editors write a file in several steps, and a branch that is checked out changes many. */
const SETTLE_MS = 100;

/** What the build itself writes, and what no source is. */
const IGNORED = new Set(['.hotcell', 'node_modules', 'target', '.git']);

interface Target {
  readonly install: (project: BuiltProject) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Resolves when a signal came and all has ended. Throws KIT_PROJECT_INVALID — there is no adapter to begin with. */
export async function runDev(
  world: World,
  config: HostConfig,
  flags: DevFlags,
  watchFolder: Watch = watchDisk,
): Promise<void> {
  const project = await readProject(world, flags.dir);
  const say = (text: string): void => void world.stderr.write(`${text}\n`);
  const stopped = Promise.withResolvers<'stop'>();
  const noSignals = world.signals(() => stopped.resolve('stop'));
  let changed = Promise.withResolvers<'change'>();
  let settling: Timer | undefined;
  const close = watchFolder(project.folder, () => {
    settling?.cancel();
    settling = world.clock.after(SETTLE_MS, () => changed.resolve('change'));
  });
  let target: Target | undefined;
  try {
    target =
      flags.to === undefined
        ? await serveHere(world, config, project)
        : remoteTarget(world, flags, flags.to, project, say);
    for (;;) {
      changed = Promise.withResolvers();
      await attempt(world, flags, target, say);
      if ((await Promise.race([changed.promise, stopped.promise])) === 'stop') return;
    }
  } finally {
    close();
    settling?.cancel();
    noSignals();
    await target?.close();
  }
}

async function attempt(
  world: World,
  flags: DevFlags,
  target: Target,
  say: (text: string) => void,
): Promise<void> {
  try {
    const built = await buildProject(world, flags.dir);
    await target.install(built);
    say(`${(await describeBuild(world, built)).trimEnd()} — active; waiting for changes`);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const problems = (error.problems ?? []).map(({ at, message }) => `\n  ${at} ${message}`).join('');
    const rest =
      error.code === 'KIT_HOST_UNREACHABLE' ? 'the next one is sent again' : 'the version before runs on';
    say(`${error.code}: ${error.detail}${problems}\nwaiting for changes; ${rest}`);
  }
}

function remoteTarget(
  world: World,
  flags: DevFlags,
  address: string,
  project: Project,
  say: (text: string) => void,
): Target {
  // A mistake in the address is not mended by a change of the source.
  adapterUrl(address, project.name);
  let following: AbortController | undefined;
  let tailing: Promise<void> | undefined;
  return {
    // It was built a moment ago, so packing it builds nothing.
    async install() {
      const { name, bytes } = await packProject(world, flags);
      await installRemotely(world, address, name, bytes);
      // Not before: there is no log of an adapter that is not there. One that ended is opened with the next change.
      if (following !== undefined) return;
      const ended = new AbortController();
      following = ended;
      tailing = followRemotely(world, address, name, {
        signal: ended.signal,
        onLine: (line) => tell(world, line),
      })
        .catch((error: unknown) => {
          if (!(error instanceof HostError)) throw error;
          if (!ended.signal.aborted) say(`no log: ${error.code}: ${error.detail}`);
        })
        .finally(() => {
          if (following === ended) following = undefined;
        });
    },
    async close() {
      following?.abort();
      await tailing;
    },
  };
}

async function serveHere(world: World, config: HostConfig, project: Project): Promise<Target> {
  // Of an earlier run nothing is wanted: what is served is what is in the folder now.
  const data = join(project.folder, '.hotcell', 'dev');
  await rm(data, { recursive: true, force: true });
  const stopTail = tailLog(world);
  // What is tried here is the author's own source: nobody has signed it yet.
  const own = { bundled: false, adapters: undefined, trustedKeys: undefined, data };
  const host = await world.createHost({ ...config, ...own });
  const telemetry = await world.createTelemetry({
    logLevel: 'silent',
    snapshot: () => host.snapshot(),
    vault: () => undefined,
  });
  const server = await world.serve(host, config, telemetry, undefined).catch(async (error: unknown) => {
    await host.close();
    stopTail();
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw error;
    throw new HostError('CONFIG_INVALID', `port ${config.port} is taken: choose another with --port`);
  });
  world.stderr.write(`${server.address}/v1/adapters/${project.name}/…\n`);
  return {
    async install({ packageFolder }) {
      const { manifest, component } = await readPackageFolder(packageFolder);
      await host.install(manifest, component);
    },
    async close() {
      await server.close();
      await host.close();
      await telemetry.close();
      stopTail();
    },
  };
}

/** The guest's lines, and one for each call, on standard error. */
function tailLog(world: World): () => void {
  const onLine = (message: unknown): void => tell(world, { kind: 'log', ...(message as GuestLogEvent) });
  const onCall = (message: unknown): void => {
    const { operation, outcome, usage } = (message as InvokeEvent).receipt;
    tell(world, { kind: 'call', operation, outcome, runMs: usage.runMs });
  };
  guestLogChannel.subscribe(onLine);
  invokeChannel.subscribe(onCall);
  return () => {
    guestLogChannel.unsubscribe(onLine);
    invokeChannel.unsubscribe(onCall);
  };
}

/** A line of the log of this host or of another, which may hold anything. */
function tell(world: World, line: LogLine): void {
  const text =
    line.kind === 'log'
      ? `${String(line.level).padEnd(5)} ${line.message}`
      : line.kind === 'call'
        ? `call  ${line.operation} ${line.outcome} in ${Number(line.runMs).toFixed(2)} ms`
        : `…     ${line.count} lines were lost`;
  world.stderr.write(`  ${printable(text)}\n`);
}

function watchDisk(folder: string, onChange: () => void): () => void {
  const watcher = watch(folder, { recursive: true }, (_event, file) => {
    if (!IGNORED.has((file ?? '').split(sep)[0] ?? '')) onChange();
  });
  return () => watcher.close();
}
