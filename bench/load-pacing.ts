/**
 * When a load generator sends what over which connection. Closed loop: a connection sends its next request when it has its answer, so
 * a slow server is asked less. Open loop: requests are due at times that nobody's slowness changes; one that finds no free
 * connection has another opened, up to a bound, and waits, and its latency counts from when it was due.
 *
 * No sockets and no clock here: connections are values, time is passed in, so that tests own both. One request at a time on a
 * connection, always.
 */

/** What the loop asks of whoever owns the connections. */
export interface Lane<Connection> {
  /** Sends a request that counts from `sinceMs`. */
  send(connection: Connection, sinceMs: number): void;
  /** Opens one connection; `opened` or `lost` follows. */
  open(): void;
  /** Nothing will be sent on it any more. */
  leave(connection: Connection): void;
}

export interface Pacing<Connection> {
  /** To be called as often as possible with the time; gives when something is due next, in ms, or infinity. */
  release(nowMs: number): number;
  opened(connection: Connection, nowMs: number): void;
  answered(connection: Connection, nowMs: number): void;
  /** A connection ended, or could not be opened; what it had in flight is the caller's to count. */
  lost(connection: Connection, wasOpen: boolean): void;
  /** Nothing is due or waits any more. */
  readonly isOver: boolean;
  /** Requests that are due and were not sent. */
  readonly waiting: number;
}

/** All connections at once, each busy without pause until `untilMs` or the count is spent. */
export function createClosedLoop<Connection>(
  lane: Lane<Connection>,
  options: { readonly connections: number; readonly untilMs: number; readonly requestsMax: number },
): Pacing<Connection> {
  let sent = 0;
  let isStarted = false;
  let left = options.connections;
  const next = (connection: Connection, nowMs: number): void => {
    if (nowMs >= options.untilMs || sent >= options.requestsMax) {
      left--;
      lane.leave(connection);
      return;
    }
    sent++;
    lane.send(connection, nowMs);
  };
  return {
    release() {
      if (!isStarted) {
        isStarted = true;
        for (let index = 0; index < options.connections; index++) lane.open();
      }
      return Number.POSITIVE_INFINITY;
    },
    opened: next,
    answered: next,
    lost: () => void left--,
    get isOver() {
      return left <= 0;
    },
    waiting: 0,
  };
}

/** `dueMs` gives absolute times, upwards; those from `untilMs` on are not sent. */
export function createOpenLoop<Connection>(
  lane: Lane<Connection>,
  options: {
    readonly dueMs: Iterator<number>;
    readonly untilMs: number;
    readonly connectionsMax: number;
    readonly requestsMax: number;
  },
): Pacing<Connection> {
  const idle: Connection[] = [];
  /** Due and not sent, in order from `head` on. */
  let line: number[] = [];
  let head = 0;
  let live = 0;
  let opening = 0;
  let released = 0;

  const take = (): number => {
    const { value, done } = options.dueMs.next();
    if (done || value >= options.untilMs || released >= options.requestsMax) return Number.POSITIVE_INFINITY;
    return value;
  };
  let nextMs = take();

  const waiting = (): number => line.length - head;
  const isOver = (): boolean => nextMs === Number.POSITIVE_INFINITY && waiting() === 0;
  const leaveIdle = (): void => {
    for (const connection of idle.splice(0)) {
      live--;
      lane.leave(connection);
    }
  };
  const give = (connection: Connection): void => {
    const sinceMs = line[head];
    if (sinceMs === undefined) {
      idle.push(connection);
      if (isOver()) leaveIdle();
      return;
    }
    head++;
    // What was sent is dropped now and then, not one by one: shifting a long line costs its length.
    if (head > 1_024 && head * 2 > line.length) {
      line = line.slice(head);
      head = 0;
    }
    lane.send(connection, sinceMs);
  };

  return {
    release(nowMs) {
      while (nextMs <= nowMs) {
        released++;
        const dueMs = nextMs;
        nextMs = take();
        // The most recent one: connections that a peak opened stay unused afterwards, as in a client's pool.
        const connection = waiting() === 0 ? idle.pop() : undefined;
        if (connection !== undefined) lane.send(connection, dueMs);
        else {
          line.push(dueMs);
          if (live + opening < options.connectionsMax && opening < waiting()) {
            opening++;
            lane.open();
          }
        }
      }
      if (isOver()) leaveIdle();
      return nextMs;
    },
    opened(connection) {
      opening--;
      live++;
      give(connection);
    },
    answered: give,
    lost(connection, wasOpen) {
      if (!wasOpen) {
        // Not tried again at once: the next request that is due does.
        opening--;
        return;
      }
      const index = idle.indexOf(connection);
      if (index >= 0) idle.splice(index, 1);
      live--;
      // Others wait for what it would have freed.
      if (waiting() > 0 && live + opening < options.connectionsMax) {
        opening++;
        lane.open();
      }
    },
    get isOver() {
      return isOver();
    },
    get waiting() {
      return waiting();
    },
  };
}
