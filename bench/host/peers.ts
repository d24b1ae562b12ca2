/**
 * The least that could do the same work without a sandbox: a thread that sends back what it gets, and a Fastify route
 * that does. They are what the host is compared with, so they must not be slowed by anything they do not need.
 */

import { Worker } from 'node:worker_threads';
import { fastify } from 'fastify';

export interface EchoThread {
  /** One message there, one back. One at a time. */
  roundTrip(payload: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Resolves when the thread answers. */
export async function startEchoThread(): Promise<EchoThread> {
  const worker = new Worker(new URL('./echo-worker.ts', import.meta.url));
  let settle: ((answer: Uint8Array) => void) | undefined;
  worker.on('message', (answer: Uint8Array) => settle?.(answer));
  const thread: EchoThread = {
    roundTrip: (payload) =>
      new Promise((resolve) => {
        settle = resolve;
        worker.postMessage(payload);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
  await thread.roundTrip(new Uint8Array(1));
  return thread;
}

export interface EchoServer {
  readonly url: string;
  close(): Promise<void>;
}

/** `POST /echo` on a loopback port of its own; no logging, no validation, no headers beyond Fastify's. */
export async function startBareFastify(): Promise<EchoServer> {
  const app = fastify();
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/echo', (request, reply) => {
    reply.type('application/octet-stream').send(request.body);
  });
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url: `${origin}/echo`, close: () => app.close() };
}
