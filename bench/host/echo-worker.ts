/** The thread behind the bare round trip: what comes is sent back, nothing else. */

import { parentPort } from 'node:worker_threads';

parentPort?.on('message', (message: unknown) => parentPort?.postMessage(message));
