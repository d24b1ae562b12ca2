/**
 * `hotcell serve`: starts host, telemetry and HTTP, says where it listens, and ends on a signal.
 *
 * The first SIGTERM or SIGINT drains: no new calls, those in flight are answered, exit 0. A second one ends at once
 * with 1. Until the host is ready its notices are progress lines; after that they belong to the log.
 */

import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import type { Host } from '../types.ts';

import type { Vault } from '../vault/face.ts';
import { type Server, startHost, type World } from './world.ts';

/**
 * npm and the launcher pass on a Ctrl-C which the terminal has sent to this process already: what comes this soon
 * after the first is the same key press.
 */
const SAME_SIGNAL_MS = 500;

/** Resolves to the exit code once the host has ended. Throws what keeps it from starting. */
export async function runServe(world: World, config: HostConfig): Promise<number> {
  const stop = listenForStop(world);
  try {
    const host = await startHost(world, config, ['info', 'warn', 'error']);
    try {
      return await serveUntilStopped(world, config, host, stop);
    } finally {
      await host.close();
    }
  } finally {
    stop.close();
  }
}

async function serveUntilStopped(world: World, config: HostConfig, host: Host, stop: Stop): Promise<number> {
  if (stop.asked) return 0;
  const say = (text: string): void => void world.stderr.write(`${text}\n`);
  let vault: Vault | undefined;
  const telemetry = await world.createTelemetry({
    logLevel: config.logLevel,
    snapshot: () => host.snapshot(),
    vault: () => vault?.snapshot(),
  });
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
    await drain(world, config, host, server, vault);
    return 0;
  } catch (error) {
    const text = listenErrorText(error, config);
    if (text === undefined) throw error;
    throw new HostError('CONFIG_INVALID', text, { cause: error });
  } finally {
    await vault?.close();
    await telemetry.close();
  }
}

/**
 * Lets the server answer while the host still takes calls, because a request may have begun to arrive. Past the limit
 * the host ends what runs, and the callers are told.
 */
async function drain(
  world: World,
  config: HostConfig,
  host: Host,
  server: Server,
  vault: Vault | undefined,
): Promise<void> {
  const { clock } = world;
  const deadlineMs = clock.now() + config.drainTimeoutMs;
  const answered = server.close();
  const limit = Promise.withResolvers<void>();
  const timer = clock.after(config.drainTimeoutMs, limit.resolve);
  try {
    await Promise.race([answered, limit.promise]);
  } finally {
    timer.cancel();
  }
  // The vault waits for its streams, and past the limit only the host's end ends them: so it is not waited for first.
  const sealed = vault?.close();
  // Here and not in the caller, so that the log hears of the end of the cells too.
  await host.close(Math.max(0, deadlineMs - clock.now()));
  await Promise.all([answered, sealed]);
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
