/**
 * The host: makes the rooms, joins them, and owns their lifetime. Embed it with `createHost(options)`; HTTP is one
 * door to it, the command line another.
 *
 * It decides nothing about single calls (`invoke.ts`); it keeps one pool for each active adapter version, gives new
 * executors to every pool, and on reload warms the new pool before the old one drains.
 */

import { fileURLToPath } from 'node:url';
import { grantsOf } from './capabilities/grants.ts';
import { systemSecretSources } from './capabilities/secrets.ts';
import { createServices } from './capabilities/services.ts';
import { notice, poolClosedChannel } from './channels.ts';
import { type Clock, systemClock } from './clock.ts';
import { type HostConfig, isLoopback, LIMIT_DEFAULTS, resolveConfig } from './config.ts';
import { HostError, hasCode } from './errors.ts';
import { ThreadExecutor } from './executor/executor.ts';
import { createFleet, type FleetOptions } from './executor/fleet.ts';
import { createProcessStarter } from './executor/process-link.ts';
import { invoke, type Rooms } from './invoke.ts';
import { createTrust } from './package/trust.ts';
import { createPolicy } from './policy/policy.ts';
import { createMemoryBudget } from './pool/budget.ts';
import { type AdapterPool, createAdapterPool } from './pool/pool.ts';
import { createReplayBudget, type ReplayBudget } from './pool/replay-budget.ts';
import { createSession } from './pool/session.ts';
import { createRegistry } from './registry/registry.ts';
import type { AdapterDetail, AdapterImage, AdapterSummary, Host, HostState, Reply } from './types.ts';

/** Where the build puts the adapters that come with Hotcell. */
const BUNDLED_DIR = fileURLToPath(new URL('../.build/adapters', import.meta.url));

/** Adapters of this repository that are not metered: SIMD kernels that would pay for it, and whose every loop ends. */
const TRUSTED_CODECS = ['cipher', 'copybook'];

export interface CreateHostOptions extends Partial<Omit<HostConfig, 'pool'>> {
  /** Host-wide pool defaults, for adapters whose manifest does not say. */
  readonly pool?: Partial<HostConfig['pool']>;
  /** Names of the adapters to load at the start: a program that needs one does not pay for all. Default all. */
  readonly only?: readonly string[];
  /** For tests; default the system's. */
  readonly clock?: Clock;
}

interface Active {
  readonly pool: AdapterPool;
  readonly replays: ReplayBudget;
  /** What it took the name from, until that is retired: it serves again when this one's install fails late. */
  readonly before: Active | undefined;
}

/** Throws CONFIG_INVALID — this process may not start others as another user. */
function executorStarter({ placement, processUid }: HostConfig): FleetOptions['startExecutor'] {
  if (placement === 'thread') return undefined;
  if (processUid !== 0 && process.getuid?.() !== 0) {
    const problems = [{ at: 'processUid', message: 'may be set only when the host runs as root' }];
    throw new HostError('CONFIG_INVALID', 'one problem in the configuration', { problems });
  }
  const startLink = createProcessStarter({ uid: processUid });
  return (options) => new ThreadExecutor({ ...options, startLink });
}

/**
 * Starts a host: boots the executors, loads every adapter, warms every pool. Ready when it resolves.
 * Throws CONFIG_INVALID — with all problems; REGISTRY_STORE_FAILED — the data directory cannot be used.
 */
export async function createHost(options: CreateHostOptions = {}): Promise<Host> {
  const { clock = systemClock, only, ...flags } = options;
  const { config } = resolveConfig({ flags });
  const trust = await createTrust(config.trustedKeys);
  const policy = createPolicy({ loopback: isLoopback(config.host), tokens: config.tokens, clock });
  const active = new Map<string, Active>();
  const pools = new Set<AdapterPool>();
  const openSessions = new Set<() => void>();
  /** Sessions open or opening, by adapter and tenant. */
  const sessionCounts = new Map<string, number>();
  let state: HostState = 'starting';
  let inFlight = 0;
  let onIdle: (() => void) | undefined;

  const isInProcesses = config.placement === 'process';
  const budget = createMemoryBudget({
    limit: config.memoryBudget,
    processCount: isInProcesses ? config.executors : undefined,
    collect: () => fleet.collect(),
  });
  const services = createServices({ clock, kvUrl: config.kvUrl, kvMaxBytes: config.kvMaxBytes });
  const secretSources = systemSecretSources(process.env);
  const fleet = await createFleet({
    count: config.executors,
    clock,
    killGraceMs: config.killGraceMs,
    services,
    startExecutor: executorStarter(config),
    onJoin: (executor) => {
      for (const pool of pools) pool.join(executor);
    },
    onLeave: (executor) => {
      for (const pool of pools) pool.leave(executor);
      budget.forget(executor);
    },
    onCollected: (executor, memories) => budget.release(executor, memories),
  });

  const activate = async (image: AdapterImage): Promise<void> => {
    fleet.load(image);
    const pool = createAdapterPool({ image, executors: fleet.executors, budget, clock });
    pools.add(pool);
    try {
      await pool.warm();
    } catch (error) {
      await retirePool(pool);
      throw error;
    }
    const before = active.get(image.manifest.name);
    const replays = before?.replays ?? createReplayBudget(clock);
    active.set(image.manifest.name, { pool, replays, before });
  };

  const retirePool = async (pool: AdapterPool): Promise<void> => {
    await pool.close(config.drainTimeoutMs);
    poolClosedChannel.publish({ pool: pool.snapshot() });
    pools.delete(pool);
    fleet.unload(pool.image.id);
  };

  const registry = createRegistry({
    dataDir: config.data,
    keepCode: isInProcesses,
    trusted: config.metering === 'all' ? [] : TRUSTED_CODECS,
    grantsOf: (manifest) => grantsOf(manifest, config.capabilities, secretSources),
    verify: trust.verify,
    only,
    ...(config.bundled ? { bundledDir: BUNDLED_DIR } : {}),
    ...(config.adapters === undefined ? {} : { adaptersDir: config.adapters }),
    defaults: { pool: config.pool, limits: LIMIT_DEFAULTS },
    prepare: {
      timeoutMs: config.prepareTimeoutMs,
      heapMiB: config.prepareHeapMiB,
      componentMaxBytes: config.componentMaxBytes,
    },
    clock,
    activate,
    async retire(image) {
      const { name } = image.manifest;
      const current = active.get(name);
      if (current?.pool.image.id === image.id) {
        if (current.before) active.set(name, current.before);
        else active.delete(name);
      } else if (current?.before?.pool.image.id === image.id) {
        active.set(name, { ...current, before: undefined });
      }
      for (const pool of pools) if (pool.image.id === image.id) await retirePool(pool);
    },
  });

  const rooms: Rooms = {
    clock,
    policy,
    resolve(adapter) {
      const entry = active.get(adapter);
      if (entry) return entry;
      if (state === 'draining' || state === 'closed') throw closedError();
      // The registry knows what exists, and says so in its error.
      registry.resolve(adapter);
      throw new HostError('REGISTRY_NOT_FOUND', `adapter "${adapter}" is being removed`);
    },
  };

  const closedError = (): HostError => new HostError('HOST_CLOSED', 'the host takes no more calls');
  /** For calls that come while the host closes: they get their outcome, and nothing is begun for them. */
  const closedRooms: Rooms = {
    ...rooms,
    resolve() {
      throw closedError();
    },
  };

  /**
   * Counts a session; gives what counts it off. The permits do not bound them: a tenant's half of those are as many as all
   * cells, and a pinned cell serves nobody else however long the others wait.
   */
  const enterSession = (owner: string, max: number): (() => void) => {
    const before = sessionCounts.get(owner) ?? 0;
    if (before >= max)
      throw new HostError('POOL_TENANT_SHARE', `${before} sessions are open, the most this tenant may have`, {
        retryAfterS: 1,
      });
    sessionCounts.set(owner, before + 1);
    return () => {
      const left = (sessionCounts.get(owner) ?? 1) - 1;
      if (left === 0) sessionCounts.delete(owner);
      else sessionCounts.set(owner, left);
    };
  };

  /** Counts a call that is under way, so that `close` can wait for it. */
  const tracked = async (run: () => Promise<Reply>): Promise<Reply> => {
    inFlight++;
    try {
      return await run();
    } finally {
      inFlight--;
      if (inFlight === 0) onIdle?.();
    }
  };

  const summarise = ({ image, origin }: ReturnType<typeof registry.resolve>): AdapterSummary => {
    const { manifest } = image;
    return {
      name: manifest.name,
      version: manifest.version,
      description: manifest.description,
      sha256: manifest.sha256,
      world: manifest.world,
      isolation: manifest.isolation,
      operations: Object.keys(manifest.operations),
      health: active.get(manifest.name)?.pool.snapshot().health ?? 'crashed',
      origin,
    };
  };

  const install = async (...given: Parameters<typeof registry.install>): Promise<AdapterSummary> =>
    summarise(registry.resolve((await registry.install(...given)).manifest.name));

  const isOpen = (): boolean => state === 'ready';
  let closing: Promise<void> | undefined;
  const close = (drainTimeoutMs = config.drainTimeoutMs): Promise<void> => {
    closing ??= end(drainTimeoutMs);
    return closing;
  };
  const end = async (drainTimeoutMs: number): Promise<void> => {
    state = 'draining';
    const deadlineMs = clock.now() + drainTimeoutMs;
    for (const closeSession of openSessions) closeSession();
    if (inFlight > 0) {
      await new Promise<void>((resolve) => {
        const limit = clock.after(drainTimeoutMs, () => {
          notice({ level: 'warn', event: 'host.drain', message: `${inFlight} calls did not end in time` });
          resolve();
        });
        onIdle = () => {
          limit.cancel();
          resolve();
        };
      });
    }
    // From here on nobody finds a pool: calls that still wait are told that the host is closed.
    active.clear();
    await registry.close();
    // One limit for all of it: what was spent on the calls is not waited for once more.
    const leftMs = Math.max(0, deadlineMs - clock.now());
    await Promise.all([...pools].map((pool) => pool.close(leftMs)));
    await fleet.close();
    await services.close();
    state = 'closed';
  };

  try {
    await registry.start();
  } catch (error) {
    await close();
    throw error;
  }
  state = 'ready';

  return {
    get state() {
      return state;
    },
    invoke(call, traceparent) {
      if (!isOpen()) return invoke(closedRooms, call, traceparent);
      return tracked(() => invoke(rooms, call, traceparent));
    },
    async session({ adapter, tenant, requestId, affinity }) {
      if (!isOpen()) throw closedError();
      const { pool } = rooms.resolve(adapter);
      const { pool: limits } = pool.image.manifest;
      const leave = enterSession(
        `${adapter} ${tenant}`,
        Math.max(1, Math.floor(limits.max * limits.tenantShare)),
      );
      const deadlineMs = clock.now() + limits.acquireTimeoutMs;
      const lease = await pool.acquire({ tenant, deadlineMs, affinity }).catch((error: unknown) => {
        leave();
        throw isOpen() ? error : closedError();
      });
      // Closed while it waited for the cell: nobody would end it.
      if (!isOpen()) {
        leave();
        lease.end();
        throw closedError();
      }
      const session = createSession(lease, clock, () => {
        leave();
        openSessions.delete(session.close);
      });
      openSessions.add(session.close);
      return {
        invoke: (operation, payload) =>
          tracked(() =>
            session.call((pinned) =>
              invoke(rooms, { adapter, operation, payload, tenant, requestId }, undefined, pinned),
            ),
          ),
        close: session.close,
      };
    },
    identify: (credentials) => policy.identify(credentials),
    requireAdmin: (identity) => policy.requireAdmin(identity),
    adapters: () => registry.list().map(summarise),
    adapter(name): AdapterDetail {
      const entry = registry.resolve(name);
      const { pool } = rooms.resolve(name);
      return {
        ...summarise(entry),
        manifest: entry.image.manifest,
        wit: entry.image.wit,
        typed: entry.image.typed?.operations,
        declarations: entry.image.typed?.declarations,
        pool: pool.snapshot(),
      };
    },
    install,
    installPackage: (bytes, name) =>
      trust.installPackage(bytes, name, ({ manifest, component }, proof) =>
        install(manifest, component, proof),
      ),
    remove: (name) => registry.remove(name),
    snapshot: () => ({
      state,
      pools: [...active.values()].map(({ pool }) => pool.snapshot()),
      executors: fleet.stats(),
      memories: { live: budget.live, budget: budget.limit },
    }),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

export { createCopybook } from './copybook/copybook.ts';
export type * from './copybook/face.ts';
export type * from './types.ts';
export type * from './vault/face.ts';
export { callbackKeys, environmentKeys, fileKeys } from './vault/key-providers.ts';
export { createVault } from './vault/vault.ts';
export { HostError, hasCode };
