import { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHeldBytes } from '../../host/http/held-bytes.ts';
import { builtAdapter } from '../built-adapters.ts';
import { type Served, serveHost } from '../host/served.ts';

const response = (): ServerResponse => new ServerResponse({ method: 'POST' } as never);
const refused = expect.objectContaining({ code: 'HTTP_BYTES_FULL', retryAfterS: 1 });

describe('bytes that the door holds', () => {
  it('are at most the limit over all tenants, and free again when the responses are closed', () => {
    const held = createHeldBytes(100);
    const replies = ['a', 'b', 'c'].map((tenant) => ({ tenant, outgoing: response() }));
    for (const { tenant, outgoing } of replies.slice(0, 2)) held.take(outgoing, tenant, 45);
    const last = replies[2] as (typeof replies)[number];
    expect(() => held.take(last.outgoing, 'c', 11)).toThrow(refused);
    held.take(last.outgoing, 'c', 10);
    expect(held.total).toBe(100);
    for (const { outgoing } of replies) outgoing.emit('close');
    expect(held.total).toBe(0);
    held.take(response(), 'c', 50);
  });

  it('of one tenant are at most half, and the others do not wait for it', () => {
    const held = createHeldBytes(100);
    const first = response();
    held.take(first, 'greedy', 30);
    expect(() => held.take(response(), 'greedy', 30)).toThrow(refused);
    held.take(response(), 'other', 50);
    first.emit('close');
    held.take(response(), 'greedy', 30);
  });

  it('may be more than the limit for a single body that is alone', () => {
    const held = createHeldBytes(100);
    const outgoing = response();
    for (let chunk = 0; chunk < 30; chunk++) held.take(outgoing, 'a', 10);
    expect(() => held.take(response(), 'b', 1)).toThrow(refused);
    outgoing.emit('close');
    expect(held.total).toBe(0);
  });

  it('count replies that nobody reads, and none that has no reader any more', () => {
    const held = createHeldBytes(100);
    held.add(response(), 90);
    expect(() => held.take(response(), 'a', 11)).toThrow(refused);
    const gone = response();
    gone.destroy();
    held.add(gone, 1_000);
    expect(held.total).toBe(90);
  });
});

describe('clients that never finish their bodies', () => {
  let served: Served | undefined;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await served?.close();
  });

  it('cannot make the host hold more than its limit, and cost other tenants nothing', async () => {
    const echo = await builtAdapter('echo');
    served = await serveHost();
    await served.host.install(echo.manifest, echo.component);
    const { port } = new URL(served.url);
    // 40 times just under 8 MiB: more than the 256 MiB of one tenant.
    const bytes = 8 * 1024 * 1024 - 1;
    const answers: string[] = [];
    const answered = Promise.withResolvers<void>();
    for (let client = 0; client < 40; client++) {
      const socket = connect(Number(port), '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (data) => {
        answers.push(data.toString());
        answered.resolve();
      });
      socket.write(
        `POST /v1/adapters/echo/echo HTTP/1.1\r\nHost: localhost\r\nX-Tenant-Id: greedy\r\nContent-Length: ${bytes + 1}\r\n\r\n`,
      );
      socket.write(Buffer.alloc(bytes));
    }
    await answered.promise;
    expect(answers[0]).toContain('HTTP/1.1 503');
    expect(answers[0]).toContain('HTTP_BYTES_FULL');
    expect(answers[0]).toContain('Retry-After: 1');
    const large = Buffer.alloc(1024 * 1024, 7);
    const other = await served.call('/v1/adapters/echo/echo', large, { 'x-tenant-id': 'other' });
    expect([other.status, other.bytes.equals(large)]).toEqual([200, true]);
  });
});
