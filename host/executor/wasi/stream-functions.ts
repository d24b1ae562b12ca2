/**
 * `wasi:io/streams` and `wasi:io/error` as guests call them.
 *
 * A `blocking-` function returns a promise only when it has to wait. Always: what one call moves is bounded by the window
 * of a stream, as no fuel pays for the copying. Writing more than was permitted traps, as the specification says.
 * Source: wasi:io 0.2, streams.wit.
 */

import { type CellContext, GuestTrap, type ImportImplementation, OK, ok } from '../imports-contract.ts';
import { release } from './held.ts';
import { createPollable, nextChange, untilReady, type Waitable } from './poll.ts';
import {
  type InputStream,
  type IoError,
  type OutputStream,
  type StreamResult,
  WINDOW_BYTES,
} from './streams.ts';

function clamp(length: bigint): number {
  return length > WINDOW_BYTES ? WINDOW_BYTES : Number(length);
}

function read(stream: InputStream, length: number): StreamResult<Uint8Array> {
  const bytes = stream.read(length);
  return bytes instanceof Uint8Array ? ok(bytes) : bytes;
}

function skip(stream: InputStream, length: number): StreamResult<bigint> {
  const bytes = stream.read(length);
  return bytes instanceof Uint8Array ? ok(BigInt(bytes.length)) : bytes;
}

/** Runs `once` as soon as all of `waitables` are ready. */
function whenReady<T>(cell: CellContext, waitables: readonly Waitable[], once: () => T): T | Promise<T> {
  const waits = waitables.find((waitable) => !waitable.ready());
  if (!waits) return once();
  return (async () => {
    await untilReady(cell, waits);
    return await whenReady(cell, waitables, once);
  })();
}

/** Reads until there is a byte, the end, or nothing was asked for: a source that is ready may still have none. */
async function readWaiting<T>(
  cell: CellContext,
  stream: InputStream,
  once: () => StreamResult<T>,
  isNothing: (value: T | undefined) => boolean,
): Promise<StreamResult<T>> {
  for (;;) {
    await (untilReady(cell, stream) ?? nextChange(cell, [stream]));
    const result = once();
    if (result.tag === 'err' || !isNothing(result.val)) return result;
  }
}

function blockingRead<T>(
  cell: CellContext,
  stream: InputStream,
  length: bigint,
  once: () => StreamResult<T>,
  isNothing: (value: T | undefined) => boolean,
): StreamResult<T> | Promise<StreamResult<T>> {
  const result = once();
  if (result.tag === 'err' || length === 0n || !isNothing(result.val)) return result;
  return readWaiting(cell, stream, once, isNothing);
}

function checkPermitted(stream: OutputStream, length: number | bigint): number {
  if (length > stream.permitted) {
    throw new GuestTrap(`${length} bytes were written to a stream that permitted ${stream.permitted}`);
  }
  return Number(length);
}

function checkWindow(length: number | bigint): number {
  if (length > WINDOW_BYTES) {
    throw new GuestTrap(`${length} bytes were written at once; ${WINDOW_BYTES} is the most`);
  }
  return Number(length);
}

const flushedOf = (stream: OutputStream): Waitable => ({
  ready: () => stream.flushed(),
  signal: stream.signal,
});

/** Flushes and waits until everything is on its way. */
function blockingFlush(
  cell: CellContext,
  stream: OutputStream,
): StreamResult<never> | Promise<StreamResult<never>> {
  const closed = stream.flush();
  if (closed) return closed;
  // Asked again after waiting: what failed meanwhile is told now.
  return whenReady(cell, [flushedOf(stream)], () => stream.flush() ?? OK);
}

/** Writes all of `bytes`, as room comes, and flushes. */
function blockingWrite(
  cell: CellContext,
  stream: OutputStream,
  bytes: Uint8Array,
): StreamResult<never> | Promise<StreamResult<never>> {
  let rest = bytes;
  const goOn = (): StreamResult<never> | Promise<StreamResult<never>> => {
    while (rest.length > 0) {
      const permit = stream.permit();
      if (typeof permit !== 'number') return permit;
      if (permit === 0) return (untilReady(cell, stream) ?? nextChange(cell, [stream])).then(goOn);
      const closed = stream.write(rest.subarray(0, permit));
      if (closed) return closed;
      rest = rest.subarray(permit);
    }
    return blockingFlush(cell, stream);
  };
  return goOn();
}

/** Moves what is there and permitted, at most `length` bytes. */
function splice(target: OutputStream, source: InputStream, length: bigint): StreamResult<bigint> {
  const permit = target.permit();
  if (typeof permit !== 'number') return permit;
  if (permit === 0) return ok(0n);
  const bytes = source.read(Math.min(permit, clamp(length)));
  if (!(bytes instanceof Uint8Array)) return bytes;
  return target.write(bytes) ?? ok(BigInt(bytes.length));
}

const noBytes = (bytes: Uint8Array | undefined): boolean => bytes?.length === 0;
const noCount = (count: bigint | undefined): boolean => count === 0n;

export const streams: ImportImplementation = {
  functions: {
    '[method]input-stream.read': (_cell, self: InputStream, length: bigint) => read(self, clamp(length)),
    '[method]input-stream.blocking-read': (cell, self: InputStream, length: bigint) =>
      blockingRead(cell, self, length, () => read(self, clamp(length)), noBytes),
    '[method]input-stream.skip': (_cell, self: InputStream, length: bigint) => skip(self, clamp(length)),
    '[method]input-stream.blocking-skip': (cell, self: InputStream, length: bigint) =>
      blockingRead(cell, self, length, () => skip(self, clamp(length)), noCount),
    '[method]input-stream.subscribe': (cell, self: InputStream) => createPollable(cell, self),

    '[method]output-stream.check-write'(_cell, self: OutputStream) {
      const permit = self.permit();
      return typeof permit === 'number' ? ok(BigInt(permit)) : permit;
    },
    '[method]output-stream.write'(_cell, self: OutputStream, contents: Uint8Array) {
      checkPermitted(self, contents.length);
      return self.write(contents) ?? OK;
    },
    '[method]output-stream.blocking-write-and-flush'(cell, self: OutputStream, contents: Uint8Array) {
      checkWindow(contents.length);
      return blockingWrite(cell, self, contents);
    },
    '[method]output-stream.flush': (_cell, self: OutputStream) => self.flush() ?? OK,
    '[method]output-stream.blocking-flush': (cell, self: OutputStream) => blockingFlush(cell, self),
    '[method]output-stream.subscribe': (cell, self: OutputStream) => createPollable(cell, self),
    '[method]output-stream.write-zeroes': (_cell, self: OutputStream, length: bigint) =>
      self.write(new Uint8Array(checkPermitted(self, length))) ?? OK,
    '[method]output-stream.blocking-write-zeroes-and-flush': (cell, self: OutputStream, length: bigint) =>
      blockingWrite(cell, self, new Uint8Array(checkWindow(length))),
    '[method]output-stream.splice': (_cell, self: OutputStream, source: InputStream, length: bigint) =>
      splice(self, source, length),
    '[method]output-stream.blocking-splice': (
      cell,
      self: OutputStream,
      source: InputStream,
      length: bigint,
    ) => whenReady(cell, [self, source], () => splice(self, source, length)),
  },
  drops: {
    'input-stream': (_cell, self: InputStream) => self.drop(),
    'output-stream': (_cell, self: OutputStream) => self.drop(),
  },
};

export const ioError: ImportImplementation = {
  functions: { '[method]error.to-debug-string': (_cell, self: IoError) => self.message },
  drops: { error: (cell) => release(cell) },
};
