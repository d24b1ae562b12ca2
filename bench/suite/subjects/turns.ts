/**
 * Things that serve one caller at a time, shared by many: who finds none free waits in line, and who waits longest is next.
 *
 * For plug-ins that refuse a call while another is under way, as a server has to use them. The line has no limit: its callers are
 * the connections of a bench.
 */

export interface Turns<Thing> {
  /** Runs with one of the things, which nobody else has meanwhile. */
  take<Result>(run: (thing: Thing) => Promise<Result>): Promise<Result>;
}

export function createTurns<Thing>(things: readonly Thing[]): Turns<Thing> {
  const free = [...things];
  const line: ((thing: Thing) => void)[] = [];
  return {
    async take(run) {
      const thing = free.pop() ?? (await new Promise<Thing>((resolve) => line.push(resolve)));
      try {
        return await run(thing);
      } finally {
        const next = line.shift();
        if (next === undefined) free.push(thing);
        else next(thing);
      }
    },
  };
}
