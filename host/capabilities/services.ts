/**
 * The door: what the host does for guests, one session for each call of one.
 *
 * `service-methods.ts` lists the methods. Always: the caller is who the host says, never who the guest says; a method whose
 * capability is not granted is denied; nothing of a session is alive after its deadline or its `end`; what rejects with anything
 * but a ServiceFailure is an error of this host. Each call is published on `serviceChannel`, with no word of what was in it.
 */

import type { Caller, ServiceSession, Services } from '../capability-types.ts';
import { notice, type ServiceEvent, serviceChannel } from '../channels.ts';
import type { Clock, Timer } from '../clock.ts';
import { ServiceFailure } from '../service-failure.ts';
import { createHeldBytes } from './held-bytes.ts';
import { denied, invalid } from './http-input.ts';
import { createHttpService, type HttpService } from './http-service.ts';
import { type KvStore, namespaceOf, StoreUnavailable } from './kv.ts';
import { createMemoryKv } from './kv-memory.ts';
import { createRedisKv } from './kv-redis.ts';
import { createKvMethods } from './kv-service.ts';
import { createOutbound, type OutboundOptions } from './outbound.ts';

export interface ServicesOptions extends OutboundOptions {
  readonly clock: Clock;
  /** Redis, as the option `kvUrl` has it; undefined: memory. */
  readonly kvUrl: string | undefined;
  /** Of all namespaces in memory together, in bytes. */
  readonly kvMaxBytes: number;
}

export interface HostServices extends Services, AsyncDisposable {
  /** Calls that are not ended, and bytes held: nothing of whose they are. */
  snapshot(): { readonly sessions: number; readonly kvBytes: number | undefined; readonly heldBytes: number };
  /** Ends every session, every connection and the store. Idempotent. */
  close(): Promise<void>;
}

/** What one session may have under way: a cell waits for one thing at a time, so more is a thread that lies. */
const CALLS_AT_ONCE_MAX_COUNT = 64;
/** Responses read whole that all calls hold together, until they are handed over. */
const HELD_MAX_BYTES = 256 * 1024 * 1024;
/** A store that is gone fails each call; the log is told this seldom. */
const NOTICE_PAUSE_MS = 10_000;

type Methods = Readonly<Record<string, (argument: Readonly<Record<string, unknown>>) => Promise<unknown>>>;

export function createServices(options: ServicesOptions): HostServices {
  const { clock, kvUrl, kvMaxBytes } = options;
  const store: KvStore =
    kvUrl === undefined ? createMemoryKv({ maxBytes: kvMaxBytes }) : createRedisKv({ url: kvUrl });
  const outbound = createOutbound(options);
  const held = createHeldBytes(HELD_MAX_BYTES);
  const sessions = new Set<ServiceSession>();
  let noticedAtMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  /** As the guest may hear it; an error of the host stays what it is. */
  function translated(error: unknown): unknown {
    if (!(error instanceof StoreUnavailable)) return error;
    if (clock.now() - noticedAtMs >= NOTICE_PAUSE_MS) {
      noticedAtMs = clock.now();
      const { message, cause } = error;
      notice({ level: 'warn', event: 'capabilities.store-unavailable', message, cause });
    }
    return new ServiceFailure('unavailable', 'the store does not answer');
  }

  function open(caller: Caller): ServiceSession {
    const { adapter, tenant, grants } = caller;
    const owner = namespaceOf(adapter, tenant);
    const underWay = new Set<(failure: ServiceFailure) => void>();
    /** Why, once it is over. */
    let over: string | undefined;
    let http: HttpService | undefined;
    let methods: Methods | undefined;
    let deadline: Timer | undefined;

    /** Made with the first call: most calls of guests make none. */
    function prepare(): Methods {
      const leftMs = caller.deadlineMs - clock.now();
      if (Number.isFinite(leftMs)) {
        deadline = clock.after(Math.max(0, leftMs), () => finish('the deadline of the call has passed'));
      }
      sessions.add(session);
      if (grants.http) {
        http = createHttpService({ outbound, clock, caller, grant: grants.http, owner, held });
      }
      const kv = grants.kv && createKvMethods({ store, grant: grants.kv, namespace: owner });
      return { ...kv, ...http?.methods };
    }

    function finish(why: string): void {
      if (over !== undefined) return;
      over = why;
      deadline?.cancel();
      sessions.delete(session);
      for (const reject of underWay) reject(new ServiceFailure('timeout', why));
      underWay.clear();
      http?.end();
    }

    async function run(method: string, argument: unknown): Promise<unknown> {
      if (over !== undefined) throw new ServiceFailure('timeout', over);
      if (isClosed) throw new ServiceFailure('unavailable', 'the host is closing');
      methods ??= prepare();
      const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (known === undefined) throw denied('the capability for that is not granted');
      if (typeof argument !== 'object' || argument === null) throw invalid('the argument must be an object');
      if (underWay.size >= CALLS_AT_ONCE_MAX_COUNT) {
        throw new ServiceFailure('quota', `a call may wait for ${CALLS_AT_ONCE_MAX_COUNT} things at once`);
      }
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      underWay.add(reject);
      known(argument as Readonly<Record<string, unknown>>).then(resolve, reject);
      try {
        return await promise;
      } finally {
        underWay.delete(reject);
      }
    }

    const session: ServiceSession = {
      async call(method, argument) {
        const startMs = clock.now();
        let outcome: ServiceEvent['outcome'] = 'ok';
        try {
          return await run(method, argument);
        } catch (error) {
          const told = translated(error);
          outcome = told instanceof ServiceFailure ? told.code : 'error';
          throw told;
        } finally {
          if (serviceChannel.hasSubscribers) {
            const durationMs = clock.now() - startMs;
            serviceChannel.publish({ adapter, method, outcome, durationMs } satisfies ServiceEvent);
          }
        }
      },
      end: () => finish('the call is over'),
    };
    return session;
  }

  async function close(): Promise<void> {
    isClosed = true;
    for (const session of sessions) session.end();
    outbound.close();
    await store.close();
  }

  return {
    open,
    snapshot: () => ({ sessions: sessions.size, kvBytes: store.usedBytes(), heldBytes: held.bytes }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
