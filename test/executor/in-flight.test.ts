import { describe, expect, it } from 'vitest';
import { expectedMsOf, InFlightRequests, openRequest } from '../../host/executor/in-flight.ts';

const IDLE = { running: -1, runningSinceMs: 0 };
const NOW_MS = 1_000;

/** Requests in flight whose kinds have run for so long. */
function inFlight(...medians: readonly number[]): InFlightRequests {
  const all = new InFlightRequests();
  for (const [sequence, medianMs] of medians.entries()) {
    const expectedMs = expectedMsOf({ deadlineMs: NOW_MS, beginByMs: NOW_MS - medianMs });
    const about = { sequence, deadlineMs: NOW_MS, runMaxMs: Number.POSITIVE_INFINITY, cell: 1, sentMs: 0 };
    all.add(
      openRequest(
        about,
        { expectedMs },
        () => {},
        () => {},
      ),
    );
  }
  return all;
}
const waitMs = (all: InFlightRequests): number => all.waitMs(IDLE, NOW_MS);

describe('the wait for an executor', () => {
  it('is shorter behind a few short calls than in a thread that sleeps', () => {
    expect(waitMs(inFlight(0.005, 0.005, 0.005))).toBeLessThan(waitMs(inFlight()));
    expect(waitMs(inFlight(...Array(20).fill(0.005)))).toBeGreaterThan(waitMs(inFlight()));
  });

  it('is longer behind any call that is not known to be short', () => {
    for (const medianMs of [0, 0.2, 5, 10_000]) {
      expect(waitMs(inFlight(medianMs))).toBeGreaterThan(waitMs(inFlight()));
    }
  });

  it('goes by the number of calls where all of them are long: most of them wait for something else', () => {
    expect(waitMs(inFlight(100, 20_000))).toBe(waitMs(inFlight(2, 2)));
    expect(waitMs(inFlight(3, 3, 3))).toBeGreaterThan(waitMs(inFlight(60_000, 60_000)));
  });

  it('grows while a call runs longer than others of its kind did', () => {
    const all = inFlight(0.005);
    const running = { running: 1, runningSinceMs: NOW_MS - 0.5 };
    expect(all.waitMs(running, NOW_MS)).toBeGreaterThan(waitMs(inFlight()));
    expect(all.waitMs({ ...running, runningSinceMs: 0 }, NOW_MS)).toBeCloseTo(1.005, 6);
  });

  it('is that of a thread that sleeps again when everything has left, whatever the fractions were', () => {
    const all = inFlight(0.1, 0.2, 0.3);
    for (const entry of [...all.values()]) all.remove(entry);
    expect([waitMs(all), all.size]).toEqual([waitMs(inFlight()), 0]);
  });
});
