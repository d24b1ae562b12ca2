/**
 * The far side of a ring, in a thread: reads a known sequence of frames and reports what it saw, or writes one. Sleeps
 * exactly as an executor does: woken by messages only, so that a lost wake-up is a test that never ends.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { ProcessRing } from '../../host/executor/process-ring.ts';
import { Ring } from '../../host/executor/ring.ts';
import { checkFrame, fillFrame, frameBytes, type RingTask } from './ring-frames.ts';

if (!parentPort) throw new Error('runs in a worker only');
const port = parentPort;
const task = workerData as RingTask;
const ring =
  typeof task.shared === 'number'
    ? new ProcessRing({
        fd: task.shared,
        fileOffset: 0,
        role: task.role,
        eager: true,
        onBroken(cause) {
          throw cause;
        },
      })
    : new Ring(task.shared);

function read(): void {
  let frame = 0;
  const drain = (): void => {
    for (;;) {
      const offset = ring.next();
      if (offset < 0) {
        if (ring.sleep()) return;
        continue;
      }
      const problem = checkFrame(ring, offset, frame, task.seed);
      if (problem) {
        port.postMessage({ frames: frame, problem });
        port.close();
        return;
      }
      ring.release(offset);
      if (++frame === task.frames) {
        port.postMessage({ frames: frame });
        port.close();
        return;
      }
    }
  };
  port.on('message', drain);
  drain();
}

function write(): void {
  for (let frame = 0; frame < task.frames; frame++) {
    let offset = ring.reserve(frameBytes(frame, task.seed));
    while (offset < 0) {
      if (ring.wakeNeeded()) port.postMessage(0);
      ring.waitForRoom();
      offset = ring.reserve(frameBytes(frame, task.seed));
    }
    fillFrame(ring, offset, frame, task.seed);
    ring.commit();
    if (ring.wakeNeeded()) port.postMessage(0);
  }
}

if (task.role === 'reader') read();
else write();
