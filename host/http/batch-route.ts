/**
 * POST /v1/adapters/{name}/{operation}/batch: multipart/mixed in and out, one part an item, order kept.
 *
 * Each item is a call of its own with an end of its own: a part of the reply is either the result or the problem
 * document of that item, with the status in `X-Status`. Nothing is retried here. The reply is streamed and at most 16
 * items are started ahead of the one being sent, so that a batch never holds more than 16 results.
 */

import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { HostError, toHostError } from '../errors.ts';
import { type Answer, baseHeaders, drained, NO_USAGE } from './answer.ts';
import { readBody } from './body.ts';
import { type Answerer, type Door, type Exchange, reportRefusal } from './exchange.ts';
import { credentialsOf, requireMultipart, timeoutMsOf, traceparentOf } from './headers.ts';
import { bytesAnswer, callOf } from './invoke-route.ts';
import { BATCH_IN_FLIGHT_MAX, BATCH_ITEMS_MAX } from './limits.ts';
import { multipartEnd, type Part, parseMultipart, partHead } from './multipart.ts';
import { problemAnswer } from './problem.ts';

export function createBatchAnswerer(door: Door): Answerer {
  const { host, operations, bodyMaxBytes } = door;
  return async (exchange: Exchange): Promise<'streamed'> => {
    const { headers, params, outgoing, requestId } = exchange;
    const identity = host.identify(credentialsOf(headers));
    const target = { adapter: params.name ?? '', operation: params.operation ?? '' };
    const known = operations.get(target.adapter, target.operation);
    const timeoutMs = timeoutMsOf(headers);
    const traceparent = traceparentOf(headers);
    if (headers['idempotency-key'] !== undefined) {
      // The reply is streamed and not kept: a key that did nothing would be worse than none.
      throw new HostError(
        'HTTP_MALFORMED',
        'a batch takes no Idempotency-Key: send such items as single calls',
      );
    }
    const boundary = requireMultipart(headers, 'multipart/mixed');
    const body = await readBody(door, exchange, identity.tenant, bodyMaxBytes);
    const items = await parseMultipart(body, boundary, BATCH_ITEMS_MAX);

    const { inputMaxBytes } = known.spec;
    const answerItem = async (item: Part, index: number): Promise<Answer> => {
      const itemId = `${requestId}.${index}`;
      try {
        if (item.bytes.byteLength > inputMaxBytes) {
          throw new HostError('HTTP_BODY_TOO_LARGE', `an item may have at most ${inputMaxBytes} bytes`);
        }
        const call = callOf(identity, target, item.bytes, itemId, timeoutMs, {});
        return bytesAnswer(door, known, {}, await host.invoke(call, traceparent));
      } catch (thrown) {
        const error = toHostError(thrown);
        reportRefusal(exchange, itemId, error);
        return problemAnswer(error, itemId, NO_USAGE);
      }
    };

    const replyBoundary = `hotcell-${randomBytes(18).toString('base64url')}`;
    const type = `multipart/mixed; boundary=${replyBoundary}`;
    outgoing.writeHead(200, baseHeaders(requestId, type, door.isClosing()));
    for await (const answer of inOrder(items, answerItem)) {
      if (outgoing.destroyed) return 'streamed';
      await writePart(outgoing, replyBoundary, answer, door.clock);
    }
    outgoing.end(multipartEnd(replyBoundary));
    return 'streamed';
  };
}

/** Starts items ahead of the one awaited, at most `BATCH_IN_FLIGHT_MAX`. `start` must not reject. */
async function* inOrder(
  items: readonly Part[],
  start: (item: Part, index: number) => Promise<Answer>,
): AsyncGenerator<Answer> {
  const running: Promise<Answer>[] = [];
  let started = 0;
  for (let index = 0; index < items.length; index++) {
    while (started < items.length && started < index + BATCH_IN_FLIGHT_MAX) {
      running.push(start(items[started] as Part, started));
      started += 1;
    }
    yield await (running.shift() as Promise<Answer>);
  }
}

async function writePart(
  outgoing: ServerResponse,
  boundary: string,
  answer: Answer,
  clock: Clock,
): Promise<void> {
  const headers: Record<string, string> = {
    'Content-Type': answer.contentType,
    'Content-Length': String(answer.body.byteLength),
    'X-Status': String(answer.status),
    'X-Hotcell-Attempts': String(answer.usage?.attempts ?? 0),
  };
  const own = answer.extraHeaders ?? [];
  for (let index = 0; index + 1 < own.length; index += 2) headers[own[index] ?? ''] = own[index + 1] ?? '';
  outgoing.cork();
  outgoing.write(partHead(boundary, headers));
  outgoing.write(answer.body);
  const taken = outgoing.write('\r\n');
  outgoing.uncork();
  if (!taken) await drained(outgoing, clock);
}
