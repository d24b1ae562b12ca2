/**
 * Work on one name, one after the other; work on different names at once. A failed turn does not stop those behind it.
 */

export interface Turns {
  /** Runs `work` when all earlier work on the name has ended; settles as it does. */
  take<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Resolves when the work that is known now has ended. */
  idle(): Promise<void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(name, work) {
      const before = last.get(name) ?? Promise.resolve();
      const turn = before.then(work, work);
      last.set(name, turn);
      const clear = (): void => {
        if (last.get(name) === turn) last.delete(name);
      };
      turn.then(clear, clear);
      return turn;
    },
    async idle() {
      await Promise.allSettled(last.values());
    },
  };
}
