/**
 * Work on the pieces of a stream, several at a time, given out in their order.
 *
 * Asked for nothing, it reads nothing. At most `inFlightMax()` pieces are under way or wait to be taken. The first error,
 * of whatever piece, comes at that piece's place; after it nothing comes any more.
 */

export interface InOrder<T> {
  /** The next result, or undefined after the last. Throws what reading or working threw, for ever. */
  next(): Promise<T | undefined>;
  /** Begins nothing more. What is under way is not waited for. */
  stop(): void;
}

/** `read` gives the next piece's work, not begun yet, or undefined when the source has ended. It is never called while it reads. */
export function createInOrder<T>(
  read: () => Promise<(() => Promise<T>) | undefined>,
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
      const begin = await read();
      if (begin === undefined) isEnded = true;
      else if (!isEnded) add(begin());
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
    stop() {
      isEnded = true;
      results.length = 0;
    },
  };
}
