/** Outbound HTTP over TLS: the name that was asked for is the name that is proved, wherever its address points. */

import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { makeCertificate } from './certificate.ts';
import { codeOf, httpGrant, stage, textOf } from './stage.ts';

it('a server is believed by its certificate, for the name or the address in the URL', async (context) => {
  const made = makeCertificate();
  if (made === undefined) {
    context.skip('NOT TESTED: there is no openssl to make a certificate with');
    return;
  }
  const names: (string | false | undefined)[] = [];
  const server = createServer(made, (request, response) => {
    names.push((request.socket as unknown as { servername?: string | false }).servername);
    response.end(`${request.headers.host}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const http = httpGrant({ hosts: [`*:${port}`, `127.0.0.1:${port}`], plain: false });
    await using host = stage({ resolve, ca: made.cert });
    const guest = host.guest({ http });
    expect(textOf((await guest.send(`https://api.example.org:${port}/`)).body)).toBe(
      `api.example.org:${port}`,
    );
    expect(textOf((await guest.send(`https://127.0.0.1:${port}/`)).body)).toBe(`127.0.0.1:${port}`);
    expect(names).toEqual(['api.example.org', false]);
    await expect(guest.send(`https://other.example.org:${port}/`)).rejects.toMatchObject({
      code: 'failed',
      message: 'the connection failed: ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(await codeOf(guest.send(`http://api.example.org:${port}/`))).toBe('denied');
    await using doubting = stage({ resolve });
    expect(await codeOf(doubting.guest({ http }).send(`https://api.example.org:${port}/`))).toBe('failed');
    expect(names).toHaveLength(2);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
