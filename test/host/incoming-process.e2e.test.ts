/** Components that answer HTTP in executors that are processes: streams and faults as with threads. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DO, echoComponent, httpComponent, httpManifest } from '../http-guests.ts';
import { ask, open, readAll } from './incoming-client.ts';
import { type Served, serveHost } from './served.ts';

describe('a component that answers HTTP in a process', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serveHost({ placement: 'process', executors: 1 });
    const late = `${DO.respond()} (local.set $length (i32.const 1000)) ${DO.write} unreachable`;
    const guests = { echo: await echoComponent(), late: await httpComponent(late) };
    for (const [name, component] of Object.entries(guests))
      await served.host.install(httpManifest(name, component, { pool: { min: 1 } }), component);
  }, 60_000);
  afterAll(() => served.close());

  it('streams both ways at once', async () => {
    const body = Buffer.alloc(3_000_000, 'three million bytes ');
    const { outgoing, response } = open(served, 'echo/http/');
    outgoing.write(body.subarray(0, 1));
    const answer = await response;
    outgoing.end(body.subarray(1));
    const { bytes, isWhole } = await readAll(answer);
    expect([isWhole, Buffer.compare(bytes, body)]).toEqual([true, 0]);
  });

  it('is cut when it crashes after its head, and serves on', async () => {
    for (let i = 0; i < 2; i++) {
      const { status, isWhole } = await ask(served, 'late/http/');
      expect([status, isWhole]).toEqual([200, false]);
    }
    expect((await ask(served, 'echo/http/', 'POST', 'there')).bytes.toString()).toBe('there');
  });
});
