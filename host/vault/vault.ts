/**
 * The vault: seals and opens records, batches and streams, in cells of the adapter `cipher` or (`native`) in this process.
 *
 *   operation → its semaphore → version of the key → handle of the derived keys → backend → bytes
 *
 * What always holds: no plaintext of bytes that are not authentic; a cell that dies loses nothing; root keys are in the
 * cells that need them and nowhere else between operations (`native` excepted); nothing of a key or of what is sealed is
 * in a log, metric, error or receipt. It decides nothing about bytes (`crypto-wasm/formats`) nor about cells (`pool`).
 */

import assert from 'node:assert';
import { randomBytes as systemRandomBytes } from 'node:crypto';
import type { ReadableStream } from 'node:stream/web';
import type { ByteSource } from '../byte-source.ts';
import { systemClock } from '../clock.ts';
import { HostError, toHostError } from '../errors.ts';
import type { VaultBackend } from './backend.ts';
import { createBufferPool } from './buffers.ts';
import { createCellBackend } from './cell-backend.ts';
import { createContextPool } from './contexts.ts';
import type { BatchResult, Binding, OperationKind, Vault, VaultOptions, VaultSnapshot } from './face.ts';
import { readBinding } from './input.ts';
import { createKeyCache } from './key-cache.ts';
import { createKeyRing } from './key-ring.ts';
import { createVaultMetrics, type VaultOperation } from './metrics.ts';
import { createNativeBackend } from './native-backend.ts';
import { resolveTuning } from './profiles.ts';
import { createRecordOperations } from './record-operations.ts';
import { createSemaphore } from './semaphore.ts';
import { createVaultStream, type StreamParts, type VaultStream } from './streams.ts';

/** Throws CONFIG_INVALID — with all problems; VAULT_KEY_INVALID, VAULT_KEYS_UNREADABLE — what the provider gives. */
export async function createVault(options: VaultOptions): Promise<Vault> {
  const { clock = systemClock, randomBytes = systemRandomBytes, profile = 'default' } = options;
  const tuning = resolveTuning(profile, options);
  const ring = createKeyRing(options.keys, options.sealsPerKeyMax);
  await ring.refresh();
  const buffers = createBufferPool(tuning.memoryPoolSize);
  const metrics = createVaultMetrics(tuning.enableMetrics, clock);
  const loadKey = (version: number): Promise<Uint8Array> => ring.load(version);

  const createCells = (): VaultBackend => {
    assert(options.host, 'a vault in cells needs the host whose cells it uses');
    const maxCount = tuning.contextPoolSize;
    const contexts = createContextPool({ host: options.host, maxCount, clock, loadKey });
    return createCellBackend({ contexts, buffers, batchSize: tuning.batchSize });
  };
  const backend = options.backend === 'native' ? createNativeBackend({ loadKey }) : createCells();
  const cache = createKeyCache({
    maxCount: tuning.keyCacheSize,
    ttlMs: tuning.keyCacheTtlS * 1000,
    clock,
    derive: (key) => backend.derive(key),
    forget: (handle) => backend.forget(handle),
  });
  const records = createRecordOperations({ backend, cache, ring, randomBytes });
  const permits = tuning.maxConcurrentOperations;
  const semaphores = {
    seal: createSemaphore({ kind: 'seal', permits }),
    open: createSemaphore({ kind: 'open', permits }),
    batch: createSemaphore({ kind: 'batch', permits }),
    stream: createSemaphore({ kind: 'stream', permits }),
  } satisfies Record<OperationKind, object>;
  const underWay = new Set<Promise<unknown>>();
  const streams = new Set<VaultStream>();
  let closing: Promise<void> | undefined;

  const checkOpen = (): void => {
    if (closing !== undefined) throw new HostError('VAULT_CLOSED', 'the vault takes no more operations');
  };

  /** Work behind its semaphore. */
  const admitted = async <T>(kind: OperationKind, work: () => Promise<T>): Promise<T> => {
    checkOpen();
    const leave = await semaphores[kind].enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };

  /** One operation from its permit to its metrics. */
  const perform = async <T extends Uint8Array | readonly BatchResult[]>(
    operation: VaultOperation,
    kind: OperationKind,
    inputBytes: number,
    work: () => Promise<T>,
  ): Promise<T> => {
    const startMs = clock.now();
    const promise = admitted(kind, work);
    underWay.add(promise);
    try {
      const result = await promise;
      metrics.record({ operation, outcome: 'ok', inputBytes, ...sizeOf(result) }, startMs);
      return result;
    } catch (error) {
      const outcome = toHostError(error).code;
      metrics.record({ operation, outcome, inputBytes, itemCount: 0, outputBytes: 0 }, startMs);
      throw error;
    } finally {
      underWay.delete(promise);
    }
  };

  const stream = (
    direction: 'seal' | 'open',
    source: ByteSource,
    binding: Binding,
  ): ReadableStream<Uint8Array> => {
    checkOpen();
    const { context, associatedData } = readBinding(binding);
    const startMs = clock.now();
    const parts: StreamParts = {
      backend,
      buffers,
      runBytes: tuning.streamingBufferBytes,
      randomBytes,
      sealingKey: async () => cache.acquire(ring.spend(1), context),
      async *openingKeys() {
        for (const version of ring.readable) yield await cache.acquire(version, context);
      },
      admit: () => semaphores.stream.enter(),
    };
    const made = createVaultStream(parts, {
      direction,
      source,
      associatedData,
      onEnd(end) {
        streams.delete(made);
        metrics.record({ ...end, operation: `${direction}-stream`, itemCount: 1 }, startMs);
      },
    });
    streams.add(made);
    return made.readable;
  };

  const close = async (): Promise<void> => {
    for (const semaphore of Object.values(semaphores)) semaphore.close();
    await Promise.allSettled([...underWay, ...[...streams].map((one) => one.close())]);
    cache.close();
    await backend.close();
    buffers.close();
  };
  const closeOnce = (): Promise<void> => {
    closing ??= close();
    return closing;
  };

  return {
    seal: (plaintext, binding = {}) =>
      perform('seal', 'seal', plaintext.length, () => records.seal({ plaintext, ...binding })),
    open: (record, binding = {}) =>
      perform('open', 'open', record.length, () => records.open({ record, ...binding })),
    rewrap: (record, binding = {}) =>
      perform('rewrap', 'open', record.length, () => records.rewrap(record, binding)),
    sealBatch: (items) => {
      const inputBytes = items.reduce((sum, { plaintext }) => sum + plaintext.length, 0);
      return perform('seal-batch', 'batch', inputBytes, () => records.sealBatch(items));
    },
    openBatch: (items) => {
      const inputBytes = items.reduce((sum, { record }) => sum + record.length, 0);
      return perform('open-batch', 'batch', inputBytes, () => records.openBatch(items));
    },
    sealStream: (source, binding = {}) => stream('seal', source, binding),
    openStream: (source, binding = {}) => stream('open', source, binding),
    async rotate() {
      checkOpen();
      const rotation = await ring.refresh();
      for (const version of rotation.retired) {
        cache.drop(version);
        await backend.dropKey(version);
      }
      return rotation;
    },
    snapshot() {
      const counts = cache.snapshot();
      const asked = counts.hits + counts.misses;
      const queueOf = ({ running, waiting }: (typeof semaphores)['seal']) => ({ running, waiting });
      return {
        keys: ring.snapshot(),
        backend: backend.snapshot(),
        keyCache: { ...counts, hitRatio: asked === 0 ? 0 : counts.hits / asked },
        buffers: buffers.snapshot(),
        queues: {
          seal: queueOf(semaphores.seal),
          open: queueOf(semaphores.open),
          batch: queueOf(semaphores.batch),
          stream: queueOf(semaphores.stream),
        },
        operations: metrics.snapshot(),
      } satisfies VaultSnapshot;
    },
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

function sizeOf(result: Uint8Array | readonly BatchResult[]): { itemCount: number; outputBytes: number } {
  if (result instanceof Uint8Array) return { itemCount: 1, outputBytes: result.length };
  const bytes = result.map((one) => (one.kind === 'ok' ? one.bytes.length : 0));
  return { itemCount: result.length, outputBytes: bytes.reduce((sum, one) => sum + one, 0) };
}
