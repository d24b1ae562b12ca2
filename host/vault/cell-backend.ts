/**
 * The backend in cells: each operation is one call of the adapter `cipher`, on whichever cell is free.
 *
 * Payloads are written into pooled buffers, which held plaintext and are zeroed when the call has ended.
 */

import { HostError } from '../errors.ts';
import type { KeyRef, VaultBackend } from './backend.ts';
import type { BufferPool } from './buffers.ts';
import type { ContextPool } from './contexts.ts';
import { notAuthentic } from './failures.ts';
import * as payloads from './payloads.ts';

/** More than this goes in several calls, so that cells share the work. An item alone may be larger. */
const BATCH_PAYLOAD_MAX_BYTES = 1024 * 1024;
/** Texts of the adapter's failures begin with one of these words: its README lists them. */
const NOT_AUTHENTIC = 'authentication:';
const NOT_LOADED = 'key:';

export function createCellBackend(options: {
  readonly contexts: ContextPool;
  readonly buffers: BufferPool;
  /** Items of a batch in one call. */
  readonly batchSize: number;
}): VaultBackend {
  const { contexts, buffers, batchSize } = options;

  /** `keys` are all that the call uses; a cell that is familiar with the first is preferred. */
  const call = async (
    operation: string,
    keys: readonly KeyRef[],
    payload: payloads.Payload,
  ): Promise<Uint8Array> => {
    const buffer = buffers.take(payload.lengthBytes);
    try {
      payload.write(buffer.bytes);
      return await contexts.call({
        handles: keys.map(({ handle }) => handle),
        keyVersions: [...new Set(keys.map(({ keyVersion }) => keyVersion))],
        operation,
        payload: buffer.bytes,
      });
    } catch (error) {
      throw error instanceof HostError ? translate(error) : error;
    } finally {
      buffer.release();
    }
  };

  const callBatch = async <T extends { readonly key: KeyRef }>(
    operation: string,
    requests: readonly T[],
    payloadOf: (request: T) => payloads.Payload,
  ): Promise<(Uint8Array | HostError)[]> => {
    const items = requests.map((request) => ({ request, payload: payloadOf(request) }));
    const answers = cut(items, batchSize).map(async (part) => {
      const keys = part.map(({ request }) => request.key);
      const payload = payloads.batchPayload(part.map((item) => item.payload));
      try {
        const result = await call(operation, keys, payload);
        return payloads.batchAnswers(result).map((answer) => {
          if ('bytes' in answer) return answer.bytes;
          const code = answer.failureKind === 2 ? 'ADAPTER_NOT_FOUND' : 'ADAPTER_BAD_INPUT';
          return translate(new HostError(code, answer.text));
        });
      } catch (error) {
        // The call itself failed, not an item: each of its items says so, and the other calls go on.
        if (!(error instanceof HostError)) throw error;
        return part.map(() => error);
      }
    });
    return (await Promise.all(answers)).flat();
  };

  return {
    kind: 'cells',
    async derive(key) {
      await call('derive', [key], payloads.derivePayload(key));
    },
    forget: (handle) => contexts.tell(handle, 'forget', payloads.u32List([handle])),
    dropKey: (keyVersion) => contexts.dropKey(keyVersion),
    seal: (request) => call('seal', [request.key], payloads.sealPayload(request)),
    open: (request) => call('open', [request.key], payloads.openPayload(request)),
    sealBatch: (requests) => callBatch('seal-batch', requests, payloads.sealPayload),
    openBatch: (requests) => callBatch('open-batch', requests, payloads.openPayload),
    rewrap: (opening, sealing) =>
      call('rewrap', [sealing.key, opening.key], payloads.rewrapPayload(opening, sealing)),
    beginStream: (stream) => call('stream-begin', [stream.key], payloads.streamPayload(stream)),
    run: (request) => call('stream-chunk', [request.stream.key], payloads.runPayload(request)),
    endStream(stream) {
      const payload = payloads.streamPayload(stream);
      const bytes = new Uint8Array(payload.lengthBytes);
      payload.write(bytes);
      contexts.tell(stream.key.handle, 'stream-end', bytes);
    },
    snapshot: () => ({ kind: 'cells', contexts: contexts.snapshot(), counters: contexts.counters() }),
    close: () => contexts.close(),
  };
}

/** Parts of at most so many items, and of at most so many bytes unless an item alone has more. Order is kept. */
function cut<T extends { readonly payload: payloads.Payload }>(items: readonly T[], maxCount: number): T[][] {
  const parts: T[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const last = parts.at(-1);
    bytes += item.payload.lengthBytes;
    if (last === undefined || last.length >= maxCount || bytes > BATCH_PAYLOAD_MAX_BYTES) {
      parts.push([item]);
      bytes = item.payload.lengthBytes;
    } else {
      last.push(item);
    }
  }
  return parts;
}

/** The adapter's failure as the vault's. */
function translate(error: HostError): HostError {
  if (error.code === 'ADAPTER_BAD_INPUT' && error.detail.startsWith(NOT_AUTHENTIC)) return notAuthentic();
  // Keys are loaded before they are used: one that is not there any more was dropped meanwhile.
  if (error.code === 'ADAPTER_NOT_FOUND' && error.detail.startsWith(NOT_LOADED)) {
    return new HostError('VAULT_KEY_RETIRED', 'the version of the key was retired during the operation');
  }
  return error;
}
