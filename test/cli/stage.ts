/**
 * A command line against a host made for the test. Time, signals and streams belong to the test, and `events` is what
 * happened to host, server and telemetry, in order.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { notice } from '../../host/channels.ts';
import { createCli } from '../../host/cli/cli.ts';
import { openVault } from '../../host/cli/open-vault.ts';
import type { World } from '../../host/cli/world.ts';
import { createFakeClock } from '../../host/clock.ts';
import type { HostConfig } from '../../host/config.ts';
import { HostError } from '../../host/errors.ts';
import type { Call, Host, Outcome, Receipt } from '../../host/types.ts';

/** The working directory of the command line; new for each test of a file that calls `useFolders`. */
export let folder: string;

export function useFolders(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hotcell-cli-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
}

export const usage = { queueMs: 0, runMs: 0, attempts: 1, inputBytes: 0, outputBytes: 0 };

/** A command line with everything around it made for the test. */
export interface Stage {
  readonly run: (...args: string[]) => Promise<number>;
  readonly out: () => string;
  readonly err: () => string;
  /** What happened to host, server and telemetry, in order. */
  readonly events: string[];
  readonly calls: Call[];
  readonly configs: HostConfig[];
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly createHost: World['createHost'];
  signal(name: NodeJS.Signals): void;
}

export function stage(
  given: Partial<World> & {
    input?: readonly string[];
    answer?: (call: Call) => Outcome;
    inputMaxBytes?: number;
    /** What `echo` is, when it is a typed operation. */
    typed?: object;
    onListening?: (stage: Stage) => void;
  } = {},
): Stage {
  const out: Buffer[] = [];
  const err: string[] = [];
  const events: string[] = [];
  const calls: Call[] = [];
  const configs: HostConfig[] = [];
  const clock = createFakeClock();
  let onSignal: ((signal: NodeJS.Signals) => void) | undefined;

  const answer = given.answer ?? ((call): Outcome => ({ kind: 'ok', bytes: call.payload, usage }));
  const host = {
    adapters: () => [
      {
        name: 'echo',
        version: '1.0.0',
        origin: 'bundled',
        isolation: 'shared',
        operations: ['echo', 'reverse'],
      },
    ],
    adapter(name: string) {
      if (name !== 'echo') throw new HostError('REGISTRY_NOT_FOUND', `there is no adapter ${name}`);
      return {
        manifest: { operations: { echo: { inputMaxBytes: given.inputMaxBytes ?? 1000 } } },
        typed: given.typed && [{ ...given.typed, name: 'echo' }],
      };
    },
    async invoke(call: Call) {
      calls.push(call);
      const receipt: Receipt = { ...call, version: '1.0.0', outcome: 'ok', usage };
      return { outcome: answer(call), receipt };
    },
    snapshot: () => expect.unreachable(),
    async close() {
      if (!events.includes('host closed')) events.push('host closed');
    },
  } as unknown as Host;

  const world: World = {
    version: '1.2.3',
    env: {},
    cwd: folder,
    clock,
    stdin: (async function* () {
      for (const text of given.input ?? []) yield Buffer.from(text);
    })(),
    stdout: {
      write(chunk: string | Uint8Array, done?: () => void) {
        out.push(Buffer.from(chunk as string));
        done?.();
      },
    },
    stderr: { write: (text) => err.push(text) },
    signals(listener) {
      onSignal = listener;
      return () => void events.push('signals off');
    },
    exit: (code) => void events.push(`exit ${code}`),
    async createHost(config) {
      configs.push(config);
      notice({ level: 'info', event: 'pool.warming', message: 'warming pool echo' });
      notice({ level: 'debug', event: 'pool.detail', message: 'a detail' });
      events.push('host created');
      return host;
    },
    openVault: (config, forVault) => openVault(config, given.env ?? {}, forVault),
    async serve() {
      events.push('listening');
      queueMicrotask(() => given.onListening?.(all));
      return { address: 'http://127.0.0.1:8080', close: async () => void events.push('server closed') };
    },
    async createTelemetry() {
      events.push('telemetry on');
      return { metricsText: async () => '', close: () => void events.push('telemetry off') };
    },
    ...given,
  };
  const cli = createCli(world);
  const all: Stage = {
    run: (...args) => cli(args),
    out: () => Buffer.concat(out).toString(),
    err: () => err.join(''),
    events,
    calls,
    configs,
    clock,
    createHost: world.createHost,
    signal: (name) => onSignal?.(name),
  };
  return all;
}
