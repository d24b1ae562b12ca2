/**
 * The bytes of records in what was given: gzip unpacked, the file's header and footer dropped.
 *
 * Unpacking is bounded by total and by ratio, so that a small file cannot keep cells busy for days. Nothing is held but
 * the footer's length. Offsets that problems name are those of the unpacked file.
 */

import { createGunzip } from 'node:zlib';
import { type ByteSource, createIntake, type Intake } from '../byte-source.ts';
import { HostError } from '../errors.ts';

/** A footer is held back until the end is known; header and footer records are of kilobytes. */
export const FOOTER_MAX_BYTES = 16 * 1024 * 1024;
/** Blanks and zeros pack a thousandfold, records of a real file not by this. */
const RATIO_MAX = 250;
/** Below it the ratio says nothing and costs nobody anything. */
const RATIO_FREE_BYTES = 64 * 1024 * 1024;
/** What a gunzip gives at a time. */
const UNPACKED_PIECE_BYTES = 256 * 1024;

export interface InputOptions {
  /** `auto` (default): unpacked when it begins as gzip does. */
  readonly gzip?: 'auto' | 'always' | 'never';
  /** Bytes before the first record; default 0. */
  readonly fileHeaderBytes?: number;
  /** Bytes behind the last record, at most 16 MiB; default 0. */
  readonly fileFooterBytes?: number;
  /** Most bytes of the unpacked file; default 1 TiB. */
  readonly unpackedMaxBytes?: number;
}

export interface Input {
  readonly records: Intake;
  /** Where the first record lies in the unpacked file. */
  readonly fromOffset: number;
  /** Bytes of the source that were read. */
  readonly readBytes: number;
  /** Tells the source that no more will be read. Never rejects; may wait for a source that is silent. */
  cancel(): Promise<void>;
}

/** Throws COPYBOOK_OPTIONS — a length is not one. Reading throws COPYBOOK_INPUT. */
export function createInput(source: ByteSource, options: InputOptions): Input {
  const { gzip = 'auto', fileHeaderBytes = 0, fileFooterBytes = 0, unpackedMaxBytes = 2 ** 40 } = options;
  requireBytes('fileHeaderBytes', fileHeaderBytes, Number.MAX_SAFE_INTEGER);
  requireBytes('fileFooterBytes', fileFooterBytes, FOOTER_MAX_BYTES);
  const given = createIntake(source);
  const unpacked = gzip === 'never' ? pieces(given) : unpack(given, gzip === 'always', unpackedMaxBytes);
  const records = createIntake(
    fileHeaderBytes + fileFooterBytes === 0 ? unpacked : trimmed(unpacked, fileHeaderBytes, fileFooterBytes),
  );
  return {
    records,
    fromOffset: fileHeaderBytes,
    get readBytes() {
      return given.readBytes;
    },
    async cancel() {
      // Both: the generators between them may wait for the source, and then pass nothing on.
      await Promise.all([given.cancel(), records.cancel()]);
    },
  };
}

function requireBytes(name: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return;
  throw new HostError('COPYBOOK_OPTIONS', `${name} is a whole number of bytes from 0 to ${max}`);
}

async function* pieces(intake: Intake, first?: Uint8Array): AsyncGenerator<Uint8Array> {
  if (first !== undefined && first.length > 0) yield first;
  for (let piece = await intake.next(); piece !== undefined; piece = await intake.next()) yield piece;
}

/** Magic, method deflate, no reserved flag. Source: RFC 1952 section 2.3.1. */
function isGzip(head: Uint8Array): boolean {
  return (
    head.length === 4 &&
    head[0] === 0x1f &&
    head[1] === 0x8b &&
    head[2] === 8 &&
    ((head[3] ?? 0) & 0xe0) === 0
  );
}

async function* unpack(given: Intake, isForced: boolean, maxBytes: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(4);
  const head = buffer.subarray(0, await given.fill(buffer));
  if (!isForced && !isGzip(head)) {
    yield* pieces(given, head);
    return;
  }
  const gunzip = createGunzip({ chunkSize: UNPACKED_PIECE_BYTES });
  /** What the source threw, so that it is not taken for a broken archive. */
  let sourceError: { readonly error: unknown } | undefined;
  let fedBytes = 0;
  /** Behind the last byte that is not zero. */
  let fedUntil = 0;
  const feed = async (): Promise<void> => {
    try {
      for await (const piece of pieces(given, head)) {
        if (gunzip.destroyed) return;
        const last = piece.findLastIndex((byte) => byte !== 0);
        if (last >= 0) fedUntil = fedBytes + last + 1;
        fedBytes += piece.length;
        if (gunzip.write(piece)) continue;
        await new Promise<void>((resolve) => {
          gunzip.once('drain', resolve).once('close', resolve);
        });
      }
      gunzip.end();
    } catch (error) {
      sourceError = { error };
      gunzip.destroy();
    }
  };
  // Never rejects, and is not waited for: the source may be silent.
  void feed();
  let unpackedBytes = 0;
  try {
    for await (const piece of gunzip as AsyncIterable<Uint8Array>) {
      unpackedBytes += piece.length;
      requireModest(unpackedBytes, given.readBytes, maxBytes);
      yield piece;
    }
    // Zeros may pad an archive (tapes do that), and gunzip takes whatever comes behind a zero for padding.
    if (fedUntil > gunzip.bytesWritten) throw new Error('bytes behind the end of the archive');
  } catch (cause) {
    if (sourceError !== undefined) throw sourceError.error;
    if (cause instanceof HostError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HostError('COPYBOOK_INPUT', `the gzip input is broken after ${unpackedBytes} bytes: ${why}`, {
      cause,
    });
  } finally {
    gunzip.destroy();
  }
}

function requireModest(unpackedBytes: number, packedBytes: number, maxBytes: number): void {
  if (unpackedBytes > maxBytes) {
    throw new HostError('COPYBOOK_INPUT', `the gzip input becomes more than ${maxBytes} bytes`);
  }
  if (unpackedBytes > RATIO_FREE_BYTES && unpackedBytes > packedBytes * RATIO_MAX) {
    throw new HostError(
      'COPYBOOK_INPUT',
      `the gzip input becomes more than ${RATIO_MAX} times as long: unpack it before, if that is meant`,
    );
  }
}

/** Without so many bytes at the beginning and the end. */
async function* trimmed(
  source: AsyncIterable<Uint8Array>,
  headerBytes: number,
  footerBytes: number,
): AsyncGenerator<Uint8Array> {
  let headerLeft = headerBytes;
  /** The last bytes so far, at least as many as the footer once there are so many. */
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const piece of source) {
    const skipped = Math.min(headerLeft, piece.length);
    headerLeft -= skipped;
    if (skipped === piece.length) continue;
    held.push(piece.subarray(skipped));
    heldBytes += piece.length - skipped;
    for (let first = held[0]; first !== undefined && heldBytes > footerBytes; first = held[0]) {
      const free = Math.min(first.length, heldBytes - footerBytes);
      yield first.subarray(0, free);
      heldBytes -= free;
      if (free === first.length) held.shift();
      else held[0] = first.subarray(free);
    }
  }
  if (headerLeft > 0 || heldBytes < footerBytes) {
    throw new HostError(
      'COPYBOOK_INPUT',
      `the input is shorter than its header of ${headerBytes} and footer of ${footerBytes} bytes`,
    );
  }
}
