/**
 * Calls that wait for a cell: first come first served within a tenant, round-robin across tenants.
 *
 * A waiter leaves exactly once: served, timed out, or refused (its cell could not be made, the pool closes).
 */

import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';

export interface Waiter<T> {
  readonly tenant: string;
  readonly affinity: string | undefined;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
  /** A cell is being made because of this waiter. It may get another one, and another waiter that one. */
  isMaking: boolean;
}

interface Entry<T> extends Waiter<T> {
  /** Nothing ends its wait any more: it has left. */
  release(): void;
}

export interface Waiters<T> {
  readonly size: number;
  /**
   * Waits at the end of the tenant's line, at most `timeoutMs`; then rejects with what `onTimeout` makes, and with
   * EXECUTOR_CANCELLED when `signal` is aborted before.
   */
  wait(
    tenant: string,
    affinity: string | undefined,
    timeoutMs: number,
    onTimeout: () => HostError,
    signal?: AbortSignal,
  ): Promise<T>;
  /** Who is next. */
  peek(): Waiter<T> | undefined;
  /** Removes who is next; the caller settles it. */
  shift(): Waiter<T> | undefined;
  /** The first for whom no cell is being made. */
  nextUnmade(): Waiter<T> | undefined;
  /** Removes a waiter and rejects it; nothing when it has left already. */
  refuse(waiter: Waiter<T>, error: unknown): void;
  /** Rejects everybody. */
  rejectAll(error: HostError): void;
}

export function createWaiters<T>(clock: Clock): Waiters<T> {
  // A Map keeps insertion order: the first key is the tenant whose turn it is; served, it goes to the end.
  const lines = new Map<string, Entry<T>[]>();
  let size = 0;

  const refuse = (waiter: Waiter<T>, error: unknown): void => {
    const line = lines.get(waiter.tenant);
    const index = line?.indexOf(waiter as Entry<T>) ?? -1;
    if (!line || index < 0) return;
    const [entry] = line.splice(index, 1);
    size--;
    if (line.length === 0) lines.delete(waiter.tenant);
    entry?.release();
    waiter.reject(error);
  };

  return {
    get size() {
      return size;
    },
    wait(tenant, affinity, timeoutMs, onTimeout, signal) {
      return new Promise<T>((resolve, reject) => {
        const timer = clock.after(timeoutMs, () => refuse(entry, onTimeout()));
        const leave = (): void =>
          refuse(entry, new HostError('EXECUTOR_CANCELLED', 'given up while it waited'));
        const release = (): void => {
          timer.cancel();
          signal?.removeEventListener('abort', leave);
        };
        const entry: Entry<T> = { tenant, affinity, resolve, reject, isMaking: false, release };
        const line = lines.get(tenant);
        if (line) line.push(entry);
        else lines.set(tenant, [entry]);
        size++;
        signal?.addEventListener('abort', leave, { once: true });
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
        entry?.release();
        return entry;
      }
      return undefined;
    },
    nextUnmade() {
      for (const line of lines.values()) {
        const unmade = line.find((entry) => !entry.isMaking);
        if (unmade) return unmade;
      }
      return undefined;
    },
    refuse,
    rejectAll(error) {
      for (const line of lines.values()) {
        for (const entry of line) {
          entry.release();
          entry.reject(error);
        }
      }
      lines.clear();
      size = 0;
    },
  };
}
