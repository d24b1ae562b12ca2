/**
 * One connection to Redis: commands out, replies back, in order.
 *
 * As much of RESP 2 as the store needs, so that what comes from the network meets 200 lines and no more. It connects with the first
 * command and again after a loss. Always: a command that may have been run is never sent twice (an increment would count twice);
 * each answers within `timeoutMs` or rejects; nothing here prints the address, which may hold a password.
 * Source: Redis serialization protocol specification, version 2; AUTH, SELECT.
 */

import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock, Timer } from '../clock.ts';
import { StoreUnavailable } from './kv.ts';
import { createReplyReader, type RedisReply } from './redis-replies.ts';

export interface RedisConnection {
  command(parts: readonly (string | Uint8Array)[]): Promise<RedisReply>;
  /** Ends the connection; commands under way reject. Idempotent. */
  close(): Promise<void>;
}

export interface RedisConnectionOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://`; valid. */
  readonly url: string;
  readonly clock: Clock;
  /** For a command, and for connecting. Default 2,000: a store in the same data centre answers in one. */
  readonly timeoutMs?: number;
}

/** Unanswered commands at most: a store that stalls must not fill the heap. */
const PENDING_MAX_COUNT = 10_000;
/** No attempt earlier than this after one that failed: each costs every waiting guest its timeout. */
const RECONNECT_PAUSE_MS = 250;

interface Pending {
  resolve(reply: RedisReply): void;
  reject(error: StoreUnavailable): void;
  timer: Timer;
}

export function createRedisConnection(options: RedisConnectionOptions): RedisConnection {
  const { clock, timeoutMs = 2000 } = options;
  const url = new URL(options.url);
  let link: Socket | undefined;
  let pending: Pending[] = [];
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  function lose(socket: Socket, why: string, cause?: unknown): void {
    socket.destroy();
    if (link !== socket) return;
    link = undefined;
    failedAtMs = clock.now();
    const lost = pending;
    pending = [];
    for (const { reject, timer } of lost) {
      timer.cancel();
      reject(new StoreUnavailable(why, { cause }));
    }
  }

  function openLink(): Socket {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = Number(url.port || 6379);
    const socket =
      url.protocol === 'rediss:'
        ? connectTls({ host, port, servername: host })
        : connectPlain({ host, port });
    link = socket;
    socket.setNoDelay(true);
    const reader = createReplyReader();
    socket.on('data', (chunk: Uint8Array) => {
      try {
        for (const reply of reader.take(chunk)) {
          const first = pending.shift();
          if (first === undefined) throw new Error('a reply that nobody asked for');
          first.timer.cancel();
          if (reply.kind === 'error') first.reject(new StoreUnavailable(`the store refused: ${reply.text}`));
          else first.resolve(reply.value);
        }
      } catch (error) {
        lose(socket, 'the store does not speak its protocol', error);
      }
    });
    socket.on('error', (error) => lose(socket, 'the connection to the store failed', error));
    socket.on('close', () => lose(socket, 'the store closed the connection'));
    greet(socket);
    return socket;
  }

  /** Password and database go first; a refusal ends the connection, because what follows would go to the wrong place. */
  function greet(socket: Socket): void {
    const password = decodeURIComponent(url.password);
    const user = decodeURIComponent(url.username);
    const database = url.pathname.slice(1);
    const commands = [
      ...(password === '' ? [] : [['AUTH', ...(user === '' ? [] : [user]), password]]),
      ...(database === '' ? [] : [['SELECT', database]]),
    ];
    for (const parts of commands) {
      send(socket, parts).catch((error: unknown) => lose(socket, 'the store refused the connection', error));
    }
  }

  function send(socket: Socket, parts: readonly (string | Uint8Array)[]): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      // Replies come in order: after a late one nothing on this connection can be told apart.
      const timer = clock.after(timeoutMs, () => lose(socket, 'the store did not answer in time'));
      pending.push({ resolve, reject, timer });
      socket.write(encode(parts));
    });
  }

  return {
    async command(parts) {
      if (isClosed) throw new StoreUnavailable('the store is closed');
      if (pending.length >= PENDING_MAX_COUNT)
        throw new StoreUnavailable('too many commands wait for the store');
      if (link === undefined && clock.now() - failedAtMs < RECONNECT_PAUSE_MS) {
        throw new StoreUnavailable('the store was lost a moment ago');
      }
      return send(link ?? openLink(), parts);
    },
    async close() {
      isClosed = true;
      if (link !== undefined) lose(link, 'the store is closed');
    },
  };
}

function encode(parts: readonly (string | Uint8Array)[]): Buffer {
  const pieces: Uint8Array[] = [Buffer.from(`*${parts.length}\r\n`)];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    pieces.push(Buffer.from(`$${bytes.byteLength}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(pieces);
}

const CRLF = Buffer.from('\r\n');
