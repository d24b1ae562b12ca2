/** The way out: how names are asked, and what happens to connections that were kept too long. */

import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { Address } from '../../host/capabilities/outbound.ts';
import { createFakeClock } from '../../host/clock.ts';
import { codeOf, httpGrant, serve, stage } from './stage.ts';

it('names are asked two at a time, and one that is being asked is not asked again', async () => {
  const asked: string[] = [];
  const answers: ((addresses: readonly Address[]) => void)[] = [];
  const clock = createFakeClock();
  await using host = stage({
    clock,
    resolve: (name) => {
      asked.push(name);
      return new Promise((answer) => answers.push(answer));
    },
  });
  const guest = host.guest({ http: httpGrant({ hosts: ['*'], privateRanges: [] }) });
  const sends = ['a', 'a', 'b', 'c', 'a', 'd'].map((name) =>
    codeOf(guest.send(`https://${name}.example.org/`)),
  );
  await clock.advance(0);
  expect(asked).toEqual(['a.example.org', 'b.example.org']);
  const privately = [{ address: '10.0.0.1', family: 4 }];
  answers[0]?.(privately);
  await clock.advance(0);
  expect(asked).toEqual(['a.example.org', 'b.example.org', 'c.example.org']);
  // An answer serves those who asked before it, nobody later.
  const again = codeOf(guest.send('https://a.example.org/'));
  answers[1]?.(privately);
  answers[2]?.(privately);
  await clock.advance(0);
  expect(asked.slice(3)).toEqual(['d.example.org', 'a.example.org']);
  answers[3]?.(privately);
  answers[4]?.(privately);
  expect(await Promise.all([...sends, again])).toEqual(Array(7).fill('denied'));
});

it('a name that is never resolved costs its guest no more than its timeout', async () => {
  const clock = createFakeClock();
  await using host = stage({ clock, resolve: () => new Promise(() => undefined) });
  const guest = host.guest({ http: httpGrant({ hosts: ['*'] }) });
  const sends = ['a', 'b', 'c'].map((name) => codeOf(guest.send(`https://${name}.org/`, { timeoutMs: 100 })));
  await clock.advance(100);
  expect(await Promise.all(sends)).toEqual(['timeout', 'timeout', 'timeout']);
  await using failing = stage({ resolve: () => Promise.reject(new Error('ENOTFOUND of the operator')) });
  const error = await failing
    .guest({ http: httpGrant({ hosts: ['*'] }) })
    .send('https://a.org/?query')
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'failed', message: 'the name of the host could not be resolved' });
});

it('a request that meets a connection closed meanwhile is sent again where nothing is done twice by it', async () => {
  await using host = stage();
  const sockets = new Set<Socket>();
  let isCutting = false;
  await using server = await serve((request, response) => {
    // As a server does that gave the connection up while the request was on its way.
    if (isCutting && sockets.has(request.socket)) request.socket.resetAndDestroy();
    else response.end('x');
    sockets.add(request.socket);
  });
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({ http: httpGrant({ hosts: [authority] }) });
  await guest.send(`http://${authority}/`);
  isCutting = true;
  expect((await guest.send(`http://${authority}/again`)).status).toBe(200);
  expect(server.seen).toEqual(['GET /', 'GET /again', 'GET /again']);
  const body = new Uint8Array([1]);
  expect(await codeOf(guest.send(`http://${authority}/once`, { method: 'POST', body }))).toBe('failed');
  expect(server.seen.slice(3)).toEqual(['POST /once']);
});
