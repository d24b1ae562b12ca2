/** Snapshots and events as the host would give them, and a telemetry that writes to memory. */

import type { InvokeEvent } from '../../host/channels.ts';
import type { HostError } from '../../host/errors.ts';
import { createTelemetry, type Telemetry } from '../../host/telemetry/telemetry.ts';
import type { VaultReading } from '../../host/telemetry/vault-metrics.ts';
import type { HostSnapshot, PoolSnapshot, Receipt } from '../../host/types.ts';

export function pool(change: Partial<Omit<PoolSnapshot, 'counters'>> = {}, hits = 0): PoolSnapshot {
  return {
    imageId: 'echo@0.1.0+00000000#1',
    adapter: 'echo',
    version: '0.1.0',
    health: 'healthy',
    breaker: 'closed',
    isolation: 'tenant',
    size: 4,
    idle: 3,
    idleBound: 1,
    leased: 1,
    waiting: 0,
    creating: 0,
    restingSlots: 0,
    target: 4,
    min: 4,
    max: 16,
    permits: 32,
    permitsTaken: 1,
    utilisation: 0.25,
    counters: {
      created: 4,
      destroyed: 0,
      hits,
      misses: hits * 2,
      waits: hits * 3,
      returns: hits * 4,
      replacements: hits * 5,
      crashes: hits * 6,
      replays: 0,
      refusals: 0,
    },
    ...change,
  };
}

export function snapshot(...pools: PoolSnapshot[]): HostSnapshot {
  return {
    state: 'ready',
    pools,
    executors: { live: 2, spare: 1, busy: 1, started: 5, killed: 1, died: 2 },
    memories: { live: 40, budget: 8_000 },
  };
}

export function invokeEvent(
  change: Partial<Receipt> = {},
  error?: HostError,
  traceparent?: string,
): InvokeEvent {
  return {
    receipt: {
      requestId: 'r-1',
      adapter: 'echo',
      version: '0.1.0',
      operation: 'echo',
      tenant: 'acme',
      outcome: error?.code ?? 'ok',
      usage: { queueMs: 0.25, runMs: 1.5, attempts: 1, inputBytes: 64, outputBytes: 32 },
      ...change,
    },
    error,
    traceparent,
  };
}

export interface Observed {
  readonly telemetry: Telemetry;
  readonly lines: string[];
  /** What the next scrape sees. */
  now: HostSnapshot;
  vault: VaultReading | undefined;
  /** Value of one series, e.g. `hotcell_pool_size{adapter="echo"}`. */
  value(series: string): Promise<number | undefined>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function observe(logLevel = 'debug'): Observed {
  const lines: string[] = [];
  const observed: Observed = {
    now: snapshot(pool()),
    vault: undefined,
    lines,
    telemetry: createTelemetry({
      logLevel,
      snapshot: () => observed.now,
      vault: () => observed.vault,
      destination: { write: (line) => void lines.push(line) },
    }),
    async value(series) {
      for (const line of (await observed.telemetry.metricsText()).split('\n')) {
        if (line.startsWith(`${series} `)) return Number(line.slice(series.length + 1));
      }
      return undefined;
    },
    [Symbol.asyncDispose]: () => observed.telemetry.close(),
  };
  return observed;
}
