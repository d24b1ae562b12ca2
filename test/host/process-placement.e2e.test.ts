/** A whole host with its executors in processes: the faults of guests as with threads, and what only a process survives. */

import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHost } from '../../host/host.ts';
import { builtAdapter } from '../built-adapters.ts';
import { placeInProcesses, type Served, serveHost } from './served.ts';

placeInProcesses();
await import('./faults.e2e.test.ts');

/** Long enough to be killed in the middle, on any machine. */
const SPIN = '1000';

describe('a host whose executors are processes', () => {
  const children: ChildProcess[] = [];
  const watch = (message: unknown): void =>
    void children.push((message as { process: ChildProcess }).process);
  let served: Served;
  beforeAll(async () => {
    subscribe('child_process', watch);
    served = await serveHost({ executors: 1, killGraceMs: 1_000 });
    for (const name of ['echo', 'hello-js', 'faulty'] as const) {
      const { manifest, component } = await builtAdapter(name);
      const operations: Record<string, object> =
        name === 'faulty'
          ? { ...manifest.operations, spin: { ...manifest.operations.spin, idempotent: true } }
          : manifest.operations;
      const pool = { max: 32, permits: 64, tenantShare: 1, acquireTimeoutMs: 20_000 };
      const limits = { memoryMaxMiB: 64, timeoutMs: 30_000 };
      await served.host.install({ ...manifest, operations, pool, limits }, component);
    }
  });
  afterAll(async () => {
    await served.close();
    unsubscribe('child_process', watch);
  });

  it('serves what a host with threads serves, small and large', async () => {
    expect((await served.call('/v1/adapters/echo/echo', 'same')).bytes.toString()).toBe('same');
    const large = Buffer.alloc(3_000_001, 'large bytes ');
    expect(Buffer.compare((await served.call('/v1/adapters/echo/echo', large)).bytes, large)).toBe(0);
    const { operations } = served.host.adapter('hello-js');
    const answer = await served.call(`/v1/adapters/hello-js/${operations[0]}`, '{"name":"Ada"}', {
      'content-type': 'application/json',
    });
    expect([answer.status, answer.bytes.toString()]).toEqual([200, expect.stringContaining('Ada')]);
  });

  it('replays what was running in a process that somebody killed, and answers everybody', async () => {
    const { died } = served.host.snapshot().executors;
    const running = served.call('/v1/adapters/faulty/spin', SPIN);
    await expect.poll(() => served.host.snapshot().executors.busy).toBe(1);
    const others = Array.from({ length: 20 }, () => served.call('/v1/adapters/faulty/crash-rate', '0:1'));
    // One is answered while the long one spins; where the rest is then, in the ring, in a guest or on its way, is all the same.
    await Promise.race(others);
    const living = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    living[0]?.kill('SIGKILL');
    const answers = await Promise.all([running, ...others]);
    expect(answers.map(({ status }) => status)).toEqual(Array(21).fill(200));
    expect(served.host.snapshot().executors.died).toBe(died + 1);
    const pool = served.host.snapshot().pools.find(({ adapter }) => adapter === 'faulty');
    expect(pool?.counters.replays).toBeGreaterThanOrEqual(1);
    await expect
      .poll(() => served.host.snapshot().executors, { timeout: 10_000 })
      .toMatchObject({ live: 1, spare: 1 });
  });

  it('leaves no process behind when it closes', async () => {
    const before = children.length;
    const host = await createHost({
      bundled: false,
      executors: 1,
      placement: 'process',
      data: served.dataDir,
    });
    await host.close();
    const started = children.slice(before);
    expect(started.length).toBeGreaterThan(0);
    expect(started.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)).toEqual(
      [],
    );
  });

  it('refuses a user for them that it may not give', async (context) => {
    if (process.getuid?.() === 0) context.skip('whoever runs this as root may give them any user');
    await expect(createHost({ bundled: false, placement: 'process', processUid: 1 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
