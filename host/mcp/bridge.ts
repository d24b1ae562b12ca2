/**
 * A running host's /mcp as a connection: for clients that speak over standard input and output only.
 *
 * The SDK's client transport carries the messages, unread but for the handshake. A host that was restarted does not know the
 * session any more: the handshake is then repeated for the client, which is told that the tools may have changed. Always: every
 * request is answered, with an error response where the host cannot be reached.
 */

import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  type JSONRPCRequest,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js';
import { errorResponse } from './connection.ts';

export interface Bridge {
  /** Resolves to what is to be given back. Never rejects. */
  receive(message: unknown): Promise<object | undefined>;
  /** Ends the session. */
  close(): Promise<void>;
}

/** Source: JSON-RPC 2.0, section 5.1: of those for servers to define. */
const UNREACHABLE = -32000;
const INVALID_REQUEST = -32600;
/** Ids of the bridge's own requests: no client sends them. */
const OWN_ID = 'hotcell:handshake';

export function openBridge(options: {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Takes what the host says without being asked. */
  readonly onMessage: (message: object) => void;
  readonly onError: (error: Error) => void;
}): Bridge {
  const { url, headers, onMessage, onError } = options;
  const waiting = new Map<RequestId, (response: object) => void>();
  let handshake: JSONRPCRequest | undefined;
  let restoring: Promise<void> | undefined;
  let transport = connect();

  function connect(): StreamableHTTPClientTransport {
    const made = new StreamableHTTPClientTransport(url, { requestInit: { headers: { ...headers } } });
    made.onmessage = (message) => {
      const isAnswer = !('method' in message) && message.id !== undefined;
      const settle = isAnswer ? waiting.get(message.id as RequestId) : undefined;
      if (settle) settle(message);
      else onMessage(message);
    };
    made.onerror = onError;
    void made.start();
    return made;
  }

  /** Sends a message, and resolves to the response of a request; undefined for none, as when it was cancelled. */
  const send = async (message: JSONRPCMessage): Promise<object | undefined> => {
    let response: object | undefined;
    const id = 'method' in message && 'id' in message ? message.id : undefined;
    if (id !== undefined) {
      waiting.set(id, (given) => {
        response = given;
      });
    }
    try {
      // All of an answer has come when this resolves: the host answers with JSON.
      await transport.send(message);
    } finally {
      if (id !== undefined) waiting.delete(id);
    }
    const version = (response as { result?: { protocolVersion?: unknown } } | undefined)?.result
      ?.protocolVersion;
    if (isInitialize(message) && typeof version === 'string') transport.setProtocolVersion(version);
    return response;
  };

  const restore = async (known: JSONRPCRequest): Promise<void> => {
    const before = transport;
    transport = connect();
    await before.close();
    await send({ ...known, id: OWN_ID });
    await send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    onMessage({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
  };

  const sendOrRestore = async (message: JSONRPCMessage): Promise<object | undefined> => {
    try {
      return await send(message);
    } catch (error) {
      const isForgotten = (error as { code?: unknown }).code === 404;
      if (!isForgotten || handshake === undefined || isInitialize(message)) throw error;
      restoring ??= restore(handshake).finally(() => {
        restoring = undefined;
      });
      await restoring;
      return await send(message);
    }
  };

  return {
    async receive(given) {
      const parsed = JSONRPCMessageSchema.safeParse(given);
      if (!parsed.success) return errorResponse(null, INVALID_REQUEST, 'this is no message of JSON-RPC 2.0');
      const message = parsed.data;
      const id = 'method' in message && 'id' in message ? message.id : undefined;
      if (id !== undefined && waiting.has(id)) {
        return errorResponse(id, INVALID_REQUEST, 'a request with this id is under way');
      }
      if (isInitialize(message)) handshake = message as JSONRPCRequest;
      try {
        return await sendOrRestore(message);
      } catch (error) {
        onError(error as Error);
        if (id === undefined) return undefined;
        return errorResponse(id, UNREACHABLE, `the host did not answer: ${(error as Error).message}`);
      }
    },
    async close() {
      try {
        await transport.terminateSession();
      } catch {
        // The host is gone, and the session with it.
      }
      await transport.close();
    },
  };
}

const isInitialize = (message: JSONRPCMessage): boolean =>
  'method' in message && message.method === 'initialize';
