/** When cells die, are refused or stay idle, nothing is lost and nothing is left behind. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createVault } from '../../host/vault/vault.ts';
import { type CellsOptions, createCells } from './cells.ts';
import { collect, countingRandom, repeating, testKeys } from './fixtures.ts';

const binding = { context: 'orders' };
const CHUNK = 16 * 1024;

async function vaultOver(options: CellsOptions = {}, vaultOptions = {}) {
  const cells = createCells(options);
  const keys = testKeys();
  const vault = await createVault({ host: cells.host, keys, ...vaultOptions });
  return { cells, keys, vault };
}

describe('a cell that dies', () => {
  test.each(['load-key', 'derive', 'seal', 'open', 'rewrap'])(
    'in %s is replaced unseen',
    async (operation) => {
      let deaths = 0;
      const { vault, cells } = await vaultOver({
        dies: (call) => call.operation === operation && deaths++ < 2,
      });
      const record = await vault.rewrap(await vault.seal(repeating(50), binding), binding);
      expect(await vault.open(record, binding)).toEqual(repeating(50));
      expect(vault.snapshot().backend.counters).toMatchObject({ contextsLost: 2, repeats: 2 });
      await vault.close();
      expect(cells.openCount).toBe(0);
    },
  );

  test('in mid-batch loses no item and changes no order', async () => {
    let deaths = 0;
    const { vault } = await vaultOver(
      { dies: (call) => call.operation.endsWith('-batch') && deaths++ % 3 === 0 },
      { batchSize: 7 },
    );
    const items = Array.from({ length: 60 }, (_, i) => ({ plaintext: repeating(i), ...binding }));
    const sealed = await vault.sealBatch(items);
    const records = sealed.map((one) => (one.kind === 'ok' ? one.bytes : expect.fail(one.error.message)));
    const opened = await vault.openBatch(records.map((record) => ({ record, ...binding })));
    expect(opened).toEqual(items.map(({ plaintext }) => ({ kind: 'ok', bytes: plaintext })));
    expect(vault.snapshot().backend.counters.contextsLost).toBeGreaterThan(2);
    await vault.close();
  });

  test('in mid-stream changes no byte of it', async () => {
    const seal = async (options: CellsOptions) => {
      const { vault } = await vaultOver(options, { randomBytes: countingRandom() });
      const sealed = await collect(vault.sealStream([repeating(40 * CHUNK + 3)], binding));
      const opened = await collect(vault.openStream([sealed], binding));
      const { contextsLost } = vault.snapshot().backend.counters;
      await vault.close();
      return { sealed, opened, contextsLost };
    };
    let runs = 0;
    const calm = await seal({});
    const stormy = await seal({ dies: (call) => call.operation === 'stream-chunk' && runs++ % 4 === 1 });
    expect(stormy.contextsLost).toBeGreaterThan(3);
    expect(Buffer.from(stormy.sealed).equals(calm.sealed)).toBe(true);
    expect(Buffer.from(stormy.opened).equals(repeating(40 * CHUNK + 3))).toBe(true);
  });

  test('whenever it dies, loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat({ max: 80 }), { maxLength: 4 }), async (deadly) => {
        const { vault, cells } = await vaultOver({ dies: (_call, index) => deadly.includes(index) });
        const plaintexts = Array.from({ length: 12 }, (_, i) => repeating(i * 11));
        const records = await Promise.all(plaintexts.map((bytes) => vault.seal(bytes, binding)));
        const sealed = await collect(vault.sealStream([repeating(9 * CHUNK)], binding));
        expect(await Promise.all(records.map((record) => vault.open(record, binding)))).toEqual(plaintexts);
        expect(await collect(vault.openStream([sealed], binding))).toEqual(repeating(9 * CHUNK));
        await vault.close();
        expect(cells.openCount).toBe(0);
        expect(vault.snapshot().buffers.lentBytes).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('each time is believed in the end, and the vault goes on', async () => {
    let isDeadly = true;
    const { vault, cells } = await vaultOver({ dies: ({ operation }) => isDeadly && operation === 'seal' });
    await expect(vault.seal(repeating(5), binding)).rejects.toMatchObject({ code: 'EXECUTOR_TRAP' });
    expect(cells.openedCount).toBe(6);
    isDeadly = false;
    await vault.open(await vault.seal(repeating(5), binding), binding);
    await vault.close();
  });
});

describe('cells', () => {
  test('are taken when needed, given back, and used again', async () => {
    const { vault, cells, keys } = await vaultOver();
    expect(cells.openedCount).toBe(0);
    for (let n = 0; n < 20; n++) await vault.seal(repeating(n), binding);
    expect(cells.openedCount).toBe(1);
    expect(keys.given.length).toBe(2);
    expect(cells.seen.filter(({ operation }) => operation === 'load-key').length).toBe(1);
    await vault.close();
  });

  test('are never more than contextPoolSize, nor than the host gives', async () => {
    for (const [maxCount, contextPoolSize] of [
      [3, 100],
      [16, 3],
    ] as const) {
      const { vault, cells } = await vaultOver({ maxCount }, { contextPoolSize });
      const records = await Promise.all(
        Array.from({ length: 40 }, (_, i) => vault.seal(repeating(i), binding)),
      );
      expect(records.length).toBe(40);
      expect(cells.openCount).toBe(3);
      expect(cells.parallelMax).toBe(3);
      await vault.close();
      expect(cells.openCount).toBe(0);
    }
  });

  test('work on one stream side by side', async () => {
    const { vault, cells } = await vaultOver();
    const source = Array.from({ length: 16 }, () => repeating(64 * 1024));
    await collect(vault.sealStream(source, binding));
    expect(cells.parallelMax).toBe(8);
    await vault.close();
  });

  test('that the host has none of are an error with the host’s reason', async () => {
    const { vault } = await vaultOver({ maxCount: 0 });
    await expect(vault.seal(repeating(1))).rejects.toMatchObject({ code: 'POOL_TENANT_SHARE' });
    await vault.close();
  });

  test('that stay idle are wiped before they go back', async () => {
    const clock = createFakeClock();
    const { vault, cells } = await vaultOver({}, { clock });
    await vault.seal(repeating(1), binding);
    await clock.advance(19_000);
    expect(cells.openCount).toBe(1);
    await clock.advance(7_000);
    expect(cells.openCount).toBe(0);
    expect(cells.seen.at(-1)).toMatchObject({ operation: 'drop-key' });
    await vault.open(await vault.seal(repeating(1), binding), binding);
    await vault.close();
  });

  test('are all wiped at the end, after what was under way', async () => {
    const { vault, cells } = await vaultOver();
    const pending = Promise.all([vault.seal(repeating(1), binding), vault.seal(repeating(2), binding)]);
    const settled = pending.then((records) => records.length);
    // Let them get their places.
    await new Promise((resolve) => setImmediate(resolve));
    await vault.close();
    expect(await settled).toBe(2);
    expect(cells.openCount).toBe(0);
    const wiped = cells.seen.filter(({ operation }) => operation === 'drop-key');
    expect(wiped.length).toBe(cells.openedCount);
    await expect(vault.seal(repeating(1))).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
  });
});

test('an evicted context is forgotten in the cells that held it', async () => {
  const { vault, cells } = await vaultOver({}, { keyCacheSize: 2 });
  for (const context of ['a', 'b', 'c']) await vault.seal(repeating(1), { context });
  const forgotten = cells.seen.filter(({ operation }) => operation === 'forget');
  expect(forgotten.map(({ payload }) => Buffer.from(payload).readUInt32LE())).toEqual([1]);
  await vault.close();
});

test('so are all contexts of a batch and of a rewrap, in whatever cell they were used', async () => {
  const { vault, cells } = await vaultOver({}, { keyCacheSize: 3 });
  const items = ['a', 'b', 'c'].map((context) => ({ plaintext: repeating(9), context }));
  await vault.sealBatch(items);
  for (const context of ['d', 'e', 'f']) await vault.seal(repeating(1), { context });
  const used = new Map<number, Set<number>>();
  for (const { operation, payload, cell } of cells.seen) {
    const handles = used.get(cell) ?? new Set<number>();
    used.set(cell, handles);
    const numbers = Buffer.from(payload);
    if (operation === 'derive') handles.add(numbers.readUInt32LE());
    if (operation === 'seal-batch') {
      for (let at = 0; at < numbers.length; at += 4 + numbers.readUInt32LE(at))
        handles.add(numbers.readUInt32LE(at + 4));
    }
    if (operation === 'forget') handles.delete(numbers.readUInt32LE());
  }
  expect([...used.values()].flatMap((handles) => [...handles]).filter((handle) => handle <= 3)).toEqual([]);
  await vault.close();
});

test('an operation under way when its version is retired does not bring the key back', async () => {
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { vault, cells, keys } = await vaultOver({
    gate: ({ operation }) => (operation === 'derive' ? gate : Promise.resolve()),
    dies: ({ operation }) => operation === 'derive',
  });
  const sealing = vault.seal(repeating(1), binding).catch((error) => error);
  await expect.poll(() => cells.seen.length).toBe(2);
  keys.listed = [
    { version: 1, state: 'retired' },
    { version: 2, state: 'active' },
  ];
  const rotating = vault.rotate();
  await expect.poll(() => vault.snapshot().keys.length).toBe(2);
  open();
  await rotating;
  expect(await sealing).toMatchObject({ code: 'VAULT_KEY_RETIRED' });
  const loads = cells.seen.filter(({ operation }) => operation === 'load-key');
  expect(loads.length).toBe(1);
  await vault.close();
});
