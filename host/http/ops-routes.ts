/**
 * What machines that run the host ask it: is it alive, is it ready, how is it doing, what can it do.
 *
 * Liveness and readiness are open to everybody and say nothing else. Metrics and the API document name adapters: where
 * the host has tokens, any valid one is required.
 */

import { HostError } from '../errors.ts';
import type { HostState } from '../types.ts';
import { type Answer, jsonAnswer } from './answer.ts';
import type { Answerer, Door, Exchange } from './exchange.ts';
import { credentialsOf } from './headers.ts';
import { PROBLEM_TYPE, problemDocument } from './problem.ts';

/** Any valid token, or any program on this machine where the host has none. The tenant does not matter and is not read. */
export function requireReader(door: Door, exchange: Pick<Exchange, 'headers'>): void {
  door.host.identify({ ...credentialsOf(exchange.headers), tenantHeader: undefined });
}

export function createOpsAnswerers(
  door: Door,
  sources: {
    /** Prometheus text format, version 0.0.4. */
    readonly metricsText: () => Promise<string>;
    readonly openApi: () => object;
  },
): {
  readonly live: Answerer;
  readonly ready: Answerer;
  readonly metrics: Answerer;
  readonly openApi: Answerer;
} {
  const stateNow = (): HostState =>
    door.isClosing() && door.host.state === 'ready' ? 'draining' : door.host.state;
  return {
    live: () => jsonAnswer(200, { state: stateNow() }),

    ready({ requestId }) {
      const state = stateNow();
      if (state === 'ready') return jsonAnswer(200, { state });
      const error = new HostError('HTTP_DRAINING', `the host is ${state}`);
      return jsonAnswer(error.status, { ...problemDocument(error, requestId), state }, PROBLEM_TYPE);
    },

    async metrics(exchange): Promise<Answer> {
      requireReader(door, exchange);
      const body = Buffer.from(await sources.metricsText());
      return { ...jsonAnswer(200, null), contentType: 'text/plain; version=0.0.4; charset=utf-8', body };
    },

    openApi(exchange) {
      requireReader(door, exchange);
      return jsonAnswer(200, sources.openApi());
    },
  };
}
