/**
 * /mcp: the Model Context Protocol over HTTP ("Streamable HTTP" of its version 2025-11-25).
 *
 * POST brings a message and is answered with JSON; GET is the stream of events of a session; DELETE ends one. A request without a
 * session is a connection of its own. No call has progress to report, so that no answer needs a stream; nothing can be
 * asked for again, so a client that leaves ends the calls it waits for: nobody would ever have their results.
 */

import { setMaxListeners } from 'node:events';
import { HostError } from '../errors.ts';
import type { Identity } from '../types.ts';
import { type Answer, jsonAnswer } from './answer.ts';
import { readBody } from './body.ts';
import type { Answerer, Door, Exchange } from './exchange.ts';
import { credentialsOf, requireJson, timeoutMsOf, traceparentOf } from './headers.ts';
import { MCP_BATCH_MAX, MCP_BODY_MAX_BYTES } from './limits.ts';
import type { McpConnection, McpDoor } from './mcp-door.ts';
import { type Messages, readMessages } from './mcp-messages.ts';
import { createMcpSessions, type McpSessions } from './mcp-sessions.ts';
import { openEventStream } from './mcp-stream.ts';

const NO_BYTES = new Uint8Array(0);
const JSON_TYPE = 'application/json';
const EVENT_STREAM = 'text/event-stream';

export function createMcpAnswerers(
  door: Door,
  openMcp: (() => Promise<McpDoor>) | undefined,
): {
  readonly post: Answerer;
  readonly stream: Answerer;
  readonly end: Answerer;
  /** Ends the streams of events, for a drain, which would wait for them; calls go on. */
  endStreams(): void;
  /** Ends the sessions. */
  close(): void;
} {
  const { host, clock, bodyMaxBytes } = door;
  let sessions: McpSessions | undefined;
  let opening: Promise<McpDoor> | undefined;
  const requireDoor = async (): Promise<{ readonly mcp: McpDoor; readonly sessions: McpSessions }> => {
    if (openMcp === undefined) {
      throw new HostError('HTTP_ROUTE_NOT_FOUND', 'this host does not speak the Model Context Protocol');
    }
    opening ??= openMcp();
    const mcp = await opening;
    sessions ??= createMcpSessions(mcp, clock);
    return { mcp, sessions };
  };

  const requireVersion = ({ headers }: Exchange, { protocolVersions }: McpDoor): void => {
    const given = headers['mcp-protocol-version'];
    if (given === undefined || protocolVersions.includes(String(given))) return;
    const known = protocolVersions.join(', ');
    throw new HostError('HTTP_MALFORMED', `MCP-Protocol-Version must be one of ${known}`);
  };

  /** Gives what one POST brings to the connection; resolves to the responses. */
  const receiveAll = async (
    exchange: Exchange,
    connection: McpConnection,
    messages: readonly unknown[],
  ): Promise<readonly object[]> => {
    const { headers, outgoing, requestId } = exchange;
    const leaving = new AbortController();
    const leave = (): void => leaving.abort();
    outgoing.once('close', leave);
    // Each message of a batch listens.
    setMaxListeners(MCP_BATCH_MAX, leaving.signal);
    // It may have left while its body was read.
    if (outgoing.destroyed) leave();
    const context = {
      requestId,
      traceparent: traceparentOf(headers),
      timeoutMs: timeoutMsOf(headers),
      signal: leaving.signal,
    };
    const received = await Promise.all(messages.map((message) => connection.receive(message, context)));
    outgoing.off('close', leave);
    return received.filter((response) => response !== undefined);
  };

  return {
    async post(exchange) {
      const { headers } = exchange;
      const identity = host.identify(credentialsOf(headers));
      requireAccepted(exchange, JSON_TYPE);
      requireJson(headers);
      const { mcp: protocol, sessions: all } = await requireDoor();
      requireVersion(exchange, protocol);
      timeoutMsOf(headers);
      if (headers['idempotency-key'] !== undefined) {
        throw new HostError('HTTP_MALFORMED', 'this route keeps no answers: it takes no Idempotency-Key');
      }
      const id = sessionIdOf(exchange);
      const session = id === undefined ? undefined : all.find(id, identity);
      const leave = session?.enter();
      try {
        const maxBytes = Math.min(MCP_BODY_MAX_BYTES, bodyMaxBytes);
        const read = readMessages(await readBody(door, exchange, identity.tenant, maxBytes));
        if (read.kind === 'refused') return read.answer;
        if (session) return answerOf(read, await receiveAll(exchange, session.connection, read.messages));
        if (read.messages.some(isInitialize)) return await initialize(exchange, identity, read, all);
        const connection = protocol.open({ tenant: identity.tenant, onMessage: () => {} });
        try {
          return answerOf(read, await receiveAll(exchange, connection, read.messages));
        } finally {
          connection.close();
        }
      } finally {
        leave?.();
      }
    },

    async stream(exchange): Promise<'streamed'> {
      // Routes for GET take HEAD too, and its reply would have no end.
      if (exchange.incoming.method !== 'GET') {
        throw new HostError('HTTP_METHOD_NOT_ALLOWED', 'this path takes GET, POST, DELETE');
      }
      const identity = host.identify(credentialsOf(exchange.headers));
      const { mcp: protocol, sessions: all } = await requireDoor();
      requireAccepted(exchange, EVENT_STREAM);
      requireVersion(exchange, protocol);
      if (door.isClosing()) throw new HostError('HTTP_DRAINING', 'the host is draining', { retryAfterS: 1 });
      requireSession(exchange, (id) => all.find(id, identity)).attach((onClosed) =>
        openEventStream(door, exchange, onClosed),
      );
      return 'streamed';
    },

    async end(exchange) {
      const identity = host.identify(credentialsOf(exchange.headers));
      const { sessions: all } = await requireDoor();
      requireSession(exchange, (id) => all.end(id, identity));
      return { ...jsonAnswer(204, null), body: NO_BYTES };
    },

    endStreams: () => sessions?.endStreams(),
    close: () => sessions?.close(),
  };

  async function initialize(
    exchange: Exchange,
    identity: Identity,
    read: Read,
    all: McpSessions,
  ): Promise<Answer> {
    if (read.messages.length > 1) throw new HostError('HTTP_MALFORMED', 'initialize comes alone');
    const session = all.open(identity);
    const leave = session.enter();
    const responses = await receiveAll(exchange, session.connection, read.messages);
    leave();
    const answer = answerOf(read, responses);
    if (responses.some((response) => 'result' in response)) {
      return { ...answer, extraHeaders: ['Mcp-Session-Id', session.id] };
    }
    // Nobody was introduced: nobody knows of it.
    all.end(session.id, identity);
    return answer;
  }
}

type Read = Extract<Messages, { kind: 'messages' }>;

/** Without a response it is 202, or an empty stream of events where what was asked for has been cancelled. */
function answerOf({ messages, isBatch }: Read, responses: readonly object[]): Answer {
  if (responses.length > 0) return jsonAnswer(statusOf(responses), isBatch ? responses : responses[0]);
  return messages.some(isRequest)
    ? { ...jsonAnswer(200, null, EVENT_STREAM), body: NO_BYTES }
    : { ...jsonAnswer(202, null), body: NO_BYTES };
}

/** Throws HTTP_NOT_ACCEPTABLE — the client says what it takes, and this is not among it. */
function requireAccepted({ headers }: Exchange, type: string): void {
  const ranges = (headers.accept ?? '*/*')
    .split(',')
    .map((range) => range.split(';', 1)[0]?.trim().toLowerCase());
  if (ranges.some((range) => range === type || range === '*/*' || range === `${type.split('/', 1)[0]}/*`))
    return;
  throw new HostError('HTTP_NOT_ACCEPTABLE', `Accept must name ${type}`);
}

function sessionIdOf({ headers }: Exchange): string | undefined {
  const given = headers['mcp-session-id'];
  return given === undefined ? undefined : String(given);
}

function requireSession<T>(exchange: Exchange, use: (id: string) => T): T {
  const id = sessionIdOf(exchange);
  if (id === undefined)
    throw new HostError('HTTP_MALFORMED', 'this needs an Mcp-Session-Id, which initialize gives');
  return use(id);
}

const field = (message: unknown, name: string): unknown =>
  (message as Record<string, unknown> | null)?.[name];

const isInitialize = (message: unknown): boolean => field(message, 'method') === 'initialize';

const isRequest = (message: unknown): boolean =>
  field(message, 'method') !== undefined && field(message, 'id') !== undefined;

/** 400 for what was no message at all; every other error of JSON-RPC is an answer like another. */
function statusOf(responses: readonly object[]): number {
  return responses.every((response) => (response as { id?: unknown }).id === null) ? 400 : 200;
}
