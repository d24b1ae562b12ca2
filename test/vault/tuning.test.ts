/** Numbers of the profiles, buffers, metrics: that they are exactly these, and that they count what happens. */

import { describe, expect, test } from 'vitest';
import { vaultChannel } from '../../host/channels.ts';
import { createFakeClock } from '../../host/clock.ts';
import { createBufferPool } from '../../host/vault/buffers.ts';
import { createVaultMetrics } from '../../host/vault/metrics.ts';
import { resolveTuning, VAULT_PROFILES } from '../../host/vault/profiles.ts';
import { openVault, repeating } from './fixtures.ts';

test('the four profiles have exactly these numbers', () => {
  const rows = Object.entries(VAULT_PROFILES).map(([name, p]) => [
    name,
    p.streamingBufferBytes / 1024,
    p.batchSize,
    p.maxConcurrentOperations,
    p.keyCacheSize,
    p.contextPoolSize,
    p.memoryPoolSize,
    p.keyCacheTtlS,
    p.enableMetrics,
  ]);
  expect(rows).toEqual([
    ['default', 64, 100, 50, 1000, 100, 50, 3600, true],
    ['highThroughput', 256, 500, 100, 5000, 200, 100, 3600, true],
    ['lowLatency', 32, 50, 25, 500, 50, 25, 3600, true],
    ['memoryEfficient', 16, 25, 10, 100, 20, 10, 3600, true],
  ]);
});

test('own numbers take the place of the profile’s, and all that are wrong are named at once', () => {
  expect(resolveTuning('lowLatency', { batchSize: 7 })).toMatchObject({ batchSize: 7, keyCacheSize: 500 });
  try {
    resolveTuning('default', { batchSize: 0, streamingBufferBytes: 20_000, keyCacheSize: 1.5 });
    expect.fail('accepted');
  } catch (error) {
    const { code, problems } = error as { code: string; problems: { at: string }[] };
    expect([code, problems.map(({ at }) => at).sort()]).toEqual([
      'CONFIG_INVALID',
      ['batchSize', 'keyCacheSize', 'streamingBufferBytes'],
    ]);
  }
  expect(() => resolveTuning('fast' as 'default', {})).toThrow('CONFIG_INVALID');
});

describe('buffers', () => {
  test('come back as zeros, by size class, and are counted', () => {
    const pool = createBufferPool(2);
    const first = pool.take(5000);
    expect(first.bytes.length).toBe(5000);
    first.bytes.fill(7);
    const { buffer } = first.bytes;
    expect(pool.snapshot()).toMatchObject({ lentBytes: 20 * 1024, idleBytes: 0, allocatedCount: 1 });
    first.release();
    first.release();
    expect(pool.snapshot()).toMatchObject({ lentBytes: 0, idleBytes: 20 * 1024, idleCount: 1 });
    expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
    const second = pool.take(20 * 1024);
    expect(second.bytes.buffer).toBe(buffer);
    expect(pool.snapshot()).toMatchObject({ idleBytes: 0, reusedCount: 1, allocatedCount: 1 });
  });

  test('are kept up to a number, and never when larger than any class', () => {
    const pool = createBufferPool(2);
    const lent = [1, 1, 1, 2 ** 21].map((bytes) => pool.take(bytes));
    const { lentBytes } = pool.snapshot();
    expect(lentBytes).toBe(3 * 4096 + 2 ** 21);
    const [huge] = lent.slice(3);
    huge?.bytes.fill(9);
    for (const buffer of lent) buffer.release();
    expect(huge?.bytes.every((byte) => byte === 0)).toBe(true);
    expect(pool.snapshot()).toMatchObject({ lentBytes: 0, idleCount: 2, idleBytes: 8192 });
    pool.close();
    expect(pool.snapshot()).toMatchObject({ idleCount: 0, idleBytes: 0 });
  });
});

describe('metrics', () => {
  const event = {
    operation: 'seal',
    outcome: 'ok',
    itemCount: 1,
    inputBytes: 1000,
    outputBytes: 1100,
  } as const;

  test('have rates also for what took a fraction of a second', async () => {
    const clock = createFakeClock();
    const metrics = createVaultMetrics(true, clock);
    const startMs = clock.now();
    await clock.advance(4);
    metrics.record(event, startMs);
    metrics.record({ ...event, outcome: 'VAULT_AUTHENTICATION', outputBytes: 0 }, startMs);
    expect(metrics.snapshot().seal).toEqual({
      count: 2,
      errorCount: 1,
      itemCount: 2,
      inputBytes: 2000,
      outputBytes: 1100,
      busyMs: 8,
      meanMs: 4,
      bytesPerSecond: 250_000,
      operationsPerSecond: 500,
    });
  });

  test('that are off count and publish nothing', () => {
    const seen: unknown[] = [];
    const listen = (message: unknown): number => seen.push(message);
    vaultChannel.subscribe(listen);
    const metrics = createVaultMetrics(false, createFakeClock());
    metrics.record(event, 0);
    vaultChannel.unsubscribe(listen);
    expect([metrics.snapshot().seal.count, seen]).toEqual([0, []]);
  });

  test('of a vault are what was done with it', async () => {
    const events: unknown[] = [];
    const listen = (message: unknown): number => events.push(message);
    vaultChannel.subscribe(listen);
    const vault = await openVault('native');
    const record = await vault.seal(repeating(100));
    await vault.open(record);
    await vault.open(record.subarray(1)).catch(() => {});
    await vault.openBatch([{ record }, { record }]);
    const { operations, keyCache } = vault.snapshot();
    expect(operations.seal).toMatchObject({
      count: 1,
      itemCount: 1,
      inputBytes: 100,
      outputBytes: record.length,
    });
    expect(operations.open).toMatchObject({ count: 2, errorCount: 1, outputBytes: 100 });
    expect(operations['open-batch']).toMatchObject({ count: 1, itemCount: 2, outputBytes: 200 });
    expect(keyCache).toMatchObject({ size: 1, misses: 1, hits: 3, hitRatio: 0.75 });
    expect(events.map((one) => (one as { outcome: string }).outcome)).toEqual([
      'ok',
      'ok',
      'VAULT_FORMAT_UNKNOWN',
      'ok',
    ]);
    await vault.close();
    vaultChannel.unsubscribe(listen);
  });
});

test('each kind of operation has places of its own, and no operation waits for itself', async () => {
  const vault = await openVault('native', { maxConcurrentOperations: 1 });
  const open = vault.sealStream([repeating(9)]).getReader();
  await open.read();
  // The only place for streams is taken; everything else goes on.
  const record = await vault.rewrap(await vault.seal(repeating(3)));
  expect(await vault.openBatch([{ record }])).toEqual([{ kind: 'ok', bytes: repeating(3) }]);
  expect(vault.snapshot().queues).toMatchObject({ stream: { running: 1 }, seal: { running: 0 } });
  await vault.close();
});
