/**
 * Components that answer HTTP, through a whole host: their bodies are streams with backpressure both ways, and whatever the
 * guest or its client does, every request has one end.
 */

import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DO, echoComponent, httpComponent, httpManifest } from '../http-guests.ts';
import { ask, open, readAll, watchCalls } from './incoming-client.ts';
import { type Served, serveHost } from './served.ts';

const MiB = 1024 * 1024;
const LOOP = '(loop $forever (br $forever))';

const READER = `${DO.receive} ${DO.each('')} ${DO.release} ${DO.respond(202)} ${DO.finish}`;

/** Guests by name, each named after what it does. */
const GUESTS: Readonly<Record<string, string>> = {
  /** Answers when it has read everything; `reader` does not wait long. */
  collector: READER,
  reader: READER,
  deaf: `(call $drop-incoming-request (local.get $request)) ${DO.respond()} ${DO.finish}`,
  silent: '(call $drop-incoming-request (local.get $request))',
  trap: 'unreachable',
  'trap-late': `${DO.respond()} (local.set $length (i32.const 1000)) ${DO.write} unreachable`,
  'trap-after': `${DO.respond()} ${DO.finish} (loop $wait
    (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
    (br_if $wait (i32.lt_u (local.get $turns) (i32.const 1000000)))) unreachable`,
  half: `${DO.respond()} (local.set $length (i32.const 1000)) ${DO.write}`,
  endless: `${DO.respond()} (local.set $length (i32.const 65536)) (loop $more ${DO.write} (br $more))`,
  spinner: LOOP,
  careless: `${DO.respond()} (local.set $length (i32.const 10)) ${DO.write} ${LOOP}`,
  'late-spinner': `${DO.respond()} (local.set $length (i32.const 10)) ${DO.write} ${LOOP}`,
  /** Crashes when its client fails it. */
  brittle: `${DO.receive} ${DO.each('')} (if (i32.ne (i32.load8_u (i32.const 20)) (i32.const 1)) (then unreachable))
    ${DO.release} ${DO.respond()} ${DO.finish}`,
};

/** Of those that are stopped, or wait for their client as long as they may. */
const TIMEOUTS: Readonly<Record<string, number>> = {
  reader: 500,
  brittle: 800,
  spinner: 500,
  'late-spinner': 500,
};

describe('a component that answers HTTP', () => {
  let served: Served;
  let calls: ReturnType<typeof watchCalls>;
  const install = async (name: string, component: Uint8Array, more: object = {}): Promise<void> => {
    await served.host.install(httpManifest(name, component, { ...more }), component);
  };
  const pool = (name: string) => {
    const found = served.host.snapshot().pools.find(({ adapter }) => adapter === name);
    if (!found) throw new Error(`no pool ${name}`);
    return found;
  };
  const lastCall = () => calls.events.at(-1)?.receipt;

  beforeAll(async () => {
    served = await serveHost();
    calls = watchCalls();
    const limits = { timeoutMs: 60_000, inputMaxBytes: 64 * MiB, outputMaxBytes: 64 * MiB };
    await install('echo', await echoComponent(), { limits, isolation: 'tenant' });
    const one = { min: 1, max: 1, acquireTimeoutMs: 20_000, tenantShare: 1 };
    await install('single', await echoComponent(), { limits, isolation: 'tenant', pool: one });
    for (const [name, handle] of Object.entries(GUESTS)) {
      await install(name, await httpComponent(handle), {
        limits: {
          timeoutMs: TIMEOUTS[name] ?? 20_000,
          inputMaxBytes: MiB,
          outputMaxBytes: 256 * 1024,
        },
        pool: { min: 1 },
      });
    }
  }, 60_000);
  afterAll(async () => {
    calls.stop();
    await served.close();
  });
  beforeEach(() => {
    calls.events.length = 0;
  });

  describe('streams', () => {
    it('far more than fits between, and stands still while nobody reads them', async () => {
      const piece = Buffer.alloc(MiB, 'a megabyte ');
      const { outgoing, response } = open(served, 'echo/http/');
      let takenCount = 0;
      const send = (): void => {
        if (takenCount === 24) outgoing.end();
        else
          outgoing.write(piece, () => {
            takenCount++;
            send();
          });
      };
      send();
      const answer = await response;
      // The buffers of four sockets fill up; the guest waits, and nothing moves any more.
      let before = -1;
      await expect
        .poll(
          () => {
            const stands = takenCount > 0 && takenCount === before;
            before = takenCount;
            return stands;
          },
          { interval: 700, timeout: 20_000 },
        )
        .toBe(true);
      expect(takenCount).toBeLessThan(20);
      const { bytes, isWhole } = await readAll(answer);
      expect(isWhole).toBe(true);
      expect(bytes.length).toBe(24 * MiB);
      for (let i = 0; i < 24; i++)
        expect(Buffer.compare(bytes.subarray(i * MiB, (i + 1) * MiB), piece)).toBe(0);
      await expect
        .poll(lastCall)
        .toMatchObject({ outcome: 'ok', usage: { inputBytes: 24 * MiB, outputBytes: 24 * MiB } });
    }, 60_000);

    it('each piece back before the next is sent', async () => {
      const { outgoing, response } = open(served, 'echo/http/');
      outgoing.write('first');
      const answer = await response;
      const pieces: string[] = [];
      const seen = async (): Promise<void> => {
        const [piece] = await once(answer, 'data');
        pieces.push(String(piece));
      };
      await seen();
      for (const next of ['second', 'third']) {
        outgoing.write(next);
        await seen();
      }
      outgoing.end();
      expect(pieces).toEqual(['first', 'second', 'third']);
      await once(answer, 'end');
    });

    it('many at a time over the cells of one pool', async () => {
      const sent = Array.from({ length: 8 }, () => open(served, 'echo/http/'));
      for (const [i, { outgoing }] of sent.entries()) outgoing.write(`begin ${i};`);
      const answers = await Promise.all(sent.map(({ response }) => response));
      expect(pool('echo').leased).toBe(8);
      for (const [i, { outgoing }] of sent.entries()) outgoing.end(`end ${i}`);
      const bodies = await Promise.all(answers.map(readAll));
      expect(bodies.map(({ bytes }) => bytes.toString())).toEqual(sent.map((_, i) => `begin ${i};end ${i}`));
    });
  });

  describe('ends', () => {
    it('as a call whose client left, and its cell serves on', async () => {
      const { crashes } = pool('echo').counters;
      const { outgoing, response } = open(served, 'echo/http/');
      outgoing.write('there');
      const answer = await response;
      answer.on('error', () => undefined);
      outgoing.destroy();
      await expect.poll(lastCall).toMatchObject({ outcome: 'HTTP_CLIENT_GONE' });
      await expect.poll(() => pool('echo').leased).toBe(0);
      expect(pool('echo').counters.crashes).toBe(crashes);
      expect((await ask(served, 'echo/http/', 'POST', 'again')).bytes.toString()).toBe('again');
    });

    it('soon after its client left, also where its guest does not care', async () => {
      const { outgoing, response } = open(served, 'careless/http/');
      outgoing.end();
      const answer = await response;
      answer.on('error', () => undefined);
      outgoing.destroy();
      await expect.poll(lastCall, { timeout: 10_000 }).toMatchObject({ outcome: 'HTTP_CLIENT_GONE' });
      expect(pool('careless').counters.crashes).toBe(0);
    });

    it('at once where its client left before its turn came', async () => {
      const first = open(served, 'single/http/');
      first.outgoing.write('first');
      const answer = await first.response;
      const second = open(served, 'single/http/');
      second.outgoing.end('second');
      await expect.poll(() => pool('single').waiting).toBe(1);
      second.outgoing.destroy();
      await expect.poll(lastCall).toMatchObject({ outcome: 'HTTP_CLIENT_GONE', usage: { attempts: 0 } });
      expect(pool('single')).toMatchObject({ waiting: 0, leased: 1 });
      first.outgoing.end();
      expect((await readAll(answer)).bytes.toString()).toBe('first');
    });

    it('with an answer to a client whose body it never reads', async () => {
      const { status, isWhole } = await ask(served, 'deaf/http/', 'POST', Buffer.alloc(500_000));
      expect([status, isWhole]).toEqual([200, true]);
    });

    it.each([
      ['silent', 'EXECUTOR_NO_RESPONSE', 502],
      ['trap', 'EXECUTOR_TRAP', 502],
      ['spinner', 'EXECUTOR_DEADLINE', 504],
    ])('with a problem document when it is %s', async (name, code, status) => {
      const answer = await ask(served, `${name}/http/`, 'POST');
      expect([answer.code, answer.status]).toEqual([code, status]);
      expect(answer.headers['x-hotcell-attempts']).toBe('1');
      expect(lastCall()).toMatchObject({ outcome: code });
    });

    it.each([
      ['trap-late', 'EXECUTOR_TRAP'],
      ['half', 'EXECUTOR_RESPONSE_CUT'],
      ['late-spinner', 'EXECUTOR_DEADLINE'],
      ['endless', 'EXECUTOR_OUTPUT_TOO_LARGE'],
    ])('without an end when it is %s: the connection is cut', async (name, code) => {
      const { status, isWhole } = await ask(served, `${name}/http/`, 'POST');
      expect([status, isWhole]).toEqual([200, false]);
      await expect.poll(lastCall, { timeout: 10_000 }).toMatchObject({ outcome: code });
    });

    it('well for its client when it crashes after its response was whole', async () => {
      const { status, isWhole } = await ask(served, 'trap-after/http/', 'POST');
      expect([status, isWhole]).toEqual([200, true]);
      await expect.poll(lastCall).toMatchObject({ outcome: 'EXECUTOR_TRAP' });
    });
  });

  describe('whose client', () => {
    it('sends more than it may is told so, announced or not', async () => {
      const body = Buffer.alloc(MiB + 1);
      const announced = await ask(served, 'collector/http/', 'POST', body);
      expect([announced.status, announced.code]).toEqual([413, 'HTTP_BODY_TOO_LARGE']);
      const { outgoing, response } = open(served, 'collector/http/', 'POST', {
        'transfer-encoding': 'chunked',
      });
      outgoing.end(body);
      const streamed = await readAll(await response);
      expect([streamed.status, streamed.code]).toEqual([413, 'HTTP_BODY_TOO_LARGE']);
      expect((await ask(served, 'collector/http/', 'POST', body.subarray(1))).status).toBe(202);
    });

    it('stops sending is told before the deadline, and no cell is lost by it', async () => {
      const { crashes } = pool('reader').counters;
      const { outgoing, response } = open(served, 'reader/http/', 'POST', { 'transfer-encoding': 'chunked' });
      outgoing.write('and then nothing');
      const { status, code } = await readAll(await response);
      expect([status, code]).toEqual([408, 'HTTP_REQUEST_TIMEOUT']);
      expect(pool('reader').counters.crashes).toBe(crashes);
      outgoing.destroy();
    });

    it('makes it crash closes it to nobody else', async () => {
      const { crashes } = pool('brittle').counters;
      for (let i = 0; i < 4; i++) {
        const { outgoing, response } = open(served, 'brittle/http/', 'POST', {
          'transfer-encoding': 'chunked',
        });
        outgoing.write('and then nothing');
        expect((await readAll(await response)).code).toBe('HTTP_REQUEST_TIMEOUT');
        outgoing.destroy();
      }
      expect(pool('brittle')).toMatchObject({ breaker: 'closed', health: 'healthy', counters: { crashes } });
      expect((await ask(served, 'brittle/http/', 'POST', 'whole')).status).toBe(200);
    });
  });

  describe('is asked again', () => {
    it('when it crashed at a safe method before it had read or said anything', async () => {
      const { headers, code } = await ask(served, 'trap/http/', 'GET');
      expect([code, headers['x-hotcell-attempts']]).toEqual(['EXECUTOR_TRAP', '3']);
    });

    it('never once it has said something', async () => {
      expect((await ask(served, 'trap-late/http/', 'GET')).isWhole).toBe(false);
      await expect.poll(lastCall).toMatchObject({ usage: { attempts: 1 } });
    });

    it('never when its manifest says so', async () => {
      const component = await httpComponent('unreachable');
      await install('once', component, { operations: { handle: { idempotent: false } } });
      const { headers } = await ask(served, 'once/http/', 'GET');
      expect(headers['x-hotcell-attempts']).toBe('1');
    });
  });

  it('is called in no other way, and no other adapter in this', async () => {
    for (const path of ['/v1/adapters/deaf/handle', '/v1/tools/call']) {
      const { status, code } = await served.call(
        path,
        JSON.stringify({ tool: 'deaf.handle', args: { payload: '' } }),
        { 'content-type': 'application/json' },
      );
      expect([path, status]).toEqual([path, 404]);
      if (path.endsWith('handle')) expect(code).toBe('REGISTRY_OPERATION_NOT_FOUND');
    }
    expect((await ask(served, 'nobody/http/')).code).toBe('REGISTRY_NOT_FOUND');
  });
});
