/**
 * Values of the host that do not fit their WIT type, with the place of the fault.
 *
 * A fault is thrown where it is seen and gathers its path while it passes the containers on its way out, so that values
 * that fit pay nothing. What a guest does wrong is not here: that is `badResult` of `lift.ts`.
 */

import { HostError } from '../errors.ts';

/** A value that its type does not allow. Never leaves the ABI: `abi.ts` turns it into a HostError. */
export class ValueFault extends Error {
  /** Innermost step first. */
  readonly steps: (string | number)[] = [];

  /** As a JSON pointer (RFC 6901). */
  get pointer(): string {
    return this.steps.reduceRight<string>(
      (path, step) => `${path}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`,
      '',
    );
  }
}

/** A fault of `value`, which should have been `expected`. The value itself is not quoted: it may be a secret. */
export function misfit(expected: string, value: unknown): ValueFault {
  return new ValueFault(value === undefined ? `is missing: expected ${expected}` : `is not ${expected}`);
}

/** Adds a step to the path of a fault; anything else that was thrown passes unchanged. */
export function within(error: unknown, step: string | number): unknown {
  if (error instanceof ValueFault) error.steps.push(step);
  return error;
}

/** The arguments of a caller that do not fit, as the caller is told. */
export function toArgumentError(error: unknown): unknown {
  if (!(error instanceof ValueFault)) return error;
  const at = error.pointer;
  return new HostError('EXECUTOR_BAD_ARGUMENT', `${at === '' ? 'the arguments' : at} ${error.message}`, {
    problems: [{ at, message: error.message }],
  });
}

/** A result of a function of the host that does not fit: an error of the host. */
export function toImplementationError(error: unknown, name: string): unknown {
  if (!(error instanceof ValueFault)) return error;
  return new HostError('HOST_INTERNAL', `${name} gave a result that is not of its type`, {
    cause: new Error(`${error.pointer} ${error.message}`),
  });
}
