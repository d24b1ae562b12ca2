/**
 * Streams through a backend: the source is cut into runs of whole chunks, several runs are under way at a time, and
 * results come in order. The bytes are those of `crypto-wasm/formats/streams`.
 *
 * No byte of a chunk that is not authentic is given out. Only the end of an opened stream says that it is whole: who
 * must not act on a part waits for it. A stream is never held in memory, whatever its length.
 */

import { ReadableStream } from 'node:stream/web';
import { type ByteSource, createIntake, type Intake } from '../byte-source.ts';
import { type ErrorCode, HostError, toHostError } from '../errors.ts';
import { createInOrder, type InOrder } from '../in-order.ts';
import type { StreamRequest, VaultBackend } from './backend.ts';
import type { BufferPool } from './buffers.ts';
import { notAuthentic, truncated } from './failures.ts';
import type { KeyLease } from './key-cache.ts';

const CHUNK_BYTES = 16_384;
const TAG_BYTES = 16;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
const SALT_BYTES = 24;
const HEADER_BYTES = 56;
/** Runs under way: enough to keep the queues of all executors filled. Bounds the memory of a stream. */
export const RUNS_IN_FLIGHT_MAX_COUNT = 8;

export interface StreamParts {
  readonly backend: VaultBackend;
  readonly buffers: BufferPool;
  /** Plaintext of one run; whole chunks. */
  readonly runBytes: number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Keys of the version that seals, counted against its budget. */
  readonly sealingKey: () => Promise<KeyLease>;
  /** Keys of each version that opens, one after another. */
  readonly openingKeys: () => AsyncIterable<KeyLease>;
  /** Waits for a place; the function that comes gives it back. */
  readonly admit: () => Promise<() => void>;
}

export interface StreamEnd {
  readonly outcome: 'ok' | 'cancelled' | ErrorCode;
  readonly inputBytes: number;
  readonly outputBytes: number;
}

export interface VaultStream {
  readonly readable: ReadableStream<Uint8Array>;
  /** Ends it with VAULT_CLOSED wherever it stands; resolves when nothing of it is under way any more. */
  close(): Promise<void>;
}

/** A stream that was begun. */
interface Begun {
  readonly request: StreamRequest;
  readonly lease: KeyLease;
  /** What goes out before the first run. */
  readonly header: Uint8Array | undefined;
}

/** Nothing happens before the first byte is asked for. `onEnd` comes once, for every end. */
export function createVaultStream(
  parts: StreamParts,
  options: {
    readonly direction: 'seal' | 'open';
    readonly source: ByteSource;
    readonly associatedData: Uint8Array;
    readonly onEnd: (end: StreamEnd) => void;
  },
): VaultStream {
  const { direction, source, associatedData, onEnd } = options;
  const intake = createIntake(source);
  let leave: (() => void) | undefined;
  let begun: Begun | undefined;
  let pipeline: InOrder<Uint8Array> | undefined;
  let outputBytes = 0;
  let isEnded = false;

  /** Gives back all that is held by now. Called again when something came while the stream was being ended. */
  const letGo = async (): Promise<void> => {
    await pipeline?.stop();
    if (begun !== undefined) {
      parts.backend.endStream(begun.request);
      begun.lease.release();
      begun = undefined;
    }
    leave?.();
    leave = undefined;
  };
  const end = async (outcome: StreamEnd['outcome']): Promise<void> => {
    if (!isEnded) {
      isEnded = true;
      // Not waited for: a source that never answers must not keep what this stream holds.
      void intake.cancel();
      onEnd({ outcome, inputBytes: intake.readBytes, outputBytes });
    }
    await letGo();
  };

  const begin = async (): Promise<Begun> => {
    leave = await parts.admit();
    begun =
      direction === 'seal'
        ? await beginSealing(parts, associatedData)
        : await beginOpening(parts, associatedData, intake);
    const readRun = createRunReader(parts, direction, intake, begun.request);
    pipeline = createInOrder(readRun, () => RUNS_IN_FLIGHT_MAX_COUNT);
    return begun;
  };
  const nextBytes = async (): Promise<Uint8Array | undefined> => {
    if (pipeline === undefined) {
      const { header } = await begin();
      if (header !== undefined) return header;
    }
    // The last run of a stream may be empty: then there is nothing to give, and the end is next.
    for (;;) {
      const bytes = await pipeline?.next();
      if (bytes === undefined || bytes.length > 0) return bytes;
    }
  };

  let fail: (error: HostError) => void = () => {};
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        fail = (error) => controller.error(error);
      },
      async pull(controller) {
        try {
          const bytes = await nextBytes();
          if (isEnded) {
            await letGo();
          } else if (bytes === undefined) {
            await end('ok');
            controller.close();
          } else {
            outputBytes += bytes.length;
            controller.enqueue(bytes);
          }
        } catch (error) {
          await end(toHostError(error).code);
          throw error;
        }
      },
      cancel: () => end('cancelled'),
    },
    { highWaterMark: 0 },
  );
  return {
    readable,
    async close() {
      if (!isEnded) fail(new HostError('VAULT_CLOSED', 'the vault was closed during the stream'));
      await end('VAULT_CLOSED');
    },
  };
}

async function beginSealing(parts: StreamParts, associatedData: Uint8Array): Promise<Begun> {
  const lease = await parts.sealingKey();
  const request = { key: lease.key, salt: parts.randomBytes(SALT_BYTES), associatedData };
  try {
    return { request, lease, header: await parts.backend.beginStream(request) };
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** A stream does not say which version sealed it; its commitment does, to those who have the key. */
async function beginOpening(parts: StreamParts, associatedData: Uint8Array, intake: Intake): Promise<Begun> {
  const given = new Uint8Array(HEADER_BYTES);
  if ((await intake.fill(given)) < HEADER_BYTES) throw truncated();
  for await (const lease of parts.openingKeys()) {
    const request = { key: lease.key, salt: given.slice(0, SALT_BYTES), associatedData };
    try {
      const expected = await parts.backend.beginStream(request);
      if (Buffer.compare(expected, given) === 0) return { request, lease, header: undefined };
    } catch (error) {
      lease.release();
      throw error;
    }
    parts.backend.endStream(request);
    lease.release();
  }
  throw notAuthentic();
}

/** Reads runs: all full but the last one, which ends the stream. */
function createRunReader(
  parts: StreamParts,
  direction: 'seal' | 'open',
  intake: Intake,
  stream: StreamRequest,
) {
  const chunksPerRun = parts.runBytes / CHUNK_BYTES;
  const fullBytes = chunksPerRun * (direction === 'seal' ? CHUNK_BYTES : SEALED_CHUNK_BYTES);
  let nextIndex = 0;
  let hasLast = false;
  return async () => {
    if (hasLast) return undefined;
    const buffer = parts.buffers.take(fullBytes);
    try {
      const readBytes = await intake.fill(buffer.bytes);
      const isLast = readBytes < fullBytes;
      if (isLast && direction === 'open' && readBytes % SEALED_CHUNK_BYTES < TAG_BYTES) throw truncated();
      const firstIndex = nextIndex;
      nextIndex += chunksPerRun;
      hasLast = isLast;
      const bytes = buffer.bytes.subarray(0, readBytes);
      return {
        async begin() {
          try {
            return await parts.backend.run({ stream, direction, firstIndex, isLast, bytes });
          } finally {
            buffer.release();
          }
        },
        discard: () => buffer.release(),
      };
    } catch (error) {
      buffer.release();
      throw error;
    }
  };
}
