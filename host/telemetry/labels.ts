/**
 * Which words may become metric labels: a time series lives for ever, so nothing that a caller makes up may be one.
 *
 * An adapter is known once the host itself reported on its pool; an operation once an outcome proves that the adapter
 * has it, that is, the call came as far as the pool or a guest. Everything else counts under `unknown`.
 */

import { ERRORS } from '../errors.ts';
import { SERVICE_METHODS } from '../service-methods.ts';
import type { Receipt } from '../types.ts';

export const UNKNOWN = 'unknown';

/** Beyond these the series of one scrape would weigh megabytes; a manifest has at most 256 operations. */
const ADAPTERS_MAX_COUNT = 1_000;
const OPERATIONS_MAX_COUNT = 256;
/** Outcomes that only a call of an existing operation can have. */
const PROOF = /^(ok$|POOL_|EXECUTOR_|ADAPTER_)/;

/** Success, a caller that went away, or an error code. */
export function outcomeLabel(outcome: string): string {
  const isKnown = outcome === 'ok' || outcome === 'cancelled' || Object.hasOwn(ERRORS, outcome);
  return isKnown ? outcome : UNKNOWN;
}

/** A method that the host has. */
export function serviceMethodLabel(method: string): string {
  return SERVICE_METHODS.has(method) ? method : UNKNOWN;
}

export interface Labels {
  /** The host reported on this adapter: it exists. Returns its label. */
  adapter(name: string): string;
  /** Labels of one finished call. */
  ofReceipt(receipt: Receipt): { adapter: string; operation: string; outcome: string };
}

export function createLabels(): Labels {
  const operations = new Map<string, Set<string>>();

  function learn(name: string): Set<string> | undefined {
    const known = operations.get(name);
    if (known !== undefined || operations.size >= ADAPTERS_MAX_COUNT) return known;
    const fresh = new Set<string>();
    operations.set(name, fresh);
    return fresh;
  }

  return {
    adapter: (name) => (learn(name) === undefined ? UNKNOWN : name),

    ofReceipt({ adapter, operation, outcome }) {
      const isProof = PROOF.test(outcome);
      const known = isProof ? learn(adapter) : operations.get(adapter);
      if (isProof && known !== undefined && known.size < OPERATIONS_MAX_COUNT) known.add(operation);
      return {
        adapter: known === undefined ? UNKNOWN : adapter,
        operation: known?.has(operation) ? operation : UNKNOWN,
        outcome: outcomeLabel(outcome),
      };
    },
  };
}
