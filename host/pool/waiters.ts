/**
 * Calls that wait for a cell: first come first served within a tenant, round-robin across tenants.
 *
 * A waiter leaves exactly once: served, timed out, or refused when the pool closes.
 */

import type { Clock, Timer } from '../clock.ts';
import type { HostError } from '../errors.ts';

export interface Waiter<T> {
  readonly tenant: string;
  readonly affinity: string | undefined;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Entry<T> extends Waiter<T> {
  timer: Timer | undefined;
}

export interface Waiters<T> {
  readonly size: number;
  /** Waits at the end of the tenant's line, at most `timeoutMs`; then rejects with what `onTimeout` makes. */
  wait(
    tenant: string,
    affinity: string | undefined,
    timeoutMs: number,
    onTimeout: () => HostError,
  ): Promise<T>;
  /** Who is next. */
  peek(): Waiter<T> | undefined;
  /** Removes who is next; the caller settles it. */
  shift(): Waiter<T> | undefined;
  /** Rejects everybody. */
  rejectAll(error: HostError): void;
}

export function createWaiters<T>(clock: Clock): Waiters<T> {
  // A Map keeps insertion order: the first key is the tenant whose turn it is; served, it goes to the end.
  const lines = new Map<string, Entry<T>[]>();
  let size = 0;

  const remove = (entry: Entry<T>): void => {
    const line = lines.get(entry.tenant);
    const index = line?.indexOf(entry) ?? -1;
    if (!line || index < 0) return;
    line.splice(index, 1);
    size--;
    if (line.length === 0) lines.delete(entry.tenant);
  };

  return {
    get size() {
      return size;
    },
    wait(tenant, affinity, timeoutMs, onTimeout) {
      return new Promise<T>((resolve, reject) => {
        const entry: Entry<T> = { tenant, affinity, resolve, reject, timer: undefined };
        entry.timer = clock.after(timeoutMs, () => {
          remove(entry);
          reject(onTimeout());
        });
        const line = lines.get(tenant);
        if (line) line.push(entry);
        else lines.set(tenant, [entry]);
        size++;
      });
    },
    peek() {
      for (const line of lines.values()) return line[0];
      return undefined;
    },
    shift() {
      for (const [tenant, line] of lines) {
        const entry = line.shift();
        lines.delete(tenant);
        if (line.length > 0) lines.set(tenant, line);
        size--;
        entry?.timer?.cancel();
        return entry;
      }
      return undefined;
    },
    rejectAll(error) {
      for (const line of lines.values()) {
        for (const entry of line) {
          entry.timer?.cancel();
          entry.reject(error);
        }
      }
      lines.clear();
      size = 0;
    },
  };
}
