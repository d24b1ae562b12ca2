/**
 * The load generator: a process of its own, so that it takes no turn of the event loop it measures. Raw sockets,
 * keep-alive, one request in flight per connection. Prints one JSON line, a `LoadReport`.
 *
 *   npx node bench/load.ts --url http://127.0.0.1:8080/v1/adapters/echo/echo --body-bytes 64 --connections 32 --duration-ms 3000
 *   npx node bench/load.ts --url … --rate 2000 --arrivals poisson --seed 1 --connections 256
 *
 * With `--rate` it is an open loop (`load-pacing.ts`): latencies count from when a request was due. It then does not sleep between
 * two requests, because a timer is a millisecond wide and that would be its own fault in every latency: it takes a core.
 *
 * Loopback only: any other address is refused before a socket is opened. Bounded in time, connections and requests.
 * It reads responses that have a Content-Length; one it cannot read breaks its connection and is counted, never retried.
 */

import { readFileSync } from 'node:fs';
import { connect, isIPv4, isIPv6, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { ARRIVALS, type Arrivals, dueTimes } from './arrivals.ts';
import { createClosedLoop, createOpenLoop, type Lane, type Pacing } from './load-pacing.ts';
import { createResponseReader } from './load-response.ts';
import { summarise } from './statistics.ts';

/** Longer runs are soaks, which this is not. */
const DURATION_MAX_MS = 120_000;
const CONNECTIONS_MAX = 1_024;
const RATE_MAX = 1_000_000;
/** A timer is late by up to so much: what is due sooner is waited for awake. */
const TIMER_MS = 2;
/** 8 bytes a latency: 32 MB at most. */
const REQUESTS_MAX = 4_000_000;
const BODY_MAX_BYTES = 64 * 1_048_576;
/** A server that stops answering must not hang the run: time after its end in which open answers may arrive. */
const DRAIN_MAX_MS = 5_000;

export interface LoadOptions {
  readonly url: string;
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: Uint8Array;
  /** The last four bytes of the body become the number of the request, counted from `seed`. */
  readonly numbered?: boolean;
  /** Open at once; in an open loop at most. */
  readonly connections: number;
  /** An open loop with so many requests a second; without it a closed one. */
  readonly perSecond?: number;
  /** Of an open loop. Default poisson. */
  readonly arrivals?: Arrivals;
  /** Of arrivals and numbers. Default 0. */
  readonly seed?: number;
  /** A closed loop that takes a core as an open one does, so that the two can be compared. */
  readonly spin?: boolean;
  /** All latencies are reported, not only what they come to. */
  readonly samples?: boolean;
  /** Unmeasured time before the measured. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Ends the run early when so many were sent. */
  readonly requestsMax?: number;
}

/**
 * What was measured between warm-up and end. Latencies in ms until a response's last byte: from writing the request, in an open
 * loop from when it was due.
 */
export interface LoadReport {
  readonly requests: number;
  readonly durationMs: number;
  /** Answered. */
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Responses other than 2xx, with their statuses. */
  readonly non2xx: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly connectionsOpened: number;
  /** Connections that ended or sent something unreadable, over the whole run. */
  readonly brokenConnections: number;
  /** Requests without an answer when the run was over, those that were due and never sent among them. */
  readonly unanswered: number;
  /** Longest that a request was sent after it was due: no connection was free, or the generator itself was late. */
  readonly sentLateMs: number;
  /** All latencies, where they were asked for. */
  readonly samples?: readonly number[];
}

interface Connection {
  readonly socket: Socket;
  isOpen: boolean;
  /** Since when the request in flight counts, in ms of `performance.now()`; NaN when none is. */
  sinceMs: number;
}

/**
 * Sends load until the time or the count is spent. Throws when the address is not loopback, an option is out of
 * bounds, or nothing at all was answered.
 */
export async function generateLoad(options: LoadOptions): Promise<LoadReport> {
  const url = new URL(options.url);
  const host = requireLoopback(url);
  requireWithin('connections', options.connections, 1, CONNECTIONS_MAX);
  requireWithin('durationMs', options.durationMs, 1, DURATION_MAX_MS);
  requireWithin('warmUpMs', options.warmUpMs, 0, DURATION_MAX_MS);
  const requestsMax = options.requestsMax ?? REQUESTS_MAX;
  requireWithin('requestsMax', requestsMax, 1, REQUESTS_MAX);
  if (options.perSecond !== undefined) requireWithin('perSecond', options.perSecond, 0.1, RATE_MAX);
  const request = composeRequest(url, options);
  const seed = options.seed ?? 0;

  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const live = new Set<Connection>();
  let sent = 0;
  let sentLateMs = 0;
  let inTime = 0;
  let non2xx = 0;
  let connectionsOpened = 0;
  let brokenConnections = 0;
  let unanswered = 0;
  let lastAnswerMs = 0;

  const beginMs = performance.now();
  const measureFromMs = beginMs + options.warmUpMs;
  const untilMs = measureFromMs + options.durationMs;
  const over = Promise.withResolvers<void>();
  const settleWhenDone = (): void => {
    if (live.size === 0 && pacing.isOver) over.resolve();
  };
  const leave = (connection: Connection): void => {
    if (!live.delete(connection)) return;
    if (!Number.isNaN(connection.sinceMs)) unanswered++;
    connection.socket.destroy();
    settleWhenDone();
  };
  const lane: Lane<Connection> = {
    send(connection, sinceMs) {
      connection.sinceMs = sinceMs;
      sentLateMs = Math.max(sentLateMs, performance.now() - sinceMs);
      connection.socket.write(options.numbered ? numbered(request, seed + sent) : request);
      sent++;
    },
    open: () => open(),
    leave,
  };
  const pacing: Pacing<Connection> =
    options.perSecond === undefined
      ? createClosedLoop(lane, { connections: options.connections, untilMs, requestsMax })
      : createOpenLoop(lane, {
          dueMs: dueTimes(options.arrivals ?? 'poisson', options.perSecond, seed).map((ms) => beginMs + ms),
          untilMs,
          connectionsMax: options.connections,
          requestsMax,
        });
  const answer = (connection: Connection, status: number): void => {
    const nowMs = performance.now();
    // A closed loop ends with its time; in an open one what was due before counts whenever it is answered.
    if (connection.sinceMs >= measureFromMs && (nowMs <= untilMs || options.perSecond !== undefined)) {
      latencies.push(nowMs - connection.sinceMs);
      lastAnswerMs = nowMs;
      if (status < 200 || status > 299) {
        non2xx++;
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }
    if (nowMs >= measureFromMs && nowMs <= untilMs) inTime++;
    connection.sinceMs = Number.NaN;
    pacing.answered(connection, nowMs);
  };
  const fail = (connection: Connection): void => {
    if (!live.has(connection)) return;
    brokenConnections++;
    pacing.lost(connection, connection.isOpen);
    leave(connection);
  };
  const open = (): void => {
    // One buffer per connection, filled by the stream itself: no allocation and no stream events per response.
    const reader = createResponseReader((status) => answer(connection, status));
    const socket: Socket = connect({
      host,
      port: Number(url.port || 80),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(64 * 1024),
        callback: (length, buffer) => {
          if (!reader.read(Buffer.from(buffer.buffer, buffer.byteOffset, length))) fail(connection);
          return true;
        },
      },
    });
    const connection: Connection = { socket, isOpen: false, sinceMs: Number.NaN };
    live.add(connection);
    connectionsOpened++;
    socket.on('connect', () => {
      connection.isOpen = true;
      pacing.opened(connection, performance.now());
    });
    socket.on('error', () => fail(connection));
    socket.on('close', () => fail(connection));
  };

  const drain = setTimeout(
    () => {
      unanswered += pacing.waiting;
      for (const connection of [...live]) leave(connection);
      over.resolve();
    },
    options.warmUpMs + options.durationMs + DRAIN_MAX_MS,
  );
  const isSpinning = options.perSecond !== undefined || options.spin === true;
  let isRunning = true;
  const turn = (): void => {
    if (!isRunning) return;
    const nowMs = performance.now();
    const nextMs = pacing.release(nowMs);
    settleWhenDone();
    const gapMs = nextMs - nowMs;
    if (isSpinning && nowMs < untilMs && !(options.perSecond !== undefined && gapMs > TIMER_MS))
      setImmediate(turn);
    else if (nextMs < Number.POSITIVE_INFINITY) setTimeout(turn, gapMs - TIMER_MS);
  };
  turn();
  await over.promise;
  isRunning = false;
  clearTimeout(drain);

  // A run ended by its count is as long as it took, not as long as it was allowed to.
  const durationMs = sent >= requestsMax ? Math.max(lastAnswerMs - measureFromMs, 0) : options.durationMs;
  if (latencies.length === 0) {
    const why = `${brokenConnections} broken connections, ${unanswered} unanswered requests, ${sent} sent`;
    throw new Error(`no request was answered in the measured time: ${why}`);
  }
  const { p50, p95, p99, p999, max } = summarise(latencies);
  return {
    requests: latencies.length,
    durationMs,
    requestsPerSecond: durationMs > 0 ? (inTime / durationMs) * 1000 : 0,
    p50,
    p95,
    p99,
    p999,
    max,
    non2xx,
    statuses,
    connectionsOpened,
    brokenConnections,
    unanswered,
    sentLateMs,
    ...(options.samples ? { samples: latencies.map((ms) => Math.round(ms * 1_000) / 1_000) } : {}),
  };
}

/** The request with a number in the last four bytes of its body, little-endian. */
function numbered(request: Buffer, value: number): Buffer {
  const copy = Buffer.from(request);
  copy.writeUInt32LE(value >>> 0, copy.length - 4);
  return copy;
}

/** The address to connect to. Names are not resolved: `localhost` is 127.0.0.1, any other name is refused. */
function requireLoopback(url: URL): string {
  const host = url.hostname === 'localhost' ? '127.0.0.1' : url.hostname.replace(/^\[|\]$/g, '');
  const loopback = (isIPv4(host) && host.startsWith('127.')) || (isIPv6(host) && host === '::1');
  if (url.protocol !== 'http:' || !loopback) {
    throw new Error(`refused: ${url.origin} is not http on a loopback address`);
  }
  return host;
}

function requireWithin(option: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most)) throw new RangeError(`${option} must lie within ${least}…${most}`);
}

function composeRequest(url: URL, { method, headers = [], body = new Uint8Array(0) }: LoadOptions): Buffer {
  const head = [
    `${method ?? (body.length > 0 ? 'POST' : 'GET')} ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Connection: keep-alive',
    ...(body.length > 0 ? [`Content-Length: ${body.length}`] : []),
    ...headers,
  ];
  if (head.some((line) => /[\r\n]/.test(line))) throw new Error('a header must not hold a line break');
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** Options from a command line; `--body-bytes n` is n bytes that repeat mod 251. */
function readArguments(): LoadOptions {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      method: { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
      'body-bytes': { type: 'string', default: '0' },
      'body-file': { type: 'string' },
      numbered: { type: 'boolean', default: false },
      connections: { type: 'string', default: '32' },
      rate: { type: 'string' },
      arrivals: { type: 'string', default: 'poisson' },
      seed: { type: 'string', default: '0' },
      spin: { type: 'boolean', default: false },
      samples: { type: 'boolean', default: false },
      'warm-up-ms': { type: 'string', default: '500' },
      'duration-ms': { type: 'string', default: '3000' },
      'requests-max': { type: 'string', default: String(REQUESTS_MAX) },
    },
  });
  if (values.url === undefined) throw new Error('--url is required');
  const arrivals = ARRIVALS.find((name) => name === values.arrivals);
  if (arrivals === undefined) throw new Error(`--arrivals is one of ${ARRIVALS.join(', ')}`);
  const bodyBytes = Number(values['body-bytes']);
  requireWithin('body-bytes', bodyBytes, 0, BODY_MAX_BYTES);
  const file = values['body-file'];
  return {
    url: values.url,
    ...(values.method === undefined ? {} : { method: values.method }),
    headers: values.header,
    body:
      file === undefined
        ? Uint8Array.from({ length: bodyBytes }, (_, index) => index % 251)
        : readFileSync(file),
    numbered: values.numbered,
    connections: Number(values.connections),
    ...(values.rate === undefined ? {} : { perSecond: Number(values.rate) }),
    arrivals,
    seed: Number(values.seed),
    spin: values.spin,
    samples: values.samples,
    warmUpMs: Number(values['warm-up-ms']),
    durationMs: Number(values['duration-ms']),
    requestsMax: Number(values['requests-max']),
  };
}

if (import.meta.main) console.log(JSON.stringify(await generateLoad(readArguments())));
