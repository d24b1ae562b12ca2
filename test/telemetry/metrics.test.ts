import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acquireChannel,
  type CopybookEvent,
  cellCreatedChannel,
  copybookChannel,
  type HttpRefusedEvent,
  httpRefusedChannel,
  invokeChannel,
  noticeChannel,
  poolClosedChannel,
  vaultChannel,
} from '../../host/channels.ts';
import { createMetrics } from '../../host/telemetry/metrics.ts';
import { createPoolTotals } from '../../host/telemetry/pool-totals.ts';
import type { PoolSnapshot } from '../../host/types.ts';
import { invokeEvent, observe, pool, snapshot } from './fixtures.ts';

/** Prometheus text format 0.0.4: a comment of help or type, or a sample. */
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(
  `^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\\{${LABEL}(?:,${LABEL})*\\})? (?:[-+]?(?:\\d+(?:\\.\\d+)?(?:e[-+]?\\d+)?|Inf)|NaN)$`,
);
const COMMENT = /^# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+$/;

const ALL = [
  acquireChannel,
  cellCreatedChannel,
  copybookChannel,
  httpRefusedChannel,
  invokeChannel,
  noticeChannel,
  poolClosedChannel,
  vaultChannel,
];

describe('the exposition text', () => {
  it('parses line by line, and each sample belongs to a declared metric', async () => {
    await using observed = observe();
    invokeChannel.publish(invokeEvent());
    acquireChannel.publish({ adapter: 'echo', waitMs: 0.02 });
    cellCreatedChannel.publish({ adapter: 'echo', createMs: 0.2 });
    const text = await observed.telemetry.metricsText();
    expect(text.endsWith('\n')).toBe(true);
    const declared = new Set<string>();
    let samples = 0;
    for (const line of text.trimEnd().split('\n')) {
      if (line === '') continue;
      if (line.startsWith('#')) {
        expect(line).toMatch(COMMENT);
        declared.add(line.split(' ')[2] ?? '');
        continue;
      }
      expect(line).toMatch(SAMPLE);
      const name = /^[^{ ]+/.exec(line)?.[0] ?? '';
      expect(declared.has(name) || declared.has(name.replace(/_(bucket|sum|count)$/, '')), name).toBe(true);
      samples += 1;
    }
    expect(samples).toBeGreaterThan(60);
  });

  it('sums what the copybook codec did, by operation', async () => {
    await using observed = observe();
    const event = { inputBytes: 800, outputBytes: 2_000, recordCount: 4, fieldErrorCount: 1, durationMs: 2 };
    for (const outcome of ['ok', 'ok', 'COPYBOOK_DATA'] as const) {
      copybookChannel.publish({ ...event, operation: 'decode', outcome } satisfies CopybookEvent);
    }
    const lines = (await observed.telemetry.metricsText())
      .split('\n')
      .filter((line) => /^hotcell_copy/.test(line));
    expect(lines).toEqual([
      'hotcell_copybook_operations_total{operation="decode",outcome="ok"} 2',
      'hotcell_copybook_operations_total{operation="decode",outcome="COPYBOOK_DATA"} 1',
      'hotcell_copybook_records_total{operation="decode"} 12',
      'hotcell_copybook_field_errors_total{operation="decode"} 3',
      'hotcell_copybook_input_bytes_total{operation="decode"} 2400',
      'hotcell_copybook_output_bytes_total{operation="decode"} 6000',
    ]);
  });

  it('shows the gauges and totals of the snapshot', async () => {
    await using observed = observe();
    observed.now = snapshot(pool({ size: 7, idle: 2, leased: 5, waiting: 9, utilisation: 0.7 }, 10));
    const value = (series: string) => observed.value(series);
    expect(await value('hotcell_pool_size{adapter="echo"}')).toBe(7);
    expect(await value('hotcell_pool_idle{adapter="echo"}')).toBe(2);
    expect(await value('hotcell_pool_leased{adapter="echo"}')).toBe(5);
    expect(await value('hotcell_pool_waiting{adapter="echo"}')).toBe(9);
    expect(await value('hotcell_pool_utilisation_ratio{adapter="echo"}')).toBeCloseTo(0.7);
    expect(await value('hotcell_pool_hits_total{adapter="echo"}')).toBe(10);
    expect(await value('hotcell_pool_misses_total{adapter="echo"}')).toBe(20);
    expect(await value('hotcell_pool_waits_total{adapter="echo"}')).toBe(30);
    expect(await value('hotcell_pool_returns_total{adapter="echo"}')).toBe(40);
    expect(await value('hotcell_pool_replacements_total{adapter="echo"}')).toBe(50);
    expect(await value('hotcell_pool_crashes_total{adapter="echo"}')).toBe(60);
    expect(await value('hotcell_executor_live')).toBe(2);
    expect(await value('hotcell_executor_spare')).toBe(1);
    expect(await value('hotcell_executor_busy')).toBe(1);
    expect(await value('hotcell_executor_started_total')).toBe(5);
    expect(await value('hotcell_executor_killed_total')).toBe(1);
    expect(await value('hotcell_executor_died_total')).toBe(2);
    expect(await value('hotcell_wasm_memories')).toBe(40);
    expect(await value('hotcell_wasm_memories_budget')).toBe(8_000);
    expect(await value('process_resident_memory_bytes')).toBeGreaterThan(1 << 20);
    expect(await value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(await value('hotcell_event_loop_lag_seconds{quantile="1"}')).toBeGreaterThanOrEqual(0);
  });

  it('adds up the fuel of calls, of those that have any', async () => {
    await using observed = observe();
    const { usage } = invokeEvent().receipt;
    for (const fuel of [1_500, undefined, 500])
      invokeChannel.publish(invokeEvent({ usage: { ...usage, fuel } }));
    expect(await observed.value('hotcell_executor_fuel_units_total{adapter="echo"}')).toBe(2_000);
  });

  it('counts calls by outcome and puts microseconds into their buckets', async () => {
    await using observed = observe();
    invokeChannel.publish(
      invokeEvent({ usage: { ...invokeEvent().receipt.usage, queueMs: 0.01, runMs: 0.02 } }),
    );
    invokeChannel.publish(invokeEvent({ outcome: 'EXECUTOR_TRAP' }));
    acquireChannel.publish({ adapter: 'echo', waitMs: 0.008 });
    cellCreatedChannel.publish({ adapter: 'echo', createMs: 0.3 });
    const value = (series: string) => observed.value(series);
    const labels = (outcome: string): string => `{adapter="echo",operation="echo",outcome="${outcome}"}`;
    expect(await value(`hotcell_invocations_total${labels('ok')}`)).toBe(1);
    expect(await value(`hotcell_invocations_total${labels('EXECUTOR_TRAP')}`)).toBe(1);
    expect(await value('hotcell_invoke_seconds_bucket{le="0.00005",adapter="echo"}')).toBe(1);
    expect(await value('hotcell_invoke_seconds_bucket{le="0.000025",adapter="echo"}')).toBe(0);
    expect(await value('hotcell_invoke_seconds_count{adapter="echo"}')).toBe(2);
    expect(await value('hotcell_pool_acquire_seconds_bucket{le="0.00001",adapter="echo"}')).toBe(1);
    expect(await value('hotcell_cell_create_seconds_sum{adapter="echo"}')).toBeCloseTo(0.0003);
  });

  it('adds up two pools of one adapter while the old one drains, and forgets the gauges of the gone', async () => {
    await using observed = observe();
    const old = pool({ imageId: 'old', size: 3, utilisation: 1 }, 5);
    const fresh = pool({ imageId: 'new', size: 1, utilisation: 0 }, 2);
    observed.now = snapshot(old, fresh);
    expect(await observed.value('hotcell_pool_size{adapter="echo"}')).toBe(4);
    expect(await observed.value('hotcell_pool_utilisation_ratio{adapter="echo"}')).toBeCloseTo(0.75);
    expect(await observed.value('hotcell_pool_hits_total{adapter="echo"}')).toBe(7);
    observed.now = snapshot();
    expect(await observed.value('hotcell_pool_size{adapter="echo"}')).toBeUndefined();
    expect(await observed.value('hotcell_pool_hits_total{adapter="echo"}')).toBe(7);
  });
});

describe('pool counters', () => {
  it('are exact over a reload when the closed pool told its last counters', async () => {
    await using observed = observe();
    observed.now = snapshot(pool({ imageId: 'a' }, 10));
    expect(await observed.value('hotcell_pool_hits_total{adapter="echo"}')).toBe(10);
    poolClosedChannel.publish({ pool: pool({ imageId: 'a' }, 15) });
    // The snapshot may have been taken a moment before the pool was gone.
    observed.now = snapshot(pool({ imageId: 'a' }, 14), pool({ imageId: 'b' }, 1));
    expect(await observed.value('hotcell_pool_hits_total{adapter="echo"}')).toBe(16);
    observed.now = snapshot(pool({ imageId: 'b' }, 2));
    expect(await observed.value('hotcell_pool_hits_total{adapter="echo"}')).toBe(17);
  });

  it('never go back, whatever pools come, go and report in whatever order', () => {
    const step = fc.record({
      image: fc.integer({ min: 0, max: 4 }),
      more: fc.integer({ min: 0, max: 9 }),
      kind: fc.constantFrom('scrape', 'close', 'close, still in the next snapshot'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const totals = createPoolTotals();
        const live = new Map<number, { id: string; hits: number }>();
        let buried = 0;
        let generation = 0;
        let last = 0;
        for (const { image, more, kind } of steps) {
          const cell = live.get(image) ?? { id: `image-${image}-${generation++}`, hits: 0 };
          cell.hits += more;
          live.set(image, cell);
          const late: PoolSnapshot[] = [];
          if (kind !== 'scrape') {
            totals.close(pool({ imageId: cell.id }, cell.hits));
            live.delete(image);
            buried += cell.hits;
            if (kind !== 'close') late.push(pool({ imageId: cell.id }, Math.max(0, cell.hits - 1)));
          }
          totals.observe([...late, ...[...live.values()].map(({ id, hits }) => pool({ imageId: id }, hits))]);
          const sum = totals.totals().get('echo')?.hits ?? 0;
          expect(sum).toBeGreaterThanOrEqual(last);
          expect(sum).toBe(buried + [...live.values()].reduce((total, { hits }) => total + hits, 0));
          last = sum;
        }
      }),
    );
  });
});

describe('labels', () => {
  it('stay bounded for ten thousand hostile names', async () => {
    await using observed = observe('silent');
    await observed.telemetry.metricsText();
    invokeChannel.publish(invokeEvent());
    for (let index = 0; index < 10_000; index++) {
      const hostile = `${'\n"}\\'.repeat(index % 5)}canary-${index}`;
      invokeChannel.publish(invokeEvent({ adapter: hostile, outcome: 'REGISTRY_NOT_FOUND' }));
      invokeChannel.publish(invokeEvent({ operation: hostile, outcome: 'REGISTRY_OPERATION_NOT_FOUND' }));
      invokeChannel.publish(invokeEvent({ tenant: hostile }));
      invokeChannel.publish(invokeEvent({ outcome: hostile }));
    }
    const text = await observed.telemetry.metricsText();
    expect(text).not.toContain('canary');
    expect(text).not.toContain('acme');
    expect(text.match(/^hotcell_invocations_total\{/gm)).toHaveLength(4);
    const labels = '{adapter="unknown",operation="unknown",outcome="REGISTRY_NOT_FOUND"}';
    expect(await observed.value(`hotcell_invocations_total${labels}`)).toBe(10_000);
  });

  it('stop at a thousand adapters, even when the host has more', async () => {
    await using observed = observe('silent');
    observed.now = snapshot(
      ...Array.from({ length: 1_200 }, (_, index) =>
        pool({ imageId: `i${index}`, adapter: `a${index}`, size: 1 }, 1),
      ),
    );
    const text = await observed.telemetry.metricsText();
    expect(text.match(/^hotcell_pool_size\{/gm)).toHaveLength(1_001);
    expect(await observed.value('hotcell_pool_size{adapter="unknown"}')).toBe(200);
    expect(await observed.value('hotcell_pool_hits_total{adapter="unknown"}')).toBe(200);
  });
});

describe('refused requests', () => {
  it('are counted by code and by nothing that a caller chose', async () => {
    await using observed = observe();
    const event: HttpRefusedEvent = {
      requestId: 'r-1',
      method: 'POST',
      route: '/v1/tools/call',
      status: 413,
      code: 'HTTP_BODY_TOO_LARGE',
    };
    httpRefusedChannel.publish(event);
    httpRefusedChannel.publish({ ...event, requestId: 'r-2', route: 'none' });
    httpRefusedChannel.publish({ ...event, status: 404, code: 'HTTP_ROUTE_NOT_FOUND' });
    expect(await observed.value('hotcell_http_refusals_total{code="HTTP_BODY_TOO_LARGE"}')).toBe(2);
    expect(await observed.value('hotcell_http_refusals_total{code="HTTP_ROUTE_NOT_FOUND"}')).toBe(1);
  });
});

describe('telemetry', () => {
  it('is subscribed while it lives and not after', async () => {
    expect(ALL.map((channel) => channel.hasSubscribers)).toEqual(ALL.map(() => false));
    const observed = observe();
    expect(ALL.map((channel) => channel.hasSubscribers)).toEqual(ALL.map(() => true));
    await observed.telemetry.close();
    await observed.telemetry.close();
    expect(ALL.map((channel) => channel.hasSubscribers)).toEqual(ALL.map(() => false));
  });

  it('of two hosts in one process does not mix', async () => {
    await using one = observe('silent');
    await using two = observe('silent');
    one.now = snapshot(pool({ size: 1 }));
    two.now = snapshot(pool({ size: 2 }));
    expect(await one.value('hotcell_pool_size{adapter="echo"}')).toBe(1);
    expect(await two.value('hotcell_pool_size{adapter="echo"}')).toBe(2);
  });

  it('has the metrics that its README lists, and no others', async () => {
    const metrics = createMetrics({
      snapshot: () => snapshot(),
      linesLost: () => 0,
      vault: () => undefined,
    });
    const actual = (await metrics.registry.getMetricsAsJSON()).map(
      ({ name, type, help }) => `${name} ${type} ${help}`,
    );
    metrics.close();
    const readme = await readFile(new URL('../../host/telemetry/README.md', import.meta.url), 'utf8');
    const listed = [...readme.matchAll(/^\| `([a-z_]+)`\s+\| (\w+)\s+\| [^|]+\| (.+?)\s+\|$/gm)].map(
      ([, name, type, help]) => `${name} ${type} ${help}`,
    );
    expect(listed.sort()).toEqual(actual.sort());
  });
});
