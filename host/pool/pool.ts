/**
 * The pool of one adapter version: who gets a cell, when, and what becomes of it after the call.
 *
 *   acquire: this tenant's idle bound cell → an idle virgin on the least busy executor → a new cell → the place of
 *            the least recently used idle bound cell → wait, fairly.
 *   after:   back to the shelf (tenant) or the virgins (shared); destroyed and replaced (fresh, worn, crashed).
 *
 * Invariants, checked by `assertConsistent`: created = idle + leased + destroyed; never above `max`; each acquire
 * ends exactly once (lease, refusal or timeout); after `close()` nothing lives.
 */

import assert from 'node:assert';
import { acquireChannel, notice } from '../channels.ts';
import type { Clock, Timer } from '../clock.ts';
import { HostError, hasCode } from '../errors.ts';
import type { AdapterImage, Executor, PoolSnapshot, RunResult } from '../types.ts';
import { createBreaker } from './breaker.ts';
import type { MemoryBudget } from './budget.ts';
import { type Lease, openLease } from './lease.ts';
import { createPermits } from './permits.ts';
import type { PooledCell } from './pooled-cell.ts';
import { createRates } from './rates.ts';
import { createSizing, SIZING_TICK_MS } from './sizing.ts';
import { createStock } from './stock.ts';
import { createUpkeep } from './upkeep.ts';
import { createWaiters } from './waiters.ts';

const MIB = 1024 * 1024;

export interface AcquireRequest {
  readonly tenant: string;
  /** Absolute, ms. */
  readonly deadlineMs: number;
  readonly affinity?: string | undefined;
}

export interface AdapterPool {
  readonly image: AdapterImage;
  /**
   * Throws POOL_TENANT_SHARE, POOL_FULL, POOL_BREAKER_OPEN — at once; POOL_TIMEOUT, EXECUTOR_DEADLINE — waited in
   * vain or could not have made it; POOL_CREATE_FAILED, POOL_BUDGET — no cell could be made; POOL_CLOSED.
   */
  acquire(request: AcquireRequest): Promise<Lease>;
  /** Creates the first cells and probes one. Throws POOL_CREATE_FAILED — none could be made, or the probe failed. */
  warm(): Promise<void>;
  join(executor: Executor): void;
  leave(executor: Executor): void;
  /** A begun call of this adapter is about to be run again. */
  noteReplay(): void;
  snapshot(): PoolSnapshot;
  /** Refuses new calls, waits until leased cells are back (at most `graceMs`), destroys everything. */
  close(graceMs: number): Promise<void>;
  assertConsistent(): void;
}

export function createAdapterPool(parts: {
  readonly image: AdapterImage;
  readonly executors: readonly Executor[];
  readonly budget: MemoryBudget;
  readonly clock: Clock;
}): AdapterPool {
  const { image, clock } = parts;
  const { manifest } = image;
  const options = manifest.pool;
  const adapter = manifest.name;
  const fatBytes = manifest.limits.memoryMaxMiB * MIB * options.recycleMemoryRatio;
  const counters = { waits: 0, returns: 0, replacements: 0, crashes: 0, replays: 0, refusals: 0 };

  const leased = new Set<PooledCell>();
  const waiters = createWaiters<PooledCell>(clock);
  const rates = createRates();
  const sizing = createSizing({ min: options.min, max: options.max, clock });
  const permits = createPermits({
    total: options.permits || 2 * options.max,
    tenantShare: options.tenantShare,
    retryAfterS: () => rates.retryAfterS(permits.taken, leased.size),
  });
  const breaker = createBreaker({
    adapter,
    clock,
    onChange: (state) => {
      const level = state === 'closed' ? 'info' : 'warn';
      const message = `the breaker of adapter ${adapter} is ${state}`;
      notice({ level, event: 'pool.breaker', message, fields: { adapter, state } });
    },
  });
  const stock = createStock({
    image,
    budget: parts.budget,
    clock,
    executors: parts.executors,
    observe: () => observe(),
    onCreateFailed: () => {
      counters.crashes++;
      breaker.record(false);
    },
  });
  const upkeep = createUpkeep({
    adapter,
    pool: options,
    stock,
    sizing,
    clock,
    leasedCount: () => leased.size,
    mayCreate: () => !isClosed && breaker.state !== 'open',
    onReplaced: () => counters.replacements++,
    onIdle: () => serveWaiters(),
  });
  let isClosed = false;
  let onDrained: (() => void) | undefined;
  let restTimer: Timer | undefined;

  const idleCount = (): number => stock.idle + upkeep.probing.size;
  const observe = (): void => sizing.observe(leased.size, idleCount());

  const serveWaiters = (): void => {
    for (let waiter = waiters.peek(); waiter; waiter = waiters.peek()) {
      const taken = stock.take(waiter.tenant, waiter.affinity);
      if (!taken) {
        armRestTimer();
        return;
      }
      waiters.shift();
      if (taken instanceof Promise) taken.then(waiter.resolve, waiter.reject);
      else waiter.resolve(taken);
    }
  };

  /** When free slots rest, those who wait are looked at again as soon as the first rest ends. */
  const armRestTimer = (): void => {
    const restMs = stock.slots.nextRestEndMs();
    if (restTimer || restMs === 0 || isClosed) return;
    restTimer = clock.after(restMs, () => {
      restTimer = undefined;
      serveWaiters();
    });
  };

  const waitForCell = (request: AcquireRequest): Promise<PooledCell> => {
    const leftMs = request.deadlineMs - clock.now();
    const timeoutMs = Math.min(options.acquireTimeoutMs, leftMs);
    const refuse = (text: string): HostError =>
      leftMs <= options.acquireTimeoutMs
        ? new HostError('EXECUTOR_DEADLINE', text)
        : new HostError('POOL_TIMEOUT', text, { retryAfterS: rates.retryAfterS(permits.taken, leased.size) });
    const expectedMs = rates.waitMs(waiters.size + 1, leased.size);
    if (timeoutMs <= 0 || expectedMs > timeoutMs) {
      const text = `${waiters.size} calls wait already: a cell is expected in ${Math.round(expectedMs)} ms, too late for this one`;
      return Promise.reject(refuse(text));
    }
    counters.waits++;
    armRestTimer();
    return waiters.wait(request.tenant, request.affinity, timeoutMs, () =>
      refuse(`no cell became free in ${Math.round(timeoutMs)} ms`),
    );
  };

  const obtain = async (request: AcquireRequest): Promise<PooledCell> => {
    for (;;) {
      // Nobody overtakes: a free cell while others wait is theirs.
      const taken = waiters.size > 0 ? undefined : stock.take(request.tenant, request.affinity);
      try {
        const cell = await (taken ?? waitForCell(request));
        if (!cell.isLost) return cell;
        stock.discard(cell);
      } catch (error) {
        // The executor died while it made our cell: nothing of the call was lost, so it asks again.
        if (!hasCode(error, 'EXECUTOR_DIED') || clock.now() >= request.deadlineMs) throw error;
      }
    }
  };

  const judge = (cell: PooledCell, result: RunResult): void => {
    if (result.kind === 'ok' || result.kind === 'failure') {
      stock.slots.succeeded(cell.slot);
      breaker.record(true);
    } else if (result.kind === 'crash') {
      counters.crashes++;
      stock.slots.crashed(cell.slot);
      breaker.record(false);
      const { code } = result.error;
      const message = `a cell of adapter ${adapter} crashed: ${code}`;
      notice({ level: 'info', event: 'pool.crash', message, fields: { adapter, code } });
    } else {
      breaker.abandon();
    }
  };

  const isWorn = (cell: PooledCell): boolean =>
    cell.calls >= options.recycleCalls ||
    cell.memoryBytes > fatBytes ||
    clock.now() - cell.createdMs >= options.recycleAgeMs;

  const giveBack = (cell: PooledCell): void => {
    observe();
    leased.delete(cell);
    const now = clock.now();
    rates.held(now - cell.idleSinceMs);
    cell.idleSinceMs = now;
    if (!cell.isLost) counters.returns++;
    const isFresh = manifest.isolation === 'fresh';
    if (isClosed || isFresh || cell.isLost || isWorn(cell)) {
      if (!isFresh && !isClosed) counters.replacements++;
      stock.discard(cell);
      void upkeep.topUp();
    } else {
      stock.putBack(cell);
    }
    if (leased.size === 0) onDrained?.();
    serveWaiters();
  };

  const timers = [
    clock.every(SIZING_TICK_MS, () => {
      sizing.tick(leased.size, idleCount());
      upkeep.shrink();
      void upkeep.topUp();
      serveWaiters();
    }),
    clock.every(options.healthIntervalMs, () => void upkeep.checkHealth()),
  ];

  return {
    image,
    async acquire(request) {
      if (isClosed)
        throw new HostError('POOL_CLOSED', `adapter "${adapter}" ${manifest.version} is being removed`);
      const fromMs = clock.now();
      let cell: PooledCell;
      let isPermitted = false;
      try {
        permits.enter(request.tenant);
        isPermitted = true;
        breaker.enter();
        cell = await obtain(request);
      } catch (error) {
        if (isPermitted) permits.leave(request.tenant);
        if (!hasCode(error, 'POOL_BREAKER_OPEN')) breaker.abandon();
        counters.refusals++;
        throw error;
      } finally {
        if (acquireChannel.hasSubscribers) acquireChannel.publish({ adapter, waitMs: clock.now() - fromMs });
      }
      observe();
      leased.add(cell);
      cell.idleSinceMs = clock.now();
      if (manifest.isolation !== 'shared') {
        assert(
          cell.tenant === undefined || cell.tenant === request.tenant,
          'a bound cell serves its tenant only',
        );
        cell.tenant = request.tenant;
      }
      if (upkeep.isShort()) void upkeep.topUp();
      return openLease(cell, request.affinity, rates, {
        onResult: judge,
        onEnd: (ended) => {
          permits.leave(request.tenant);
          giveBack(ended);
        },
      });
    },
    async warm() {
      await upkeep.topUp();
      const [taken] = stock.takeVirgins(1);
      if (!taken) {
        if (options.min === 0) return;
        throw new HostError('POOL_CREATE_FAILED', `no cell of adapter "${adapter}" could be created`);
      }
      const cell = await taken;
      if ((await upkeep.probe(cell)) === 'well') {
        stock.putBack(cell);
        return;
      }
      stock.discard(cell);
      throw new HostError('POOL_CREATE_FAILED', `a new cell of adapter "${adapter}" failed its health check`);
    },
    join(executor) {
      stock.join(executor);
      void upkeep.topUp();
      serveWaiters();
    },
    leave(executor) {
      for (const cell of [...leased, ...upkeep.probing]) if (cell.executor === executor) cell.isLost = true;
      void stock.leave(executor).then(() => {
        void upkeep.topUp();
        serveWaiters();
      });
    },
    noteReplay() {
      counters.replays++;
    },
    snapshot: () => ({
      imageId: image.id,
      adapter,
      version: manifest.version,
      health:
        breaker.state === 'open'
          ? 'crashed'
          : breaker.state === 'half-open'
            ? 'degraded'
            : stock.slots.health(),
      breaker: breaker.state,
      isolation: manifest.isolation,
      size: leased.size + idleCount(),
      idle: idleCount(),
      idleBound: stock.idleBound,
      leased: leased.size,
      waiting: waiters.size,
      creating: stock.coming,
      restingSlots: stock.slots.resting(),
      target: sizing.target,
      min: options.min,
      max: options.max,
      permits: permits.total,
      permitsTaken: permits.taken,
      utilisation: sizing.utilisation,
      counters: { ...stock.counters, ...counters },
    }),
    async close(graceMs) {
      if (isClosed) return;
      isClosed = true;
      for (const timer of timers) timer.cancel();
      restTimer?.cancel();
      waiters.rejectAll(
        new HostError('POOL_CLOSED', `adapter "${adapter}" ${manifest.version} is being removed`),
      );
      if (leased.size > 0) {
        await new Promise<void>((resolve) => {
          const limit = clock.after(graceMs, resolve);
          onDrained = () => {
            limit.cancel();
            resolve();
          };
        });
      }
      const limitMs = clock.now() + graceMs;
      do {
        for (const cell of stock.takeBound(() => true)) stock.discard(cell);
        for (const cell of await Promise.all(stock.takeVirgins(Number.POSITIVE_INFINITY)))
          stock.discard(cell);
        // Cells still being made or probed come home first: nothing may live afterwards.
        await new Promise((resolve) => setImmediate(resolve));
      } while (stock.coming + idleCount() > 0 && clock.now() < limitMs);
    },
    assertConsistent() {
      const { created, destroyed } = stock.counters;
      const live = leased.size + idleCount();
      assert.equal(created, live + destroyed, 'created = idle + leased + destroyed');
      assert(live <= options.max, 'never above max');
    },
  };
}
