/**
 * Messages as lines of JSON, as the protocol has them on standard input and output.
 *
 * Always: a line that is too long or no JSON is answered and skipped, and the next one is read; answers are whole lines, one at a
 * time; at the end of the input what is under way is answered first.
 * Source: Model Context Protocol 2025-11-25, "stdio".
 */

import { ErrorCode } from '@modelcontextprotocol/sdk/types.js';
import { errorResponse } from './connection.ts';

/** As for one POST: the default input limit of an operation in base64, with room for what is around it. */
export const LINE_MAX_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Reads messages until the input ends. `receive` gives what is to be written; it is not waited for before the next line. Rejects with
 * what `input` or `write` fails with.
 */
export async function exchangeLines(parts: {
  readonly input: AsyncIterable<Uint8Array>;
  readonly receive: (message: unknown) => Promise<object | undefined>;
  readonly write: (message: object) => Promise<void>;
}): Promise<void> {
  const { input, receive, write } = parts;
  const underWay = new Set<Promise<void>>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const start = (line: Uint8Array | undefined): void => {
    const answered = answer(line, receive).then((response) => response && write(response));
    const ended = answered.then(
      () => void underWay.delete(ended),
      (error: unknown) => failed.reject(error),
    );
    underWay.add(ended);
  };
  const reading = (async () => {
    for await (const line of linesOf(input)) start(line);
    await Promise.all(underWay);
  })();
  await Promise.race([reading, failed.promise]);
}

async function answer(
  line: Uint8Array | undefined,
  receive: (message: unknown) => Promise<object | undefined>,
): Promise<object | undefined> {
  if (line === undefined) {
    return errorResponse(null, ErrorCode.ParseError, `a line has at most ${LINE_MAX_BYTES} bytes`);
  }
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    return errorResponse(null, ErrorCode.ParseError, 'the line is not JSON in UTF-8');
  }
  return await receive(message);
}

/** Lines without their end and without empty ones; undefined for one that is too long. */
async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | undefined> {
  let parts: Uint8Array[] = [];
  let sizeBytes = 0;
  let isTooLong = false;
  const take = (bytes: Uint8Array): void => {
    sizeBytes += bytes.length;
    isTooLong ||= sizeBytes > LINE_MAX_BYTES;
    if (isTooLong) parts = [];
    else if (bytes.length > 0) parts.push(bytes);
  };
  const end = (): Uint8Array | undefined => {
    const line = isTooLong ? undefined : Buffer.concat(parts);
    parts = [];
    sizeBytes = 0;
    isTooLong = false;
    return line;
  };
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, at));
      from = at + 1;
      if (sizeBytes > 0) yield end();
    }
    take(chunk.subarray(from));
  }
  if (sizeBytes > 0) yield end();
}
