import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GuestLogEvent, guestLogChannel, type InvokeEvent, invokeChannel } from '../../host/channels.ts';
import { HostError } from '../../host/errors.ts';
import { LOG_STREAM_BEAT_MS, LOG_STREAMS_MAX } from '../../host/http/limits.ts';
import { type Bench, createBench, usage } from './fake-host.ts';

let bench: Bench;
let url: string;
beforeEach(async () => {
  bench = await createBench();
  await bench.app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(bench.app.server.address() as AddressInfo).port}/v1/adapters/echo/log`;
});
afterEach(() => bench.close());

/** A client that follows the log, once the host has heard it. */
async function follow() {
  const leaving = new AbortController();
  const answer = await fetch(url, { signal: leaving.signal });
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let rest = '';
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    leave: () => leaving.abort(),
    /** What comes next: a line, empty ones too, or undefined at the end. */
    async line(): Promise<string | undefined> {
      while (!rest.includes('\n')) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        rest += decoder.decode(value, { stream: true });
      }
      const end = rest.indexOf('\n');
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      return line;
    },
  };
}

function guestWrites(message: string, adapter = 'echo'): void {
  const event: GuestLogEvent = { adapter, tenant: 'acme', requestId: 'r-1', level: 'info', message };
  guestLogChannel.publish(event);
}

function callEnds(adapter = 'echo'): void {
  const receipt = {
    requestId: 'r-2',
    adapter,
    version: '1.0.0',
    operation: 'say',
    tenant: 'acme',
    outcome: 'ok' as const,
    usage: usage(),
  };
  const event: InvokeEvent = { receipt, error: undefined, traceparent: undefined };
  invokeChannel.publish(event);
}

describe('the log of an adapter', () => {
  it('has what its guests write and how its calls end, and nothing of other adapters', async () => {
    const client = await follow();
    expect([client.status, client.type, await client.line()]).toEqual([200, 'application/x-ndjson', '']);
    guestWrites('of another', 'other');
    callEnds('other');
    guestWrites('two\nlines');
    callEnds();
    expect(JSON.parse((await client.line()) ?? '')).toEqual({
      kind: 'log',
      level: 'info',
      message: 'two\nlines',
      tenant: 'acme',
      requestId: 'r-1',
    });
    expect(JSON.parse((await client.line()) ?? '')).toEqual({
      kind: 'call',
      operation: 'say',
      outcome: 'ok',
      runMs: 1.25,
      tenant: 'acme',
      requestId: 'r-2',
    });
    client.leave();
  });

  it('is for administrators, of adapters that are there, and no answer to HEAD', async () => {
    const codeOf = async (path: string, method = 'GET') => {
      const answer = await fetch(path, { method });
      return method === 'HEAD' ? answer.status : ((await answer.json()) as { code: string }).code;
    };
    expect(await codeOf(url.replace('echo', 'nope'))).toBe('REGISTRY_NOT_FOUND');
    expect(await codeOf(url, 'HEAD')).toBe(405);
    bench.fake.requireAdmin = () => {
      throw new HostError('POLICY_FORBIDDEN', 'no');
    };
    expect(await codeOf(url)).toBe('POLICY_FORBIDDEN');
  });

  it('is followed by so many clients and no more; one that leaves makes room, and nobody listens for it', async () => {
    const clients = await Promise.all(Array.from({ length: LOG_STREAMS_MAX }, follow));
    expect((await fetch(url)).status).toBe(503);
    for (const client of clients) client.leave();
    await expect.poll(() => guestLogChannel.hasSubscribers).toBe(false);
    const next = await follow();
    expect(next.status).toBe(200);
    next.leave();
  });

  it('waits for no client: one that does not read loses lines, and is told how many', async () => {
    const client = await follow();
    const text = 'x'.repeat(1 << 20);
    for (let sent = 0; sent < 64; sent++) guestWrites(text);
    expect(await client.line()).toBe('');
    let seen = 0;
    for (;;) {
      const line = JSON.parse((await client.line()) ?? '');
      if (line.kind === 'lost') {
        expect(line.count).toBeGreaterThan(0);
        expect(seen + line.count).toBe(64);
        break;
      }
      seen++;
    }
    client.leave();
  });

  it('has an empty line when nothing happens, and ends when the host drains', async () => {
    const client = await follow();
    expect(await client.line()).toBe('');
    bench.clock.advance(LOG_STREAM_BEAT_MS);
    expect(await client.line()).toBe('');
    await bench.close();
    expect(await client.line()).toBeUndefined();
  });
});
