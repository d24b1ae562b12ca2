/**
 * POST /v1/adapters/{name}/{operation}: bytes in, bytes out. The lean path: everything else may be slow, this may not.
 *
 * The order is the order of cost: who asks, does the operation exist, are the headers sound, then the body, then the
 * call. Any content type is taken as bytes; the reply's content type is what the operation declares to produce.
 */

import type { Call, Identity, Reply } from '../types.ts';
import type { Answer } from './answer.ts';
import { readBody } from './body.ts';
import { type CallForm, formOf, payloadOf, resultType } from './call-form.ts';
import type { Answerer, Door, Exchange } from './exchange.ts';
import {
  credentialsOf,
  idempotencyKeyOf,
  requireIdentityEncoding,
  timeoutMsOf,
  traceparentOf,
} from './headers.ts';
import type { KnownOperation } from './operation-index.ts';
import { problemAnswer } from './problem.ts';

/** A call for the host. The payload is handed over. */
export function callOf(
  identity: Identity,
  target: { readonly adapter: string; readonly operation: string },
  payload: Uint8Array,
  requestId: string,
  timeoutMs: number | undefined,
  form: CallForm,
): Call {
  const { adapter, operation } = target;
  const { tenant } = identity;
  return timeoutMs === undefined
    ? { adapter, operation, payload, tenant, requestId, ...form }
    : { adapter, operation, payload, tenant, requestId, timeoutMs, ...form };
}

/** The host's reply as an answer of raw bytes, or as a problem document. */
export function bytesAnswer(door: Door, known: KnownOperation, form: CallForm, reply: Reply): Answer {
  const { outcome, receipt } = reply;
  if (outcome.kind === 'error') {
    return problemAnswer(outcome.error, receipt.requestId, outcome.usage, receipt.version);
  }
  const { adapter, operation, version } = receipt;
  const answered = door.operations.answeredBy(known, adapter, operation, version);
  return {
    status: 200,
    contentType: resultType(answered, form),
    body: outcome.bytes,
    usage: outcome.usage,
    version: receipt.version,
    extraHeaders: undefined,
    keepable: true,
  };
}

export function createInvokeAnswerer(door: Door): Answerer {
  const { host, operations, idempotency, bodyMaxBytes } = door;
  return async (exchange: Exchange) => {
    const { headers, params, requestId } = exchange;
    const identity = host.identify(credentialsOf(headers));
    const target = { adapter: params.name ?? '', operation: params.operation ?? '' };
    const known = operations.get(target.adapter, target.operation);
    const timeoutMs = timeoutMsOf(headers);
    const traceparent = traceparentOf(headers);
    requireIdentityEncoding(headers);
    const form = formOf(known, headers);
    const key = idempotencyKeyOf(headers);
    const body = await readBody(
      door,
      exchange,
      identity.tenant,
      Math.min(known.spec.inputMaxBytes, bodyMaxBytes),
    );
    const payload = payloadOf(known, form, body);
    const call = callOf(identity, target, payload, requestId, timeoutMs, form);
    if (key === undefined) return bytesAnswer(door, known, form, await host.invoke(call, traceparent));

    const scope = { tenant: identity.tenant, ...target, route: 'invoke', key } as const;
    const { answer, replayed } = await idempotency.run(scope, payload, async () =>
      bytesAnswer(door, known, form, await host.invoke(call, traceparent)),
    );
    return replayed ? { answer, replayed } : answer;
  };
}
