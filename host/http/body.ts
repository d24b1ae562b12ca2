/**
 * Reads a request body up to a limit. Never holds more than the limit plus one chunk of the socket.
 *
 * Nearly every body arrives in one chunk: it is handed on as it is, without a copy. The bytes belong to the caller
 * afterwards. Nothing is decoded here, and a refused body is not read further: see `linger` in `answer.ts`.
 */

import { HostError } from '../errors.ts';
import type { Door, Exchange } from './exchange.ts';
import { HELD_FREE_BYTES } from './limits.ts';

const EMPTY = new Uint8Array(0);

function tooLarge(maxBytes: number): HostError {
  return new HostError('HTTP_BODY_TOO_LARGE', `the body may have at most ${maxBytes} bytes`);
}

/**
 * The whole body of the exchange, at most `maxBytes` long. Must be called before anything else reads the stream. Bytes
 * beyond `HELD_FREE_BYTES` count as held for the tenant until the response is closed.
 *
 * Throws HTTP_BODY_TOO_LARGE — the announced length or the bytes read pass `maxBytes`; HTTP_BYTES_FULL — see
 * `held-bytes.ts`; HTTP_MALFORMED — the connection ended before the body did.
 */
export function readBody(
  { held }: Pick<Door, 'held'>,
  { incoming, outgoing }: Pick<Exchange, 'incoming' | 'outgoing'>,
  tenant: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const announced = incoming.headers['content-length'];
  // The parser has already refused lengths that are not plain decimal numbers.
  const expectedBytes = announced === undefined ? -1 : Number(announced);
  if (expectedBytes > maxBytes) return Promise.reject(tooLarge(maxBytes));
  if (expectedBytes === 0 || (expectedBytes < 0 && incoming.headers['transfer-encoding'] === undefined)) {
    return Promise.resolve(EMPTY);
  }
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] | undefined;
    let readBytes = 0;
    // A flag instead of removing the listeners: they die with the request, and removing them costs more than they do.
    let isDone = false;
    incoming.on('data', (chunk: Buffer) => {
      if (isDone) return;
      // One chunk that is the whole body: done before `end`, which comes a turn later.
      if (chunk.byteLength === expectedBytes) {
        isDone = true;
        resolve(chunk);
        return;
      }
      const beforeBytes = Math.max(readBytes, HELD_FREE_BYTES);
      readBytes += chunk.byteLength;
      if (readBytes > maxBytes) {
        isDone = true;
        chunks = undefined;
        reject(tooLarge(maxBytes));
        return;
      }
      if (chunks === undefined) chunks = [chunk];
      else chunks.push(chunk);
      if (readBytes <= HELD_FREE_BYTES) return;
      try {
        held.take(outgoing, tenant, readBytes - beforeBytes);
      } catch (error) {
        isDone = true;
        chunks = undefined;
        reject(error);
      }
    });
    incoming.on('end', () => {
      if (isDone) return;
      isDone = true;
      if (chunks === undefined) resolve(EMPTY);
      else resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, readBytes));
    });
    // Also what happens on an error: without a listener for errors Node only closes the stream.
    incoming.on('close', () => {
      if (isDone) return;
      isDone = true;
      reject(new HostError('HTTP_MALFORMED', 'the connection ended before the body did'));
    });
  });
}
