/** Clients of adapters that answer HTTP: sockets that send and read when the test wants them to. */

import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { InvokeEvent } from '../../host/channels.ts';
import { invokeChannel } from '../../host/channels.ts';
import type { Served } from './served.ts';

export interface Sent {
  readonly outgoing: ClientRequest;
  /** Rejects when the connection ends before a head came. */
  readonly response: Promise<IncomingMessage>;
}

/** Begins a request to an adapter. Without a body `outgoing.end()` has to be called. */
export function open(
  served: Served,
  path: string,
  method = 'POST',
  headers: Record<string, string> = {},
): Sent {
  const outgoing = request(`${served.url}/v1/adapters/${path}`, {
    method,
    headers,
    // A connection of its own, so that its end says nothing about others.
    agent: new Agent({ maxSockets: 1 }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.once('response', resolve);
  outgoing.on('error', reject);
  promise.catch(() => undefined);
  return { outgoing, response: promise };
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
  readonly bytes: Buffer;
  /** False when the connection ended before the response did. */
  readonly isWhole: boolean;
  /** Code of a problem document. */
  readonly code: string | undefined;
}

/** Reads a response to its end, or to the end of its connection. */
export async function readAll(response: IncomingMessage): Promise<Answered> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of response) pieces.push(piece);
  } catch {
    // Told by `complete`.
  }
  const bytes = Buffer.concat(pieces);
  const isProblem = response.headers['content-type'] === 'application/problem+json';
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    trailers: response.trailers,
    bytes,
    isWhole: response.complete,
    code: isProblem && response.complete && bytes.length > 0 ? JSON.parse(bytes.toString()).code : undefined,
  };
}

/** Sends a whole request and reads its response. */
export async function ask(
  served: Served,
  path: string,
  method = 'GET',
  body: Uint8Array | string = '',
  headers: Record<string, string> = {},
): Promise<Answered> {
  const { outgoing, response } = open(served, path, method, headers);
  outgoing.end(body);
  return readAll(await response);
}

/** Collects how calls ended, from now on. */
export function watchCalls(): { readonly events: InvokeEvent[]; stop(): void } {
  const events: InvokeEvent[] = [];
  const listen = (event: unknown): void => void events.push(event as InvokeEvent);
  invokeChannel.subscribe(listen);
  return { events, stop: () => void invokeChannel.unsubscribe(listen) };
}
