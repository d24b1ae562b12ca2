/** What the door needs of the Model Context Protocol: connections that take parsed messages. Shapes only. */

export interface McpDoor {
  readonly protocolVersions: readonly string[];
  open(peer: { readonly tenant: string; readonly onMessage: (message: object) => void }): McpConnection;
}

export interface McpConnection {
  /** Resolves to the response, or to undefined where there is none. Never rejects. */
  receive(
    message: unknown,
    context: {
      readonly requestId: string;
      readonly traceparent: string | undefined;
      readonly timeoutMs: number | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<object | undefined>;
  close(): void;
}
