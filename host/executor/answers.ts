/**
 * Reads answers of an executor: a frame in the ring becomes a `RunResult` with bytes of its own.
 */

import { ERRORS, HostError, type Problem } from '../errors.ts';
import type { CellInfo, RunResult } from '../types.ts';
import type { FrameRing, HostBulk } from './link.ts';
import {
  BULK,
  CRASH,
  CREATED,
  type CrashNote,
  DONE,
  FAILURE,
  FAILURES,
  FRAME_BYTES,
  NOT_BEGUN,
  NOT_METERED,
} from './protocol.ts';

export const LATE: RunResult = { kind: 'not-begun', reason: 'late', cellLost: false };
export const CELL_GONE: RunResult = { kind: 'not-begun', reason: 'cell-gone', cellLost: true };
export const EXECUTOR_GONE: RunResult = { kind: 'not-begun', reason: 'executor-died', cellLost: true };

const decoder = new TextDecoder();

/** The bytes of the frame at `offset`, copied: the frame may be overwritten afterwards. Their buffer may end in zeros. */
export function bytesOf(ring: FrameRing, offset: number, port: Pick<HostBulk, 'receive'>): Uint8Array {
  const word = offset >> 2;
  const byteCount = ring.i32[word + 5] as number;
  if ((ring.i32[word + 4] as number) & BULK) {
    return new Uint8Array(port.receive() as ArrayBuffer, 0, byteCount);
  }
  // Room for more than the frame has would come out of this process's own memory, unwritten.
  if (byteCount < 0 || byteCount > (ring.i32[word] as number) - FRAME_BYTES)
    throw new Error('an answer is longer than its frame');
  const from = offset + FRAME_BYTES;
  // Not from the shared pool: these bytes become the caller's, who may transfer them or look at their buffer.
  const bytes = Buffer.allocUnsafeSlow(byteCount);
  bytes.set(ring.u8.subarray(from, from + byteCount));
  return bytes;
}

/** The answer in the frame at `offset`. Must be called for every such frame: its bytes may wait at the port. */
export function readAnswer(ring: FrameRing, offset: number, port: Pick<HostBulk, 'receive'>): RunResult {
  const word = offset >> 2;
  const kind = ring.i32[word + 1] as number;
  const runMs = ring.f64[(offset >> 3) + 4] as number;
  const memoryBytes = ring.f64[(offset >> 3) + 5] as number;
  const units = ring.f64[(offset >> 3) + 6] as number;
  const fuel = units === NOT_METERED ? undefined : units;
  switch (kind) {
    case DONE:
    case CREATED:
      return { kind: 'ok', bytes: bytesOf(ring, offset, port), runMs, memoryBytes, fuel };
    case FAILURE: {
      const failure = FAILURES[ring.i32[word + 6] as number];
      if (!failure) throw new Error('unknown failure');
      const message = decoder.decode(bytesOf(ring, offset, port));
      return {
        kind: 'failure',
        failure,
        message,
        ...(failure === 'declared' ? { value: JSON.parse(message) as unknown } : {}),
        ...(failure === 'bad-arguments' ? { value: readProblems(message) } : {}),
        runMs,
        memoryBytes,
        fuel,
      };
    }
    case CRASH: {
      const note = JSON.parse(decoder.decode(bytesOf(ring, offset, port))) as CrashNote;
      if (!Object.hasOwn(ERRORS, note.code) || typeof note.detail !== 'string')
        throw new Error('unknown crash');
      return { kind: 'crash', error: new HostError(note.code, note.detail), runMs, fuel };
    }
    case NOT_BEGUN:
      return ring.i32[word + 5] === 1 ? CELL_GONE : LATE;
    default:
      throw new Error(`unknown answer ${kind}`);
  }
}

/** The answer to a creation. Throws POOL_CREATE_FAILED — instantiation failed; EXECUTOR_DIED. */
export function createdCell(result: RunResult, id: number, limitMs: number): CellInfo {
  if (result.kind === 'ok') return { id, createMs: result.runMs, memoryBytes: result.memoryBytes };
  if (result.kind === 'crash') {
    throw result.error.code === 'EXECUTOR_DEADLINE'
      ? new HostError('POOL_CREATE_FAILED', `instantiation did not end within ${limitMs} ms`)
      : result.error;
  }
  throw new HostError('EXECUTOR_DIED', 'the executor died while the cell was created');
}

/** Arguments that were refused. Throws Error — this is something else. */
function readProblems(text: string): Problem[] {
  const problems = JSON.parse(text) as unknown;
  if (!Array.isArray(problems)) throw new Error('unknown problems');
  return problems.map(({ at, message }: Problem) => ({ at: String(at), message: String(message) }));
}
