/**
 * Cells with keys in them: pinned sessions of the adapter `cipher`, taken when needed, given back and used again.
 *
 *   call → an idle cell that holds the handle's keys → the cell idle for longest → a new one → wait in line
 *
 * A key is loaded into a cell when the first call there needs it. A lost cell is replaced and its call run again: every
 * operation gives the same bytes anywhere, so nothing is lost. A cell that is not needed for a while is wiped before it
 * goes back. The host may give fewer cells than wanted: then callers wait for those there are.
 */

import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { Host, Session } from '../types.ts';
import { HANDLE_SLOTS_COUNT, keyPayload, u32List } from './payloads.ts';

/** Nobody can call as this tenant: names of tenants begin with a letter or digit. */
export const VAULT_TENANT = '~vault';
export const VAULT_ADAPTER = 'cipher';

/** Below the 30 s after which a session gives its cell back by itself, with all that is in it. */
export const CONTEXT_IDLE_MS = 20_000;
const SWEEP_MS = 5_000;
/** When the host gave no cell, the next is asked for after this long: those that are there serve meanwhile. */
const GROWTH_PAUSE_MS = 1_000;
/** Cells that may die of one call before its error is believed: an input that kills cells must not kill all of them. */
const ATTEMPTS_MAX_COUNT = 6;

/** The cell was gone before the call began. With an executor all of its cells go, so there may be many in a row. */
const GONE_CODE = 'POOL_SESSION_LOST';
/** The cell died of the call or during it, or nobody knows what it was doing. The call is run on another one. */
const DIED_CODES: ReadonlySet<string> = new Set([
  'EXECUTOR_TRAP',
  'EXECUTOR_STACK_OVERFLOW',
  'EXECUTOR_BAD_RESULT',
  'EXECUTOR_DIED',
  'EXECUTOR_DEADLINE',
]);

export interface CellCall {
  /** Of all keys that the call uses; a cell that holds those of the first is preferred. */
  readonly handles: readonly number[];
  readonly keyVersions: readonly number[];
  readonly operation: string;
  readonly payload: Uint8Array;
}

export interface ContextPool {
  /** The cell's answer. Throws the cell's failure as the host reports it, or what kept it from a cell. */
  call(request: CellCall): Promise<Uint8Array>;
  /** Tells every cell that has this handle's keys. */
  tell(handle: number, operation: string, payload: Uint8Array): void;
  /** Wipes a version of the key in every cell. */
  dropKey(keyVersion: number): Promise<void>;
  snapshot(): { idle: number; busy: number; waiting: number };
  counters(): { contextsCreated: number; contextsLost: number; repeats: number; keyLoads: number };
  /** Wipes and gives back all cells, those at work when they are done. */
  close(): Promise<void>;
}

interface Context {
  readonly session: Session;
  readonly keyVersions: Set<number>;
  /** What the cell's table of handles holds, slot by slot. */
  readonly handles: Map<number, number>;
  idleSinceMs: number;
}

const closed = (): HostError => new HostError('VAULT_CLOSED', 'the vault takes no more operations');

type Answer = { readonly bytes: Uint8Array } | { readonly error: unknown };

export function createContextPool(options: {
  readonly host: Pick<Host, 'session'>;
  readonly maxCount: number;
  readonly clock: Clock;
  /** A root key; wiped here after it was given to a cell. */
  readonly loadKey: (version: number) => Promise<Uint8Array>;
}): ContextPool {
  const { host, maxCount, clock, loadKey } = options;
  /** In the order in which they became idle. */
  const idle = new Set<Context>();
  const busy = new Set<Context>();
  const waiters = new Set<{
    readonly handle: number | undefined;
    readonly take: (context: Context) => void;
    readonly refuse: (error: unknown) => void;
  }>();
  const counters = { contextsCreated: 0, contextsLost: 0, repeats: 0, keyLoads: 0 };
  let creating = 0;
  let growthPausedUntilMs = 0;
  let isClosed = false;
  let onDrained: (() => void) | undefined;

  const holds = (context: Context, handle: number | undefined): boolean =>
    handle !== undefined && context.handles.get(handle % HANDLE_SLOTS_COUNT) === handle;

  /** Gives idle cells to those who wait, and has new ones made for the others. */
  const serve = (): void => {
    for (const waiter of waiters) {
      const context = idle.values().find((one) => holds(one, waiter.handle)) ?? idle.values().next().value;
      if (context === undefined) break;
      waiters.delete(waiter);
      idle.delete(context);
      busy.add(context);
      waiter.take(context);
    }
    // Cells that come count too: a refusal is immediate, and asking again each time would never let them come.
    const isPaused = idle.size + busy.size + creating > 0 && clock.now() < growthPausedUntilMs;
    while (!isPaused && !isClosed && creating < waiters.size && idle.size + busy.size + creating < maxCount) {
      creating++;
      void create();
    }
    if (isClosed && busy.size + creating === 0) {
      for (const waiter of waiters) waiter.refuse(closed());
      waiters.clear();
      onDrained?.();
    }
  };

  const create = async (): Promise<void> => {
    try {
      const session = await host.session({
        adapter: VAULT_ADAPTER,
        tenant: VAULT_TENANT,
        requestId: 'vault',
      });
      counters.contextsCreated++;
      idle.add({ session, keyVersions: new Set(), handles: new Map(), idleSinceMs: clock.now() });
    } catch (error) {
      growthPausedUntilMs = clock.now() + GROWTH_PAUSE_MS;
      // Without a single cell nobody will be served: all who wait are told why.
      if (idle.size + busy.size + creating === 1) {
        for (const waiter of waiters) waiter.refuse(error);
        waiters.clear();
      }
    } finally {
      creating--;
      serve();
    }
  };

  const acquire = (handle: number | undefined): Promise<Context> =>
    new Promise((take, refuse) => {
      waiters.add({ handle, take, refuse });
      serve();
    });

  const giveBack = (context: Context): void => {
    busy.delete(context);
    context.idleSinceMs = clock.now();
    idle.add(context);
    serve();
  };

  const lose = (context: Context): void => {
    counters.contextsLost++;
    busy.delete(context);
    context.session.close();
    serve();
  };

  /** Never rejects: a session that is closed and one whose call failed are the same to the caller. */
  const ask = async (context: Context, operation: string, payload: Uint8Array): Promise<Answer> => {
    try {
      const { outcome } = await context.session.invoke(operation, payload);
      return outcome.kind === 'ok' ? { bytes: outcome.bytes } : { error: outcome.error };
    } catch (error) {
      return { error };
    }
  };

  const giveKey = async (context: Context, version: number): Promise<Answer> => {
    const key = await loadKey(version);
    const payload = keyPayload(version, key);
    key.fill(0);
    const answer = await ask(context, 'load-key', payload);
    payload.fill(0);
    if ('bytes' in answer) {
      counters.keyLoads++;
      context.keyVersions.add(version);
    }
    return answer;
  };

  const run = async (context: Context, request: CellCall): Promise<Answer> => {
    for (const version of request.keyVersions) {
      if (context.keyVersions.has(version)) continue;
      const loaded = await giveKey(context, version);
      if ('error' in loaded) return loaded;
    }
    for (const handle of request.handles) context.handles.set(handle % HANDLE_SLOTS_COUNT, handle);
    return ask(context, request.operation, request.payload);
  };

  /** What was derived in a cell must not outlive its use here. */
  const wipe = async (context: Context): Promise<void> => {
    for (const version of context.keyVersions) await ask(context, 'drop-key', u32List([version]));
    context.session.close();
  };

  const sweep = clock.every(SWEEP_MS, () => {
    for (const context of idle) {
      if (clock.now() - context.idleSinceMs < CONTEXT_IDLE_MS) break;
      idle.delete(context);
      void wipe(context);
    }
  });

  return {
    async call(request) {
      let deathCount = 0;
      for (let goneCount = 0; ; ) {
        if (isClosed) throw closed();
        const context = await acquire(request.handles[0]);
        let answer: Answer;
        try {
          answer = await run(context, request);
        } catch (error) {
          giveBack(context);
          throw error;
        }
        if ('bytes' in answer) {
          giveBack(context);
          const { buffer, byteOffset, length } = answer.bytes;
          // A plain array, as the other backend gives: a Buffer's `slice` is a view, and an array's a copy.
          return new Uint8Array(buffer, byteOffset, length);
        }
        const { error } = answer;
        const code = error instanceof HostError ? error.code : undefined;
        if (code === GONE_CODE) goneCount++;
        else if (code !== undefined && DIED_CODES.has(code)) deathCount++;
        else {
          giveBack(context);
          throw error;
        }
        lose(context);
        // All cells there are may be gone at once, and as many again: more than that is no accident.
        if (deathCount >= ATTEMPTS_MAX_COUNT || goneCount > 2 * maxCount) throw error;
        counters.repeats++;
      }
    },
    tell(handle, operation, payload) {
      for (const context of [...idle, ...busy]) {
        // A cell that is lost meanwhile has nothing left to be told.
        if (holds(context, handle)) void ask(context, operation, payload);
        if (operation === 'forget' && holds(context, handle)) {
          context.handles.delete(handle % HANDLE_SLOTS_COUNT);
        }
      }
    },
    async dropKey(keyVersion) {
      const holders = [...idle, ...busy].filter((context) => context.keyVersions.has(keyVersion));
      for (const context of holders) context.keyVersions.delete(keyVersion);
      await Promise.all(holders.map((context) => ask(context, 'drop-key', u32List([keyVersion]))));
    },
    snapshot: () => ({ idle: idle.size, busy: busy.size, waiting: waiters.size }),
    counters: () => ({ ...counters }),
    async close() {
      isClosed = true;
      sweep.cancel();
      const drained = new Promise<void>((resolve) => {
        onDrained = resolve;
      });
      serve();
      await drained;
      const all = [...idle];
      idle.clear();
      await Promise.all(all.map(wipe));
    },
  };
}
