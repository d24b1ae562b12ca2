/**
 * How the items of a batch are written: multipart/mixed for bytes, a JSON array for a typed operation.
 *
 * Always: an item of the reply says its status, and is either the result or the problem document.
 */

import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { parseArguments } from '../arguments.ts';
import { HostError, hasCode } from '../errors.ts';
import type { Answer } from './answer.ts';
import { requireJson, requireMultipart } from './headers.ts';
import { BATCH_ITEMS_MAX } from './limits.ts';
import { multipartEnd, parseMultipart, partHead } from './multipart.ts';

export interface BatchForm {
  readonly contentType: string;
  /** The payload of each item. Throws HTTP_MALFORMED — cut short, empty, or more than `BATCH_ITEMS_MAX`. */
  read(body: Uint8Array): Promise<readonly Uint8Array[]>;
  /** Writes one item; false when the client takes no more at the moment. */
  write(outgoing: ServerResponse, answer: Answer, index: number): boolean;
  readonly end: string | Uint8Array;
}

/** Throws HTTP_UNSUPPORTED_TYPE, HTTP_MALFORMED — another media type, or no boundary. */
export function multipartForm(headers: IncomingHttpHeaders): BatchForm {
  const boundary = requireMultipart(headers, 'multipart/mixed');
  const replyBoundary = `hotcell-${randomBytes(18).toString('base64url')}`;
  return {
    contentType: `multipart/mixed; boundary=${replyBoundary}`,
    async read(body) {
      const parts = await parseMultipart(body, boundary, BATCH_ITEMS_MAX);
      return parts.map(({ bytes }) => bytes);
    },
    write(outgoing, answer) {
      const partHeaders: Record<string, string> = {
        'Content-Type': answer.contentType,
        'Content-Length': String(answer.body.byteLength),
        'X-Status': String(answer.status),
        'X-Hotcell-Attempts': String(answer.usage?.attempts ?? 0),
      };
      const own = answer.extraHeaders ?? [];
      for (let at = 0; at + 1 < own.length; at += 2) partHeaders[own[at] ?? ''] = own[at + 1] ?? '';
      outgoing.write(partHead(replyBoundary, partHeaders));
      outgoing.write(answer.body);
      return outgoing.write('\r\n');
    },
    end: multipartEnd(replyBoundary),
  };
}

/**
 * An array of arguments in, an array of `{status, result}` or `{status, problem}` out.
 * Throws HTTP_UNSUPPORTED_TYPE — the body is not JSON by its content type.
 */
export function jsonForm(headers: IncomingHttpHeaders): BatchForm {
  requireJson(headers);
  return {
    contentType: 'application/json',
    async read(body) {
      const items = parseItems(body);
      if (Array.isArray(items) && items.length >= 1 && items.length <= BATCH_ITEMS_MAX)
        return items.map((item) => Buffer.from(JSON.stringify(item)));
      throw new HostError(
        'HTTP_MALFORMED',
        `the body must be a JSON array of 1 to ${BATCH_ITEMS_MAX} objects of arguments`,
      );
    },
    write(outgoing, answer, index) {
      const name = answer.status === 200 ? 'result' : 'problem';
      outgoing.write(`${index === 0 ? '[' : ','}{"status":${answer.status},"${name}":`);
      outgoing.write(answer.body);
      return outgoing.write('}');
    },
    end: ']',
  };
}

function parseItems(body: Uint8Array): unknown {
  try {
    return parseArguments(body);
  } catch (error) {
    if (!hasCode(error, 'ADAPTER_BAD_INPUT')) throw error;
    throw new HostError('HTTP_MALFORMED', (error as HostError).detail, { cause: error });
  }
}
