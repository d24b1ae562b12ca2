/**
 * Ends the connections of a server that stops: at once those nobody uses, the others after their reply.
 *
 * Node's own close waits for connections on which no request was ever begun (browsers and pools open such in advance)
 * and for those that fall idle after it looked; both would hold a drain until their timeouts. A call under way is never
 * cut before the drain limit.
 */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { DRAIN_MAX_MS, DRAIN_SWEEP_MS } from './limits.ts';

export interface Drain {
  /** Starts ending connections. Returns what stops the timers, to be called when the server has closed. */
  begin(): () => void;
}

export function createDrain(server: Server, clock: Clock): Drain {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    begin() {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      const sweep = clock.every(DRAIN_SWEEP_MS, () => server.closeIdleConnections());
      const cut = clock.after(DRAIN_MAX_MS, () => server.closeAllConnections());
      return () => {
        sweep.cancel();
        cut.cancel();
      };
    },
  };
}
