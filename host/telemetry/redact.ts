/**
 * Makes anything fit for a log line: plain, bounded, and without secrets.
 *
 * Fields whose name speaks of a secret lose their value at any depth; texts lose what follows such a name or a scheme
 * of the Authorization header; bytes become their length, because bytes are payloads or keys. Everything is bounded:
 * depth, number of fields, length of text. It never throws: it runs inside of observers, whose errors end the process.
 */

export const REDACTED = '[redacted]';

const SECRET_NAME = /authorization|token|secret|passw|key|cookie|credential/i;
const SCHEME = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+/gi;
// Begins with the name itself and not with a wildcard before it, which would be quadratic on hostile text.
const ASSIGNMENT =
  /(authorization|token|secret|passw(?:or)?d|key|cookie|credentials?)(["']?\s{0,4}[:=]\s{0,4})("[^"]*"|'[^']*'|[^\s"',;&]+)/gi;

const DEPTH_MAX = 8;
const FIELDS_MAX_COUNT = 64;
/** A stack trace of 30 frames fits. */
const TEXT_MAX_CHARS = 4_096;

/** A text without what looks like a credential, at most 4,096 characters. */
export function redactText(text: string): string {
  const clipped = text.length > TEXT_MAX_CHARS ? `${text.slice(0, TEXT_MAX_CHARS)}…` : text;
  return clipped.replace(SCHEME, `$1 ${REDACTED}`).replace(ASSIGNMENT, `$1$2${REDACTED}`);
}

/** A copy of plain data that is safe to write. Errors keep type, code, message, stack, own fields and cause. */
export function redact(value: unknown): unknown {
  try {
    return copy(value, 0, new Set());
  } catch (error) {
    // A getter or a proxy threw: say that something was here.
    return `[unreadable: ${error instanceof Error ? error.name : typeof error}]`;
  }
}

function copy(value: unknown, depth: number, path: Set<object>): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return `[${value.byteLength} bytes]`;
  }
  if (path.has(value)) return '[circular]';
  if (depth >= DEPTH_MAX) return '[too deep]';
  path.add(value);
  try {
    if (Array.isArray(value))
      return value.slice(0, FIELDS_MAX_COUNT).map((item) => copy(item, depth + 1, path));
    if (value instanceof Map || value instanceof Set) return `[${value.constructor.name} of ${value.size}]`;
    return value instanceof Error ? copyError(value, depth, path) : copyFields(value, depth, path);
  } finally {
    path.delete(value);
  }
}

function copyError(error: Error, depth: number, path: Set<object>): Record<string, unknown> {
  const result: Record<string, unknown> = {
    type: redactText(error.name),
    message: redactText(error.message),
    ...copyFields(error, depth, path),
    stack: redactText(error.stack ?? ''),
  };
  if (error.cause !== undefined) result.cause = copy(error.cause, depth + 1, path);
  if (error instanceof AggregateError) result.errors = copy(error.errors, depth + 1, path);
  return result;
}

function copyFields(value: object, depth: number, path: Set<object>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value).slice(0, FIELDS_MAX_COUNT)) {
    if (field === undefined) continue;
    result[redactText(name)] = SECRET_NAME.test(name) ? REDACTED : copy(field, depth + 1, path);
  }
  return result;
}
