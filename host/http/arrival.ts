/**
 * How long a request's body may take to arrive, from its headers on: Node has one such limit for all requests of a
 * server, and a stream of hours is as good a request as any.
 *
 * So Node's is switched off, and every body is watched here until it is complete or its route says that it limits the
 * arrival by itself. Only the last request of each connection is kept: the ones before it have arrived. Looked at now
 * and then: a limit is exact to `checkMs`. Headers remain Node's to limit.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

export interface Arrivals {
  /** Watches all requests of the server. `onLate` ends the connection. */
  watch(
    server: Server,
    onLate: (late: { readonly socket: Socket; readonly hasReply: boolean }) => void,
  ): void;
  /** The route limits the arrival of this body itself from now on. */
  release(incoming: IncomingMessage): void;
  close(): void;
}

interface Arrival {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly deadlineMs: number;
}

export function createArrivals(options: {
  readonly clock: Clock;
  /** From the headers to the last byte. */
  readonly totalMs: number;
  readonly checkMs: number;
}): Arrivals {
  const { clock, totalMs, checkMs } = options;
  const arrivals = new Map<Socket, Arrival>();
  let stop = (): void => {};

  const hasBody = ({ headers }: IncomingMessage): boolean =>
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

  return {
    watch(server, onLate) {
      server.on('connection', (socket: Socket) => {
        socket.once('close', () => arrivals.delete(socket));
      });
      // Before the route, which may release it.
      server.prependListener('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
        if (!hasBody(incoming) || incoming.socket.destroyed) return;
        arrivals.set(incoming.socket, { incoming, outgoing, deadlineMs: clock.now() + totalMs });
      });
      const sweep = clock.every(checkMs, () => {
        for (const [socket, { incoming, outgoing, deadlineMs }] of arrivals) {
          if (incoming.complete) arrivals.delete(socket);
          else if (clock.now() >= deadlineMs) {
            arrivals.delete(socket);
            onLate({ socket, hasReply: outgoing.headersSent });
          }
        }
      });
      stop = () => sweep.cancel();
    },
    release(incoming) {
      if (arrivals.get(incoming.socket)?.incoming === incoming) arrivals.delete(incoming.socket);
    },
    close() {
      stop();
      arrivals.clear();
    },
  };
}
