/**
 * `hotcell serve`: starts host, telemetry and HTTP, says where it listens, and ends on a signal.
 *
 * The first SIGTERM or SIGINT drains: no new calls, those in flight are answered, exit 0. A second one ends at once
 * with 1. Until the host is ready its notices are progress lines; after that they belong to the log.
 */

import { type NoticeEvent, noticeChannel } from '../channels.ts';
import type { HostConfig } from '../config.ts';
import type { Host } from '../types.ts';
import type { Vault } from '../vault/face.ts';
import type { World } from './world.ts';

/**
 * npm and the launcher pass on a Ctrl-C which the terminal has sent to this process already: what comes this soon
 * after the first is the same key press.
 */
const SAME_SIGNAL_MS = 500;

/** Resolves to the exit code once the host has ended. Throws what keeps it from starting. */
export async function runServe(world: World, config: HostConfig): Promise<number> {
  const stop = listenForStop(world);
  try {
    const host = await startHost(world, config);
    try {
      return await serveUntilStopped(world, config, host, stop);
    } finally {
      await host.close();
    }
  } finally {
    stop.close();
  }
}

/** Creates the host, showing its notices as progress. */
async function startHost(world: World, config: HostConfig): Promise<Host> {
  const onNotice = (message: unknown): void => {
    const event = message as NoticeEvent;
    if (event.level !== 'debug') world.stderr.write(`${event.message}\n`);
  };
  noticeChannel.subscribe(onNotice);
  try {
    return await world.createHost(config);
  } finally {
    noticeChannel.unsubscribe(onNotice);
  }
}

async function serveUntilStopped(world: World, config: HostConfig, host: Host, stop: Stop): Promise<number> {
  if (stop.asked) return 0;
  const say = (text: string): void => void world.stderr.write(`${text}\n`);
  const telemetry = await world.createTelemetry({
    logLevel: config.logLevel,
    snapshot: () => host.snapshot(),
  });
  let vault: Vault | undefined;
  try {
    vault = await world.openVault(config, host);
    const server = await world.serve(host, config, telemetry, vault);
    say(`hotcell ${world.version} listens on ${server.address}`);
    // The one whose answer explains itself, where it is there.
    const adapters = host.adapters();
    const first = adapters.find(({ name }) => name === 'echo') ?? adapters[0];
    if (first) {
      const path = `/v1/adapters/${first.name}/${first.operations[0] ?? ''}`;
      const token = config.tokens.length > 0 ? `-H 'Authorization: Bearer …' ` : '';
      say(`try: curl ${token}--data-binary hello ${server.address}${path}`);
    }
    const signal = await stop.signal;
    say(`${signal}: answering the calls in flight, then ending; once more ends at once`);
    await server.close();
    await vault?.close();
    // Here and not in the caller, so that the log hears of the end of the cells too.
    await host.close();
    return 0;
  } catch (error) {
    const text = listenErrorText(error, config);
    if (text === undefined) throw error;
    say(text);
    return 1;
  } finally {
    await vault?.close();
    await telemetry.close();
  }
}

interface Stop {
  readonly asked: boolean;
  /** Resolves with the first signal. */
  readonly signal: Promise<NodeJS.Signals>;
  close(): void;
}

function listenForStop(world: World): Stop {
  const first = Promise.withResolvers<NodeJS.Signals>();
  let firstMs: number | undefined;
  const close = world.signals((signal) => {
    const nowMs = world.clock.now();
    if (firstMs !== undefined && nowMs - firstMs >= SAME_SIGNAL_MS) world.exit(1);
    firstMs ??= nowMs;
    first.resolve(signal);
  });
  return {
    get asked() {
      return firstMs !== undefined;
    },
    signal: first.promise,
    close,
  };
}

/** What an operator can do about a port that cannot be had; undefined for any other error. */
function listenErrorText(error: unknown, { host, port }: HostConfig): string | undefined {
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is taken: end the program that has it, or choose another with --port (0 takes a free one)`;
    case 'EACCES':
      return `port ${port} on ${host} may not be opened by this user: choose one above 1023 with --port`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine: choose another with --host`;
    default:
      return undefined;
  }
}
