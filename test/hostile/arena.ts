/**
 * A real host with one executor, real HTTP, and two neighbours who share that executor with whoever attacks.
 *
 * While an attack runs, both neighbours call on and on; none of their calls may fail, and their state must stay their own. How long
 * they waited is measured and printed, never asserted: that belongs to `npm run bench -- containment`.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { GuestLogEvent, NoticeEvent } from '../../host/channels.ts';
import type { CreateHostOptions } from '../../host/host.ts';
import type { PoolSnapshot } from '../../host/types.ts';
import { type Answer, type Served, serveHost } from '../host/served.ts';
import { digest } from '../registry/fixtures.ts';
import { answer, ECHO, hostile, on } from './kit.ts';

export type { Answer };

export interface Arena extends Served {
  /** Installs a guest whose operations are `a` to `z`. Throws what the registry says against it. */
  enter(name: string, component: Uint8Array, change?: Record<string, unknown>): Promise<void>;
  /** Runs the attack while the neighbours call on; all of them have to be served. */
  besides<T>(attack: () => Promise<T>): Promise<T>;
  attack(name: string, operation: string, body?: Uint8Array | string, tenant?: string): Promise<Answer>;
  pool(name: string): PoolSnapshot;
  /** Executors that were lost so far. */
  lost(): number;
  readonly lines: readonly GuestLogEvent[];
  readonly notices: readonly NoticeEvent[];
}

/** Calls of each neighbour that have to be served while an attack runs, however short it is. */
const NEIGHBOUR_CALLS_MIN = 3;
/** And that are made at most: they would take a core for themselves. */
const NEIGHBOUR_CALLS_MAX = 500;

/** Echoes, and counts its calls in one byte. */
const NEIGHBOUR = {
  fields: '(global $count (mut i32) (i32.const 0))',
  invoke: `(global.set $count (i32.add (global.get $count) (i32.const 1)))
    ${on('c', `(i32.store8 (i32.const 32) (global.get $count)) (return ${`(block (result i32) ${answer('(i32.const 32)', '(i32.const 1)')})`})`)}
    ${ECHO}`,
};

const letters = (): Record<string, object> =>
  Object.fromEntries(Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => [letter, {}]));

export async function openArena(options: CreateHostOptions = {}): Promise<Arena> {
  const lines: GuestLogEvent[] = [];
  const notices: NoticeEvent[] = [];
  const hear = (line: unknown): void => void lines.push(line as GuestLogEvent);
  const note = (event: unknown): void => void notices.push(event as NoticeEvent);
  subscribe('hotcell:guest-log', hear);
  subscribe('hotcell:notice', note);
  // Of its own: thousands of hostile components would push what others prepared out of their folder.
  const data = await mkdtemp(join(tmpdir(), 'hotcell-arena-'));
  // A thread that a busy machine does not let run must not be mistaken for one that does not stop.
  const served = await serveHost({ executors: 1, killGraceMs: 2_000, data, ...options });
  const { host } = served;

  const arena: Arena = {
    ...served,
    lines,
    notices,
    async enter(name, component, change = {}) {
      const manifest = {
        name,
        version: '1.0.0',
        component: 'guest.wasm',
        sha256: digest(component),
        world: 'bytes',
        operations: letters(),
        // One attack after the other must not be kept out by the breaker: that is tested elsewhere.
        pool: { min: 1, max: 8, acquireTimeoutMs: 20_000, maxCrashes: 1_000 },
        limits: { memoryMaxMiB: 16, timeoutMs: 20_000 },
        ...change,
      };
      await host.install(manifest, component);
    },
    async besides(attack) {
      const before = arena.lost();
      let isOver = false;
      const waits: number[] = [];
      const neighbour = async (tenant: string): Promise<void> => {
        const payload = `of ${tenant}`;
        for (let calls = 0; calls < (isOver ? NEIGHBOUR_CALLS_MIN : NEIGHBOUR_CALLS_MAX); calls++) {
          const from = performance.now();
          const reply = await served.call('/v1/adapters/neighbour/e', payload, { 'x-tenant-id': tenant });
          waits.push(performance.now() - from);
          expect([reply.status, reply.bytes.toString()]).toEqual([200, payload]);
        }
      };
      const neighbours = Promise.all([neighbour('one'), neighbour('two')]);
      try {
        return await attack();
      } finally {
        isOver = true;
        await neighbours;
        waits.sort((a, b) => a - b);
        const at = (share: number): string => (waits[Math.floor(waits.length * share)] ?? 0).toFixed(1);
        const title = expect.getState().currentTestName?.split(' > ').at(-1);
        console.info(
          `${title}: neighbours ${waits.length} calls, p50 ${at(0.5)} p95 ${at(0.95)} longest ${waits.at(-1)?.toFixed(1)} ms, executors lost ${arena.lost() - before}`,
        );
      }
    },
    attack: (name, operation, body = '', tenant = 'mallory') =>
      served.call(`/v1/adapters/${name}/${operation}`, body, { 'x-tenant-id': tenant }),
    pool(name) {
      const found = host.snapshot().pools.find(({ adapter }) => adapter === name);
      if (!found) throw new Error(`no pool of ${name}`);
      return found;
    },
    lost() {
      const { killed, died } = host.snapshot().executors;
      return killed + died;
    },
    async close() {
      unsubscribe('hotcell:guest-log', hear);
      unsubscribe('hotcell:notice', note);
      await served.close();
      await rm(data, { recursive: true });
    },
  };
  try {
    await arena.enter('neighbour', await hostile(NEIGHBOUR), {
      operations: { e: { idempotent: true }, c: {} },
    });
  } catch (error) {
    await arena.close();
    throw error;
  }
  return arena;
}

/** The status and the code of an answer. */
export const told = ({ status, code }: Answer): readonly [number, string | undefined] => [status, code];
