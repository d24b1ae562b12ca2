/**
 * What this room gives to whoever carries messages: HTTP, standard input and output. Shapes only.
 *
 * A message is parsed JSON as it came; everything about it is checked here, and nothing before.
 */

/** Who is at the other end, as the carrier has found out. Fixed for the life of a connection. */
export interface McpPeer {
  readonly tenant: string;
  /** Takes what is sent without being asked for: notifications. Must not throw. */
  readonly onMessage: (message: object) => void;
}

/** What belongs to one message and not to its peer. */
export interface MessageContext {
  /** Of the host's calls and of its log. */
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  /** Narrows the limit of the operation, as `_meta["hotcell/timeoutMs"]` does. */
  readonly timeoutMs?: number | undefined;
  /** Its sender is gone: nobody waits for the response. */
  readonly signal?: AbortSignal | undefined;
}

export interface McpConnection {
  /**
   * Takes one message. Resolves to the response of a request; to undefined for what has none: a notification, a response,
   * and a request that was cancelled. Never rejects: what is wrong with a message is an error response.
   */
  receive(message: unknown, context: MessageContext): Promise<object | undefined>;
  /** Cancels what is under way. */
  close(): void;
}

export interface Mcp {
  /** Versions of the protocol that are spoken, newest first. */
  readonly protocolVersions: readonly string[];
  open(peer: McpPeer): McpConnection;
  close(): void;
}
