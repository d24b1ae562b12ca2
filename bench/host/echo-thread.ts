/**
 * The peer of `host.invoke`: a thread that sends back what it gets, by `postMessage` alone. The least that a call into
 * another thread can cost.
 */

import { Worker } from 'node:worker_threads';

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
