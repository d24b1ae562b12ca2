/**
 * Work on the pieces of a stream, several at a time, given out in their order.
 *
 * Asked for nothing, it reads nothing. At most `inFlightMax()` pieces are under way or wait to be taken, read ahead while
 * the first of them is worked on. The first error, of whatever piece, comes at that piece's place; after it nothing comes
 * any more.
 */

/** One piece that was read: either begun or discarded, once. */
export interface PieceOfWork<T> {
  begin(): Promise<T>;
  /** Gives back what the piece holds, where it holds anything. */
  discard?(): void;
}

export interface InOrder<T> {
  /** The next result, or undefined after the last. Throws what reading or working threw, for ever. */
  next(): Promise<T | undefined>;
  /** Begins nothing more, and resolves when what was begun has ended. A read that is under way is not waited for. */
  stop(): Promise<void>;
}

/** `read` gives the next piece, or undefined when the source has ended. It is never called while it reads. */
export function createInOrder<T>(
  read: () => Promise<PieceOfWork<T> | undefined>,
  inFlightMax: () => number,
): InOrder<T> {
  const results: Promise<T>[] = [];
  let reading: Promise<void> | undefined;
  let isEnded = false;
  let failure: { readonly error: unknown } | undefined;

  const add = (result: Promise<T>): void => {
    results.push(result);
    // Told in `next`, when its turn comes; until then it is nobody's unhandled rejection.
    result.catch(() => {});
  };
  const readNext = async (): Promise<void> => {
    try {
      const piece = await read();
      if (isEnded) piece?.discard?.();
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
    if (isEnded || reading !== undefined || results.length >= inFlightMax()) return;
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
          const result = await first;
          results.shift();
          return result;
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
