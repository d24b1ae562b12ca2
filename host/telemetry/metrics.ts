/**
 * The metrics, in a prom-client registry of their own (never the global one, so that two hosts in a process do not mix).
 *
 * Gauges and pool counters are read from one snapshot of the host at each scrape; histograms and invocations are fed by
 * the channels. Labels are bounded by `labels.ts`. The table in `README.md` lists every metric; a test keeps it equal.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type {
  AcquireEvent,
  CellCreatedEvent,
  CopybookEvent,
  HttpRefusedEvent,
  InvokeEvent,
  PoolClosedEvent,
  ServiceEvent,
  VaultEvent,
} from '../channels.ts';
import type { HostSnapshot, PoolSnapshot } from '../types.ts';
import { createLabels, serviceMethodLabel } from './labels.ts';
import { createPoolTotals, POOL_COUNTERS } from './pool-totals.ts';
import { createVaultMetrics, type VaultReading } from './vault-metrics.ts';

/**
 * Seconds. From 10 µs, because a warm lease with a direct call takes some tens of them, to 10 s, above which a call is
 * a job; 1-2.5-5 steps keep the error of an estimated quantile below the noise of a shared machine.
 */
const BUCKETS_S = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
  0.25, 0.5, 1, 2.5, 5, 10,
];
const LAG_RESOLUTION_MS = 10;

export interface Metrics {
  readonly registry: Registry;
  /** The exposition text of this moment. */
  text(): Promise<string>;
  onInvoke(event: InvokeEvent): void;
  onAcquire(event: AcquireEvent): void;
  onCellCreated(event: CellCreatedEvent): void;
  onPoolClosed(event: PoolClosedEvent): void;
  onHttpRefused(event: HttpRefusedEvent): void;
  onCopybook(event: CopybookEvent): void;
  onService(event: ServiceEvent): void;
  onVault(event: VaultEvent): void;
  close(): void;
}

export interface MetricsOptions {
  readonly snapshot: () => HostSnapshot;
  /** Log lines that could not be written so far. */
  readonly linesLost: () => number;
  /** What the vault says now, or undefined: there is none. */
  readonly vault: () => VaultReading | undefined;
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const labels = createLabels();
  const totals = createPoolTotals();
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();

  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string): Histogram<'adapter'> =>
    new Histogram({ name, help, labelNames: ['adapter'], buckets: BUCKETS_S, registers });

  const poolGauges = {
    size: gauge('hotcell_pool_size', 'Live cells', 'adapter'),
    idle: gauge('hotcell_pool_idle', 'Cells waiting for a call', 'adapter'),
    leased: gauge('hotcell_pool_leased', 'Cells in a call or pinned by a session', 'adapter'),
    waiting: gauge('hotcell_pool_waiting', 'Calls waiting for a cell', 'adapter'),
  };
  const utilisation = gauge(
    'hotcell_pool_utilisation_ratio',
    'Leased / (leased + idle), smoothed',
    'adapter',
  );
  const poolCounters = {
    hits: counter('hotcell_pool_hits_total', 'Calls that found a cell ready', 'adapter'),
    misses: counter('hotcell_pool_misses_total', 'Calls for which a cell had to be created', 'adapter'),
    waits: counter('hotcell_pool_waits_total', 'Calls that waited for a cell', 'adapter'),
    returns: counter('hotcell_pool_returns_total', 'Cells returned in good health', 'adapter'),
    replacements: counter('hotcell_pool_replacements_total', 'Cells replaced by a new one', 'adapter'),
    crashes: counter('hotcell_pool_crashes_total', 'Cells lost to a crash', 'adapter'),
  };
  const acquireSeconds = histogram(
    'hotcell_pool_acquire_seconds',
    'From asking for a cell to having one, or giving up',
  );
  const createSeconds = histogram(
    'hotcell_cell_create_seconds',
    'From the order for a cell to the cell being ready',
  );
  const invokeSeconds = histogram('hotcell_invoke_seconds', 'Queue and run time of a call');
  const invocations = counter(
    'hotcell_invocations_total',
    'Finished calls',
    'adapter',
    'operation',
    'outcome',
  );
  const httpRefusals = counter(
    'hotcell_http_refusals_total',
    'Requests, or items of batches, that never became a call',
    'code',
  );
  const copybook = {
    operations: counter(
      'hotcell_copybook_operations_total',
      'Operations of the copybook codec that ended',
      'operation',
      'outcome',
    ),
    records: counter('hotcell_copybook_records_total', 'Records read or written', 'operation'),
    fieldErrors: counter(
      'hotcell_copybook_field_errors_total',
      'Fields whose bytes were not of their type',
      'operation',
    ),
    inputBytes: counter('hotcell_copybook_input_bytes_total', 'Bytes read', 'operation'),
    outputBytes: counter('hotcell_copybook_output_bytes_total', 'Bytes given out', 'operation'),
  };
  const serviceCalls = counter(
    'hotcell_capabilities_calls_total',
    'What guests asked of the host and were answered',
    'adapter',
    'method',
    'outcome',
  );
  const serviceSeconds = counter(
    'hotcell_capabilities_seconds_total',
    'Time guests waited for those answers',
    'adapter',
    'method',
  );
  const executorGauges = {
    live: gauge('hotcell_executor_live', 'Executors that run cells'),
    spare: gauge('hotcell_executor_spare', 'Warm executors without work'),
    busy: gauge('hotcell_executor_busy', 'Executors with a call under way'),
  };
  const executorCounters = {
    started: counter('hotcell_executor_started_total', 'Executors started'),
    killed: counter('hotcell_executor_killed_total', 'Executors killed by the host at a deadline'),
    died: counter('hotcell_executor_died_total', 'Executors that died by themselves'),
  };
  const fuelUnits = counter(
    'hotcell_executor_fuel_units_total',
    'Fuel that finished calls used, each in its last attempt',
    'adapter',
  );
  const memories = gauge(
    'hotcell_wasm_memories',
    'WebAssembly memories not yet collected, dead ones included',
  );
  const memoriesBudget = gauge('hotcell_wasm_memories_budget', 'WebAssembly memories allowed at once');
  const linesLost = counter('hotcell_log_lines_lost_total', 'Log lines that could not be written');
  const lagSeconds = gauge(
    'hotcell_event_loop_lag_seconds',
    'Delay of the event loop since the last scrape',
    'quantile',
  );
  const cpuSeconds = counter('process_cpu_seconds_total', 'User and system CPU time of all threads');
  const residentBytes = gauge('process_resident_memory_bytes', 'Resident memory of the process');
  const startTime = gauge('process_start_time_seconds', 'Start of the process since the epoch');
  const heapBytes = gauge('hotcell_process_heap_used_bytes', 'JavaScript heap in use in the main thread');
  startTime.set(performance.timeOrigin / 1000);
  const vault = createVaultMetrics(registry);

  /** A counter that is read elsewhere: set, not counted here. */
  const set = <L extends string>(target: Counter<L>, value: number): void => {
    target.reset();
    target.inc(value);
  };

  function readPools(pools: readonly PoolSnapshot[]): void {
    totals.observe(pools);
    const gauges = [...Object.values(poolGauges), utilisation];
    for (const one of gauges) one.reset();
    const weights = new Map<string, { cells: number; used: number }>();
    for (const pool of pools) {
      const adapter = labels.adapter(pool.adapter);
      for (const [field, one] of Object.entries(poolGauges)) {
        one.inc({ adapter }, pool[field as keyof typeof poolGauges]);
      }
      // While an old version drains an adapter has two pools: their ratio is weighted by their cells.
      const weight = weights.get(adapter) ?? { cells: 0, used: 0 };
      weight.cells += pool.size;
      weight.used += pool.size * pool.utilisation;
      weights.set(adapter, weight);
    }
    for (const [adapter, { cells, used }] of weights)
      utilisation.set({ adapter }, cells === 0 ? 0 : used / cells);
    for (const one of Object.values(poolCounters)) one.reset();
    for (const [name, sums] of totals.totals()) {
      const adapter = labels.adapter(name);
      for (const field of POOL_COUNTERS) poolCounters[field].inc({ adapter }, sums[field]);
    }
  }

  function readProcess(): void {
    for (const [quantile, ns] of [
      ['0.5', lag.percentile(50)],
      ['0.99', lag.percentile(99)],
      ['1', lag.max],
    ] as const) {
      // The monitor counts its own period of rest; before its first sample it reports nonsense.
      const delayMs = Number.isFinite(ns) && lag.count > 0 ? ns / 1e6 - LAG_RESOLUTION_MS : 0;
      lagSeconds.set({ quantile }, Math.max(0, delayMs) / 1000);
    }
    lag.reset();
    const cpu = process.cpuUsage();
    set(cpuSeconds, (cpu.user + cpu.system) / 1e6);
    const { rss, heapUsed } = process.memoryUsage();
    residentBytes.set(rss);
    heapBytes.set(heapUsed);
    set(linesLost, options.linesLost());
  }

  return {
    registry,

    text() {
      const snapshot = options.snapshot();
      readPools(snapshot.pools);
      for (const [field, one] of Object.entries(executorGauges)) {
        one.set(snapshot.executors[field as keyof typeof executorGauges]);
      }
      for (const [field, one] of Object.entries(executorCounters)) {
        set(one, snapshot.executors[field as keyof typeof executorCounters]);
      }
      memories.set(snapshot.memories.live);
      memoriesBudget.set(snapshot.memories.budget);
      vault.read(options.vault());
      readProcess();
      return registry.metrics();
    },

    onInvoke({ receipt }) {
      const of = labels.ofReceipt(receipt);
      invocations.inc(of);
      const { queueMs, runMs, fuel } = receipt.usage;
      if (fuel !== undefined) fuelUnits.inc({ adapter: of.adapter }, fuel);
      invokeSeconds.observe({ adapter: of.adapter }, (queueMs + runMs) / 1000);
    },
    onAcquire: ({ adapter, waitMs }) =>
      acquireSeconds.observe({ adapter: labels.adapter(adapter) }, waitMs / 1000),
    onCellCreated: ({ adapter, createMs }) =>
      createSeconds.observe({ adapter: labels.adapter(adapter) }, createMs / 1000),
    onPoolClosed: ({ pool }) => totals.close(pool),
    onHttpRefused: ({ code }) => httpRefusals.inc({ code }),
    // Operations and outcomes are names of this host: no caller makes one.
    onCopybook({ operation, outcome, ...counts }) {
      copybook.operations.inc({ operation, outcome });
      copybook.records.inc({ operation }, counts.recordCount);
      copybook.fieldErrors.inc({ operation }, counts.fieldErrorCount);
      copybook.inputBytes.inc({ operation }, counts.inputBytes);
      copybook.outputBytes.inc({ operation }, counts.outputBytes);
    },
    onService({ adapter: name, method: asked, outcome, durationMs }) {
      const [adapter, method] = [labels.adapter(name), serviceMethodLabel(asked)];
      serviceCalls.inc({ adapter, method, outcome });
      serviceSeconds.inc({ adapter, method }, durationMs / 1000);
    },
    onVault: vault.onVault,

    close() {
      lag.disable();
      registry.clear();
    },
  };
}
