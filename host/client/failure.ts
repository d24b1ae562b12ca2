/**
 * What a call through the client can end with other than its result.
 *
 * `code` is the host's own (the table in `host/README.md`) or one of the client's, which begin with `CLIENT_`: compare it, never
 * the class. Always: an error says whether its call may have run.
 */

/** One thing that was wrong, at a JSON pointer. */
export interface CallProblem {
  readonly at: string;
  readonly message: string;
}

export type ClientCode =
  /** The time that was given is over. */
  | 'CLIENT_TIMEOUT'
  /** The caller's signal was aborted. */
  | 'CLIENT_ABORTED'
  /** No connection, or one that was cut. */
  | 'CLIENT_UNREACHABLE'
  /** What answered is no Hotcell host, or its reply is too long. */
  | 'CLIENT_BAD_REPLY';

export interface FailureDetails {
  readonly status?: number | undefined;
  readonly retryable?: boolean | undefined;
  readonly problems?: readonly CallProblem[] | undefined;
  readonly failure?: unknown;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly mayHaveRun?: boolean | undefined;
  readonly cause?: unknown;
}

export class HotcellError extends Error {
  readonly code: string;
  readonly detail: string;
  /** HTTP status; undefined where there was no reply. */
  readonly status: number | undefined;
  /** The same call may succeed later without being changed. */
  readonly retryable: boolean;
  /** Everything that was wrong with the arguments. */
  readonly problems: readonly CallProblem[];
  /** The error value of a typed operation (`ADAPTER_FAILED`). */
  readonly failure: unknown;
  /** What the host's log knows the call by. */
  readonly requestId: string | undefined;
  /** The host says not to come back before. */
  readonly retryAfterMs: number | undefined;
  /** A guest was entered, or nobody knows. */
  readonly mayHaveRun: boolean;

  constructor(code: string, detail: string, details: FailureDetails = {}) {
    super(`${code}: ${detail}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HotcellError';
    this.code = code;
    this.detail = detail;
    this.status = details.status;
    this.retryable = details.retryable ?? false;
    this.problems = details.problems ?? [];
    this.failure = details.failure;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.mayHaveRun = details.mayHaveRun ?? true;
  }
}

/** The error of a reply that is none of success. `body` is its text. */
export function failureOf(status: number, headers: Headers, body: string): HotcellError {
  const problem = problemIn(body);
  const requestId = headers.get('x-request-id') ?? undefined;
  const retryAfterMs = retryAfterOf(headers);
  if (problem === undefined) {
    // A proxy before the host, most often: its 429, 502, 503 and 504 pass.
    const retryable = status === 429 || (status >= 502 && status <= 504);
    const details = {
      status,
      requestId,
      retryAfterMs,
      retryable,
      mayHaveRun: status >= 500 && status !== 503,
    };
    return new HotcellError('CLIENT_BAD_REPLY', `status ${status} without a problem document`, details);
  }
  return fromProblem(problem, { status, requestId, retryAfterMs, mayHaveRun: mayHaveRunBy(headers) });
}

/** The error of a problem document, as of an item of a batch. */
export function fromProblem(problem: Readonly<Record<string, unknown>>, more: FailureDetails): HotcellError {
  const { code, detail, retryable, problems, failure, instance } = problem;
  return new HotcellError(String(code), typeof detail === 'string' ? detail : '', {
    requestId: typeof instance === 'string' ? instance : undefined,
    ...more,
    retryable: retryable === true,
    problems: Array.isArray(problems) ? (problems as CallProblem[]) : [],
    failure,
  });
}

function problemIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(body) as Record<string, unknown> | null;
    return typeof value?.code === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The host counts how often a guest was entered; a reply to what was no call has no count, and nothing ran. */
function mayHaveRunBy(headers: Headers): boolean {
  return Number(headers.get('x-hotcell-attempts') ?? 0) > 0;
}

/** Seconds; a date, which is the other form (RFC 9110, section 10.2.3), is not sent by hosts. */
function retryAfterOf(headers: Headers): number | undefined {
  const given = headers.get('retry-after');
  return given !== null && /^\d{1,6}$/.test(given) ? Number(given) * 1_000 : undefined;
}
