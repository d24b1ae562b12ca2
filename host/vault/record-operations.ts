/**
 * Operations on records, one by one and in batches: from what the caller gave to keys, nonce and backend.
 *
 * A lease of the derived keys is held for just as long as the backend works with them. In a batch every item stands for
 * itself: what fails before the backend sees it fails alone, the others go on together.
 */

import { type HostError, toHostError } from '../errors.ts';
import type { OpenRequest, SealRequest, VaultBackend } from './backend.ts';
import type { BatchResult, Binding, OpenItem, SealItem } from './face.ts';
import { notAuthentic } from './failures.ts';
import { checkPlaintext, readBinding, readHeader } from './input.ts';
import type { KeyCache, KeyLease } from './key-cache.ts';
import type { KeyRing } from './key-ring.ts';

const NONCE_BYTES = 24;

export interface RecordOperations {
  seal(item: SealItem): Promise<Uint8Array>;
  open(item: OpenItem): Promise<Uint8Array>;
  rewrap(record: Uint8Array, binding: Binding): Promise<Uint8Array>;
  sealBatch(items: readonly SealItem[]): Promise<BatchResult[]>;
  openBatch(items: readonly OpenItem[]): Promise<BatchResult[]>;
}

/** A request and the lease of its keys. */
interface Prepared<Request> {
  readonly request: Request;
  readonly lease: KeyLease;
}

export function createRecordOperations(options: {
  readonly backend: VaultBackend;
  readonly cache: KeyCache;
  readonly ring: KeyRing;
  readonly randomBytes: (count: number) => Uint8Array;
}): RecordOperations {
  const { backend, cache, ring, randomBytes } = options;

  const prepareSeal = async ({ plaintext, ...binding }: SealItem): Promise<Prepared<SealRequest>> => {
    const { context, associatedData } = readBinding(binding);
    checkPlaintext(plaintext.length);
    const lease = await cache.acquire(ring.spend(1), context);
    const nonce = randomBytes(NONCE_BYTES);
    return { lease, request: { key: lease.key, nonce, associatedData, plaintext } };
  };

  const prepareOpen = async ({ record, ...binding }: OpenItem): Promise<Prepared<OpenRequest>> => {
    const { context, associatedData } = readBinding(binding);
    const header = readHeader(record);
    ring.requireReadable(header.keyVersion);
    // The context is in the open: not being the right one is no secret, but it is answered like all that is not right.
    if (Buffer.compare(header.context, context) !== 0) throw notAuthentic();
    const lease = await cache.acquire(header.keyVersion, context);
    return { lease, request: { key: lease.key, associatedData, record } };
  };

  const single = async <Request>(
    prepared: Promise<Prepared<Request>>,
    work: (request: Request) => Promise<Uint8Array>,
  ): Promise<Uint8Array> => {
    const { request, lease } = await prepared;
    try {
      return await work(request);
    } finally {
      lease.release();
    }
  };

  const batch = async <Request>(
    preparations: readonly Promise<Prepared<Request>>[],
    work: (requests: readonly Request[]) => Promise<readonly (Uint8Array | HostError)[]>,
  ): Promise<BatchResult[]> => {
    const settled = await Promise.allSettled(preparations);
    const ready = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    try {
      const answers = (await work(ready.map(({ request }) => request))).values();
      return settled.map((one) => {
        const answer = one.status === 'fulfilled' ? answers.next().value : one.reason;
        return answer instanceof Uint8Array
          ? { kind: 'ok', bytes: answer }
          : { kind: 'error', error: toHostError(answer) };
      });
    } finally {
      for (const { lease } of ready) lease.release();
    }
  };

  return {
    seal: (item) => single(prepareSeal(item), (request) => backend.seal(request)),
    open: (item) => single(prepareOpen(item), (request) => backend.open(request)),
    rewrap: (record, binding) =>
      single(prepareOpen({ record, ...binding }), (opening) =>
        single(prepareSeal({ plaintext: new Uint8Array(), ...binding }), (sealing) =>
          backend.rewrap(opening, sealing),
        ),
      ),
    sealBatch: (items) => batch(items.map(prepareSeal), (requests) => backend.sealBatch(requests)),
    openBatch: (items) => batch(items.map(prepareOpen), (requests) => backend.openBatch(requests)),
  };
}
