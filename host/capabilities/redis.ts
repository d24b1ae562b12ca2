/**
 * The door to Redis: scripts out, answers back, by ioredis over one connection.
 *
 * ioredis is loaded and connects with the first script. Always: a script that may have been run is never sent again (an increment
 * would count twice); each answers within `timeoutMs` or rejects; what waits, and what is held of an answer, is bounded; no error
 * holds arguments or the password, as those of ioredis do. Time is ioredis's own: it takes no clock.
 * It believes its server: what a store that lies can do, README.md says.
 */

import { isIP } from 'node:net';
import type { Redis as Client } from 'ioredis';
import { StoreUnavailable } from './kv.ts';

export interface Redis {
  /**
   * Runs a script, sent whole: by its hash it is no faster, and may be unknown. The bytes are copied before it returns. The answer is
   * unchecked: texts are Buffers, which may share memory. Rejects with StoreUnavailable.
   */
  run(
    script: string,
    keys: readonly string[],
    values: readonly (string | number | Uint8Array)[],
  ): Promise<unknown>;
  /** Ends the connection; scripts under way reject. Idempotent. */
  close(): Promise<void>;
}

export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://`; valid. */
  readonly url: string;
  /** For a script, connecting included. Default 2,000: a store in the same data centre answers in one. */
  readonly timeoutMs?: number;
  /** Certificates trusted beside none other, in PEM. Default: those of Node. */
  readonly ca?: string | undefined;
}

/** Unanswered scripts at most, and bytes in them: a store that stalls must not fill the heap. */
const PENDING_MAX_COUNT = 10_000;
const PENDING_MAX_BYTES = 64 * 1024 * 1024;
/** A value of 1 MiB, or a list of 1,000 keys of 512 bytes, with room. */
const REPLY_MAX_BYTES = 2 * 1024 * 1024;
/** From a loss to the next attempt, twice as long each time: attempts cost those who wait their time. */
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 5000;
const REFUSAL_MAX_CHARS = 200;

export function createRedis(options: RedisOptions): Redis {
  const { timeoutMs = 2000 } = options;
  let opening: Promise<Client> | undefined;
  let pendingCount = 0;
  let pendingBytes = 0;
  /** Received since the last answer. */
  let receivedBytes = 0;
  /** Attempts since the last answer: a store that takes connections and answers nothing is not back. */
  let attempts = 0;
  /** Why the connection was lost. */
  let loss: Error | undefined;
  let isClosed = false;

  async function open(): Promise<Client> {
    // Loaded where it is needed: hosts without Redis start earlier.
    const { Redis } = await import('ioredis');
    const client = new Redis(options.url, {
      ...tlsOf(options),
      lazyConnect: true,
      // What scripts answer needs no more.
      protocol: 2,
      // Both ask for commands that a user of few rights may not run.
      disableClientInfo: true,
      enableReadyCheck: false,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      // With a connection goes all that waits for it: nothing is sent again.
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => Math.min(RETRY_MIN_MS * 2 ** attempts++, RETRY_MAX_MS),
    });
    client.on('connect', () => {
      loss = undefined;
      receivedBytes = 0;
      const { stream } = client;
      stream.on('data', (chunk: Uint8Array) => {
        receivedBytes += chunk.byteLength;
        if (receivedBytes > REPLY_MAX_BYTES) stream.destroy(new Error('an answer is too long'));
      });
    });
    // ioredis goes on after some: a database that was refused, an answer to nothing. What follows would go to, or come from, the
    // wrong place.
    client.on('error', (error) => {
      loss = described(error);
      client.stream?.destroy();
    });
    return client;
  }

  return {
    async run(script, keys, values) {
      if (isClosed) throw new StoreUnavailable('the store is closed');
      const parts = values.map((value) => (typeof value === 'object' ? Buffer.from(value) : String(value)));
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      if (pendingCount >= PENDING_MAX_COUNT || pendingBytes + bytes > PENDING_MAX_BYTES) {
        throw new StoreUnavailable('too many commands wait for the store');
      }
      pendingCount++;
      pendingBytes += bytes;
      try {
        opening ??= open();
        const client = await opening;
        // Those that ioredis would keep for later: by then nobody waits for them.
        if (client.status === 'reconnecting' || client.stream?.destroyed) {
          throw new StoreUnavailable('the store was lost a moment ago', { cause: loss });
        }
        const command = [script, keys.length, ...keys, ...parts];
        const reply = await client.callBuffer('EVAL', command).catch((error: Error) => {
          if (error.name === 'ReplyError') {
            throw new StoreUnavailable('the store refused', { cause: described(error) });
          }
          const isLate = error.message === 'Command timed out';
          loss ??= new Error(isLate ? 'it did not answer in time' : 'it closed the connection');
          // After a late answer those behind it are late as well, and those that are not sent yet must never be.
          client.stream?.destroy();
          throw new StoreUnavailable('the store was lost', { cause: loss });
        });
        attempts = 0;
        receivedBytes = 0;
        return reply;
      } finally {
        pendingCount--;
        pendingBytes -= bytes;
      }
    },
    async close() {
      isClosed = true;
      const client = await opening;
      client?.disconnect();
      client?.stream?.destroy();
    },
  };
}

function tlsOf({ url, ca }: { readonly url: string; readonly ca?: string | undefined }) {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'rediss:') return {};
  // Servers that share an address are told apart by the name, which an address is not.
  const name = isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { servername: hostname } : {};
  return { tls: { ...name, ...(ca === undefined ? {} : { ca }) } };
}

/** What may be said of an error: code and first sentence. Behind these ioredis writes answers, and beside them commands. */
function described(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const sentence = `${message.split('. ')[0]}`.slice(0, REFUSAL_MAX_CHARS);
  return new Error(
    message.includes(`${code}`) || code === undefined ? sentence : `${code} ${sentence}`.trim(),
  );
}
