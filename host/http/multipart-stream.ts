/**
 * Multipart bodies (RFC 2046) that are read while they come: part after part, and the bytes of each as they are received.
 *
 * Nothing is held but a part's headers and as many bytes as a delimiter has. A part that is not ended by a delimiter throws:
 * a body cut short never looks whole. `multipart.ts` is for bodies that are in memory already.
 */

import assert from 'node:assert';
import { HostError } from '../errors.ts';
import { PART_HEADER_MAX_BYTES } from './limits.ts';

export interface StreamedPart {
  /** Names in lower case; the first value of each. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be read to its end before the next part is asked for. Throws HTTP_MALFORMED — the body ends within it. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface PartReader {
  /** The next part, or undefined after the last delimiter. Throws HTTP_MALFORMED, HTTP_UNSUPPORTED_TYPE. */
  next(): Promise<StreamedPart | undefined>;
}

function broken(detail: string): HostError {
  return new HostError('HTTP_MALFORMED', detail);
}

/** `boundary` as RFC 2046 allows it. Bytes given out are views of what the source gave. */
export function createPartReader(source: AsyncIterable<Uint8Array>, boundary: string): PartReader {
  const iterator = source[Symbol.asyncIterator]();
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  // As if a line had ended before: the first delimiter may be what the body begins with.
  let held: Buffer = Buffer.from('\r\n');
  let isEnded = false;

  /** False when the source has ended. */
  const more = async (): Promise<boolean> => {
    const next = await iterator.next();
    if (next.done === true) return false;
    const { buffer, byteOffset, byteLength } = next.value;
    const piece = Buffer.from(buffer, byteOffset, byteLength);
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    return true;
  };

  /** Bytes up to the next delimiter, which is consumed. */
  async function* untilDelimiter(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = held.indexOf(delimiter);
      if (at >= 0) {
        const last = held.subarray(0, at);
        held = held.subarray(at + delimiter.length);
        if (last.length > 0) yield last;
        return;
      }
      // What might be the beginning of a delimiter stays.
      const free = Math.max(0, held.length - delimiter.length + 1);
      const bytes = held.subarray(0, free);
      held = held.subarray(free);
      if (bytes.length > 0) yield bytes;
      if (!(await more())) throw broken('the multipart body ends before its last boundary');
    }
  }

  /** A line or a block of lines up to its end, which is consumed. */
  const readUntil = async (end: string, maxBytes: number, what: string): Promise<string> => {
    for (;;) {
      const at = held.indexOf(end);
      if (at >= 0 && at <= maxBytes) {
        const text = held.toString('utf8', 0, at);
        held = held.subarray(at + end.length);
        return text;
      }
      if (held.length > maxBytes) throw broken(`${what} has more than ${maxBytes} bytes`);
      if (!(await more())) throw broken('the multipart body ends before its last boundary');
    }
  };

  /** What stands behind a delimiter: two dashes after the last part, else blanks and a line's end. */
  const isLastDelimiter = async (): Promise<boolean> => {
    while (held.length < 2) {
      if (!(await more())) throw broken('the multipart body ends before its last boundary');
    }
    if (held[0] === 0x2d && held[1] === 0x2d) return true;
    const padding = await readUntil('\r\n', PART_HEADER_MAX_BYTES, 'a boundary');
    if (padding.trim() !== '') throw broken('bytes behind a boundary');
    return false;
  };

  let isBegun = false;
  let isReading = false;

  return {
    async next() {
      assert(!isReading, 'a part is read to its end before the next one');
      if (!isBegun) {
        isBegun = true;
        for await (const _preamble of untilDelimiter());
      }
      if (isEnded || (await isLastDelimiter())) {
        isEnded = true;
        return undefined;
      }
      // The line's end before a part without headers is the one that ends the delimiter.
      held = Buffer.concat([Buffer.from('\r\n'), held]);
      const headers = parseHeaders(await readUntil('\r\n\r\n', PART_HEADER_MAX_BYTES, 'the head of a part'));
      requireBinary(headers);
      isReading = true;
      async function* read(): AsyncGenerator<Uint8Array> {
        yield* untilDelimiter();
        isReading = false;
      }
      return { headers, body: read() };
    },
  };
}

function parseHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const line of text.split('\r\n')) {
    const at = line.indexOf(':');
    if (at < 0) continue;
    headers[line.slice(0, at).trim().toLowerCase()] ??= line.slice(at + 1).trim();
  }
  return headers;
}

/** RFC 2046 lets a part be base64 or quoted-printable: taking such bytes as they are would be wrong silently. */
function requireBinary(headers: Readonly<Record<string, string>>): void {
  const encoding = headers['content-transfer-encoding']?.toLowerCase();
  if (encoding === undefined || ['binary', '8bit', '7bit'].includes(encoding)) return;
  throw new HostError('HTTP_UNSUPPORTED_TYPE', 'the Content-Transfer-Encoding of a part must be binary');
}
