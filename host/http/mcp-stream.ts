/**
 * The stream of events of a session: what the host has to say without being asked.
 *
 * Server-sent events (HTML Living Standard, section 9.2). Always: what waits for a slow client is bounded, because what is said is
 * that something changed, and saying it once is enough; nothing is kept for a client that is gone, so events have no id.
 */

import { baseHeaders } from './answer.ts';
import type { Door, Exchange } from './exchange.ts';
import { MCP_STREAM_BEAT_MS } from './limits.ts';

export interface EventStream {
  send(message: object): void;
  /** Ends the reply. Idempotent. */
  close(): void;
}

const EVENT_STREAM = 'text/event-stream';

/** Writes the head at once, so that the client knows that it is heard. `onClosed` is called once, whoever ends it. */
export function openEventStream(
  door: Pick<Door, 'clock' | 'isClosing'>,
  { outgoing, requestId }: Pick<Exchange, 'outgoing' | 'requestId'>,
  onClosed: () => void,
): EventStream {
  const waiting = new Set<string>();
  let isOver = false;
  const headers = baseHeaders(requestId, EVENT_STREAM, door.isClosing());
  outgoing.writeHead(200, [...headers, 'Cache-Control', 'no-store', 'X-Accel-Buffering', 'no']);
  outgoing.write(': hotcell\n\n');
  const flush = (): void => {
    for (const text of waiting) {
      if (isOver || outgoing.writableNeedDrain) return;
      waiting.delete(text);
      outgoing.write(`event: message\ndata: ${text}\n\n`);
    }
  };
  const beat = door.clock.every(MCP_STREAM_BEAT_MS, () => {
    if (!outgoing.writableNeedDrain) outgoing.write(': \n\n');
  });
  outgoing.on('drain', flush);
  outgoing.once('close', () => {
    isOver = true;
    beat.cancel();
    onClosed();
  });
  return {
    send(message) {
      waiting.add(JSON.stringify(message));
      flush();
    },
    close() {
      if (!isOver) outgoing.end();
    },
  };
}
