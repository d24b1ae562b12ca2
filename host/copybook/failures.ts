/**
 * What the codec in the cell says is wrong, in the host's codes; and answers that are not of their form.
 *
 * The text comes from a guest: it is taken only in the form that the contract gives it.
 */

import { type ErrorCode, HostError, hasCode, type Place } from '../errors.ts';

const CODES: Readonly<Record<string, ErrorCode>> = {
  SYNTAX: 'COPYBOOK_SYNTAX',
  OPTIONS: 'COPYBOOK_OPTIONS',
  LIMIT: 'COPYBOOK_LIMIT',
  DATA: 'COPYBOOK_DATA',
  FRAMING: 'COPYBOOK_FRAMING',
  VALUE: 'COPYBOOK_VALUE',
};
/** Longer ones are no messages. */
const MESSAGE_MAX_CHARS = 4096;

export function badResult(detail: string, cause?: unknown): HostError {
  return new HostError('EXECUTOR_BAD_RESULT', `the adapter copybook: ${detail}`, { cause });
}

/** The problem in this JSON. `recordsBefore` are added to its record. EXECUTOR_BAD_RESULT when it has not the form. */
export function fromProblem(json: string, recordsBefore = 0): HostError {
  let problem: unknown;
  try {
    problem = JSON.parse(json);
  } catch (cause) {
    return badResult('a problem that is not JSON', cause);
  }
  if (typeof problem !== 'object' || problem === null) return badResult('a problem that is no object');
  const { code, message, line, column, record, offset, field } = problem as Record<string, unknown>;
  if (typeof code !== 'string' || typeof message !== 'string' || message.length > MESSAGE_MAX_CHARS) {
    return badResult('a problem without a code or a message');
  }
  if (!Object.hasOwn(CODES, code)) return badResult(`${code.slice(0, 32)}: ${message}`);
  const place: Place = {
    ...(isIndex(line) ? { line } : {}),
    ...(isIndex(column) ? { column } : {}),
    ...(isIndex(record) ? { record: record + recordsBefore } : {}),
    ...(isIndex(offset) ? { offset } : {}),
    ...(typeof field === 'string' && field.length <= MESSAGE_MAX_CHARS ? { field } : {}),
  };
  const where = Object.entries(place).map(([name, value]) => `${name} ${value}`);
  const detail = where.length === 0 ? message : `${where.join(', ')}: ${message}`;
  return new HostError(CODES[code] as ErrorCode, detail, where.length === 0 ? {} : { place });
}

/** A failed call as the codec's error; any other error as it is. */
export function fromCall(error: HostError): HostError {
  return hasCode(error, 'ADAPTER_BAD_INPUT') ? fromProblem(error.detail) : error;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
