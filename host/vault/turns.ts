/**
 * Work on the event loop in rations: each turn of the loop has room for so many bytes, over all that is under way, and
 * what does not fit waits in line for a later turn.
 *
 * In line means in the order of asking, so nothing is overtaken by what is smaller. A piece of work that is larger than
 * a ration has a turn to itself: it cannot be cut here.
 */

export interface Turns {
  /** Room for so many bytes of work: undefined when this turn has it, else a promise for the turn that has. */
  take(bytes: number): Promise<void> | undefined;
}

export interface TurnsOptions {
  /** Of one turn. */
  readonly turnMaxBytes: number;
  /** Calls back in the next turn of the event loop, after what else waits there. Default `setImmediate`. */
  readonly nextTurn?: ((begin: () => void) => unknown) | undefined;
}

export function createTurns(options: TurnsOptions): Turns {
  const { turnMaxBytes, nextTurn = setImmediate } = options;
  const waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  let takenBytes = 0;
  let isNextAwaited = false;

  const fits = (bytes: number): boolean => takenBytes === 0 || takenBytes + bytes <= turnMaxBytes;
  const spend = (bytes: number): void => {
    takenBytes += bytes;
    if (isNextAwaited) return;
    isNextAwaited = true;
    nextTurn(begin);
  };
  const begin = (): void => {
    isNextAwaited = false;
    takenBytes = 0;
    let served = 0;
    for (const { bytes, go } of waiting) {
      if (!fits(bytes)) break;
      served++;
      spend(bytes);
      go();
    }
    waiting.splice(0, served);
  };

  return {
    take(bytes) {
      if (waiting.length === 0 && fits(bytes)) {
        spend(bytes);
        return undefined;
      }
      return new Promise((go) => void waiting.push({ bytes, go }));
    },
  };
}
