/** Closed and open loops against a server made of numbers: time moves when the test says so. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClosedLoop, createOpenLoop, type Lane, type Pacing } from '../../bench/load-pacing.ts';

interface Sent {
  readonly connection: number;
  readonly sinceMs: number;
}

/** Opens at once what is asked for, and answers what the test tells it to. */
function createFakeServer() {
  let opened = 0;
  let nowMs = 0;
  const left: number[] = [];
  const inFlight = new Map<number, Sent>();
  const latencies: number[] = [];
  const toOpen: number[] = [];
  const lane: Lane<number> = {
    send(connection, sinceMs) {
      if (inFlight.has(connection)) throw new Error(`${connection} has a request in flight already`);
      inFlight.set(connection, { connection, sinceMs });
    },
    open: () => void toOpen.push(++opened),
    leave: (connection) => void left.push(connection),
  };
  return {
    lane,
    latencies,
    left,
    inFlight,
    get opened() {
      return opened;
    },
    /** Time passes, and everything that is due is released. */
    at(pacing: Pacing<number>, ms: number): void {
      nowMs = ms;
      pacing.release(ms);
      for (const connection of toOpen.splice(0)) pacing.opened(connection, ms);
    },
    answerAll(pacing: Pacing<number>): void {
      for (const { connection, sinceMs } of [...inFlight.values()]) {
        inFlight.delete(connection);
        latencies.push(nowMs - sinceMs);
        pacing.answered(connection, nowMs);
      }
    },
  };
}

const every = (gapMs: number, count: number): Iterator<number> =>
  Array.from({ length: count }, (_, index) => index * gapMs).values();

const openLoop = (
  server: ReturnType<typeof createFakeServer>,
  dueMs: Iterator<number>,
  connectionsMax: number,
) => createOpenLoop(server.lane, { dueMs, untilMs: 1_000_000, connectionsMax, requestsMax: 1_000_000 });

describe('an open loop', () => {
  test('shows a stall in the latency of every request that was due meanwhile', () => {
    const server = createFakeServer();
    // One connection, a request each 10 ms, answered at once but for a stall of 100 ms that begins at 50.
    const pacing = openLoop(server, every(10, 20), 1);
    for (let ms = 0; ms < 200; ms += 10) {
      server.at(pacing, ms);
      if (ms < 50) server.answerAll(pacing);
      // What was held back is answered one after the other: each answer lets the next one be sent.
      if (ms === 150) while (server.inFlight.size > 0) server.answerAll(pacing);
      if (ms > 150) server.answerAll(pacing);
    }
    expect(server.latencies).toEqual([
      ...[0, 0, 0, 0, 0],
      ...[100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0],
      ...[0, 0, 0, 0],
    ]);
    expect(pacing.isOver).toBe(true);
  });

  test('a closed loop hides the same stall in a single request', () => {
    const server = createFakeServer();
    const pacing = createClosedLoop(server.lane, { connections: 1, untilMs: 200, requestsMax: 1_000 });
    for (let ms = 0; ms < 200; ms += 10) {
      server.at(pacing, ms);
      if (ms < 50 || ms >= 150) server.answerAll(pacing);
    }
    expect(server.latencies.filter((ms) => ms > 10)).toEqual([110]);
  });

  test('opens connections up to its bound, never two requests on one, and what finds none waits in order', () => {
    const server = createFakeServer();
    const pacing = openLoop(server, [0, 1, 2, 3, 4].values(), 3);
    server.at(pacing, 4);
    expect(server.opened).toBe(3);
    expect([...server.inFlight.values()].map(({ sinceMs }) => sinceMs)).toEqual([0, 1, 2]);
    expect(pacing.waiting).toBe(2);
    server.at(pacing, 10);
    server.answerAll(pacing);
    expect([...server.inFlight.values()].map(({ sinceMs }) => sinceMs)).toEqual([3, 4]);
    server.answerAll(pacing);
    expect(server.latencies).toEqual([10, 9, 8, 7, 6]);
    expect(server.left.toSorted()).toEqual([1, 2, 3]);
  });

  test('a lost connection is replaced while others wait, and one that cannot be opened is not tried at once', () => {
    const server = createFakeServer();
    const pacing = openLoop(server, [0, 1, 2, 50].values(), 1);
    server.at(pacing, 2);
    server.inFlight.delete(1);
    pacing.lost(1, true);
    expect(server.opened).toBe(2);
    pacing.lost(2, false);
    expect(server.opened).toBe(2);
    server.at(pacing, 50);
    expect(server.opened).toBe(3);
    while (server.inFlight.size > 0) server.answerAll(pacing);
    expect(pacing.isOver).toBe(true);
    expect(server.latencies).toEqual([49, 48, 0]);
  });

  test('sends each request exactly once, whatever the order of answers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.boolean()),
        (gaps, connectionsMax, answers) => {
          const server = createFakeServer();
          const due = gaps.map((_, index) => gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0));
          const pacing = openLoop(server, due.values(), connectionsMax);
          const coins = answers[Symbol.iterator]();
          for (let ms = 0; ms <= (due.at(-1) ?? 0) + 1; ms++) {
            server.at(pacing, ms);
            if (coins.next().value) server.answerAll(pacing);
          }
          while (server.inFlight.size > 0) server.answerAll(pacing);
          expect(server.latencies).toHaveLength(due.length);
          expect(server.opened).toBeLessThanOrEqual(connectionsMax);
          expect(pacing.isOver).toBe(true);
        },
      ),
    );
  });

  test('says when something is due next, and ends at its time and its count', () => {
    const server = createFakeServer();
    const pacing = createOpenLoop(server.lane, {
      dueMs: every(10, 100),
      untilMs: 25,
      connectionsMax: 9,
      requestsMax: 50,
    });
    expect([pacing.release(0), pacing.release(12), pacing.release(24)]).toEqual([
      10,
      20,
      Number.POSITIVE_INFINITY,
    ]);
    const counted = createOpenLoop(server.lane, {
      dueMs: every(10, 100),
      untilMs: 1e9,
      connectionsMax: 9,
      requestsMax: 2,
    });
    expect([counted.release(0), counted.release(10)]).toEqual([10, Number.POSITIVE_INFINITY]);
  });
});
