/**
 * POST /v1/adapters/{name}/{operation}/batch: many inputs in one request, order kept.
 *
 * Each item is a call of its own with an end of its own: either the result or the problem document of that item, with its status
 * (`batch-form.ts` says how both are written). Nothing is retried here. The reply is streamed and at most 16
 * items are started ahead of the one being sent, so that a batch never holds more than 16 results.
 */

import { HostError, toHostError } from '../errors.ts';
import { type Answer, baseHeaders, drained, NO_USAGE } from './answer.ts';
import { jsonForm, multipartForm } from './batch-form.ts';
import { readBody } from './body.ts';
import { type Answerer, type Door, type Exchange, reportRefusal } from './exchange.ts';
import { credentialsOf, timeoutMsOf, traceparentOf } from './headers.ts';
import { bytesAnswer, callOf } from './invoke-route.ts';
import { BATCH_IN_FLIGHT_MAX } from './limits.ts';
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
    const form = known.typed ? jsonForm(headers) : multipartForm(headers);
    const body = await readBody(door, exchange, identity.tenant, bodyMaxBytes);
    const items = await form.read(body);

    const { inputMaxBytes } = known.spec;
    const answerItem = async (item: Uint8Array, index: number): Promise<Answer> => {
      const itemId = `${requestId}.${index}`;
      try {
        if (item.byteLength > inputMaxBytes) {
          throw new HostError('HTTP_BODY_TOO_LARGE', `an item may have at most ${inputMaxBytes} bytes`);
        }
        const call = callOf(identity, target, item, itemId, timeoutMs, {});
        return bytesAnswer(door, known, {}, await host.invoke(call, traceparent));
      } catch (thrown) {
        const error = toHostError(thrown);
        reportRefusal(exchange, itemId, error);
        return problemAnswer(error, itemId, NO_USAGE);
      }
    };

    outgoing.writeHead(200, baseHeaders(requestId, form.contentType, door.isClosing()));
    let index = 0;
    for await (const answer of inOrder(items, answerItem)) {
      if (outgoing.destroyed) return 'streamed';
      outgoing.cork();
      const taken = form.write(outgoing, answer, index);
      outgoing.uncork();
      if (!taken) await drained(outgoing, door.clock);
      index += 1;
    }
    outgoing.end(form.end);
    return 'streamed';
  };
}

/** Starts items ahead of the one awaited, at most `BATCH_IN_FLIGHT_MAX`. `start` must not reject. */
async function* inOrder(
  items: readonly Uint8Array[],
  start: (item: Uint8Array, index: number) => Promise<Answer>,
): AsyncGenerator<Answer> {
  const running: Promise<Answer>[] = [];
  let started = 0;
  for (let index = 0; index < items.length; index++) {
    while (started < items.length && started < index + BATCH_IN_FLIGHT_MAX) {
      running.push(start(items[started] as Uint8Array, started));
      started += 1;
    }
    yield await (running.shift() as Promise<Answer>);
  }
}
