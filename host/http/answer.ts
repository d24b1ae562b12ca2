/**
 * An answer as plain data, and the one place that writes answers to a socket.
 *
 * Every route but the documentation pages makes an `Answer`; `writeAnswer` adds the headers all of them share. It
 * writes to Node's response directly: Fastify's reply would copy the headers twice and run hooks no route has.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Usage } from '../types.ts';
import { LINGER_MS, REPLY_STALL_FREE_BYTES, REPLY_STALL_MS } from './limits.ts';

/** Up to here one piece for head and body cost 0.85–0.99 of what two did, of all that node:http does for a request; above it nothing was gained. */
const JOINED_MAX_BYTES = 4_096;

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** What the call cost; undefined where no call was asked for. */
  readonly usage: Usage | undefined;
  /** Version of the adapter that was asked; undefined when it is not known. */
  readonly version: string | undefined;
  /** Flat name, value, name, value… of what only this answer has; undefined for nothing. */
  readonly extraHeaders: readonly string[] | undefined;
  /** May be kept and given again under the same idempotency key. */
  readonly keepable: boolean;
}

/** Usage of a call that was refused before a cell was asked for. */
export const NO_USAGE: Usage = {
  queueMs: 0,
  runMs: 0,
  attempts: 0,
  inputBytes: 0,
  outputBytes: 0,
  fuel: undefined,
};

/**
 * What Helmet would set on an API reply, as constants: running it costs a dozen header writes a call, and most of them
 * speak to pages. A reply may be whatever an untrusted adapter returned, so a browser must neither guess its type, nor
 * run it (`sandbox` also strips its origin), nor embed it, nor hand it to another site. Strict-Transport-Security is
 * not here: over plain HTTP browsers ignore it, and who terminates TLS sets it there.
 */
export const SECURITY_HEADERS = [
  'X-Content-Type-Options',
  'nosniff',
  'X-Frame-Options',
  'DENY',
  'Referrer-Policy',
  'no-referrer',
  'Content-Security-Policy',
  "default-src 'none'; frame-ancestors 'none'; sandbox",
  'Cross-Origin-Resource-Policy',
  'same-origin',
] as const;

/** An answer with a JSON body that is not the result of a call. */
export function jsonAnswer(status: number, value: unknown, contentType = 'application/json'): Answer {
  return {
    status,
    contentType,
    body: Buffer.from(JSON.stringify(value)),
    usage: undefined,
    version: undefined,
    extraHeaders: undefined,
    keepable: false,
  };
}

/** `queue;dur=0.031, run;dur=0.012`: milliseconds, as Server-Timing wants them. */
function serverTiming(usage: Usage): string {
  return `queue;dur=${usage.queueMs.toFixed(3)}, run;dur=${usage.runMs.toFixed(3)}`;
}

/** The headers every answer has, flat, for `ServerResponse.writeHead`. */
export function baseHeaders(requestId: string, contentType: string, closing: boolean): string[] {
  const headers = ['X-Request-Id', requestId, 'Content-Type', contentType, ...SECURITY_HEADERS];
  if (closing) headers.push('Connection', 'close');
  return headers;
}

/** Writes the answer and ends the response. A client that is gone is not an error. */
export function writeAnswer(
  outgoing: ServerResponse,
  requestId: string,
  answer: Answer,
  options: { readonly closing: boolean; readonly replayed: boolean },
): void {
  const { status, body, usage, version, extraHeaders } = answer;
  const headers = baseHeaders(requestId, answer.contentType, options.closing);
  if (status !== 204) headers.push('Content-Length', String(body.byteLength));
  if (usage !== undefined) {
    headers.push('Server-Timing', serverTiming(usage), 'X-Hotcell-Attempts', String(usage.attempts));
    if (usage.fuel !== undefined) headers.push('X-Hotcell-Fuel', String(usage.fuel));
  }
  if (version !== undefined && version !== '') headers.push('X-Hotcell-Adapter-Version', version);
  if (options.replayed) headers.push('Idempotency-Replayed', 'true');
  if (extraHeaders !== undefined) headers.push(...extraHeaders);
  // Past the send buffer a client that stops reading would hold the bytes for ever. Node resets this timer when the
  // response is finished.
  // A request that was put in without a connection has no timer either.
  if (body.byteLength > REPLY_STALL_FREE_BYTES) outgoing.socket?.setTimeout?.(REPLY_STALL_MS);
  outgoing.writeHead(status, headers);
  // As text a small body goes out in one piece with its head.
  if (body.byteLength <= JOINED_MAX_BYTES) outgoing.end(latin1Of(body), 'latin1');
  else outgoing.end(body);
}

/** One character a byte: what HTTP heads are written as, so head and body become one string. */
function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Connections whose request was answered before all of it had arrived. */
const lingering = new WeakSet<Socket>();

/** True while a client still sends a request that was answered: hanging up then is nothing to answer or to count. */
export function isLingering(socket: Socket): boolean {
  return lingering.has(socket);
}

/**
 * Bounds what a refused client may still send. Node reads on and throws it away once the response has ended, without a
 * limit: closing at once would reset the connection, and the client would lose the answer that says why.
 */
export function linger(incoming: IncomingMessage, clock: Clock): void {
  if (incoming.complete || incoming.readableEnded || incoming.destroyed) return;
  // Destroying a message that has not fully arrived ends its connection.
  const { socket } = incoming;
  const cut = clock.after(LINGER_MS, () => incoming.destroy());
  lingering.add(socket);
  incoming.once('close', () => {
    lingering.delete(socket);
    cut.cancel();
  });
}

/** Waits until the client has taken what was written; one that takes nothing for too long loses its connection. */
export function drained(outgoing: ServerResponse, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stalled.cancel();
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    const stalled = clock.after(REPLY_STALL_MS, () => outgoing.destroy());
    outgoing.on('drain', done);
    outgoing.on('close', done);
    if (outgoing.destroyed || !outgoing.writableNeedDrain) done();
  });
}
