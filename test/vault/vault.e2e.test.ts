/**
 * The vault on a whole host: real threads, real cells, real pools, and executors that die under it. Nothing of a
 * key may come out of it by any way that people or machines read.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { rm } from 'node:fs/promises';
import { inspect } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHost } from '../../host/host.ts';
import type { Host } from '../../host/types.ts';
import type { Vault } from '../../host/vault/face.ts';
import { createVault } from '../../host/vault/vault.ts';
import { builtAdapter } from '../built-adapters.ts';
import { newDataFolder } from '../data-folder.ts';
import { collect, repeating, rootKey, testKeys } from './fixtures.ts';

const MIB = 1024 * 1024;
const piece = repeating(MIB);
const binding = { context: 'orders', associatedData: 'row 7' };
const CHANNELS = [
  'hotcell:invoke',
  'hotcell:acquire',
  'hotcell:cell-created',
  'hotcell:pool-closed',
  'hotcell:notice',
  'hotcell:vault',
];

let dataDir: string;
let host: Host;
let vault: Vault;
/** Threads that the host started. */
const threads: Worker[] = [];
const noteThread = (worker: Worker): number => threads.push(worker);
const published: unknown[] = [];
const listen = (message: unknown): number => published.push(message);

beforeAll(async () => {
  for (const name of CHANNELS) subscribe(name, listen);
  process.on('worker', noteThread);
  dataDir = await newDataFolder();
  host = await createHost({ data: dataDir, bundled: false, executors: 2 });
  for (const name of ['cipher', 'faulty'] as const) {
    const { manifest, component } = await builtAdapter(name);
    await host.install(manifest, component);
  }
  vault = await createVault({ host, keys: testKeys() });
});

afterAll(async () => {
  await vault.close();
  await host.close();
  await rm(dataDir, { recursive: true });
  process.off('worker', noteThread);
  for (const name of CHANNELS) unsubscribe(name, listen);
});

const cipherPool = () => host.snapshot().pools.find(({ adapter }) => adapter === 'cipher');

/**
 * Ends every thread that the host has now, one after the other, and waits until another is in its place. No guest could do it: one
 * that never returns is stopped in its thread.
 */
async function endThreads(): Promise<void> {
  const { died } = host.snapshot().executors;
  for (const worker of threads.splice(0)) {
    await worker.terminate();
    await expect
      .poll(() => host.snapshot().executors, { timeout: 20_000 })
      .toMatchObject({ live: 2, spare: 1 });
  }
  expect(host.snapshot().executors.died).toBeGreaterThanOrEqual(died + 2);
}

test('records, batches and streams come back', async () => {
  const record = await vault.seal(repeating(1000), binding);
  expect(await vault.open(record, binding)).toEqual(repeating(1000));
  const items = Array.from({ length: 250 }, (_, i) => ({ plaintext: repeating(i), ...binding }));
  const sealed = await vault.sealBatch(items);
  const records = sealed.map((one) => (one.kind === 'ok' ? one.bytes : expect.fail(one.error.message)));
  const opened = await vault.openBatch(records.map((one) => ({ record: one, ...binding })));
  expect(opened).toEqual(items.map(({ plaintext }) => ({ kind: 'ok', bytes: plaintext })));
  const stream = vault.openStream(vault.sealStream([repeating(5 * MIB)], binding), binding);
  expect(Buffer.from(await collect(stream)).equals(repeating(5 * MIB))).toBe(true);
});

test('when executors die in mid-batch and mid-stream, nothing is lost', async () => {
  const lostBefore = vault.snapshot().backend.counters.contextsLost;
  const killing = { isOver: false };
  let pieceCount = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    for (; !killing.isOver || pieceCount < 4; pieceCount++) yield piece;
  }
  const items = Array.from({ length: 200 }, (_, i) => ({ plaintext: repeating(i * 20), ...binding }));
  const batches = async (): Promise<void> => {
    do {
      const results = await vault.sealBatch(items);
      const records = results.map((one) => (one.kind === 'ok' ? one.bytes : expect.fail(one.error.message)));
      const opened = await vault.openBatch(records.map((record) => ({ record, ...binding })));
      expect(opened.every((one, i) => one.kind === 'ok' && one.bytes.length === i * 20)).toBe(true);
    } while (!killing.isOver);
  };
  const streaming = (async () => {
    let at = 0;
    for await (const part of vault.openStream(vault.sealStream(source(), binding), binding)) {
      // Runs of 64 KiB divide a piece, so each part is a part of one.
      const from = at % MIB;
      expect(Buffer.compare(part, piece.subarray(from, from + part.length))).toBe(0);
      at += part.length;
    }
    return at;
  })();
  const batching = batches();
  await endThreads();
  killing.isOver = true;
  await batching;
  expect(await streaming).toBe(pieceCount * MIB);
  // Otherwise this test has shown nothing.
  expect(vault.snapshot().backend.counters.contextsLost).toBeGreaterThan(lostBefore);
}, 60_000);

test('no caller can have its tenant, and no tenant can use its keys', async () => {
  const callAs = (header: string) => () =>
    host.identify({ authorization: undefined, tenantHeader: header, host: undefined, origin: undefined });
  expect(callAs('~vault')).toThrow('POLICY_TENANT_INVALID');
  await vault.seal(repeating(10), binding);
  const payload = Buffer.concat([Buffer.alloc(4), Buffer.from([1, 0, 0, 0]), Buffer.alloc(1)]);
  for (let n = 0; n < 8; n++) {
    const { outcome } = await host.invoke({
      adapter: 'cipher',
      operation: 'derive',
      payload,
      tenant: 'public',
      requestId: 'try',
    });
    expect(outcome).toMatchObject({ kind: 'error', error: { code: 'ADAPTER_NOT_FOUND' } });
  }
});

test('nothing of a key is in a notice, receipt, metric, error or snapshot', async () => {
  const record = await vault.seal(repeating(10), binding);
  record[record.length - 1] = (record.at(-1) ?? 0) ^ 1;
  const errors = await Promise.all(
    [vault.open(record, binding), vault.open(record.subarray(3), binding)].map((one) =>
      one.catch((error) => error),
    ),
  );
  const text = inspect([published, errors, vault.snapshot(), host.snapshot(), host.adapters(), vault, host], {
    depth: 20,
    maxArrayLength: null,
    maxStringLength: null,
    showHidden: true,
  });
  expect(published.length).toBeGreaterThan(10);
  const key = Buffer.from(rootKey(1));
  for (const part of [key, key.subarray(0, 8), key.subarray(24)]) {
    expect(text.toLowerCase()).not.toContain(part.toString('hex'));
    expect(text.replaceAll(/\s+/g, ' ')).not.toContain(part.toString('base64').replace(/=+$/, ''));
    expect(text.replaceAll(/\s+/g, '')).not.toContain([...part].join(','));
    expect(text.replaceAll(/\s+/g, '')).not.toContain(part.toString('hex').replaceAll(/(..)(?=.)/g, '$1,'));
  }
});

test('at the end every cell is back', async () => {
  await vault.close();
  await expect.poll(() => cipherPool()?.leased).toBe(0);
  await expect(vault.seal(repeating(1))).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
});
