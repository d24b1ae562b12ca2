/**
 * What the command line touches: streams, environment, files, signals, and the makers of host, server and telemetry.
 * The commands know nothing else of the process.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '../clock.ts';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import type { Host, HostSnapshot } from '../types.ts';
import type { Vault, VaultOptions } from '../vault/face.ts';

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
}

/** `isTTY` as Node has it: true on a terminal, else missing. */
export interface TerminalSink extends TextSink {
  readonly isTTY?: boolean;
}

export interface World {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Text, and bytes with a callback: the result of `invoke` waits until it was taken. */
  readonly stdout: TextSink & { write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown };
  readonly stderr: TerminalSink;
  /** Calls `onSignal` for SIGTERM and SIGINT until the returned function is called. */
  readonly signals: (onSignal: (signal: NodeJS.Signals) => void) => () => void;
  /** Ends the process at once, whatever still runs. */
  readonly exit: (code: number) => void;
  readonly createHost: (config: HostConfig) => Promise<Host>;
  readonly createVault: (options: VaultOptions) => Promise<Vault>;
  readonly serve: (host: Host, config: HostConfig, telemetry: Telemetry) => Promise<Server>;
  readonly createTelemetry: (options: {
    readonly logLevel: string;
    readonly snapshot: () => HostSnapshot;
  }) => Promise<Telemetry>;
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
