/**
 * GET /v1/adapters/{name}/log: what the guests of an adapter write, and how each call of it ended, for as long as the client
 * listens. `hotcell adapter dev --to` shows it.
 *
 * For administrators, because it has the lines of all tenants. Lines of JSON; nothing is kept for who comes later. A client that
 * reads slower than guests write loses lines and is told how many: neither calls nor the host's memory wait for it.
 */

import { type GuestLogEvent, guestLogChannel, type InvokeEvent, invokeChannel } from '../channels.ts';
import { HostError } from '../errors.ts';
import { baseHeaders } from './answer.ts';
import type { Answerer, Door } from './exchange.ts';
import { credentialsOf } from './headers.ts';
import { LOG_STREAM_BEAT_MS, LOG_STREAMS_MAX } from './limits.ts';

export interface LogAnswerer {
  readonly follow: Answerer;
  /** Ends them all, for a drain, which would wait for them. */
  endStreams(): void;
}

export function createLogAnswerer(door: Door): LogAnswerer {
  const { host, clock } = door;
  const open = new Set<() => void>();

  return {
    follow({ headers, params, incoming, outgoing, requestId }) {
      // Routes for GET take HEAD too, and its reply would have no end.
      if (incoming.method !== 'GET') throw new HostError('HTTP_METHOD_NOT_ALLOWED', 'this path takes GET');
      host.requireAdmin(host.identify(credentialsOf(headers)));
      const { name } = host.adapter(params.name ?? '');
      if (door.isClosing()) throw new HostError('HTTP_DRAINING', 'the host is draining', { retryAfterS: 1 });
      if (open.size >= LOG_STREAMS_MAX) {
        const detail = `${LOG_STREAMS_MAX} clients follow a log, the most at a time`;
        throw new HostError('HTTP_SESSIONS_FULL', detail, { retryAfterS: 1 });
      }
      let lostCount = 0;
      const write = (line: object): void => {
        if (outgoing.writableNeedDrain) lostCount++;
        else outgoing.write(`${JSON.stringify(line)}\n`);
      };
      const onLine = (message: unknown): void => {
        const { adapter, tenant, requestId: call, level, message: text } = message as GuestLogEvent;
        if (adapter === name) write({ kind: 'log', level, message: text, tenant, requestId: call });
      };
      const onCall = (message: unknown): void => {
        const {
          adapter,
          operation,
          outcome,
          usage,
          tenant,
          requestId: call,
        } = (message as InvokeEvent).receipt;
        if (adapter !== name) return;
        write({ kind: 'call', operation, outcome, runMs: usage.runMs, tenant, requestId: call });
      };
      const end = (): void => void outgoing.end();
      outgoing.on('drain', () => {
        if (lostCount === 0) return;
        const count = lostCount;
        lostCount = 0;
        write({ kind: 'lost', count });
      });
      const beat = clock.every(LOG_STREAM_BEAT_MS, () => {
        if (!outgoing.writableNeedDrain) outgoing.write('\n');
      });
      outgoing.once('close', () => {
        guestLogChannel.unsubscribe(onLine);
        invokeChannel.unsubscribe(onCall);
        beat.cancel();
        open.delete(end);
      });
      open.add(end);
      guestLogChannel.subscribe(onLine);
      invokeChannel.subscribe(onCall);
      // The head at once, so that the client knows that it is heard.
      const head = baseHeaders(requestId, 'application/x-ndjson', false);
      outgoing.writeHead(200, [...head, 'Cache-Control', 'no-store', 'X-Accel-Buffering', 'no']);
      outgoing.write('\n');
      return 'streamed';
    },

    endStreams() {
      for (const end of open) end();
    },
  };
}
