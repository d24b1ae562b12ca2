/**
 * A server on loopback that answers as a test says, one script a request; and a client whose waits are noted and cost no time.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Client, type ClientOptions, createClient } from '../../host/client/client.ts';

export type Script = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export interface ScriptedHost {
  readonly url: string;
  readonly requests: {
    readonly headers: IncomingMessage['headers'];
    readonly url: string;
    readonly body: Buffer;
  }[];
  /** Waits between attempts, in ms. */
  readonly waits: number[];
  readonly client: Client;
  /** Lets the time of the attempt under way be over. */
  expire(): void;
  close(): Promise<void>;
}

export async function scriptHost(
  scripts: readonly Script[],
  options: ClientOptions = {},
): Promise<ScriptedHost> {
  const requests: ScriptedHost['requests'] = [];
  const waits: number[] = [];
  const limits = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const script = scripts[Math.min(requests.length, scripts.length - 1)] as Script;
    requests.push({ headers: request.headers, url: request.url ?? '', body });
    script(request, response, body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient(url, {
    random: () => 0.5,
    time: {
      now: () => 0,
      // The time of an attempt is 30 s and more; what is shorter is a wait between two, and over at once.
      after(ms, then) {
        if (ms < 30_000) {
          waits.push(ms);
          queueMicrotask(then);
          return () => {};
        }
        limits.add(then);
        return () => limits.delete(then);
      },
    },
    ...options,
  });
  return {
    url,
    requests,
    waits,
    client,
    expire() {
      for (const then of limits) then();
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

export const json =
  (value: unknown, status = 200, headers: Record<string, string> = {}): Script =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
  };

/** A problem document as a host writes it. `attempts`: times a guest was entered. */
export const problem = (
  code: string,
  status: number,
  attempts: number,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Script =>
  json({ code, detail: 'as scripted', retryable: true, instance: 'r-1', ...more }, status, {
    'X-Hotcell-Attempts': String(attempts),
    'X-Request-Id': 'r-1',
    ...headers,
  });

export const cut: Script = (request) => void request.socket.destroy();
export const silent: Script = () => {};
