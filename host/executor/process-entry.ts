/**
 * Begins an executor in a child process: opens its side of the link, then loads what a thread would run.
 *
 * Started by `process-link.ts` with no environment and Node's permission model: it may read the sources of the host and
 * nothing else. File 3 holds the rings, 4 and 5 the bytes beside them; a byte on standard input or output is a
 * bell. It ends when its host does.
 */

import { writeSync } from 'node:fs';
import { alignClock } from '../clock.ts';
import { type ExecutorLink, provideLink } from './link.ts';
import { createBulkReader, createBulkWriter } from './process-bulk.ts';
import { ProcessRing, RING_FILE_BYTES } from './process-ring.ts';
import { BELL, type ImageCode, RINGS_FD, TO_EXECUTOR_FD, TO_HOST_FD } from './process-start.ts';

/** A link that is broken cannot say so: the host sees that this process is gone. */
function fail(cause: unknown): never {
  console.error(cause);
  process.exit(1);
}

function openProcessSide(): ExecutorLink {
  const ring = { fd: RINGS_FD, onBroken: fail };
  /** The last buffer that was given away: a fresh megabyte costs more in page faults than in copying. */
  let spare: ArrayBuffer | undefined;
  const allocate = (bytes: number): ArrayBuffer => {
    const buffer = spare;
    spare = undefined;
    // Ones that are much too large would make every answer carry their emptiness.
    return buffer && buffer.byteLength >= bytes && buffer.byteLength <= bytes * 2
      ? buffer
      : new ArrayBuffer(bytes);
  };
  const reader = createBulkReader({ fd: TO_EXECUTOR_FD, allocate, allowsSerialized: true });
  const writer = createBulkWriter(TO_HOST_FD);
  return {
    requests: new ProcessRing({ ...ring, fileOffset: 0, role: 'reader', eager: true }),
    answers: new ProcessRing({ ...ring, fileOffset: RING_FILE_BYTES, role: 'writer', eager: true }),
    bulk: {
      receive() {
        const message = reader.receive();
        if (message instanceof ArrayBuffer) return message;
        const { code, ...rest } = message as ImageCode;
        return {
          modules: code.map((bytes) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)),
          ...rest,
        };
      },
      post(buffer, byteCount) {
        writer.post(new Uint8Array(buffer, 0, byteCount), 0);
        spare = buffer;
      },
    },
    wakeHost() {
      try {
        writeSync(1, BELL);
      } catch (error) {
        // A pipe full of bells rings; one that nobody holds has no host behind it.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') fail(error);
      }
    },
    onWake(listener) {
      process.stdin.on('data', listener);
      process.stdin.on('end', () => process.exit(0));
    },
  };
}

const [, , threadUrl, originMs] = process.argv;
if (threadUrl === undefined || originMs === undefined) throw new Error('started by the host only');
// A deadline must mean the same on both sides.
alignClock(Number(originMs));
provideLink(openProcessSide());
await import(threadUrl);
