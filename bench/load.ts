/**
 * The load generator: a process of its own, so that it takes no turn of the event loop it measures. Raw sockets,
 * keep-alive, one request in flight per connection, the same request bytes each time. Prints one JSON line, a
 * `LoadReport`.
 *
 *   npx node bench/load.ts --url http://127.0.0.1:8080/v1/adapters/echo/echo --body-bytes 64 --connections 32 --duration-ms 3000
 *
 * Loopback only: any other address is refused before a socket is opened. Bounded in time, connections and requests.
 * It reads responses that have a Content-Length; one it cannot read breaks its connection and is counted, never retried.
 */

import { connect, isIPv4, isIPv6, type Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createResponseReader } from './load-response.ts';
import { summarise } from './statistics.ts';

/** Longer runs are soaks, which this is not. */
const DURATION_MAX_MS = 120_000;
const CONNECTIONS_MAX = 1_024;
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
  readonly connections: number;
  /** Unmeasured time before the measured. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Ends the run early when so many were sent. */
  readonly requestsMax?: number;
}

/** What was measured between warm-up and end. Latencies in ms, from writing a request to its last byte. */
export interface LoadReport {
  readonly requests: number;
  readonly durationMs: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Responses other than 2xx, with their statuses. */
  readonly non2xx: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections that ended or sent something unreadable, over the whole run. */
  readonly brokenConnections: number;
  /** Requests without an answer when the run was over. */
  readonly unanswered: number;
}

/** When a connection sends its next request. A closed loop: when it has its answer. */
interface Pacing {
  opened(connection: Connection): void;
  answered(connection: Connection): void;
}

interface Connection {
  readonly socket: Socket;
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
  const request = composeRequest(url, options);

  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const live = new Set<Connection>();
  let sent = 0;
  let measured = 0;
  let non2xx = 0;
  let brokenConnections = 0;
  let unanswered = 0;
  let lastAnswerMs = 0;

  const beginMs = performance.now();
  const measureFromMs = beginMs + options.warmUpMs;
  const untilMs = measureFromMs + options.durationMs;
  let settle = (): void => {};
  const over = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const leave = (connection: Connection): void => {
    if (!live.delete(connection)) return;
    if (!Number.isNaN(connection.sinceMs)) unanswered++;
    connection.socket.destroy();
    if (live.size === 0) settle();
  };

  /** `sinceMs` is a parameter so that an open loop can count from the time a request was due, not from its sending. */
  const send = (connection: Connection, sinceMs: number): void => {
    if (sinceMs >= untilMs || sent >= requestsMax) {
      leave(connection);
      return;
    }
    sent++;
    connection.sinceMs = sinceMs;
    connection.socket.write(request);
  };
  const pacing: Pacing = {
    opened: (connection) => send(connection, performance.now()),
    answered: (connection) => send(connection, performance.now()),
  };
  const answer = (connection: Connection, status: number): void => {
    const nowMs = performance.now();
    if (connection.sinceMs >= measureFromMs && nowMs <= untilMs) {
      latencies.push(nowMs - connection.sinceMs);
      measured++;
      lastAnswerMs = nowMs;
      if (status < 200 || status > 299) {
        non2xx++;
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }
    connection.sinceMs = Number.NaN;
    pacing.answered(connection);
  };
  const fail = (connection: Connection): void => {
    if (live.has(connection)) brokenConnections++;
    leave(connection);
  };

  for (let index = 0; index < options.connections; index++) {
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
    const connection: Connection = { socket, sinceMs: Number.NaN };
    live.add(connection);
    socket.on('connect', () => pacing.opened(connection));
    socket.on('error', () => fail(connection));
    socket.on('close', () => fail(connection));
  }
  const drain = setTimeout(
    () => {
      for (const connection of [...live]) leave(connection);
    },
    untilMs - performance.now() + DRAIN_MAX_MS,
  );
  await over;
  clearTimeout(drain);

  // A run ended by its count is as long as it took, not as long as it was allowed to.
  const durationMs = sent >= requestsMax ? Math.max(lastAnswerMs - measureFromMs, 0) : options.durationMs;
  if (latencies.length === 0) {
    const why = `${brokenConnections} broken connections, ${unanswered} unanswered requests, ${sent} sent`;
    throw new Error(`no request was answered in the measured time: ${why}`);
  }
  const { p50, p95, p99, p999, max } = summarise(latencies);
  return {
    requests: measured,
    durationMs,
    requestsPerSecond: durationMs > 0 ? (measured / durationMs) * 1000 : 0,
    p50,
    p95,
    p99,
    p999,
    max,
    non2xx,
    statuses,
    brokenConnections,
    unanswered,
  };
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
      connections: { type: 'string', default: '32' },
      'warm-up-ms': { type: 'string', default: '500' },
      'duration-ms': { type: 'string', default: '3000' },
      'requests-max': { type: 'string', default: String(REQUESTS_MAX) },
    },
  });
  if (values.url === undefined) throw new Error('--url is required');
  const bodyBytes = Number(values['body-bytes']);
  requireWithin('body-bytes', bodyBytes, 0, BODY_MAX_BYTES);
  return {
    url: values.url,
    ...(values.method === undefined ? {} : { method: values.method }),
    headers: values.header,
    body: Uint8Array.from({ length: bodyBytes }, (_, index) => index % 251),
    connections: Number(values.connections),
    warmUpMs: Number(values['warm-up-ms']),
    durationMs: Number(values['duration-ms']),
    requestsMax: Number(values['requests-max']),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(JSON.stringify(await generateLoad(readArguments())));
}
