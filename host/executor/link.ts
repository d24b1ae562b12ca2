/**
 * What joins an executor and its host: two rings of frames, a way beside them for what does not fit a frame, and a bell
 * each way. `thread-link.ts` makes it of shared memory and ports, `process-link.ts` of files in memory and pipes.
 *
 * Both sides of the protocol know only these faces, so the same code runs over both placements. Always: what is posted
 * beside the ring arrives in order and before its frame is met; ringing costs the ringer no wait; a bell may ring for
 * nothing, and never fails to ring for something.
 */

import type { Grants } from '../capability-types.ts';
import type { AdapterImage, LentMemory, LinkPlan } from '../types.ts';
import type { Ring } from './ring.ts';

/** What the writer and the reader of a ring use, whatever it is made of (`Ring` says what each does). */
export type FrameRing = Pick<
  Ring,
  | 'i32'
  | 'f64'
  | 'u8'
  | 'reserve'
  | 'commit'
  | 'wakeNeeded'
  | 'waitForRoom'
  | 'isWriterWaiting'
  | 'next'
  | 'release'
  | 'waitingCount'
  | 'sleep'
  | 'sleepBlocked'
  | 'take'
  | 'begin'
  | 'run'
  | 'rest'
  | 'taken'
  | 'begun'
  | 'running'
  | 'runningSinceMs'
>;

/** An image as the executor has it. */
export interface Image {
  readonly modules: readonly WebAssembly.Module[];
  readonly plan: LinkPlan;
  /** Of each module the memory that it is given; undefined for one that makes its own. */
  readonly lent: readonly (LentMemory | undefined)[];
  readonly grants: Grants;
  /** Undefined for the bytes world. */
  readonly operations: CellOperations | undefined;
}

/** How an operation of a typed world is called. */
export interface CellOperation {
  /** Into `LinkPlan.exports`. */
  readonly exportIndex: number;
  readonly isRawArgument: boolean;
  readonly rawResult: 'bytes' | 'text' | undefined;
  /** It gives a WIT `result`. */
  readonly canFail: boolean;
}

/** By name. */
export type CellOperations = ReadonlyMap<string, CellOperation>;

/** What of an image an executor is told of its operations. */
export function operationsOf({ typed }: AdapterImage): CellOperations | undefined {
  return (
    typed &&
    new Map(
      typed.operations.map(({ name, exportIndex, isRawArgument, rawResult, failure }) => [
        name,
        { exportIndex, isRawArgument, rawResult, canFail: failure !== undefined },
      ]),
    )
  );
}

/** Beside the rings, seen from the executor. */
export interface ExecutorBulk {
  /** The next message, which a frame announced. Throws Error — there is none. */
  receive(): unknown;
  /** Sends the first `byteCount` bytes; the buffer is given away. */
  post(buffer: ArrayBuffer, byteCount: number): void;
}

/** The executor's side. */
export interface ExecutorLink {
  readonly requests: FrameRing;
  readonly answers: FrameRing;
  readonly bulk: ExecutorBulk;
  wakeHost(): void;
  /** Called at each ring of this side's bell, from the event loop. */
  onWake(listener: () => void): void;
}

/** Beside the rings, seen from the host. */
export interface HostBulk {
  /** The next message, which an answer announced. Throws Error — there is none. */
  receive(): unknown;
  postMessage(message: unknown): void;
  /** Copies `payload` into a buffer of `roomBytes` on the other side; the rest of it is for the answer. */
  postPayload(payload: Uint8Array, roomBytes: number): void;
}

export interface HostLinkOptions {
  readonly id: number;
  /** Where the marks of the request ring begin (`Ring.taken`, `Ring.begun`). */
  readonly lastSequence: number;
  /** What runs on the other side, instead of `thread.ts`. */
  readonly threadUrl?: URL | undefined;
  readonly onWake: () => void;
  readonly onError: (cause: unknown) => void;
  /** Once, when nothing runs on the other side any more, also when nothing could be started. */
  readonly onExit: () => void;
}

/** The host's side, and what runs on the other. */
export interface HostLink {
  readonly requests: FrameRing;
  readonly answers: FrameRing;
  readonly bulk: HostBulk;
  wake(): void;
  /** What `receive` on the other side turns into an `Image`. */
  imageMessage(image: AdapterImage): unknown;
  /** Ends the other side at once; `onExit` follows. */
  kill(): void;
  /** Frees what the link itself holds, after the exit. */
  close(): void;
}

let provided: ExecutorLink | undefined;

/** For the entry of an executor that is no thread: `thread.ts`, imported afterwards, serves this link. */
export function provideLink(link: ExecutorLink): void {
  provided = link;
}

export const providedLink = (): ExecutorLink | undefined => provided;
