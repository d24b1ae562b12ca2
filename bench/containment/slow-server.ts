/**
 * A server of its own process that answers each GET after a pause, for `waiting.ts`: `node slow-server.ts <pause in ms>` prints
 * its port. It ends with its standard input.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const BACKLOG = 2_048;

const pauseMs = Number(process.argv[2]);
const server = createServer((_request, response) => {
  setTimeout(() => response.end('well'), pauseMs);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', BACKLOG, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on('end', () => process.exit(0));
