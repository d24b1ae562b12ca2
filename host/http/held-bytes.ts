/**
 * How many bytes of bodies and replies the door holds at once, over all connections.
 *
 * The limit of one body says nothing about thousands of them: clients that send slowly, or do not read their replies, would
 * fill the memory of the process. Bytes count from when they were received or produced until the response is closed; what
 * was only announced does not count. A tenant's bodies take at most half, so that no one keeps the others out.
 */

import type { ServerResponse } from 'node:http';
import { HostError } from '../errors.ts';

export interface HeldBytes {
  readonly total: number;
  /** Counts bytes of a body. Throws HTTP_BYTES_FULL — the tenant, or all together, hold as much as they may. */
  take(outgoing: ServerResponse, tenant: string, bytes: number): void;
  /** Counts bytes of a reply, which exists already and is not refused. */
  add(outgoing: ServerResponse, bytes: number): void;
}

interface Held {
  readonly tenant: string | undefined;
  bytes: number;
}

export function createHeldBytes(maxBytes: number): HeldBytes {
  const held = new Map<ServerResponse, Held>();
  const byTenant = new Map<string, number>();
  let total = 0;

  const count = (tenant: string | undefined, bytes: number): void => {
    total += bytes;
    if (tenant === undefined) return;
    const mine = (byTenant.get(tenant) ?? 0) + bytes;
    if (mine === 0) byTenant.delete(tenant);
    else byTenant.set(tenant, mine);
  };
  const hold = (outgoing: ServerResponse, tenant: string | undefined, bytes: number): void => {
    let entry = held.get(outgoing);
    if (!entry) {
      entry = { tenant, bytes: 0 };
      held.set(outgoing, entry);
      outgoing.once('close', () => {
        const { tenant: owner, bytes: all } = held.get(outgoing) as Held;
        held.delete(outgoing);
        count(owner, -all);
      });
    }
    entry.bytes += bytes;
    count(entry.tenant, bytes);
  };

  return {
    get total() {
      return total;
    },
    take(outgoing, tenant, bytes) {
      const mine = byTenant.get(tenant) ?? 0;
      // A body that is larger than the limit passes alone: it is within the limit of bodies.
      const isFull = (before: number, most: number): boolean => before > 0 && before + bytes > most;
      const others = total - (held.get(outgoing)?.bytes ?? 0);
      const own = mine - (held.get(outgoing)?.bytes ?? 0);
      if ((others > 0 && isFull(total, maxBytes)) || (own > 0 && isFull(mine, maxBytes / 2))) {
        const detail =
          'too many bytes of requests and unread replies are held; send it again, or less at once';
        throw new HostError('HTTP_BYTES_FULL', detail, { retryAfterS: 1 });
      }
      hold(outgoing, tenant, bytes);
    },
    add(outgoing, bytes) {
      if (!outgoing.destroyed) hold(outgoing, undefined, bytes);
    },
  };
}
