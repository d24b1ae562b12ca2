/** Streams of one tenant at a time: a slow client keeps its place, and no tenant may take them all. */

import { type ErrorCode, HostError } from '../errors.ts';

/** Throws `code` — the tenant has its share. What comes gives the place back; to be called once. */
export function createShares(code: ErrorCode, maxCount: number): (tenant: string) => () => void {
  const counts = new Map<string, number>();
  return (tenant) => {
    const count = counts.get(tenant) ?? 0;
    if (count >= maxCount) {
      throw new HostError(code, `a tenant has at most ${maxCount} streams at a time`, { retryAfterS: 1 });
    }
    counts.set(tenant, count + 1);
    return () => {
      const left = (counts.get(tenant) ?? 0) - 1;
      if (left > 0) counts.set(tenant, left);
      else counts.delete(tenant);
    };
  };
}
