/**
 * One peer of the protocol: the SDK's server behind a transport that is a function call.
 *
 * The SDK knows the protocol: its versions, its handshake, the shape of every message. Here its ids are ours: the peer's are put
 * in and taken out, so that one used twice, or `0`, which the SDK does not cancel, is nothing special. Always: a request
 * that was taken settles exactly once, by its response, by its cancellation, or by the end of the connection.
 */

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  type JSONRPCRequest,
  ListToolsRequestSchema,
  McpError,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js';
import type { jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js';
import { toHostError } from '../errors.ts';
import type { Host } from '../types.ts';
import type { McpConnection, McpPeer, MessageContext } from './face.ts';
import { callTool, timeoutOf } from './tool-call.ts';
import { findTool, listTools, PAGE_TOOLS_MAX } from './tools.ts';

/** Requests of one peer under way: more than any pool gives one tenant by default. */
const REQUESTS_MAX_COUNT = 64;

const LIST_CHANGED = 'notifications/tools/list_changed';

const INSTRUCTIONS =
  'Each tool is one operation of a WebAssembly adapter that runs in an isolated cell. A tool whose input has `text` and `payload` takes bytes: send text as `text`, anything else as base64 in `payload`.';

export interface Connection extends McpConnection {
  /** Tells the peer, if it has introduced itself. */
  toolsChanged(): void;
}

interface Pending {
  readonly id: RequestId;
  readonly context: MessageContext;
  readonly settle: (response: object | undefined) => void;
}

export function openConnection(parts: {
  readonly host: Host;
  readonly version: string;
  readonly peer: McpPeer;
  /** For what a client answers to questions; none are asked. Shared, because each would compile its own. */
  readonly validator: jsonSchemaValidator;
  readonly onClosed: () => void;
}): Connection {
  const { host, peer } = parts;
  const pending = new Map<number, Pending>();
  /** The peer's ids under way. `1` and `"1"` are two. */
  const numbers = new Map<RequestId, number>();
  let lastNumber = 0;
  let isClosed = false;
  let isIntroduced = false;

  const end = (number: number, response: object | undefined): void => {
    const request = pending.get(number);
    if (!request) return;
    pending.delete(number);
    numbers.delete(request.id);
    request.settle(response);
  };

  const transport: Transport = {
    start: async () => {},
    close: async () => transport.onclose?.(),
    async send(message) {
      if ('method' in message) peer.onMessage(message);
      else end(Number(message.id), { ...message, id: pending.get(Number(message.id))?.id });
    },
  };
  const hear = (message: JSONRPCMessage): void => transport.onmessage?.(message);

  const server = new Server(
    { name: 'hotcell', title: 'Hotcell', version: parts.version },
    {
      capabilities: { tools: { listChanged: true } },
      instructions: INSTRUCTIONS,
      debouncedNotificationMethods: [LIST_CHANGED],
      jsonSchemaValidator: parts.validator,
    },
  );
  server.oninitialized = () => {
    isIntroduced = true;
  };
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => pageOf(host, params?.cursor));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { requestId, signal, _meta }) => {
    const target = findTool(host, params.name);
    if (target === undefined) {
      throw new McpError(ErrorCode.InvalidParams, 'there is no tool of this name; tools/list has them');
    }
    const context = (pending.get(Number(requestId)) as Pending).context;
    return callTool(host, {
      target,
      arguments: params.arguments ?? {},
      tenant: peer.tenant,
      requestId: context.requestId,
      traceparent: context.traceparent,
      timeoutMs: wantedTimeout(_meta) ?? context.timeoutMs,
      signal,
    });
  });
  // The transport starts at once: nothing is waited for.
  void server.connect(transport);

  const cancel = (number: number, reason: string): void => {
    if (!pending.has(number)) return;
    const params = { requestId: number, reason };
    hear({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
    // A cancelled request has no response. Source: Model Context Protocol 2025-11-25, "Cancellation".
    end(number, undefined);
  };

  const request = (message: JSONRPCRequest, context: MessageContext): Promise<object | undefined> => {
    const { id } = message;
    const refuse = (text: string): Promise<object> =>
      Promise.resolve(errorResponse(id, ErrorCode.InvalidRequest, text));
    if (isClosed) return refuse('the connection is closed');
    if (numbers.has(id)) return refuse('a request with this id is under way');
    if (pending.size >= REQUESTS_MAX_COUNT) {
      return refuse(`${REQUESTS_MAX_COUNT} requests are under way, the most of one connection`);
    }
    if (context.signal?.aborted) return Promise.resolve(undefined);
    const number = ++lastNumber;
    return new Promise((resolve) => {
      const leave = (): void => cancel(number, 'the peer is gone');
      context.signal?.addEventListener('abort', leave, { once: true });
      const settle = (response: object | undefined): void => {
        context.signal?.removeEventListener('abort', leave);
        resolve(response);
      };
      pending.set(number, { id, context, settle });
      numbers.set(id, number);
      hear({ ...message, id: number });
    });
  };

  return {
    async receive(given, context) {
      const parsed = JSONRPCMessageSchema.safeParse(given);
      if (!parsed.success) {
        return errorResponse(null, ErrorCode.InvalidRequest, 'this is no message of JSON-RPC 2.0');
      }
      const message = parsed.data;
      // Nothing is asked of a peer: what it answers is an answer to nothing.
      if (!('method' in message)) return undefined;
      if ('id' in message) return await request(message, context);
      if (message.method === 'notifications/cancelled') {
        const number = numbers.get(message.params?.requestId as RequestId);
        if (number !== undefined) cancel(number, 'the peer cancelled it');
      } else hear(message);
      return undefined;
    },
    toolsChanged() {
      if (isIntroduced && !isClosed) void server.sendToolListChanged();
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      for (const number of [...pending.keys()]) cancel(number, 'the connection ends');
      void server.close();
      parts.onClosed();
    },
  };
}

/** An error response of JSON-RPC. `id` is null where the request's is not known. */
export function errorResponse(id: RequestId | null, code: number, message: string): object {
  return { jsonrpc: '2.0', id, error: { code, message } };
}

function wantedTimeout(meta: Readonly<Record<string, unknown>> | undefined): number | undefined {
  try {
    return timeoutOf(meta);
  } catch (error) {
    throw new McpError(ErrorCode.InvalidParams, toHostError(error).detail);
  }
}

/** A cursor is the name after which a page begins: it stays right when tools come and go. */
function pageOf(
  host: Host,
  cursor: string | undefined,
): { tools: ReturnType<typeof listTools>; nextCursor?: string } {
  const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
  if (cursor !== undefined && Buffer.from(after).toString('base64url') !== cursor) {
    throw new McpError(ErrorCode.InvalidParams, 'this cursor is none of ours');
  }
  const rest = listTools(host).filter(({ name }) => name > after);
  const tools = rest.slice(0, PAGE_TOOLS_MAX);
  const last = tools.at(-1);
  if (last === undefined || rest.length === tools.length) return { tools };
  return { tools, nextCursor: Buffer.from(last.name).toString('base64url') };
}
