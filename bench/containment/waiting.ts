/**
 * Question: how long do 500 calls take together that each wait 100 ms for an answer from outside? Each is a guest that sends one
 * request with the capability `http` and is suspended meanwhile. Beside it the same requests without any guest.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../host/clock.ts';
import type { Contestant, Round, Table } from '../harness.ts';
import { openHost } from '../host/hosts.ts';
import type { Package } from '../host/packages.ts';
import { HANDLER, makeWatGuest } from '../suite/wat-guest.ts';

const CALLS = 500;
const WAIT_MS = 100;
const TARGET_MS = 300;
const BARE = 'node:http alone';
const HTTP = 'hotcell:capabilities/http@1.0.0';

/** Sends a GET to the URL in its payload and returns the body of the answer. */
const GUEST = `(module
  (import "${HTTP}" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 2)
  (data (i32.const 8) "GET")
  (global $next (mut i32) (i32.const 128))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i32)
    (local.set 4 (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get 4) (local.get 3)))
    (local.get 4))
  (func (export "cabi_post_${HANDLER}#invoke") (param i32) (global.set $next (i32.const 128)))
  (func (export "${HANDLER}#invoke") (param i32 i32 i32 i32) (result i32)
    (call $send (i32.const 8) (i32.const 3) (local.get 2) (local.get 3) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32))
    (if (i32.load8_u (i32.const 32)) (then unreachable))
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (i32.load (i32.const 48)))
    (i32.store (i32.const 24) (i32.load (i32.const 52)))
    (i32.const 16))
  (func (export "${HANDLER}#health") (result i32) (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16)))`;

const packageFor = (port: number): Promise<Package> =>
  makeWatGuest(
    GUEST,
    {
      name: 'waiting',
      operations: { get: {} },
      limits: { memoryMaxMiB: 1, timeoutMs: 10_000 },
      pool: { min: CALLS, max: 512, permits: 1_024, tenantShare: 1 },
      capabilities: { http: grantFor(port) },
    },
    [HTTP],
  );

const grantFor = (port: number) => ({
  hosts: [`127.0.0.1:${port}`],
  plain: true,
  privateRanges: ['127.0.0.0/8'],
});

interface SlowServer {
  readonly port: number;
  close(): void;
}

/** In a process of its own: its work must not stand in the way of what is measured. */
async function listen(): Promise<SlowServer> {
  const path = fileURLToPath(new URL('./slow-server.ts', import.meta.url));
  const child = spawn(process.execPath, [path, String(WAIT_MS)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(first.toString()), close: () => child.stdin.end() };
}

/** The same request by the host's own means. */
const bare = (agent: Agent, url: string): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(Uint8Array.from(Buffer.concat(parts))));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });

export const waitingTable: Table = {
  name: 'waiting',
  question: `${CALLS} calls at once that each wait ${WAIT_MS} ms for an answer from outside: until the last is answered (ms)`,
  unit: 'ms',
  baseline: BARE,
  headline: 'p50',
  effort: { rounds: 5, samples: 2, warmUp: 2 },
  quick: { rounds: 1, samples: 1, warmUp: 1 },
  async open() {
    const server = await listen();
    const { port } = server;
    const url = `http://127.0.0.1:${port}/`;
    const agent = new Agent({ keepAlive: true, maxSockets: 1_024 });
    const { host, close } = await openHost({
      packages: [await packageFor(port)],
      capabilities: { waiting: { http: grantFor(port) } },
    });
    const payload = new TextEncoder().encode(url);
    const suspended = async (): Promise<Uint8Array> => {
      const call = { adapter: 'waiting', operation: 'get', payload, tenant: 'bench', requestId: 'bench' };
      const { outcome } = await host.invoke(call);
      if (outcome.kind === 'error') throw outcome.error;
      return outcome.bytes;
    };
    const contestant = (row: string, one: () => Promise<Uint8Array>): Contestant => ({
      row,
      answer: one,
      async round(count): Promise<Round> {
        const samples: number[] = [];
        while (samples.length < count) {
          const from = systemClock.now();
          await Promise.all(Array.from({ length: CALLS }, one));
          samples.push(systemClock.now() - from);
        }
        return { samples };
      },
    });
    return {
      contestants: [
        contestant(BARE, () => bare(agent, url)),
        {
          ...contestant('guests that are suspended', suspended),
          targets: [{ metric: 'p50', test: '<', value: TARGET_MS }],
        },
      ],
      async close() {
        await close();
        agent.destroy();
        server.close();
      },
    };
  },
};
