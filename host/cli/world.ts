/**
 * What the command line touches: streams, environment, files, signals, and the makers of host, server and telemetry.
 * The commands know nothing else of the process.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type NoticeEvent, noticeChannel } from '../channels.ts';
import type { Clock } from '../clock.ts';
import { type HostConfig, VAULT_KEYS_VARIABLE } from '../config.ts';
import { HostError } from '../errors.ts';
import type { Host, HostSnapshot } from '../types.ts';
import type { Vault, VaultSnapshot } from '../vault/face.ts';

export interface Server {
  /** `http://host:port` as bound. */
  readonly address: string;
  /** Stops accepting and resolves when the calls in flight have been answered. */
  close(): Promise<void>;
}

export interface Telemetry {
  metricsText(): Promise<string>;
  close(): Promise<void> | void;
}

export interface TextSink {
  write(text: string): unknown;
  /** True where people look at it. */
  readonly isTTY?: boolean;
  /** How wide it is there, in characters. */
  readonly columns?: number;
}

export interface World {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Text, and bytes with a callback: the result of `invoke` waits until it was taken. */
  readonly stdout: TextSink & { write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown };
  readonly stderr: TextSink;
  /** Calls `onSignal` for SIGTERM and SIGINT until the returned function is called. */
  readonly signals: (onSignal: (signal: NodeJS.Signals) => void) => () => void;
  /** Ends the process at once, whatever still runs. */
  readonly exit: (code: number) => void;
  /** `only`: names of the adapters that are needed; default all. */
  readonly createHost: (config: HostConfig, only?: readonly string[]) => Promise<Host>;
  /** Undefined where the configuration has no keys. The backend `native` needs no host. */
  readonly openVault: (config: HostConfig, host: Host | undefined) => Promise<Vault | undefined>;
  readonly serve: (
    host: Host,
    config: HostConfig,
    telemetry: Telemetry,
    vault: Vault | undefined,
  ) => Promise<Server>;
  readonly createTelemetry: (options: {
    readonly logLevel: string;
    readonly snapshot: () => HostSnapshot;
    readonly vault: () => VaultSnapshot | undefined;
  }) => Promise<Telemetry>;
}

/** Creates the host; its notices of these levels are lines on standard error until it stands. */
export async function startHost(
  world: World,
  config: HostConfig,
  shown: readonly NoticeEvent['level'][],
  only?: readonly string[],
): Promise<Host> {
  const onNotice = (message: unknown): void => {
    const event = message as NoticeEvent;
    if (shown.includes(event.level)) world.stderr.write(`${event.message}\n`);
  };
  noticeChannel.subscribe(onNotice);
  try {
    return await world.createHost(config, only);
  } finally {
    noticeChannel.unsubscribe(onNotice);
  }
}

/** True where the configuration or the environment names keys. A key file is preferred. */
export function hasKeys(config: HostConfig, env: World['env']): boolean {
  return config.vaultKeyFile !== undefined || env[VAULT_KEYS_VARIABLE] !== undefined;
}

const CONFIG_FILE = 'hotcell.config.json';

/**
 * The named configuration file, or the usual one when it exists.
 * Throws CONFIG_INVALID — a file cannot be read, or a named one does not exist.
 */
export function readConfigFile(
  world: World,
  named: string | undefined,
): { path: string; text: string } | undefined {
  const path = named ?? CONFIG_FILE;
  try {
    return { path, text: readFileSync(resolve(world.cwd, path), 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && named === undefined) return undefined;
    const problems = [{ at: path, message: `cannot be read (${code})` }];
    throw new HostError('CONFIG_INVALID', 'one problem in the configuration', { problems, cause: error });
  }
}
