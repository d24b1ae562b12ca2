/**
 * Ends the connections of a server that stops: at once those nobody uses, the others after their reply.
 *
 * Node closes idle connections once, when it is told to close. One that falls idle afterwards without having announced
 * it (a streamed reply whose head was sent before) would hold the drain until its keep-alive ends; one whose request
 * never finishes, for ever, because Node's own timeouts stop with the server. Both end here. A call under way is never
 * cut before the drain limit.
 */

import type { Server } from 'node:http';
import type { Clock } from '../clock.ts';
import { DRAIN_REPLY_MS, DRAIN_SWEEP_MS } from './limits.ts';

/** Starts ending connections. Returns what stops it, to be called when the server has closed. */
export function beginDrain(server: Server, clock: Clock, drainTimeoutMs: number): () => void {
  const sweep = clock.every(DRAIN_SWEEP_MS, () => server.closeIdleConnections());
  const cut = clock.after(drainTimeoutMs + DRAIN_REPLY_MS, () => server.closeAllConnections());
  return () => {
    sweep.cancel();
    cut.cancel();
  };
}
