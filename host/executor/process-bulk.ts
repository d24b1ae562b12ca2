/**
 * Bytes beside the ring between two processes: one file in memory for each direction, written in order.
 *
 * At 0 the reader counts what it has received. A message is 16 bytes of header, its number among them, and then its bytes.
 * The writer begins again at the start when everything has been received; the file is as long as what was once
 * under way, and is cut when that is over. Nothing is trusted: a header that does not fit the file is an error. Messages
 * with structure go from the host to the executor only; whoever reads for the host refuses them.
 */

import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';

const HEADER_BYTES = 16;
/** Kinds of messages. */
const BYTES = 1;
const SERIALIZED = 2;

/**
 * The bytes of a message begin in the middle of a page of the file, its header before them. Large buffers begin 16 bytes into
 * a page, and where both places are nearly the same the processor copies at a sixth of its speed (`process-ring.ts`).
 */
const PAGE_BYTES = 4096;
const START = PAGE_BYTES / 2 - HEADER_BYTES;
/** The writer goes back to the start behind this position, so that the same pages are used again: fresh ones cost a fault each. */
const REUSE_BYTES = 4 * 1024 * 1024;
/** A file keeps so much after a burst. */
const KEEP_BYTES = 16 * 1024 * 1024;
/** No message is longer: the largest payload or result that a manifest may allow, and a page. */
const MESSAGE_MAX_BYTES = 1024 * 1024 * 1024 + 4096;
const TORN_MAX = 1000;

/** The first place for a message that is not before `position`. */
const align = (position: number): number => Math.ceil((position - START) / PAGE_BYTES) * PAGE_BYTES + START;

/** Sends in order. All of it throws Error when the file cannot be written, or the reader's count makes no sense. */
export interface BulkWriter {
  /** Sends `bytes`; the reader gets a buffer of at least `roomBytes`, zeros or its own old bytes behind them. */
  post(bytes: Uint8Array, roomBytes: number): void;
  postSerialized(message: unknown): void;
}

export function createBulkWriter(fd: number): BulkWriter {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const counts = new Int32Array(2);
  let position = START;
  let highest = START;
  let posted = 0;
  writeSync(fd, Int32Array.of(0, -1), 0, 8, 0);

  const writeAll = (bytes: NodeJS.ArrayBufferView, length: number, at: number): void => {
    for (let done = 0; done < length; ) {
      const written = writeSync(fd, bytes, done, length - done, at + done);
      if (written === 0) throw new Error('no room for bytes beside a ring');
      done += written;
    }
  };
  const received = (): number => {
    for (let torn = 0; torn < TORN_MAX; torn++) {
      readSync(fd, counts, 0, 8, 0);
      if (counts[0] === ~(counts[1] as number)) return counts[0] as number;
    }
    throw new Error('the count of received messages does not agree');
  };
  const writeHeader = (kind: number, bytes: number, roomBytes: number): void => {
    header.setUint32(0, kind, true);
    header.setUint32(4, bytes, true);
    header.setUint32(8, roomBytes, true);
    header.setInt32(12, posted, true);
    writeAll(header, HEADER_BYTES, position);
  };
  const rewind = (): void => {
    if (position <= REUSE_BYTES && highest <= KEEP_BYTES) return;
    if (received() !== posted) return;
    if (position > REUSE_BYTES) {
      // Nothing is left behind to say so: the next messages may be written over it before it is read.
      position = START;
    } else {
      // The reader is at the same position: nobody needs what lies behind it.
      ftruncateSync(fd, REUSE_BYTES + HEADER_BYTES);
      highest = REUSE_BYTES;
    }
  };
  const send = (kind: number, bytes: Uint8Array, roomBytes: number): void => {
    rewind();
    posted = (posted + 1) | 0;
    writeAll(bytes, bytes.length, position + HEADER_BYTES);
    writeHeader(kind, bytes.length, roomBytes);
    position = align(position + HEADER_BYTES + bytes.length);
    highest = Math.max(highest, position);
  };
  return {
    post: (bytes, roomBytes) => send(BYTES, bytes, roomBytes),
    postSerialized: (message) => send(SERIALIZED, serialize(message), 0),
  };
}

export interface BulkReader {
  /**
   * The next message: a buffer, or what was serialized. Throws Error — there is none, or it is not one.
   * `allocate` gives a buffer of at least so many bytes.
   */
  receive(): unknown;
}

export function createBulkReader(options: {
  readonly fd: number;
  readonly allocate: (bytes: number) => ArrayBuffer;
  /** Whether the writer is trusted to send more than bytes. */
  readonly allowsSerialized: boolean;
}): BulkReader {
  const { fd, allocate, allowsSerialized } = options;
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const counts = Int32Array.of(0, -1);
  let position = START;

  const readAll = (to: Uint8Array, at: number): void => {
    for (let done = 0; done < to.length; ) {
      const bytes = readSync(fd, to, done, to.length - done, at + done);
      if (bytes === 0) throw new Error('bytes beside a ring are cut off');
      done += bytes;
    }
  };
  /** True when the header at `at` is that of message number `sequence`. */
  const readHeader = (at: number, sequence: number): boolean =>
    readSync(fd, header, 0, HEADER_BYTES, at) === HEADER_BYTES && header.getInt32(12, true) === sequence;
  return {
    receive() {
      const sequence = ((counts[0] as number) + 1) | 0;
      // The start first: only there a header is never written over by the bytes of a message, which may look like one.
      if (readHeader(START, sequence)) position = START;
      else if (!readHeader(position, sequence)) throw new Error('a frame announced bytes that did not come');
      const kind = header.getUint32(0, true);
      const length = header.getUint32(4, true);
      const room = Math.max(length, header.getUint32(8, true));
      if ((kind !== BYTES && !(kind === SERIALIZED && allowsSerialized)) || room > MESSAGE_MAX_BYTES)
        throw new Error(`bytes beside a ring of kind ${kind}, ${room} bytes`);
      // Before room is made for them: a file is not as long as its header says because the header says so.
      if (position + HEADER_BYTES + length > fstatSync(fd).size)
        throw new Error('bytes beside a ring are cut off');
      const buffer = allocate(room);
      const bytes = new Uint8Array(buffer, 0, length);
      readAll(bytes, position + HEADER_BYTES);
      position = align(position + HEADER_BYTES + length);
      counts[0] = sequence;
      counts[1] = ~sequence;
      writeSync(fd, counts, 0, 8, 0);
      return kind === BYTES ? buffer : deserialize(bytes);
    },
  };
}
