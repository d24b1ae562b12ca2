import { expect, it } from 'vitest';
import { type VaultEvent, vaultChannel } from '../../host/channels.ts';
import { openVault, repeating } from '../vault/fixtures.ts';
import { observe } from './fixtures.ts';

const event: VaultEvent = {
  operation: 'seal',
  outcome: 'ok',
  itemCount: 1,
  inputBytes: 1_000,
  outputBytes: 1_083,
  durationMs: 0.4,
};

it('what a vault did is there to be scraped', async () => {
  await using observed = observe();
  await using vault = await openVault('native', { keyCacheSize: 1 });
  observed.vault = vault.snapshot();
  const first = await vault.seal(repeating(1_000), { context: 'a' });
  await vault.seal(repeating(500), { context: 'b' });
  await vault.open(first, { context: 'a' });
  await expect(vault.open(first, { context: 'b' })).rejects.toThrow();
  await vault.sealBatch([{ plaintext: repeating(10) }, { plaintext: repeating(20) }]);
  observed.vault = vault.snapshot();
  const { keyCache, backend } = observed.vault;

  const value = (series: string) => observed.value(series);
  const operations = (operation: string, outcome: string) =>
    value(`hotcell_vault_operations_total{operation="${operation}",outcome="${outcome}"}`);
  expect(await operations('seal', 'ok')).toBe(2);
  expect(await operations('open', 'ok')).toBe(1);
  expect(await operations('open', 'VAULT_AUTHENTICATION')).toBe(1);
  expect(await value('hotcell_vault_items_total{operation="seal-batch"}')).toBe(2);
  expect(await value('hotcell_vault_input_bytes_total{operation="seal"}')).toBe(1_500);
  expect(await value('hotcell_vault_output_bytes_total{operation="seal"}')).toBe(1_500 + 2 * 84);
  expect(await value('hotcell_vault_operation_seconds_count{operation="seal"}')).toBe(2);
  expect(await value('hotcell_vault_key_cache_misses_total')).toBe(keyCache.misses);
  expect(await value('hotcell_vault_key_cache_ends_total{reason="full"}')).toBe(keyCache.evictions);
  expect(keyCache.evictions).toBeGreaterThan(1);
  expect(await value('hotcell_vault_key_cache_size')).toBe(1);
  expect(await value('hotcell_vault_key_loads_total')).toBe(backend.counters.keyLoads);
  expect(await value('hotcell_vault_active_key_seals')).toBe(4);
  expect(await value('hotcell_vault_running{kind="seal"}')).toBe(0);
});

it('a scrape reads the vault anew, and counts nothing twice', async () => {
  await using observed = observe();
  await using vault = await openVault('cells', { keyCacheSize: 10 });
  await vault.seal(repeating(10));
  await vault.seal(repeating(10));
  for (let scrape = 0; scrape < 3; scrape++) {
    observed.vault = vault.snapshot();
    expect(await observed.value('hotcell_vault_key_cache_hits_total')).toBe(1);
    expect(await observed.value('hotcell_vault_key_loads_total')).toBe(1);
    expect(await observed.value('hotcell_vault_cells{state="idle"}')).toBe(1);
    const { idleBytes } = vault.snapshot().buffers;
    expect(await observed.value('hotcell_vault_buffer_bytes{state="idle"}')).toBe(idleBytes);
    expect(idleBytes).toBeGreaterThan(0);
  }
});

it('times have buckets from a short record to a long stream', async () => {
  await using observed = observe();
  vaultChannel.publish(event);
  vaultChannel.publish({ ...event, durationMs: 100_000 });
  const bucket = (le: string) =>
    observed.value(`hotcell_vault_operation_seconds_bucket{le="${le}",operation="seal"}`);
  expect([await bucket('0.00025'), await bucket('0.0005'), await bucket('60'), await bucket('300')]).toEqual([
    0, 1, 1, 2,
  ]);
});

it('an outcome that is no code makes no series of its own', async () => {
  await using observed = observe();
  for (let n = 0; n < 1_000; n++) vaultChannel.publish({ ...event, outcome: `canary-${n}` as 'ok' });
  vaultChannel.publish({ ...event, outcome: 'cancelled' });
  const text = await observed.telemetry.metricsText();
  expect(text).not.toContain('canary');
  expect(text.match(/^hotcell_vault_operations_total\{/gm)).toHaveLength(2);
});
