/**
 * An adapter's `cases.json`, run against a host: calls and what they must give, in order, in one cell.
 *
 * The same form as `adapters/README.md` describes. A case that cannot fail is a mistake in the file.
 */

import { isDeepStrictEqual } from 'node:util';
import { type ErrorCode, HostError } from '../errors.ts';
import type { Session } from '../types.ts';

type Bytes = { readonly text: string } | { readonly base64: string } | { readonly json: unknown };

export interface AdapterCase {
  readonly operation: string;
  readonly input?: Bytes;
  readonly output?: Bytes;
  readonly failure?: {
    /** `bad-input`, `not-found`, `internal`; `failed` for an error value of a typed operation; or a code of the host. */
    readonly kind: string;
    readonly messageMatches?: string;
    /** Of `failed`: the error value. */
    readonly json?: unknown;
  };
}

export interface CaseResult {
  readonly title: string;
  /** What was wrong; undefined when the answer was the one that is written. */
  readonly problem: string | undefined;
}

/** What a failure's kind in `cases.json` is as an error of the host. */
const KIND_OF: Partial<Record<ErrorCode, string>> = {
  ADAPTER_BAD_INPUT: 'bad-input',
  ADAPTER_NOT_FOUND: 'not-found',
  ADAPTER_INTERNAL: 'internal',
  ADAPTER_FAILED: 'failed',
  // The host answers for an operation that the manifest does not name: no guest is asked.
  REGISTRY_OPERATION_NOT_FOUND: 'not-found',
};

/** Cases beyond it are a test suite, which belongs elsewhere. */
const CASES_MAX_COUNT = 10_000;
const SHOWN_MAX_CHARACTERS = 120;

/** Throws KIT_PROJECT_INVALID — the text is not a list of cases, naming the case. */
export function parseCases(text: string): AdapterCase[] {
  let cases: unknown;
  try {
    cases = JSON.parse(text);
  } catch (error) {
    throw invalid(`is not JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(cases)) throw invalid('is not a list of cases');
  if (cases.length > CASES_MAX_COUNT) throw invalid(`has more than ${CASES_MAX_COUNT} cases`);
  for (const [index, given] of cases.entries()) {
    const { operation, input, output, failure } = (given ?? {}) as Partial<AdapterCase>;
    const at = `case ${index + 1}`;
    if (typeof operation !== 'string') throw invalid(`${at} names no operation`);
    if ((output === undefined) === (failure === undefined)) {
      throw invalid(`${at} needs either an output or a failure`);
    }
    if (failure !== undefined && typeof failure.kind !== 'string')
      throw invalid(`${at}: failure.kind is missing`);
    for (const bytes of [input, output]) {
      const keys = Object.keys(bytes ?? { text: '' });
      if (keys.length !== 1 || !['text', 'base64', 'json'].includes(keys[0] ?? '')) {
        throw invalid(`${at}: input and output are {"text": …}, {"base64": …} or {"json": …}`);
      }
    }
  }
  return cases as AdapterCase[];
}

const invalid = (what: string): HostError => new HostError('KIT_PROJECT_INVALID', `cases.json ${what}`);

/** Codes of ends after which there is no cell to go on in. */
const CELL_LOST = /^EXECUTOR_(?!BAD_ARGUMENT|OUTPUT_TOO_LARGE)/;

/** Runs one case. What went wrong is in the result; `isLost` says that the session's cell is gone. */
export async function runCase(
  session: Session,
  given: AdapterCase,
): Promise<CaseResult & { readonly isLost: boolean }> {
  const payload = given.input === undefined ? new Uint8Array() : bytesOf(given.input);
  const { outcome } = await session.invoke(given.operation, payload);
  const problem =
    outcome.kind === 'ok' ? judgeResult(given, outcome.bytes) : judgeError(given, outcome.error);
  const isLost = outcome.kind === 'error' && CELL_LOST.test(outcome.error.code);
  return { title: titleOf(given), problem, isLost };
}

function judgeResult({ output, failure }: AdapterCase, bytes: Uint8Array): string | undefined {
  if (failure !== undefined) return `expected ${failure.kind}, got ${quote(bytes)}`;
  const expected = output as Bytes;
  if ('json' in expected) {
    let got: unknown;
    try {
      got = JSON.parse(Buffer.from(bytes).toString('utf8'));
    } catch {
      return `expected JSON, got ${quote(bytes)}`;
    }
    if (isDeepStrictEqual(got, expected.json)) return undefined;
  } else if (Buffer.from(bytes).equals(bytesOf(expected))) return undefined;
  return `expected ${quote(bytesOf(expected))}, got ${quote(bytes)}`;
}

function judgeError({ failure }: AdapterCase, error: HostError): string | undefined {
  const { code, detail } = error;
  if (failure === undefined || (KIND_OF[code] !== failure.kind && code !== failure.kind)) {
    return `expected ${failure === undefined ? 'a result' : failure.kind}, got ${code}: ${clip(detail)}`;
  }
  if ('json' in failure && !isDeepStrictEqual(error.failure, failure.json)) {
    return `expected it to fail with ${json(failure.json)}, got ${json(error.failure)}`;
  }
  if (failure.messageMatches === undefined || code === 'REGISTRY_OPERATION_NOT_FOUND') return undefined;
  if (new RegExp(failure.messageMatches).test(detail)) return undefined;
  return `expected a message like ${failure.messageMatches}, got ${clip(detail)}`;
}

function titleOf({ operation, input }: AdapterCase): string {
  return `${operation} ${input === undefined ? 'of nothing' : clip(JSON.stringify(Object.values(input)[0]))}`;
}

export function bytesOf(bytes: Bytes): Buffer {
  if ('text' in bytes) return Buffer.from(bytes.text, 'utf8');
  if ('base64' in bytes) return Buffer.from(bytes.base64, 'base64');
  return Buffer.from(JSON.stringify(bytes.json), 'utf8');
}

const json = (value: unknown): string => clip(JSON.stringify(value) ?? 'nothing');
const quote = (bytes: Uint8Array): string => clip(JSON.stringify(Buffer.from(bytes).toString('utf8')));
const clip = (text: string): string =>
  text.length > SHOWN_MAX_CHARACTERS ? `${text.slice(0, SHOWN_MAX_CHARACTERS)}…` : text;
