/**
 * The HTTP door: assembles the routes over a host and listens.
 *
 * The framework routes, checks and times out; what the routes answer and how is in the files beside this one. Always
 * true: every request ends in exactly one reply with a request id; an error is a problem document with a stable code;
 * no body is read past its limit; after `close()` no new connection is taken and no call under way is cut. It knows the
 * host only by its interface and never touches adapters, pools or threads.
 */

import { STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { Host } from '../types.ts';
import { createAdaptersAnswerers } from './adapters-route.ts';
import { baseHeaders, isLingering } from './answer.ts';
import { createArrivals } from './arrival.ts';
import { createBatchAnswerer } from './batch-route.ts';
import { type CopybookDoor, createCopybookAnswerers } from './copybook-route.ts';
import { registerDocs } from './docs-route.ts';
import { beginDrain } from './drain.ts';
import {
  type Answerer,
  createHandler,
  type Door,
  exchangeBeside,
  NO_ROUTE,
  publishRefusal,
  writeProblem,
} from './exchange.ts';
import { requestIdOf } from './headers.ts';
import { createHeldBytes } from './held-bytes.ts';
import { createIdempotency, type IdempotencyOptions } from './idempotency.ts';
import { createIncomingAnswerer } from './incoming-route.ts';
import { createInvokeAnswerer } from './invoke-route.ts';
import * as limits from './limits.ts';
import { createLogAnswerer, type LogAnswerer } from './log-route.ts';
import type { McpDoor } from './mcp-door.ts';
import { createMcpAnswerers } from './mcp-route.ts';
import { createMethodTable } from './method-table.ts';
import { composeOpenApi } from './openapi.ts';
import { INCOMING_METHODS } from './openapi-incoming.ts';
import { createOperationIndex } from './operation-index.ts';
import { createOpsAnswerers } from './ops-routes.ts';
import { fromFrameworkError, PROBLEM_TYPE, problemDocument } from './problem.ts';
import { createToolsAnswerer } from './tools-route.ts';
import { createVaultAnswerers, type VaultDoor } from './vault-route.ts';

export interface HttpOptions {
  /** Address to listen on. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Largest body of any route, in bytes; an operation's own limit narrows it. */
  readonly bodyMaxBytes: number;
  readonly idempotency: IdempotencyOptions;
  /** How long a drain answers requests before it cuts them. */
  readonly drainTimeoutMs: number;
  readonly clock: Clock;
  /** Metrics in the Prometheus text format, version 0.0.4. */
  readonly metricsText: () => Promise<string>;
  /** Where the host has keys: what `/v1/vault` seals and opens with. Not closed here. */
  readonly vault?: VaultDoor | undefined;
  /** What `/v1/copybook` decodes and encodes with. */
  readonly copybook?: CopybookDoor | undefined;
  /** Makes what `/mcp` speaks; called once, when it is first asked for. Not closed here. */
  readonly openMcp?: (() => Promise<McpDoor>) | undefined;
  /** Version of this host, for the API document. */
  readonly version: string;
}

export interface HttpServer {
  /** `http://127.0.0.1:8080`, with the port that was taken. */
  readonly address: string;
  /** Takes no new connection, lets requests under way finish, closes the others. Idempotent. Does not close the host. */
  close(): Promise<void>;
}

/** The assembled application, not listening: for tests that send requests without a socket. */
export interface HttpApp {
  readonly app: FastifyInstance;
  close(): Promise<void>;
}

/**
 * Serves the host over HTTP until closed.
 *
 * Rejects with Node's own error when the address cannot be taken.
 */
export async function serve(host: Host, options: HttpOptions): Promise<HttpServer> {
  const { app, close } = await createHttpApp(host, options);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await close();
    throw error;
  }
  const { address, family, port } = app.server.address() as AddressInfo;
  const name = family === 'IPv6' ? `[${address}]` : address;
  return { address: `http://${name}:${port}`, close };
}

/** Assembles the routes without listening. */
export async function createHttpApp(host: Host, options: HttpOptions): Promise<HttpApp> {
  const { clock, bodyMaxBytes } = options;
  let closing: Promise<void> | undefined;
  const { BODY_TIMEOUT_MS: totalMs, CONNECTIONS_CHECK_MS: checkMs } = limits;
  const arrivals = createArrivals({ clock, totalMs, checkMs });
  const door: Door = {
    host,
    clock,
    bodyMaxBytes,
    operations: createOperationIndex(host, clock),
    idempotency: createIdempotency(options.idempotency, clock),
    held: createHeldBytes(limits.HELD_MAX_BYTES),
    arrivals,
    isClosing: () => closing !== undefined,
  };

  const app = createFramework(door);
  arrivals.watch(app.server, ({ socket, hasReply }) => {
    // What is said into a reply that has begun would be taken for a part of it.
    if (hasReply) socket.destroy();
    else endUnread(socket, new HostError('HTTP_REQUEST_TIMEOUT', 'the body took too long to arrive'));
  });
  const openApi = (): object => composeOpenApi(host, options.version);
  const mcp = createMcpAnswerers(door, options.openMcp);
  const log = createLogAnswerer(door);
  await registerRoutes(app, door, {
    mcp,
    log,
    openApi,
    metricsText: options.metricsText,
    vault: options.vault,
    copybook: options.copybook,
  });
  await app.ready();

  const end = async (): Promise<void> => {
    mcp.endStreams();
    log.endStreams();
    const stopDraining = beginDrain(app.server, clock, options.drainTimeoutMs);
    try {
      await app.close();
    } finally {
      stopDraining();
      mcp.close();
      arrivals.close();
    }
  };
  return {
    app,
    close() {
      closing ??= end();
      return closing;
    },
  };
}

function createFramework(door: Door): FastifyInstance {
  const onError = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    writeProblem(door, exchangeBeside(request, reply), fromFrameworkError(error), { isCall: false });
  };
  const app = fastify({
    logger: false,
    // The id is read and checked by us; the framework's own way would take any header value.
    requestIdHeader: false,
    genReqId: (raw) => requestIdOf(raw.headers),
    bodyLimit: door.bodyMaxBytes,
    routerOptions: { maxParamLength: limits.PATH_PARAM_MAX_CHARS },
    // Bodies are watched by `arrival.ts`: a stream may take longer than any of them.
    requestTimeout: 0,
    keepAliveTimeout: limits.KEEP_ALIVE_TIMEOUT_MS,
    http: {
      headersTimeout: limits.HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: limits.CONNECTIONS_CHECK_MS,
    },
    // A request that still comes in on an open connection during a drain is served: the host takes calls until then.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: onError,
    clientErrorHandler: answerUnreadable,
  });
  // An expectation nobody knows is no reason to refuse (RFC 9110 section 10.1.1), and Node would without a request id.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.maxConnections = limits.CONNECTIONS_MAX;
  // Bodies are read by the routes, each to its own limit, after it is known who asks: nothing is parsed here.
  app.removeAllContentTypeParsers();
  // The framework remembers which parser a type has only for those that are named.
  const named = ['application/octet-stream', 'application/json'];
  app.addContentTypeParser([...named, '*'], (_request, _payload, done) => done(null));
  app.setErrorHandler(onError);
  return app;
}

async function registerRoutes(
  app: FastifyInstance,
  door: Door,
  sources: {
    readonly mcp: ReturnType<typeof createMcpAnswerers>;
    readonly log: LogAnswerer;
    readonly openApi: () => object;
    readonly metricsText: () => Promise<string>;
    readonly vault: VaultDoor | undefined;
    readonly copybook: CopybookDoor | undefined;
  },
): Promise<void> {
  const methods = createMethodTable();
  app.addHook('onRoute', (route) => methods.add(route.url, route.method));

  type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
  const on = (method: Method | string[], url: string, answerer: Answerer, isCall: boolean): void => {
    app.route({ method, url, handler: createHandler(door, answerer, { isCall, route: url }) });
  };
  const call = (url: string, answerer: Answerer): void => on('POST', url, answerer, true);
  const page = (method: Method, url: string, answerer: Answerer): void => on(method, url, answerer, false);
  const adapters = createAdaptersAnswerers(door);
  const vault = createVaultAnswerers(door, sources.vault);
  const copybook = createCopybookAnswerers(door, sources.copybook);
  const ops = createOpsAnswerers(door, sources);
  const batch = createBatchAnswerer(door);
  call('/v1/adapters/:name/:operation', createInvokeAnswerer(door));
  call('/v1/adapters/:name/:operation/batch', batch);
  on([...INCOMING_METHODS], '/v1/adapters/:name/http/*', createIncomingAnswerer(door, batch), true);
  call('/v1/tools/call', createToolsAnswerer(door));
  page('POST', '/v1/vault/seal', vault.seal);
  page('POST', '/v1/vault/open', vault.open);
  for (const what of ['layout', 'decode', 'encode', 'detect'] as const) {
    page('POST', `/v1/copybook/${what}`, copybook[what]);
  }
  page('GET', '/v1/adapters', adapters.list);
  page('GET', '/v1/adapters/:name', adapters.show);
  page('PUT', '/v1/adapters/:name', adapters.install);
  page('DELETE', '/v1/adapters/:name', adapters.remove);
  page('GET', '/v1/adapters/:name/log', sources.log.follow);
  page('POST', '/mcp', sources.mcp.post);
  page('GET', '/mcp', sources.mcp.stream);
  page('DELETE', '/mcp', sources.mcp.end);
  page('GET', '/health/live', ops.live);
  page('GET', '/health/ready', ops.ready);
  page('GET', '/metrics', ops.metrics);
  page('GET', '/openapi.json', ops.openApi);
  await registerDocs(app, door, sources.openApi);

  app.setNotFoundHandler((request, reply) => {
    const exchange = { ...exchangeBeside(request, reply), route: NO_ROUTE };
    const allowed = methods.allowed(request.url.split('?', 1)[0] ?? '');
    if (allowed.length === 0) {
      const error = new HostError('HTTP_ROUTE_NOT_FOUND', 'no route has this path; /openapi.json lists them');
      writeProblem(door, exchange, error, { isCall: false });
      return;
    }
    const error = new HostError('HTTP_METHOD_NOT_ALLOWED', `this path takes ${allowed.join(', ')}`);
    writeProblem(door, exchange, error, { isCall: false, extraHeaders: ['Allow', allowed.join(', ')] });
  });
}

/** Answers what Node could not parse into a request, straight on the socket; then the connection ends. */
function answerUnreadable(cause: Error & { readonly code?: string }, socket: Socket): void {
  if (cause.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  endUnread(socket, unreadable(cause));
}

/** Writes the problem document straight on the socket, where no response can be had, and ends the connection. */
function endUnread(socket: Socket, error: HostError): void {
  if (!socket.writable || isLingering(socket)) {
    socket.destroy();
    return;
  }
  const requestId = requestIdOf({});
  publishRefusal({ requestId, method: 'unknown', route: NO_ROUTE }, error);
  const body = JSON.stringify(problemDocument(error, requestId));
  const headers = baseHeaders(requestId, PROBLEM_TYPE, true);
  let head = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n`;
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
  head += `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
}

function unreadable(cause: Error & { readonly code?: string }): HostError {
  if (cause.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new HostError('HTTP_REQUEST_TIMEOUT', 'the headers took too long to arrive', { cause });
  }
  if (cause.code === 'HPE_HEADER_OVERFLOW') {
    return new HostError('HTTP_HEADERS_TOO_LARGE', 'the request line and headers are too long', { cause });
  }
  return new HostError('HTTP_MALFORMED', 'this is not an HTTP request', { cause });
}
