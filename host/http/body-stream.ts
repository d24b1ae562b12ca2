/**
 * A request body as a source that is read piece by piece: nothing is read from the socket before it is asked for.
 *
 * Node's own iterator is not used: ending it early would destroy the request, and with it the reply that says why.
 */

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';

export interface BodyStream extends AsyncIterable<Uint8Array> {
  /** Nobody reads any more: what still comes is thrown away. A pending read ends. Idempotent. */
  discard(): void;
}

export interface BodyStreamLimits {
  readonly maxBytes: number;
  /** How long a read waits for the next byte. Time in which nobody reads does not count. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/**
 * At most `maxBytes` of the body, however long they take. Can be read once.
 *
 * Throws HTTP_BODY_TOO_LARGE — the announced length passes `maxBytes`; while reading, the bytes do. Reading throws
 * HTTP_MALFORMED — the connection ended before the body did; HTTP_REQUEST_TIMEOUT — no byte came for `idleMs`.
 */
export function streamBody(
  incoming: IncomingMessage,
  { maxBytes, idleMs, clock }: BodyStreamLimits,
): BodyStream {
  const tooLarge = (): HostError =>
    new HostError('HTTP_BODY_TOO_LARGE', `the body may have at most ${maxBytes} bytes`);
  // The parser has already refused lengths that are not plain decimal numbers.
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  let isDiscarded = false;
  let wake: (() => void) | undefined;

  /** Gives false when nothing has happened for too long. */
  const change = (): Promise<boolean> =>
    new Promise((resolve) => {
      const done = (): void => end(true);
      const end = (hasChanged: boolean): void => {
        idle.cancel();
        for (const event of ['readable', 'end', 'close']) incoming.off(event, done);
        wake = undefined;
        resolve(hasChanged);
      };
      const idle = clock.after(idleMs, () => end(false));
      wake = done;
      for (const event of ['readable', 'end', 'close']) incoming.on(event, done);
    });

  async function* read(): AsyncGenerator<Uint8Array> {
    let readBytes = 0;
    while (!isDiscarded) {
      const chunk: Buffer | null = incoming.read();
      if (chunk !== null) {
        readBytes += chunk.byteLength;
        if (readBytes > maxBytes) throw tooLarge();
        yield chunk;
      } else if (incoming.readableEnded) return;
      else if (incoming.destroyed) {
        throw new HostError('HTTP_MALFORMED', 'the connection ended before the body did');
      } else if (!(await change())) {
        throw new HostError('HTTP_REQUEST_TIMEOUT', `no byte of the body came for ${idleMs} ms`);
      }
    }
  }

  return {
    [Symbol.asyncIterator]: read,
    discard() {
      if (isDiscarded) return;
      isDiscarded = true;
      wake?.();
      incoming.resume();
    },
  };
}
