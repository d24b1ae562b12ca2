/**
 * The backpressure semaphore: how many calls of one adapter may run or wait at the same time.
 *
 * Beyond the permits a call is refused at once, never queued: 429 when this tenant's share is spent, 503 when all are
 * taken. A tenant holds at most its share, so that one caller cannot take the adapter from the others.
 */

import { HostError } from '../errors.ts';

export interface Permits {
  readonly total: number;
  readonly taken: number;
  /** Takes one permit. Throws POOL_TENANT_SHARE, POOL_FULL. */
  enter(tenant: string): void;
  /** Gives it back. */
  leave(tenant: string): void;
}

/** `retryAfterS` is asked only when a call is refused. */
export function createPermits(options: {
  readonly total: number;
  /** Part of `total` one tenant may hold, 0 < share ≤ 1; never less than one permit. */
  readonly tenantShare: number;
  readonly retryAfterS: () => number;
}): Permits {
  const { total } = options;
  const tenantMax = Math.max(1, Math.floor(total * options.tenantShare));
  const held = new Map<string, number>();
  let taken = 0;
  return {
    total,
    get taken() {
      return taken;
    },
    enter(tenant) {
      const mine = held.get(tenant) ?? 0;
      // The tenant's own share first: it is the more useful answer to a tenant that floods a full host.
      if (mine >= tenantMax) {
        throw new HostError(
          'POOL_TENANT_SHARE',
          `tenant "${tenant}" has ${mine} calls running or waiting, the most it may have`,
          {
            retryAfterS: options.retryAfterS(),
          },
        );
      }
      if (taken >= total) {
        throw new HostError('POOL_FULL', `all ${total} permits are taken`, {
          retryAfterS: options.retryAfterS(),
        });
      }
      held.set(tenant, mine + 1);
      taken++;
    },
    leave(tenant) {
      const mine = held.get(tenant) ?? 0;
      if (mine <= 1) held.delete(tenant);
      else held.set(tenant, mine - 1);
      taken--;
    },
  };
}
