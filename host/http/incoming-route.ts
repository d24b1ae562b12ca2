/**
 * /v1/adapters/{name}/http/…: any request, answered by an adapter of the world `wasi:http/proxy`.
 *
 * The guest sees the path behind `http`, and what `incoming-headers.ts` lets pass. Both bodies are streams with backpressure. What
 * fails before the guest's head was written is a problem document, what fails afterwards cuts the connection: a response
 * that ended cleanly was whole.
 */

import { HostError } from '../errors.ts';
import { HANDLE, type IncomingRequestHead, isProxyWorld } from '../service-incoming.ts';
import type { Call, Identity } from '../types.ts';
import { linger } from './answer.ts';
import type { Answerer, Door, Exchange } from './exchange.ts';
import { credentialsOf, timeoutMsOf, traceparentOf } from './headers.ts';
import { createIncomingExchange } from './incoming-exchange.ts';
import { requestHeaders } from './incoming-headers.ts';
import { EXCHANGE_HELD_BYTES } from './limits.ts';
import { problemAnswer } from './problem.ts';

/** `/v1/adapters/{name}/http`, as it was written, and the rest. */
const TARGET = /^((?:\/[^/?]*){4})(.*)$/s;

/** `batch` answers for an operation that happens to be named `http`. */
export function createIncomingAnswerer(door: Door, batch: Answerer): Answerer {
  const { host, clock, operations } = door;
  return async (exchange) => {
    const { headers, params, incoming, outgoing, requestId } = exchange;
    const identity = host.identify(credentialsOf(headers));
    const adapter = params.name ?? '';
    if (isBatch(exchange) && !isProxyWorld(host.adapter(adapter).manifest.world))
      return await batch({ ...exchange, params: { name: adapter, operation: 'http' } });
    const { spec, world } = operations.get(adapter, HANDLE);
    if (!isProxyWorld(world)) {
      throw new HostError(
        'REGISTRY_OPERATION_NOT_FOUND',
        `adapter ${adapter} answers no HTTP requests; GET /v1/adapters/${adapter} lists its operations`,
      );
    }
    // Before HTTP/1.1 a response of unknown length ends with its connection: a cut could not be told from an end.
    if (incoming.httpVersionMajor === 1 && incoming.httpVersionMinor === 0)
      throw new HostError('HTTP_MALFORMED', 'this route needs HTTP/1.1');
    const timeoutMs = timeoutMsOf(headers);
    const traceparent = traceparentOf(headers);
    const served = createIncomingExchange(door, exchange, {
      head: headOf(exchange, identity, traceparent),
      inputMaxBytes: Math.min(spec.inputMaxBytes, door.bodyMaxBytes),
      outputMaxBytes: spec.outputMaxBytes,
      timeoutMs: spec.timeoutMs,
    });
    try {
      // The deadline of the call limits its arrival from here on.
      door.arrivals.release(incoming);
      door.held.take(outgoing, identity.tenant, EXCHANGE_HELD_BYTES);
      const call: Call = {
        adapter,
        operation: HANDLE,
        payload: new Uint8Array(0),
        tenant: identity.tenant,
        requestId,
        exchange: served,
        signal: served.signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      };
      const { outcome, receipt } = await host.invoke(call, traceparent);
      if (outcome.kind === 'error' && !outgoing.headersSent)
        return problemAnswer(outcome.error, requestId, outcome.usage, receipt.version);
      if (!outgoing.headersSent) throw new HostError('EXECUTOR_NO_RESPONSE', 'the call ended without one');
      if (served.isWhole) linger(incoming, clock);
      else outgoing.destroy();
      return 'streamed';
    } finally {
      served.end();
    }
  };
}

const isBatch = ({ incoming }: Exchange): boolean =>
  incoming.method === 'POST' && /^\/v1\/adapters\/[^/?]*\/http\/batch(\?|$)/.test(incoming.url ?? '');

function headOf(
  { headers, incoming, requestId }: Exchange,
  { hasToken }: Identity,
  traceparent: string | undefined,
): IncomingRequestHead {
  const [, prefix = '', pathWithQuery = '/'] = TARGET.exec(incoming.url ?? '') ?? [];
  return {
    method: incoming.method ?? 'GET',
    pathWithQuery,
    scheme: 'http',
    authority: headers.host,
    headers: requestHeaders(incoming, { requestId, traceparent, prefix, hasToken }),
  };
}
