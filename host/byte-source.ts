/**
 * A source of bytes in pieces of any size, read in amounts that the reader chooses.
 *
 * The source is asked for its next piece only when the last one is used up: that is the backpressure.
 */

import { HostError } from './errors.ts';

/** Web Streams are async iterables, and so are Node's streams. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface Intake {
  /** Bytes given so far. */
  readonly readBytes: number;
  /**
   * Fills the target; fewer bytes than it has come only at the source's end. Throws what the source throws; HOST_INTERNAL
   * with a cause — the source gave something that is not a Uint8Array.
   */
  fill(target: Uint8Array): Promise<number>;
  /** What is left of the last piece, or the next one; undefined at the end. */
  next(): Promise<Uint8Array | undefined>;
  /** Tells the source that no more will be read. Never rejects. */
  cancel(): Promise<void>;
}

export function createIntake(source: ByteSource): Intake {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let piece: Uint8Array = new Uint8Array();
  let at = 0;
  let isEnded = false;
  let readBytes = 0;

  /** False at the end. */
  const have = async (): Promise<boolean> => {
    while (at === piece.length) {
      if (isEnded) return false;
      const next = await iterator.next();
      if (next.done === true) {
        isEnded = true;
        return false;
      }
      if (!(next.value instanceof Uint8Array)) {
        const cause = new TypeError('a source of bytes gives Uint8Arrays');
        throw new HostError('HOST_INTERNAL', cause.message, { cause });
      }
      piece = next.value;
      at = 0;
    }
    return true;
  };

  return {
    get readBytes() {
      return readBytes;
    },
    async fill(target) {
      let filled = 0;
      while (filled < target.length && (await have())) {
        const taken = Math.min(piece.length - at, target.length - filled);
        target.set(piece.subarray(at, at + taken), filled);
        at += taken;
        filled += taken;
      }
      readBytes += filled;
      return filled;
    },
    async next() {
      if (!(await have())) return undefined;
      const rest = piece.subarray(at);
      at = piece.length;
      readBytes += rest.length;
      return rest;
    },
    async cancel() {
      if (isEnded) return;
      isEnded = true;
      try {
        await iterator.return?.();
      } catch {
        // Its reader is gone: nobody is left whom the source's last error could concern.
      }
    },
  };
}
