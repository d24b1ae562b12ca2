/**
 * The host's side of the link to a worker thread, and the thread: rings in shared memory, a port beside them, and
 * messages for bells. What was committed to a ring survives the thread.
 */

import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { type HostLink, type HostLinkOptions, type Image, operationsOf } from './link.ts';
import { THREAD_HEAP_MAX_MIB, type ThreadStart } from './protocol.ts';
import { Ring } from './ring.ts';

const THREAD_URL = new URL('./thread.ts', import.meta.url);

/** A buffer of its own with a copy of the payload. What is behind it was never written, and nobody but the thread gets it. */
function carrierOf(payload: Uint8Array, roomBytes: number): ArrayBuffer {
  const carrier = Buffer.allocUnsafeSlow(roomBytes);
  carrier.set(payload);
  return carrier.buffer;
}

/** Starts a thread. Throws Error — the system has none to give. */
export function startThread(options: HostLinkOptions): HostLink {
  const requests = new Ring();
  const answers = new Ring();
  // The marks begin where the numbers do, or the first requests would look like taken ones.
  requests.take(options.lastSequence);
  requests.begin(options.lastSequence, 0);
  const channel = new MessageChannel();
  const port = channel.port1;
  const start: ThreadStart = { requests: requests.shared, answers: answers.shared, bulk: channel.port2 };
  const worker = new Worker(options.threadUrl ?? THREAD_URL, {
    name: `executor-${options.id}`,
    workerData: start,
    transferList: [channel.port2],
    resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MAX_MIB },
    // A guest has no way to these; an empty environment keeps a bug from becoming a leak.
    env: {},
    argv: [],
  });
  port.unref();
  worker.on('message', options.onWake);
  worker.on('error', options.onError);
  worker.once('exit', options.onExit);
  return {
    requests,
    answers,
    bulk: {
      receive() {
        const received = receiveMessageOnPort(port);
        if (!received) throw new Error('an answer announced bytes that did not come');
        return received.message;
      },
      postMessage: (message) => port.postMessage(message),
      postPayload(payload, roomBytes) {
        const carrier = carrierOf(payload, roomBytes);
        port.postMessage(carrier, [carrier]);
      },
    },
    wake: () => worker.postMessage(0),
    imageMessage: (image): Image => {
      const { modules, plan, lent = [], grants } = image;
      return { modules, plan, lent, grants, operations: operationsOf(image) };
    },
    kill: () => void worker.terminate(),
    close: () => port.close(),
  };
}
