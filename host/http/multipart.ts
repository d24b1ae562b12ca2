/**
 * Multipart bodies (RFC 2046) that are already in memory: into parts, and the text between parts of a reply.
 *
 * The parser is Dicer, the splitter below @fastify/busboy. It gives up silently on a part whose headers never end,
 * reports a truncated body late, and counts nothing: the checks for that are here. A part's bytes are views of the
 * body where the splitter allows it.
 */

import { Dicer } from '@fastify/busboy';
import { HostError } from '../errors.ts';
import { PART_HEADER_MAX_BYTES } from './limits.ts';

export interface Part {
  /** Names in lower case; the first value of each. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

interface OpenPart {
  headers: Record<string, string> | undefined;
  readonly chunks: Buffer[];
}

function broken(detail: string): HostError {
  return new HostError('HTTP_MALFORMED', detail);
}

function closePart(open: OpenPart, index: number): Part {
  if (open.headers === undefined) throw broken(`part ${index} has no end of headers`);
  // RFC 2046 lets a mixed part be base64 or quoted-printable: taking such bytes as they are would be wrong silently.
  const encoding = open.headers['content-transfer-encoding']?.trim().toLowerCase();
  if (encoding !== undefined && !['binary', '8bit', '7bit'].includes(encoding)) {
    throw new HostError('HTTP_UNSUPPORTED_TYPE', `part ${index}: Content-Transfer-Encoding must be binary`);
  }
  const { chunks } = open;
  return {
    headers: open.headers,
    bytes: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
  };
}

/**
 * Counts delimiters before the splitter sees the body: it makes a stream of every part, also of those beyond the limit, and
 * 60 MB of empty parts stopped the host for a hundred seconds. Source: RFC 2046 section 5.1.1.
 */
function requireFewParts(body: Uint8Array, boundary: string, partsMax: number): void {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // One more than parts: the first may come after a preamble, and the last ends the body.
  const delimiter = `\r\n--${boundary}`;
  let left = partsMax + 1;
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, at + delimiter.length)) {
    left--;
    if (left < 0) throw new HostError('HTTP_BODY_TOO_LARGE', `the body may have at most ${partsMax} parts`);
  }
}

/**
 * The parts of a complete multipart body, in order.
 *
 * Throws HTTP_MALFORMED — truncated, no part, or headers without end; HTTP_BODY_TOO_LARGE — more than `partsMax`
 * parts; HTTP_UNSUPPORTED_TYPE — a part with a transfer encoding.
 */
export async function parseMultipart(body: Uint8Array, boundary: string, partsMax: number): Promise<Part[]> {
  requireFewParts(body, boundary, partsMax);
  return new Promise((resolve, reject) => {
    const parts: OpenPart[] = [];
    let failure: HostError | undefined;
    // The limit on headers is read by Dicer but missing from its types.
    const config = { boundary, maxHeaderSize: PART_HEADER_MAX_BYTES };
    const dicer = new Dicer(config);
    dicer.on('part', (stream) => {
      stream.on('error', () => {
        failure ??= broken('the multipart body ends within a part');
      });
      if (parts.length === partsMax) {
        failure ??= new HostError('HTTP_BODY_TOO_LARGE', `the body may have at most ${partsMax} parts`);
        stream.resume();
        return;
      }
      const open: OpenPart = { headers: undefined, chunks: [] };
      parts.push(open);
      stream.on('header', (header: object) => {
        open.headers = firstValues(header);
      });
      stream.on('data', (chunk) => open.chunks.push(chunk as Buffer));
    });
    dicer.on('error', (cause) => {
      // Dicer says nothing more specific than that the body did not end as it should.
      failure ??= new HostError('HTTP_MALFORMED', 'the multipart body ends before its last boundary', {
        cause,
      });
      reject(failure);
    });
    dicer.on('finish', () => {
      try {
        if (failure !== undefined) throw failure;
        if (parts.length === 0) throw broken('the multipart body has no part');
        resolve(parts.map(closePart));
      } catch (error) {
        reject(error);
      }
    });
    dicer.end(body);
  });
}

function firstValues(header: object): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const [name, all] of Object.entries(header)) {
    const first: unknown = Array.isArray(all) ? all[0] : all;
    if (typeof first === 'string') values[name] = first;
  }
  return values;
}

/** The `name` of a form-data part, or undefined. Source: RFC 7578 section 4.2. */
export function fieldName(part: Part): string | undefined {
  const disposition = part.headers['content-disposition'] ?? '';
  const found = /^form-data\s*;(?:.*;)?\s*name="([^"]{0,64})"/i.exec(disposition);
  return found?.[1];
}

/** What stands before the bytes of one part of a reply: delimiter and headers. Values must be free of line breaks. */
export function partHead(boundary: string, headers: Readonly<Record<string, string>>): string {
  let head = `--${boundary}\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  return `${head}\r\n`;
}

/** What stands after the last part. */
export function multipartEnd(boundary: string): string {
  return `--${boundary}--\r\n`;
}
