/**
 * Pieces of a stream, worked on several at a time and given out in their order.
 *
 * Asked for nothing, it reads nothing. At most `parallelMax` pieces are under way or wait to be taken, read ahead while
 * the first of them is worked on. The first error, of whatever piece, comes at that piece's place; after it nothing comes
 * any more.
 */

/** One piece that was read: either begun or discarded, once. */
export interface PieceOfWork {
  begin(): Promise<Uint8Array>;
  discard(): void;
}

export interface Pipeline {
  /** The next result, or undefined after the last. Throws what reading or working threw, for ever. */
  next(): Promise<Uint8Array | undefined>;
  /** Begins nothing more, and resolves when what was begun has ended. A read that is under way is not waited for. */
  stop(): Promise<void>;
}

/** `read` gives the next piece, or undefined when the source has ended. It is never called while it reads. */
export function createPipeline(read: () => Promise<PieceOfWork | undefined>, parallelMax: number): Pipeline {
  const results: Promise<Uint8Array>[] = [];
  let reading: Promise<void> | undefined;
  let isEnded = false;
  let failure: { readonly error: unknown } | undefined;

  const add = (result: Promise<Uint8Array>): void => {
    results.push(result);
    // Told in `next`, when its turn comes; until then it is nobody's unhandled rejection.
    result.catch(() => {});
  };
  const readNext = async (): Promise<void> => {
    try {
      const piece = await read();
      if (isEnded) piece?.discard();
      else if (piece === undefined) isEnded = true;
      else add(piece.begin());
    } catch (error) {
      isEnded = true;
      add(Promise.reject(error));
    } finally {
      reading = undefined;
    }
  };
  /** Keeps reading while there is room, without anybody waiting for it. */
  const readAhead = (): void => {
    if (isEnded || reading !== undefined || results.length >= parallelMax) return;
    reading = readNext().then(readAhead);
  };

  return {
    async next() {
      for (;;) {
        if (failure !== undefined) throw failure.error;
        readAhead();
        const [first] = results;
        if (first === undefined) {
          if (reading === undefined) return undefined;
          await reading;
          continue;
        }
        try {
          const bytes = await first;
          results.shift();
          return bytes;
        } catch (error) {
          isEnded = true;
          failure = { error };
        }
      }
    },
    async stop() {
      isEnded = true;
      await Promise.allSettled(results);
      results.length = 0;
    },
  };
}
