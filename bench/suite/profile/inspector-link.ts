/**
 * A connection to V8's inspector: of this process, or of another that listens for it on loopback. One question at a time has its
 * answer; notices come by name. Worker threads are reached through it as sessions of the NodeWorker domain.
 *
 * Source: Chrome DevTools Protocol, and `node_protocol.pdl` of Node for NodeWorker.
 */

import { Session } from 'node:inspector';

/** What is asked and answered, of one thread. */
export interface InspectorLink {
  post(method: string, params?: object): Promise<unknown>;
  /** Called with the parameters of each notice of this name. */
  on(method: string, listener: (params: unknown) => void): void;
  close(): void;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Of the thread that calls. */
export function connectHere(): InspectorLink {
  const session = new Session();
  session.connect();
  return {
    post: (method, params) =>
      new Promise((resolve, reject) => {
        session.post(method, params, (error: Error | null, result?: object) =>
          error === null ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
        );
      }),
    on: (method, listener) =>
      void session.on(method, (message: { readonly params: unknown }) => listener(message.params)),
    close: () => session.disconnect(),
  };
}

/** Of the main thread of a process, at the address that it printed as it began to listen. Rejects when nobody is there. */
export async function connectTo(address: string): Promise<InspectorLink> {
  const socket = new WebSocket(address);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`no inspector at ${address}`)), { once: true });
  });
  const link = createMessageLink((text) => socket.send(text));
  socket.addEventListener('message', ({ data }) => link.receive(String(data)));
  socket.addEventListener('close', () => link.end());
  return { post: link.post, on: link.on, close: () => socket.close() };
}

/** A worker thread, by the session that `link` has of it. */
export function connectThread(link: InspectorLink, sessionId: string): InspectorLink {
  const inner = createMessageLink((message) => {
    link.post('NodeWorker.sendMessageToWorker', { sessionId, message }).catch(() => inner.end());
  });
  link.on('NodeWorker.receivedMessageFromWorker', (params) => {
    const { sessionId: from, message } = params as { readonly sessionId: string; readonly message: string };
    if (from === sessionId) inner.receive(message);
  });
  link.on('NodeWorker.detachedFromWorker', (params) => {
    if ((params as { readonly sessionId: string }).sessionId === sessionId) inner.end();
  });
  return { post: inner.post, on: inner.on, close: () => inner.end() };
}

interface MessageLink extends Omit<InspectorLink, 'close'> {
  receive(text: string): void;
  /** Whoever waits is told that nothing will come. */
  end(): void;
}

/** Numbers what is sent and settles what is answered. */
export function createMessageLink(send: (text: string) => void): MessageLink {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const listeners = new Map<string, ((params: unknown) => void)[]>();
  let lastId = 0;
  let isOver = false;
  return {
    post(method, params = {}) {
      if (isOver) return Promise.reject(new Error(`${method}: the thread is gone`));
      const settled = Promise.withResolvers<unknown>();
      const id = ++lastId;
      waiting.set(id, settled);
      send(JSON.stringify({ id, method, params }));
      return settled.promise;
    },
    on(method, listener) {
      listeners.set(method, [...(listeners.get(method) ?? []), listener]);
    },
    receive(text) {
      const { id, method, params, result, error }: Message = JSON.parse(text);
      if (method !== undefined) for (const listener of listeners.get(method) ?? []) listener(params);
      if (id === undefined) return;
      const settled = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) settled?.resolve(result);
      else settled?.reject(new Error(error.message));
    },
    end() {
      isOver = true;
      for (const { reject } of waiting.values()) reject(new Error('the thread is gone'));
      waiting.clear();
    },
  };
}
