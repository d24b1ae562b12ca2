/** Components that answer HTTP in executors that are processes: streams and faults as with threads. */

import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DO, echoComponent, httpComponent, httpManifest } from '../http-guests.ts';
import { ask, open, readAll, watchCalls } from './incoming-client.ts';
import { type Served, serveHost } from './served.ts';

describe('a component that answers HTTP in a process', () => {
  let served: Served;
  let calls: ReturnType<typeof watchCalls>;
  const children: ChildProcess[] = [];
  const watch = (message: unknown): void =>
    void children.push((message as { process: ChildProcess }).process);
  beforeAll(async () => {
    subscribe('child_process', watch);
    calls = watchCalls();
    served = await serveHost({ placement: 'process', executors: 1 });
    const late = `${DO.respond()} (local.set $length (i32.const 1000)) ${DO.write} unreachable`;
    const guests = { echo: await echoComponent(), late: await httpComponent(late) };
    for (const [name, component] of Object.entries(guests))
      await served.host.install(httpManifest(name, component, { pool: { min: 1 } }), component);
  }, 60_000);
  afterAll(async () => {
    await served.close();
    calls.stop();
    unsubscribe('child_process', watch);
  });

  it('streams both ways at once', async () => {
    const body = Buffer.alloc(3_000_000, 'three million bytes ');
    const { outgoing, response } = open(served, 'echo/http/');
    outgoing.write(body.subarray(0, 1));
    const answer = await response;
    outgoing.end(body.subarray(1));
    const { bytes, isWhole } = await readAll(answer);
    expect([isWhole, Buffer.compare(bytes, body)]).toEqual([true, 0]);
  });

  it('is cut when its process is killed, and another serves on', async () => {
    const { outgoing, response } = open(served, 'echo/http/');
    outgoing.write('there');
    const answer = await response;
    await once(answer, 'data');
    const living = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    // The first that was started is the one that serves; the other is the spare.
    living[0]?.kill('SIGKILL');
    expect((await readAll(answer)).isWhole).toBe(false);
    await expect.poll(() => calls.events.at(-1)?.receipt.outcome).toBe('EXECUTOR_DIED');
    expect((await ask(served, 'echo/http/', 'POST', 'again')).bytes.toString()).toBe('again');
  });

  it('is cut when it crashes after its head, and serves on', async () => {
    for (let i = 0; i < 2; i++) {
      const { status, isWhole } = await ask(served, 'late/http/');
      expect([status, isWhole]).toEqual([200, false]);
    }
    expect((await ask(served, 'echo/http/', 'POST', 'there')).bytes.toString()).toBe('there');
  });
});
