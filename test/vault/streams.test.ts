/** Streams as their readers and sources see them: backpressure, cancelling, failing sources, the vault's end. */

import { describe, expect, test } from 'vitest';
import { RUNS_IN_FLIGHT_MAX_COUNT } from '../../host/vault/streams.ts';
import { collect, openVault, repeating, testKeys } from './fixtures.ts';

const RUN = 64 * 1024;

/** Gives runs for ever, and says how many were taken and whether it was told to stop. */
function endless() {
  const state = { takenCount: 0, isStopped: false };
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        state.takenCount++;
        yield repeating(RUN);
      }
    } finally {
      state.isStopped = true;
    }
  }
  return { state, source: source() };
}

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

describe.each(['cells', 'native'] as const)('a stream in %s', (backend) => {
  test('reads nothing before it is read, and little ahead', async () => {
    await using vault = await openVault(backend);
    const { state, source } = endless();
    const reader = vault.sealStream(source).getReader();
    await turns(20);
    expect(state.takenCount).toBe(0);
    for (let n = 0; n < 4; n++) await reader.read();
    await turns(200);
    expect(state.takenCount).toBeGreaterThan(2);
    expect(state.takenCount).toBeLessThanOrEqual(RUNS_IN_FLIGHT_MAX_COUNT + 4);
    await reader.cancel();
  });

  test('that is cancelled stops its source and holds nothing more', async () => {
    await using vault = await openVault(backend, { maxConcurrentOperations: 1 });
    const { state, source } = endless();
    const reader = vault.sealStream(source).getReader();
    await reader.read();
    await reader.read();
    await reader.cancel();
    await turns(20);
    expect(state.isStopped).toBe(true);
    expect(vault.snapshot()).toMatchObject({
      buffers: { lentBytes: 0 },
      queues: { stream: { running: 0 } },
      operations: { 'seal-stream': { count: 1, errorCount: 0 } },
    });
    // The only place is free again.
    expect((await collect(vault.sealStream([]))).length).toBe(72);
  });

  test('whose source fails, fails with that error', async () => {
    await using vault = await openVault(backend);
    const failure = new Error('the disk is gone');
    async function* source(): AsyncGenerator<Uint8Array> {
      yield repeating(3 * RUN);
      throw failure;
    }
    await expect(collect(vault.sealStream(source()))).rejects.toBe(failure);
    expect(vault.snapshot()).toMatchObject({ buffers: { lentBytes: 0 }, queues: { stream: { running: 0 } } });
  });

  test('goes through Web Streams on both sides', async () => {
    await using vault = await openVault(backend);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const opened = collect(vault.openStream(vault.sealStream(readable as AsyncIterable<Uint8Array>)));
    const writer = writable.getWriter();
    for (let n = 0; n < 10; n++) await writer.write(repeating(50_000));
    await writer.close();
    expect((await opened).length).toBe(500_000);
  });

  test('ends with VAULT_CLOSED when the vault is closed, and does not hold it up', async () => {
    const vault = await openVault(backend);
    const { source, state } = endless();
    const reader = vault.sealStream(source).getReader();
    await reader.read();
    await reader.read();
    await vault.close();
    await expect(reader.read()).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
    await turns(20);
    expect(state.isStopped).toBe(true);
    expect(vault.snapshot().buffers.lentBytes).toBe(0);
  });

  test('of an older version of the key opens, of a retired one does not, and no retired key is fetched for it', async () => {
    const keys = testKeys();
    const loaded: number[] = [];
    const load = (version: number): Promise<Uint8Array> => {
      loaded.push(version);
      return keys.load(version);
    };
    await using vault = await openVault(backend, { keys: { versions: () => keys.versions(), load } });
    const sealed = await collect(vault.sealStream([repeating(RUN)]));
    keys.listed = [
      { version: 1, state: 'readable' },
      { version: 2, state: 'active' },
    ];
    await vault.rotate();
    expect(await collect(vault.openStream([sealed]))).toEqual(repeating(RUN));
    keys.listed = [
      { version: 1, state: 'retired' },
      { version: 2, state: 'active' },
    ];
    await vault.rotate();
    loaded.length = 0;
    // Only the retired key could tell this stream from a forged one, and nothing may bring that key back.
    await expect(collect(vault.openStream([sealed]))).rejects.toMatchObject({ code: 'VAULT_AUTHENTICATION' });
    const forged = Uint8Array.from(sealed, (byte, index) => (index === 40 ? byte ^ 1 : byte));
    await expect(collect(vault.openStream([forged]))).rejects.toMatchObject({ code: 'VAULT_AUTHENTICATION' });
    expect(loaded).not.toContain(1);
  });

  test('whose version is retired while it is open says so', async () => {
    const keys = testKeys();
    await using vault = await openVault(backend, { keys });
    const sealed = await collect(vault.sealStream(Array.from({ length: 40 }, () => repeating(RUN))));
    const reader = vault.openStream([sealed]).getReader();
    await reader.read();
    keys.listed = [
      { version: 1, state: 'retired' },
      { version: 2, state: 'active' },
    ];
    await vault.rotate();
    const rest = async (): Promise<void> => {
      while (!(await reader.read()).done);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'VAULT_KEY_RETIRED' });
  });
});

test.each(['cells', 'native'] as const)(
  'the event loop turns while much is sealed in %s',
  async (backend) => {
    await using vault = await openVault(backend);
    let turnCount = 0;
    let isSealing = true;
    const count = (): void => {
      turnCount++;
      if (isSealing) setImmediate(count);
    };
    setImmediate(count);
    await collect(vault.sealStream(Array.from({ length: 64 }, () => repeating(RUN))));
    isSealing = false;
    expect(turnCount).toBeGreaterThanOrEqual(4);
  },
);

test('a source that never answers does not keep a cancelled stream’s place', async () => {
  await using vault = await openVault('native', { maxConcurrentOperations: 1 });
  const silent: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  };
  const reader = vault.sealStream(silent).getReader();
  await reader.read();
  const pending = reader.read();
  await turns(5);
  await reader.cancel();
  expect((await pending).done).toBe(true);
  expect((await collect(vault.sealStream([]))).length).toBe(72);
});
