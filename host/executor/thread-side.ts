/**
 * The executor's side of the link to a worker thread: what the host gave to it when it started.
 */

import {
  isMainThread,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import type { ExecutorLink } from './link.ts';
import type { ThreadStart } from './protocol.ts';
import { Ring } from './ring.ts';

/** Throws Error — on the main thread. */
export function openThreadSide(): ExecutorLink {
  if (isMainThread || !parentPort)
    throw new Error('an executor runs in a thread or a process of its own only');
  const port = parentPort;
  const start = workerData as ThreadStart;
  const bulk = start.bulk as MessagePort;
  return {
    requests: new Ring(start.requests),
    answers: new Ring(start.answers),
    bulk: {
      receive() {
        const received = receiveMessageOnPort(bulk);
        if (!received) throw new Error('a frame announced bytes that did not come');
        return received.message;
      },
      post: (buffer) => bulk.postMessage(buffer, [buffer]),
    },
    wakeHost: () => port.postMessage(0),
    onWake: (listener) => void port.on('message', listener),
  };
}
