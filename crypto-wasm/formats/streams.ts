/**
 * Streams: C2SP chunked encryption (Cobblestone-256), for what is too long to hold or is read in parts.
 *
 * Sealed and opened piece by piece in pieces of any size, with at most one chunk held back; or opened chunk by chunk in
 * any order. A stream that was cut off, reordered, doubled or added to does not open to its end. An opener shows no byte
 * of a chunk that is not authentic, and after its first error gives that error for ever. Byte by byte in
 * `crypto-wasm/README.md`.
 */

import {
  CHUNK_BYTES,
  CHUNKS_MAX_COUNT,
  checkStreamKey,
  deriveStreamKeys,
  openStreamKeys,
  SALT_BYTES,
  SEALED_CHUNK_BYTES,
  STREAM_HEADER_BYTES,
  type StreamKeys,
  type StreamOptions,
} from './chunks.ts';
import { FormatError } from './errors.ts';
import { concatenate, copyOf, TAG_BYTES } from './primitives.ts';

/** Either direction. Whoever makes one ends it with `finish` or `close`. */
export interface StreamTransform {
  /** Takes the next piece and gives what is ready: a new array, possibly empty. */
  update(piece: Uint8Array): Uint8Array;
  /** Gives the rest. For an opener only this says that the stream is whole. Throws FORMAT_ENDED — called again. */
  finish(): Uint8Array;
  /** Clears the keys and what is held back. Safe to call at any time. */
  close(): void;
}

/**
 * `salt` is random and left out, but in tests: two streams of one key and salt break the cipher.
 * Throws RangeError — the key's length. `update` throws FORMAT_LIMIT — more than 4 PiB.
 */
export function createStreamSealer(options: StreamOptions & { readonly salt?: Uint8Array }): StreamTransform {
  const keys = deriveStreamKeys(options, options.salt ?? options.primitives.randomBytes(SALT_BYTES));
  let header = keys.header;
  let index = 0;
  return transform({
    unitBytes: () => CHUNK_BYTES,
    take(chunk) {
      const sealed = keys.seal(index++, chunk);
      if (header.length === 0) return sealed;
      const first = concatenate(header, sealed);
      header = new Uint8Array();
      return first;
    },
    // The last chunk is short, if need be empty: that is what says that it is the last.
    last: (rest) => concatenate(header, keys.seal(index, rest)),
    close: () => keys.close(),
  });
}

/**
 * Throws RangeError — the key's length. `update` and `finish` throw FORMAT_AUTHENTICATION — key, context or bytes are not
 * the right ones; `finish` throws FORMAT_TRUNCATED — the stream ends before its last chunk does.
 */
export function createStreamOpener(options: StreamOptions): StreamTransform {
  checkStreamKey(options);
  // Kept until the header is there: the caller may clear its own.
  const own = { ...options, key: copyOf(options.key), context: copyOf(options.context ?? new Uint8Array()) };
  let keys: StreamKeys | undefined;
  let index = 0;
  return transform({
    unitBytes: () => (keys === undefined ? STREAM_HEADER_BYTES : SEALED_CHUNK_BYTES),
    take(unit) {
      if (keys !== undefined) return keys.open(index++, unit);
      keys = openStreamKeys(own, unit);
      own.key.fill(0);
      return new Uint8Array();
    },
    last(rest) {
      if (keys === undefined || rest.length < TAG_BYTES) {
        throw new FormatError('FORMAT_TRUNCATED', 'the stream ends before its last chunk does');
      }
      return keys.open(index, rest);
    },
    close() {
      own.key.fill(0);
      keys?.close();
    },
  });
}

/** Opens chunks in any order. Holds the stream's keys until `close`. */
export interface ChunkOpener {
  /**
   * The plaintext of the sealed chunk at an index: 16,400 bytes, or fewer for the last one.
   * Throws FORMAT_AUTHENTICATION — not that chunk; FORMAT_TRUNCATED — too short for any; FORMAT_LIMIT — the index.
   */
  open(index: number, sealed: Uint8Array): Uint8Array;
  close(): void;
}

/** From the stream's first 56 bytes. Throws FORMAT_AUTHENTICATION — the key or context is not the stream's. */
export function createChunkOpener(options: StreamOptions, header: Uint8Array): ChunkOpener {
  const keys = openStreamKeys(options, header);
  return {
    open(index, sealed) {
      if (sealed.length < TAG_BYTES) throw new FormatError('FORMAT_TRUNCATED', 'no chunk is this short');
      if (sealed.length > SEALED_CHUNK_BYTES) {
        throw new FormatError('FORMAT_MALFORMED', `no chunk is longer than ${SEALED_CHUNK_BYTES} bytes`);
      }
      return keys.open(index, sealed);
    },
    close: () => keys.close(),
  };
}

export interface StreamLayout {
  readonly chunkCount: number;
  /** Not authentic before the last chunk has been opened. */
  readonly plaintextBytes: number;
  /** Where a sealed chunk begins and ends in the stream. */
  chunkRange(index: number): { readonly startByte: number; readonly endByte: number };
}

/** Where the chunks of a stream of so many bytes lie. Throws FORMAT_TRUNCATED — no whole stream has this length. */
export function layoutOf(streamBytes: number): StreamLayout {
  const body = streamBytes - STREAM_HEADER_BYTES;
  const lastBytes = body % SEALED_CHUNK_BYTES;
  if (body < TAG_BYTES || lastBytes < TAG_BYTES) {
    throw new FormatError('FORMAT_TRUNCATED', `no whole stream has ${streamBytes} bytes`);
  }
  const fullCount = Math.floor(body / SEALED_CHUNK_BYTES);
  const chunkCount = fullCount + 1;
  if (chunkCount > CHUNKS_MAX_COUNT)
    throw new FormatError('FORMAT_LIMIT', 'a stream has at most 2^38 chunks');
  return {
    chunkCount,
    plaintextBytes: fullCount * CHUNK_BYTES + lastBytes - TAG_BYTES,
    chunkRange(index) {
      if (!Number.isInteger(index) || index < 0 || index >= chunkCount) {
        throw new RangeError(`the stream has ${chunkCount} chunks; there is none at ${index}`);
      }
      const startByte = STREAM_HEADER_BYTES + index * SEALED_CHUNK_BYTES;
      return { startByte, endByte: index === fullCount ? streamBytes : startByte + SEALED_CHUNK_BYTES };
    },
  };
}

/** What differs between the directions. */
interface Steps {
  /** Bytes of the next unit. */
  readonly unitBytes: () => number;
  readonly take: (unit: Uint8Array) => Uint8Array;
  readonly last: (rest: Uint8Array) => Uint8Array;
  readonly close: () => void;
}

/** Cuts pieces of any size into units. The first error ends it and is thrown by every later call. */
function transform({ unitBytes, take, last, close }: Steps): StreamTransform {
  const held = new Uint8Array(SEALED_CHUNK_BYTES);
  let heldBytes = 0;
  let end: unknown;

  const finishWith = (error: unknown): void => {
    end = error;
    held.fill(0);
    heldBytes = 0;
    close();
  };
  const guarded = (step: () => Uint8Array): Uint8Array => {
    if (end !== undefined) throw end;
    try {
      return step();
    } catch (error) {
      finishWith(error);
      throw error;
    }
  };
  return {
    update: (piece) =>
      guarded(() => {
        const ready: Uint8Array[] = [];
        for (let at = 0; at < piece.length; ) {
          const unit = unitBytes();
          const taken = Math.min(unit - heldBytes, piece.length - at);
          if (taken === unit) {
            ready.push(take(piece.subarray(at, at + unit)));
          } else {
            held.set(piece.subarray(at, at + taken), heldBytes);
            heldBytes += taken;
            if (heldBytes === unit) {
              ready.push(take(held.subarray(0, unit)));
              heldBytes = 0;
            }
          }
          at += taken;
        }
        return concatenate(...ready);
      }),
    finish: () =>
      guarded(() => {
        const rest = last(held.subarray(0, heldBytes));
        finishWith(new FormatError('FORMAT_ENDED', 'the stream is finished'));
        return rest;
      }),
    close() {
      if (end === undefined) finishWith(new FormatError('FORMAT_ENDED', 'the stream is closed'));
    },
  };
}
