/**
 * Arguments of a typed operation, from bytes to parsed JSON, and what is said when they are wrong.
 *
 * Used on both sides: in the thread that serves for what is short, in the executor's for all. Always: what is refused is
 * ADAPTER_BAD_INPUT with at least one problem.
 */

import { HostError, type Problem } from './errors.ts';

/**
 * Opening brackets, colons and commas outside of strings: parsed, each may become an object. So many take 0.1 s and 50 MB;
 * without a bound 60 MB of `[],` would stop a thread for ten seconds and take gigabytes.
 */
export const ARGUMENT_TOKENS_MAX = 500_000;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Throws ADAPTER_BAD_INPUT — not UTF-8, not JSON, or of too many parts. The bytes are borrowed. */
export function parseArguments(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw badArguments([{ at: '', message: 'is not UTF-8' }]);
  }
  if (bytes.length > ARGUMENT_TOKENS_MAX) requireFewTokens(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    // The message quotes what the caller sent: it is cut, and made printable.
    const message = (error as Error).message.slice(0, 200).replace(/[^\x20-\x7e]+/g, ' ');
    throw badArguments([{ at: '', message: `is not JSON: ${message}` }]);
  }
}

function requireFewTokens(bytes: Uint8Array): void {
  let tokens = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isText) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isText = false;
    } else if (byte === 0x22) isText = true;
    else if (byte === 0x2c || byte === 0x3a || byte === 0x5b || byte === 0x7b) tokens++;
    if (tokens <= ARGUMENT_TOKENS_MAX) continue;
    throw badArguments([{ at: '', message: `has more than ${ARGUMENT_TOKENS_MAX} members and items` }]);
  }
}

/** ADAPTER_BAD_INPUT with all problems. */
export function badArguments(problems: readonly Problem[]): HostError {
  const [first] = problems;
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
  const detail = `${first?.at || 'the input'} ${first?.message ?? 'is not valid'}${more}`;
  return new HostError('ADAPTER_BAD_INPUT', detail, { problems });
}
