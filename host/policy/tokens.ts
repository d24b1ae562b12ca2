/**
 * API tokens: what the configuration holds of them, and how a presented one is found.
 *
 * Only SHA-256 digests are kept; the token itself is a random string that the operator gives to the caller once, so a
 * plain digest is enough (there is nothing to guess). A presented token is hashed and compared with every entry in
 * constant time, without an early exit: neither how much of it is right nor which entry matches shows in the time.
 */

import { hash, timingSafeEqual } from 'node:crypto';
import type { Problem } from '../errors.ts';
import { TENANT_PATTERN } from '../option-values.ts';

export interface TokenEntry {
  /** For the log; unique. Never the token. */
  readonly name: string;
  /** Lower-case hex SHA-256 of the token. */
  readonly sha256: string;
  /** Calls with this token are made for this tenant. */
  readonly tenant: string;
  readonly role: 'caller' | 'admin';
}

export interface Token {
  readonly entry: TokenEntry;
  readonly digest: Buffer;
}

/** RFC 6750 §2.1: `b64token`. 4,096 characters is more than any issuer uses. */
const AUTHORIZATION_PATTERN = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*)$/i;
const AUTHORIZATION_MAX_CHARS = 4_200;

/** Everything wrong with the entries, by option name. Empty when they are good. */
export function tokenProblems(entries: readonly TokenEntry[]): Problem[] {
  const problems: Problem[] = [];
  const names = new Set<string>();
  const digests = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const at = `tokens[${index}]`;
    if (!TENANT_PATTERN.test(entry.name))
      problems.push({ at: `${at}.name`, message: 'must be 1 to 64 of A-Z a-z 0-9 . _ -' });
    else if (names.has(entry.name)) problems.push({ at: `${at}.name`, message: 'is used twice' });
    if (!/^[0-9a-f]{64}$/.test(entry.sha256)) {
      problems.push({
        at: `${at}.sha256`,
        message: 'must be the SHA-256 of the token, 64 lower-case hex digits',
      });
    } else if (digests.has(entry.sha256)) problems.push({ at: `${at}.sha256`, message: 'is used twice' });
    if (!TENANT_PATTERN.test(entry.tenant)) {
      problems.push({ at: `${at}.tenant`, message: 'must be 1 to 64 of A-Z a-z 0-9 . _ -' });
    }
    if (entry.role !== 'caller' && entry.role !== 'admin') {
      problems.push({ at: `${at}.role`, message: 'must be caller or admin' });
    }
    names.add(entry.name);
    digests.add(entry.sha256);
  }
  return problems;
}

/** Digests in the form that is compared. */
export function loadTokens(entries: readonly TokenEntry[]): Token[] {
  return entries.map((entry) => ({ entry, digest: Buffer.from(entry.sha256, 'hex') }));
}

/** The token of an `Authorization` header, or undefined when it is not a well-formed Bearer header. */
export function bearerToken(authorization: string): string | undefined {
  if (authorization.length > AUTHORIZATION_MAX_CHARS) return undefined;
  return AUTHORIZATION_PATTERN.exec(authorization)?.[1];
}

/**
 * The entry of a presented token, or undefined.
 *
 * Timing: every entry is compared, whatever the result; `equal` must be constant-time.
 */
export function findToken(
  tokens: readonly Token[],
  presented: string,
  equal: (a: Uint8Array, b: Uint8Array) => boolean = timingSafeEqual,
): TokenEntry | undefined {
  const digest = hash('sha256', presented, 'buffer');
  let found: TokenEntry | undefined;
  for (const token of tokens) {
    // The comparison stands first: `found ?? …` around it would skip it after a match.
    const same = equal(token.digest, digest);
    found = same ? token.entry : found;
  }
  return found;
}
