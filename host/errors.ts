/**
 * Every operating error of the host, in one table: code → HTTP status, whether a retry can help, and a text.
 *
 * Codes are `<ROOM>_<REASON>` and stable for ever: compare `error.code`, never the class (classes do not survive
 * threads). `detail` is safe to show to the caller; `cause` never leaves the process. Programmer errors are not here:
 * they are assertions. `test/errors.test.ts` keeps this table and the one in `host/README.md` equal.
 */

interface ErrorRow {
  /** HTTP status of the problem document. */
  readonly status: number;
  /** The same call may succeed later without being changed. */
  readonly retryable: boolean;
  /** One sentence for people: what happened. What to do is in the detail. */
  readonly title: string;
}

const row = (status: number, retryable: boolean, title: string): ErrorRow => ({ status, retryable, title });

export const ERRORS = {
  CONFIG_INVALID: row(500, false, 'The configuration is not valid'),

  HTTP_MALFORMED: row(400, false, 'The request could not be read'),
  HTTP_ROUTE_NOT_FOUND: row(404, false, 'There is no such route'),
  HTTP_METHOD_NOT_ALLOWED: row(405, false, 'The route does not take this method'),
  HTTP_REQUEST_TIMEOUT: row(408, true, 'The request did not arrive in time'),
  HTTP_HEADERS_TOO_LARGE: row(431, false, 'The request line or the headers are too long'),
  HTTP_BODY_TOO_LARGE: row(413, false, 'The body is larger than this operation accepts'),
  HTTP_BYTES_FULL: row(503, true, 'The host holds as many bytes of requests and replies as it may'),
  HTTP_UNSUPPORTED_TYPE: row(415, false, 'The content type is not one this route accepts'),
  HTTP_IDEMPOTENCY_MISMATCH: row(422, false, 'The idempotency key was used with another body'),
  HTTP_CLIENT_GONE: row(499, false, 'The client left, or took nothing, before the response was whole'),
  HTTP_NOT_ACCEPTABLE: row(406, false, 'The caller accepts no form in which this route answers'),
  HTTP_SESSION_UNKNOWN: row(404, false, 'There is no such session, or no more'),
  HTTP_SESSIONS_FULL: row(503, true, 'All sessions that may be open are in use'),
  HTTP_DRAINING: row(503, true, 'The host is shutting down or starting'),

  POLICY_TENANT_INVALID: row(400, false, 'The tenant name is not valid'),
  POLICY_TIMEOUT_INVALID: row(400, false, 'The requested timeout is not valid'),
  POLICY_UNAUTHENTICATED: row(401, false, 'An API token is required'),
  POLICY_ORIGIN_FORBIDDEN: row(403, false, 'This request came from a web page or through another name'),
  POLICY_FORBIDDEN: row(403, false, 'This token may not do that'),
  POLICY_ADMIN_OFF: row(403, false, 'Installing and removing adapters is off: no admin token is configured'),

  REGISTRY_NOT_FOUND: row(404, false, 'There is no such adapter'),
  REGISTRY_NOT_REMOVABLE: row(409, false, 'The adapter was not installed and cannot be removed'),
  REGISTRY_OPERATION_NOT_FOUND: row(404, false, 'The adapter has no such operation'),
  REGISTRY_MANIFEST_INVALID: row(422, false, 'The manifest is not valid'),
  REGISTRY_DIGEST_MISMATCH: row(422, false, 'The component is not the one the manifest names'),
  REGISTRY_REJECTED: row(422, false, 'The component was refused'),
  REGISTRY_IMPORT_FORBIDDEN: row(422, false, 'The component imports something it was not granted'),
  REGISTRY_CAPABILITY_DENIED: row(
    403,
    false,
    'The adapter asks for a capability that the operator does not permit',
  ),
  REGISTRY_UNSUPPORTED: row(422, false, 'The component needs a feature this host does not have'),
  REGISTRY_PREPARE_LIMIT: row(422, false, 'Preparing the component took more time or memory than allowed'),
  REGISTRY_STORE_FAILED: row(500, true, 'The package could not be written or read'),

  POOL_TENANT_SHARE: row(429, true, 'This tenant already uses its share of the adapter'),
  POOL_NEVER_FITS: row(422, false, 'The request can never fit the limits of this adapter'),
  POOL_FULL: row(503, true, 'All permits of the adapter are taken'),
  POOL_TIMEOUT: row(503, true, 'No cell became free in time'),
  POOL_BREAKER_OPEN: row(503, true, 'The adapter fails too often and is resting'),
  POOL_BUDGET: row(503, true, 'The host-wide budget of wasm memories is spent'),
  POOL_CREATE_FAILED: row(502, true, 'A cell could not be created'),
  POOL_CLOSED: row(503, true, 'The pool is closed'),
  POOL_SESSION_LOST: row(409, true, 'The cell of this session is gone'),

  EXECUTOR_TRAP: row(502, false, 'The adapter crashed'),
  EXECUTOR_STACK_OVERFLOW: row(502, false, 'The adapter recursed without end'),
  EXECUTOR_BAD_RESULT: row(502, false, 'The adapter returned something that is not a result'),
  EXECUTOR_BAD_ARGUMENT: row(422, false, 'An argument is not of the type that the function takes'),
  EXECUTOR_OUTPUT_TOO_LARGE: row(502, false, 'The result is larger than this operation may return'),
  EXECUTOR_NO_RESPONSE: row(502, false, 'The adapter ended without a response'),
  EXECUTOR_RESPONSE_CUT: row(502, false, 'The adapter ended its response before it was whole'),
  EXECUTOR_IMPORT_FAILED: row(502, true, 'The host failed to answer the adapter'),
  EXECUTOR_DIED: row(502, true, 'The executor died during the call'),
  EXECUTOR_CANCELLED: row(499, false, 'The caller gave the call up'),
  EXECUTOR_FUEL: row(504, false, 'The adapter used more fuel than this operation may'),
  EXECUTOR_DEADLINE: row(504, true, 'The call did not finish before its deadline'),

  ADAPTER_BAD_INPUT: row(400, false, 'The adapter refused the input'),
  ADAPTER_NOT_FOUND: row(404, false, 'The adapter did not find what was asked for'),
  ADAPTER_INTERNAL: row(500, false, 'The adapter reported an internal error'),
  ADAPTER_FAILED: row(422, false, 'The operation failed with an error value of its own'),

  VAULT_NOT_CONFIGURED: row(404, false, 'This host has no keys to seal with'),
  VAULT_TENANT_SHARE: row(429, true, 'This tenant has as many streams under way as it may'),
  VAULT_KEY_INVALID: row(500, false, 'A root key is not 32 bytes, or the list of keys is not valid'),
  VAULT_KEYS_UNREADABLE: row(500, true, 'The root keys could not be read'),
  VAULT_KEY_UNKNOWN: row(422, false, 'The record was sealed under a version of the key that is not known'),
  VAULT_KEY_RETIRED: row(422, false, 'The version of the key is retired'),
  VAULT_BUDGET_SPENT: row(409, false, 'The version of the key has sealed as much as is safe'),
  VAULT_AUTHENTICATION: row(422, false, 'The bytes are not what was sealed with this key and context'),
  VAULT_FORMAT_UNKNOWN: row(
    422,
    false,
    'The bytes are not a record, or of a version this host does not read',
  ),
  VAULT_SUITE_UNKNOWN: row(422, false, 'The record was sealed with a suite this host does not know'),
  VAULT_TRUNCATED: row(422, false, 'The sealed bytes end too early'),
  VAULT_CONTEXT_TOO_LONG: row(400, false, 'A context has at most 64 bytes'),
  VAULT_INPUT_TOO_LARGE: row(413, false, 'The input is longer than one operation takes'),
  VAULT_OVERLOADED: row(503, true, 'Too many operations of this kind are waiting'),
  VAULT_CLOSED: row(503, true, 'The vault is closed'),

  COPYBOOK_SYNTAX: row(422, false, 'The copybook is not COBOL that this host reads'),
  COPYBOOK_OPTIONS: row(400, false, 'An option of the copybook is not valid, or names what is not in it'),
  COPYBOOK_LIMIT: row(422, false, 'The copybook or one of its records is larger than it may be'),
  COPYBOOK_DATA: row(422, false, 'The bytes of a record are not what the copybook says'),
  COPYBOOK_FRAMING: row(422, false, 'The lengths of records or blocks do not work out'),
  COPYBOOK_VALUE: row(422, false, 'The JSON to be encoded does not fit the copybook'),
  COPYBOOK_INPUT: row(422, false, 'The input cannot be unpacked, or is not as long as it has to be'),
  COPYBOOK_TENANT_SHARE: row(429, true, 'This tenant has as many streams under way as it may'),
  COPYBOOK_CLOSED: row(503, true, 'The codec is closed'),

  KIT_PROJECT_INVALID: row(422, false, 'The folder is not that of an adapter'),
  KIT_BUILD_FAILED: row(422, false, 'The adapter does not build'),

  KIT_HOST_UNREACHABLE: row(502, true, 'The host to install into cannot be reached'),
  KIT_HOST_REFUSED: row(502, false, 'The host to install into refused'),

  PACKAGE_INVALID: row(422, false, 'The file is not a package of an adapter'),
  PACKAGE_TOO_LARGE: row(413, false, 'The package, or what it unpacks to, is larger than a package may be'),
  PACKAGE_DIGEST_MISMATCH: row(422, false, 'A file of the package is not the one that its digests name'),
  PACKAGE_UNSIGNED: row(403, false, 'The package is not signed, and a signature is required'),
  PACKAGE_SIGNATURE_INVALID: row(403, false, 'The package was not signed with a key that is trusted'),

  OCI_REFERENCE_INVALID: row(400, false, 'The reference does not name an artifact'),
  OCI_UNREACHABLE: row(502, true, 'The registry cannot be reached'),
  OCI_TIMEOUT: row(504, true, 'The registry did not answer in time'),
  OCI_UNAUTHORIZED: row(403, false, 'The registry did not accept the credentials'),
  OCI_NOT_FOUND: row(404, false, 'The registry has no such artifact'),
  OCI_REFUSED: row(502, false, 'The registry refused the request'),
  OCI_ARTIFACT_INVALID: row(502, false, 'The artifact is not that of an adapter'),
  OCI_DIGEST_MISMATCH: row(502, false, 'The registry sent other bytes than those of the digest'),
  OCI_TAG_MOVED: row(409, true, 'The tag was moved to another artifact meanwhile'),

  HOST_CLOSED: row(503, true, 'The host is closed'),
  HOST_INTERNAL: row(500, false, 'The host made an error'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface HostErrorOptions {
  /** The original error. Logged, never sent. */
  readonly cause?: unknown;
  /** Seconds after which a retry may succeed; becomes `Retry-After`. */
  readonly retryAfterS?: number;
  /** All problems at once, where there can be several: a JSON pointer or option name, and what is wrong. */
  readonly problems?: readonly Problem[];
  /** Where in what was given. */
  readonly place?: Place;
  /** The error value of a typed operation: JSON data, bounded where it was made. */
  readonly failure?: unknown;
}

/** A place in a text (`line` and `column` from 1) or in data (`record` from 0, `offset` in bytes, name of the `field`). */
export interface Place {
  readonly line?: number;
  readonly column?: number;
  readonly record?: number;
  readonly offset?: number;
  readonly field?: string;
}

export interface Problem {
  readonly at: string;
  readonly message: string;
}

export class HostError extends Error {
  readonly code: ErrorCode;
  /** Safe to show: names what was wrong and what to do. */
  readonly detail: string;
  readonly retryAfterS: number | undefined;
  readonly problems: readonly Problem[] | undefined;
  readonly place: Place | undefined;
  readonly failure: unknown;

  constructor(code: ErrorCode, detail: string, options: HostErrorOptions = {}) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HostError';
    this.code = code;
    this.detail = detail;
    this.retryAfterS = options.retryAfterS;
    this.problems = options.problems;
    this.place = options.place;
    this.failure = options.failure;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** The error itself when it is a HostError, else `HOST_INTERNAL` with the original as cause. */
export function toHostError(error: unknown): HostError {
  if (error instanceof HostError) return error;
  return new HostError('HOST_INTERNAL', 'an unexpected error; the log has the cause under this request id', {
    cause: error,
  });
}

/** True for an error with this code. */
export function hasCode(error: unknown, code: ErrorCode): error is HostError {
  return error instanceof HostError && error.code === code;
}
