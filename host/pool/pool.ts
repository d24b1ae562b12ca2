/**
 * The pool of one adapter version: who gets a cell, when, and what becomes of it after the call.
 *
 *   acquire: this tenant's idle bound cell → an idle virgin on the least busy executor → wait, fairly, and have a cell
 *            made meanwhile: on a free slot, or in the place of the least recently used idle bound cell.
 *   after:   back to the shelf (tenant) or the virgins (shared); destroyed and replaced (fresh, worn, crashed).
 *
 * Invariants, checked by `assertConsistent`: created = idle + leased + destroyed; never above `max`; each acquire
 * ends exactly once (lease, refusal or timeout); after `close()` nothing lives.
 */

import assert from 'node:assert';
import { acquireChannel, notice } from '../channels.ts';
import type { Clock } from '../clock.ts';
import { HostError, hasCode } from '../errors.ts';
import type { AdapterImage, Executor, PoolSnapshot, RunResult } from '../types.ts';
import { createBreaker } from './breaker.ts';
import type { MemoryBudget } from './budget.ts';
import { type Lease, openLease } from './lease.ts';
import { type CellRequest, createLine } from './line.ts';
import { createPermits } from './permits.ts';
import type { PooledCell } from './pooled-cell.ts';
import { createRates } from './rates.ts';
import { createSizing, SIZING_TICK_MS } from './sizing.ts';
import { createStock } from './stock.ts';
import { createUpkeep } from './upkeep.ts';

const MIB = 1024 * 1024;

export interface AdapterPool {
  readonly image: AdapterImage;
  /**
   * Throws POOL_NEVER_FITS, POOL_TENANT_SHARE, POOL_FULL, POOL_BREAKER_OPEN — at once; POOL_TIMEOUT, EXECUTOR_DEADLINE — waited in
   * vain or could not have made it; POOL_CREATE_FAILED, POOL_BUDGET — no cell could be made; POOL_CLOSED.
   */
  acquire(request: CellRequest): Promise<Lease>;
  /** Creates the first cells and probes one. Throws POOL_CREATE_FAILED, POOL_BUDGET — none could be made, or the probe failed. */
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
  const memoryMaxBytes = manifest.limits.memoryMaxMiB * MIB;
  const fatBytes = memoryMaxBytes * options.recycleMemoryRatio;
  const counters = { returns: 0, replacements: 0, crashes: 0, replays: 0, refusals: 0 };

  const leased = new Set<PooledCell>();
  const rates = createRates(clock);
  const sizing = createSizing({ min: options.min, max: options.max, clock });
  const retryAfterS = (): number => rates.retryAfterS(permits.taken, leased.size);
  const permits = createPermits({
    total: options.permits || 2 * options.max,
    tenantShare: options.tenantShare,
    retryAfterS,
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
      breaker.record(false, true);
    },
    onCreateEnd: () => onChange(),
  });
  const upkeep = createUpkeep({
    adapter,
    pool: options,
    stock,
    sizing,
    clock,
    leasedCount: () => leased.size,
    mayCreate: () => !isClosed && !isTrying && breaker.state !== 'open',
    onReplaced: () => counters.replacements++,
    onIdle: () => onChange(),
  });
  const line = createLine({
    stock,
    rates,
    clock,
    acquireTimeoutMs: options.acquireTimeoutMs,
    leasedCount: () => leased.size,
    retryAfterS,
    lend(cell, tenant) {
      observe();
      leased.add(cell);
      if (manifest.isolation !== 'shared') {
        assert(cell.tenant === undefined || cell.tenant === tenant, 'a bound cell serves its tenant only');
        cell.tenant = tenant;
      }
      return cell;
    },
  });
  let isClosed = false;
  /** The very first cell is being made: no other is until it stands. */
  let isTrying = false;
  let closing: Promise<void> | undefined;
  let onDrained: (() => void) | undefined;

  const idleCount = (): number => stock.idle + upkeep.probing.size;
  const observe = (): void => sizing.observe(leased.size, idleCount());

  const isDrained = (): boolean => leased.size + stock.coming + upkeep.probing.size === 0;
  /** Cells or slots became free, or a cell is gone. */
  const onChange = (): void => {
    line.serve();
    if (isDrained()) onDrained?.();
  };
  const closedError = (): HostError =>
    new HostError('POOL_CLOSED', `adapter "${adapter}" ${manifest.version} is being removed`);

  const judge = (cell: PooledCell, result: RunResult, isTrial: boolean): void => {
    if (result.kind === 'ok' || result.kind === 'failure') {
      stock.slots.succeeded(cell.slot);
      breaker.record(true, isTrial);
    } else if (result.kind === 'crash') {
      counters.crashes++;
      stock.slots.crashed(cell.slot);
      breaker.record(false, isTrial);
      const { code } = result.error;
      const message = `a cell of adapter ${adapter} crashed: ${code}`;
      notice({ level: 'info', event: 'pool.crash', message, fields: { adapter, code } });
    }
  };

  const isWorn = (cell: PooledCell): boolean =>
    cell.calls >= options.recycleCalls ||
    cell.memoryBytes > fatBytes ||
    clock.now() - cell.createdMs >= options.recycleAgeMs;

  const giveBack = (cell: PooledCell): void => {
    observe();
    leased.delete(cell);
    cell.idleSinceMs = clock.now();
    if (!cell.isLost) counters.returns++;
    const isFresh = manifest.isolation === 'fresh';
    if (isClosed || isFresh || cell.isLost || isWorn(cell)) {
      if (!isFresh && !isClosed) counters.replacements++;
      stock.discard(cell);
      void upkeep.topUp();
    } else {
      stock.putBack(cell);
    }
    onChange();
  };

  const timers = [
    clock.every(SIZING_TICK_MS, () => {
      sizing.tick(leased.size, idleCount());
      upkeep.shrink();
      void upkeep.topUp();
      line.serve();
    }),
    clock.every(options.healthIntervalMs, () => void upkeep.checkHealth()),
  ];

  return {
    image,
    async acquire(request) {
      if (isClosed) throw closedError();
      const { inputBytes = 0 } = request;
      if (inputBytes > memoryMaxBytes) {
        const { memoryMaxMiB } = manifest.limits;
        const text = `${inputBytes} bytes do not fit the ${memoryMaxMiB} MiB of memory a cell may have`;
        throw new HostError('POOL_NEVER_FITS', text);
      }
      const fromMs = clock.now();
      let cell: PooledCell;
      let isPermitted = false;
      // A trial of the breaker has to end with a verdict, or has to be given up.
      let isTrial = false;
      try {
        permits.enter(request.tenant);
        isPermitted = true;
        isTrial = breaker.enter();
        cell = await line.obtain(request);
      } catch (error) {
        if (isPermitted) permits.leave(request.tenant);
        if (isTrial) breaker.abandon();
        counters.refusals++;
        throw error;
      } finally {
        if (acquireChannel.hasSubscribers) acquireChannel.publish({ adapter, waitMs: clock.now() - fromMs });
      }
      if (upkeep.isShort()) void upkeep.topUp();
      return openLease({
        image,
        cell,
        affinity: request.affinity,
        rates,
        clock,
        onResult: (result) => {
          judge(cell, result, isTrial);
          if (result.kind !== 'not-begun' && result.kind !== 'cancelled') isTrial = false;
        },
        onEnd: () => {
          if (isTrial) breaker.abandon();
          permits.leave(request.tenant);
          giveBack(cell);
        },
      });
    },
    async warm() {
      // One at first, alone: an adapter whose cells cannot be made, or take for ever, troubles one executor and once.
      isTrying = options.min > 0;
      if (isTrying) {
        await stock.grow()?.catch((error: unknown) => {
          if (!hasCode(error, 'EXECUTOR_DIED')) throw error;
        });
      }
      isTrying = false;
      for (;;) {
        await upkeep.topUp();
        const [cell] = stock.takeVirgins(1);
        if (!cell) {
          if (options.min === 0) return;
          throw new HostError('POOL_CREATE_FAILED', `no cell of adapter "${adapter}" could be created`);
        }
        const health = await upkeep.probe(cell);
        if (health === 'well') return;
        // Lost with its executor, the cell says nothing about the adapter: the next one is asked.
        if (health === 'lost') continue;
        throw new HostError(
          'POOL_CREATE_FAILED',
          `a new cell of adapter "${adapter}" failed its health check`,
        );
      }
    },
    join(executor) {
      stock.join(executor);
      void upkeep.topUp();
      line.serve();
    },
    leave(executor) {
      for (const cell of [...leased, ...upkeep.probing]) if (cell.executor === executor) cell.isLost = true;
      stock.leave(executor);
      void upkeep.topUp();
      line.serve();
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
      waiting: line.waiting,
      creating: stock.coming,
      restingSlots: stock.slots.resting(),
      target: sizing.target,
      min: options.min,
      max: options.max,
      permits: permits.total,
      permitsTaken: permits.taken,
      utilisation: sizing.utilisation,
      counters: { ...stock.counters, ...counters, waits: line.waits },
    }),
    close(graceMs) {
      closing ??= (async () => {
        isClosed = true;
        for (const timer of timers) timer.cancel();
        line.close(closedError());
        stock.close();
        // Cells that are lent, made or probed come home first: nothing may live afterwards.
        if (isDrained()) return;
        await new Promise<void>((resolve) => {
          const limit = clock.after(graceMs, resolve);
          onDrained = () => {
            limit.cancel();
            resolve();
          };
        });
      })();
      return closing;
    },
    assertConsistent() {
      const { created, destroyed } = stock.counters;
      const live = leased.size + idleCount();
      assert.equal(created, live + destroyed, 'created = idle + leased + destroyed');
      assert(live <= options.max, 'never above max');
    },
  };
}
