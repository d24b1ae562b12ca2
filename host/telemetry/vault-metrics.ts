/**
 * What the vault does, as metrics: operations as they end, fed by their channel, and the rest read from the vault's own
 * snapshot at each scrape. Labels are kinds of operations and codes of errors: nothing of keys, contexts or tenants.
 *
 * Rates and means are not here: whoever scrapes divides increases, over any span, where the vault knows only its life.
 */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { VaultEvent } from '../channels.ts';
import { outcomeLabel } from './labels.ts';

/** What is read of a vault: its snapshot has it. */
export interface VaultReading {
  readonly keys: readonly { readonly state: string; readonly sealedCount: number }[];
  readonly keyCache: {
    readonly size: number;
    readonly hits: number;
    readonly misses: number;
    readonly evictions: number;
    readonly expiries: number;
  };
  readonly buffers: { readonly lentBytes: number; readonly idleBytes: number };
  readonly queues: Readonly<Record<string, { readonly running: number; readonly waiting: number }>>;
  readonly backend: {
    readonly contexts: { readonly idle: number; readonly busy: number };
    readonly counters: {
      readonly contextsLost: number;
      readonly repeats: number;
      readonly keyLoads: number;
    };
  };
}

/** Seconds. A record takes some hundred microseconds; streams of gigabytes take minutes. */
const BUCKETS_S = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10, 60, 300,
];

export interface VaultMetrics {
  onVault(event: VaultEvent): void;
  /** Takes what the vault says now; undefined where the host has none. */
  read(vault: VaultReading | undefined): void;
}

export function createVaultMetrics(registry: Registry): VaultMetrics {
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });

  const operations = counter(
    'hotcell_vault_operations_total',
    'Operations of the vault that ended',
    'operation',
    'outcome',
  );
  const seconds = new Histogram({
    name: 'hotcell_vault_operation_seconds',
    help: 'From the call of an operation to its end, waiting included',
    labelNames: ['operation'],
    buckets: BUCKETS_S,
    registers,
  });
  const items = counter('hotcell_vault_items_total', 'Records and streams of those operations', 'operation');
  const inputBytes = counter('hotcell_vault_input_bytes_total', 'Bytes they were given', 'operation');
  const outputBytes = counter('hotcell_vault_output_bytes_total', 'Bytes they gave', 'operation');
  const running = gauge('hotcell_vault_running', 'Operations that have a place', 'kind');
  const waiting = gauge('hotcell_vault_waiting', 'Operations that wait for a place', 'kind');
  const cells = gauge('hotcell_vault_cells', 'Cells with keys in them', 'state');
  const cellsLost = counter('hotcell_vault_cells_lost_total', 'Cells with keys that died');
  const repeats = counter('hotcell_vault_repeats_total', 'Calls run again because their cell died');
  const keyLoads = counter('hotcell_vault_key_loads_total', 'Times a root key was fetched and used');
  const cacheSize = gauge('hotcell_vault_key_cache_size', 'Derived keys that are kept');
  const cacheHits = counter('hotcell_vault_key_cache_hits_total', 'Operations that found their derived key');
  const cacheMisses = counter('hotcell_vault_key_cache_misses_total', 'Operations that had a key derived');
  const cacheEnds = counter(
    'hotcell_vault_key_cache_ends_total',
    'Derived keys that were given up',
    'reason',
  );
  const bufferBytes = gauge('hotcell_vault_buffer_bytes', 'Memory of buffers', 'state');
  const sealedCount = gauge(
    'hotcell_vault_active_key_seals',
    'Seals counted of the active version of the key',
  );

  /** A counter that is read elsewhere: set, not counted here. */
  const set = <L extends string>(
    target: Counter<L>,
    value: number,
    labels: Partial<Record<L, string>> = {},
  ): void => {
    target.remove(labels);
    target.inc(labels, value);
  };

  return {
    onVault({ operation, outcome, itemCount, inputBytes: given, outputBytes: gave, durationMs }) {
      operations.inc({ operation, outcome: outcomeLabel(outcome) });
      seconds.observe({ operation }, durationMs / 1000);
      items.inc({ operation }, itemCount);
      inputBytes.inc({ operation }, given);
      outputBytes.inc({ operation }, gave);
    },
    read(vault) {
      if (vault === undefined) return;
      for (const [kind, queue] of Object.entries(vault.queues)) {
        running.set({ kind }, queue.running);
        waiting.set({ kind }, queue.waiting);
      }
      const { contexts, counters } = vault.backend;
      cells.set({ state: 'idle' }, contexts.idle);
      cells.set({ state: 'busy' }, contexts.busy);
      set(cellsLost, counters.contextsLost);
      set(repeats, counters.repeats);
      set(keyLoads, counters.keyLoads);
      cacheSize.set(vault.keyCache.size);
      set(cacheHits, vault.keyCache.hits);
      set(cacheMisses, vault.keyCache.misses);
      set(cacheEnds, vault.keyCache.evictions, { reason: 'full' });
      set(cacheEnds, vault.keyCache.expiries, { reason: 'expired' });
      bufferBytes.set({ state: 'lent' }, vault.buffers.lentBytes);
      bufferBytes.set({ state: 'idle' }, vault.buffers.idleBytes);
      sealedCount.set(vault.keys.find(({ state }) => state === 'active')?.sealedCount ?? 0);
    },
  };
}
