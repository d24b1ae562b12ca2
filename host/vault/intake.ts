/**
 * A source of bytes in pieces of any size, read in amounts that the reader chooses.
 *
 * The source is asked for its next piece only when the last one is used up: that is the backpressure.
 */

import assert from 'node:assert';

/** Web Streams are async iterables, and so are Node's streams. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface Intake {
  /** Bytes given so far. */
  readonly readBytes: number;
  /** Fills the target; fewer bytes than it has come only at the source's end. Throws what the source throws. */
  fill(target: Uint8Array): Promise<number>;
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

  return {
    get readBytes() {
      return readBytes;
    },
    async fill(target) {
      let filled = 0;
      while (filled < target.length) {
        if (at === piece.length) {
          if (isEnded) break;
          const next = await iterator.next();
          if (next.done === true) {
            isEnded = true;
            break;
          }
          assert(next.value instanceof Uint8Array, 'a source of bytes gives Uint8Arrays');
          piece = next.value;
          at = 0;
        }
        const taken = Math.min(piece.length - at, target.length - filled);
        target.set(piece.subarray(at, at + taken), filled);
        at += taken;
        filled += taken;
      }
      readBytes += filled;
      return filled;
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
