/**
 * A stream as the reply to a stream, with backpressure. The head waits for the first piece, so that what fails before it is a
 * problem document. What fails later cuts the connection: a reply that ended cleanly was whole.
 */

import { HostError, toHostError } from '../errors.ts';
import { baseHeaders, drained } from './answer.ts';
import { type Door, type Exchange, reportRefusal } from './exchange.ts';
import { requireIdentityEncoding } from './headers.ts';

/** Throws HTTP_MALFORMED, HTTP_UNSUPPORTED_TYPE — a reply of this request could not be a stream. */
export function requireStreaming({ headers, incoming }: Exchange): void {
  // Before HTTP/1.1 a reply of unknown length ends with its connection: a cut could not be told from an end.
  if (incoming.httpVersionMajor === 1 && incoming.httpVersionMinor === 0) {
    throw new HostError('HTTP_MALFORMED', 'this route needs HTTP/1.1');
  }
  requireIdentityEncoding(headers);
  if (headers['idempotency-key'] !== undefined) {
    throw new HostError('HTTP_MALFORMED', 'a stream is not kept: this route takes no Idempotency-Key');
  }
}

/** Writes the stream as the reply. A client that is gone ends it; that is no error. Throws what fails before the first piece. */
export async function sendStream(
  door: Door,
  exchange: Exchange,
  stream: AsyncIterable<Uint8Array>,
  contentType: string,
): Promise<void> {
  const { outgoing, requestId } = exchange;
  const writeHead = (): void => {
    outgoing.writeHead(200, baseHeaders(requestId, contentType, door.isClosing()));
  };
  try {
    for await (const bytes of stream) {
      if (outgoing.destroyed) return;
      if (!outgoing.headersSent) writeHead();
      if (!outgoing.write(bytes)) await drained(outgoing, door.clock);
    }
  } catch (thrown) {
    if (!outgoing.headersSent) throw thrown;
    reportRefusal(exchange, requestId, toHostError(thrown));
    outgoing.destroy();
    return;
  }
  if (!outgoing.headersSent) writeHead();
  outgoing.end();
}
