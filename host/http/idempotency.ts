/**
 * Idempotency keys: the same key with the same body is carried out once and answered the same way each time.
 *
 * An answer is kept when it stays true (success, or the adapter's own 4xx). A retryable failure is not: the caller
 * retries precisely to get another answer. A duplicate that arrives while the first is under way waits for it and gets
 * its answer, whatever that is. Bounded by time, entries and bytes; a full store gives up the oldest answer of the tenant
 * that has most of it, so that nobody loses answers by another's flood. What was evicted is carried out again, so this
 * narrows double execution, it does not promise exactly-once. Lost on restart.
 */

import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { Answer } from './answer.ts';

export interface IdempotencyOptions {
  /** How long an answer is kept, in ms. */
  readonly ttlMs: number;
  /** 0 keeps nothing. */
  readonly maxEntries: number;
  /** Bytes of kept answers with their keys. A larger answer is not kept; 0 keeps nothing. */
  readonly maxBytes: number;
}

/** Whose key it is: the same key of another tenant or operation is another key. */
interface IdempotencyScope {
  readonly tenant: string;
  readonly adapter: string;
  readonly operation: string;
  /** Form of the request: the same key on two routes would have two forms of answer. */
  readonly route: 'invoke' | 'tools';
  readonly key: string;
}

export interface Idempotency {
  /**
   * Runs `produce`, or gives the answer it gave before. Rejects as `produce` does.
   *
   * Throws HTTP_IDEMPOTENCY_MISMATCH — the key was used with another body.
   */
  run(
    scope: IdempotencyScope,
    body: Uint8Array,
    produce: () => Promise<Answer>,
  ): Promise<{ readonly answer: Answer; readonly replayed: boolean }>;
}

/** Bytes of an entry beside body and key: two objects, a digest and the cache's own slots, rounded up. */
const ENTRY_OVERHEAD_BYTES = 512;

interface Kept {
  readonly tenant: string;
  readonly digest: string;
  readonly answer: Answer;
  readonly bytes: number;
}

export function createIdempotency(options: IdempotencyOptions, clock: Clock): Idempotency {
  const { maxEntries, maxBytes } = options;
  /** Ids of each tenant's kept answers, oldest first, and their bytes. */
  const tenants = new Map<string, { readonly ids: Set<string>; bytes: number }>();
  const kept = new LRUCache<string, Kept>({
    // The cache takes 0 for no limit; then nothing is put in.
    max: Math.max(1, maxEntries),
    maxSize: Math.max(1, maxBytes),
    ttl: options.ttlMs,
    // Every look reads the clock: cached time would keep entries longer than promised.
    ttlResolution: 0,
    perf: { now: () => clock.now() },
    sizeCalculation: (entry) => entry.bytes,
    dispose(entry, id) {
      const mine = tenants.get(entry.tenant);
      if (!mine?.ids.delete(id)) return;
      mine.bytes -= entry.bytes;
      if (mine.ids.size === 0) tenants.delete(entry.tenant);
    },
  });

  const makeRoom = (bytes: number): void => {
    while (kept.size >= maxEntries || kept.calculatedSize + bytes > maxBytes) {
      const byCount = kept.size >= maxEntries;
      let heaviest: { readonly ids: Set<string>; bytes: number } | undefined;
      for (const mine of tenants.values()) {
        const isMore = byCount
          ? mine.ids.size > (heaviest?.ids.size ?? 0)
          : mine.bytes > (heaviest?.bytes ?? 0);
        if (isMore) heaviest = mine;
      }
      const [oldest] = heaviest?.ids ?? [];
      if (oldest === undefined) return;
      kept.delete(oldest);
    }
  };
  const keep = (id: string, tenant: string, digest: string, answer: Answer): void => {
    const bytes = answer.body.byteLength + 2 * id.length + ENTRY_OVERHEAD_BYTES;
    if (maxEntries === 0 || bytes > maxBytes) return;
    makeRoom(bytes);
    kept.set(id, { tenant, digest, answer, bytes });
    const mine = tenants.get(tenant) ?? { ids: new Set<string>(), bytes: 0 };
    mine.ids.add(id);
    mine.bytes += bytes;
    tenants.set(tenant, mine);
  };
  // Bounded by the calls under way.
  const underWay = new Map<string, { readonly digest: string; readonly answer: Promise<Answer> }>();

  const requireSame = (before: string, now: string): void => {
    if (before === now) return;
    throw new HostError(
      'HTTP_IDEMPOTENCY_MISMATCH',
      'this Idempotency-Key was used with another body; use a new key for a new request',
    );
  };

  return {
    async run({ tenant, adapter, operation, route, key }, body, produce) {
      // NUL cannot occur in any of the parts, so that no two scopes share an id.
      const id = [route, tenant, adapter, operation, key].join('\0');
      const digest = hash('sha256', body, 'base64');
      const earlier = kept.get(id);
      if (earlier !== undefined) {
        requireSame(earlier.digest, digest);
        return { answer: earlier.answer, replayed: true };
      }
      const first = underWay.get(id);
      if (first !== undefined) {
        requireSame(first.digest, digest);
        return { answer: await first.answer, replayed: true };
      }
      const running = produce();
      underWay.set(id, { digest, answer: running });
      try {
        const answer = await running;
        if (answer.keepable) keep(id, tenant, digest, answer);
        return { answer, replayed: false };
      } finally {
        underWay.delete(id);
      }
    },
  };
}
