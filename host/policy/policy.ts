/**
 * Who is calling, what they may do, and within which limits: credentials → `Identity`, `Call` → `Grant`.
 *
 * Two modes. Without tokens the host serves loopback only: the tenant is whatever `X-Tenant-Id` says, every program is
 * a caller, a web page is none, and nobody is an admin. With tokens a Bearer token is required, the header is ignored, and tenant and role come
 * from the token. Stateless and synchronous; it does not know adapters, queues or quotas (the pool refuses by share).
 */

import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';
import { TENANT_PATTERN } from '../option-values.ts';
import type { Call, Credentials, Grant, Identity, OperationSpec } from '../types.ts';
import { bearerToken, findToken, loadTokens, type TokenEntry, tokenProblems } from './tokens.ts';
import { requireLocalOrigin } from './web-origin.ts';

export interface PolicyOptions {
  /** The host listens on loopback addresses only. */
  readonly loopback: boolean;
  readonly tokens: readonly TokenEntry[];
  readonly clock: Clock;
}

export interface Policy {
  /**
   * Throws POLICY_UNAUTHENTICATED — no valid token where one is required; where none is, POLICY_ORIGIN_FORBIDDEN — a
   * web page asks, or somebody by another name than this machine's, POLICY_TENANT_INVALID — a bad header.
   */
  identify(credentials: Credentials): Identity;
  /** Throws POLICY_ADMIN_OFF — no admin token is configured; POLICY_FORBIDDEN — this identity is not an admin. */
  requireAdmin(identity: Identity): void;
  /**
   * The absolute limits of one call that came in at `startMs` (ms of the clock; default now).
   *
   * Throws POLICY_TIMEOUT_INVALID — the wanted timeout is no whole number of ms ≥ 1; HTTP_BODY_TOO_LARGE — the
   * payload is over the operation's limit.
   */
  admit(call: Call, spec: OperationSpec, startMs?: number): Grant;
}

const DEFAULT_TENANT = 'public';

/** Throws CONFIG_INVALID — beyond loopback without tokens, or malformed entries (all problems at once). */
export function createPolicy(options: PolicyOptions): Policy {
  const { clock } = options;
  const problems = tokenProblems(options.tokens);
  if (!options.loopback && options.tokens.length === 0) {
    problems.push({ at: 'tokens', message: 'at least one API token is required to listen beyond loopback' });
  }
  if (problems.length > 0) {
    const all = problems.map((problem) => `${problem.at} ${problem.message}`).join('; ');
    throw new HostError('CONFIG_INVALID', all, { problems });
  }
  const tokens = loadTokens(options.tokens);
  const hasAdmin = options.tokens.some((entry) => entry.role === 'admin');

  return {
    identify(credentials) {
      if (tokens.length === 0) {
        requireLocalOrigin(credentials.host, credentials.origin);
        return {
          tenant: tenantOf(credentials.tenantHeader),
          role: 'caller',
          name: 'loopback',
          hasToken: false,
        };
      }
      if (credentials.authorization === undefined) {
        throw new HostError('POLICY_UNAUTHENTICATED', 'send an API token as "Authorization: Bearer <token>"');
      }
      const presented = bearerToken(credentials.authorization);
      if (presented === undefined) {
        throw new HostError(
          'POLICY_UNAUTHENTICATED',
          'the Authorization header is not of the form "Bearer <token>"',
        );
      }
      const entry = findToken(tokens, presented);
      if (entry === undefined) throw new HostError('POLICY_UNAUTHENTICATED', 'the API token is not known');
      return { tenant: entry.tenant, role: entry.role, name: entry.name, hasToken: true };
    },

    requireAdmin(identity) {
      if (!hasAdmin) {
        throw new HostError(
          'POLICY_ADMIN_OFF',
          'configure a token with the role admin to install or remove adapters',
        );
      }
      if (identity.role !== 'admin') {
        throw new HostError(
          'POLICY_FORBIDDEN',
          'installing and removing adapters needs a token with the role admin',
        );
      }
    },

    admit(call, spec, startMs = clock.now()) {
      const wanted = call.timeoutMs;
      if (wanted !== undefined && !(Number.isSafeInteger(wanted) && wanted >= 1)) {
        throw new HostError(
          'POLICY_TIMEOUT_INVALID',
          `the timeout must be a whole number of milliseconds, 1 to ${spec.timeoutMs}`,
        );
      }
      const inputBytes = call.payload.byteLength;
      if (inputBytes > spec.inputMaxBytes) {
        throw new HostError(
          'HTTP_BODY_TOO_LARGE',
          `${inputBytes} bytes; the operation accepts at most ${spec.inputMaxBytes}`,
        );
      }
      return {
        tenant: call.tenant,
        deadlineMs: startMs + Math.min(wanted ?? spec.timeoutMs, spec.timeoutMs),
        inputMaxBytes: spec.inputMaxBytes,
        outputMaxBytes: spec.outputMaxBytes,
        fuelMax: spec.fuelMax,
      };
    },
  };
}

function tenantOf(header: string | undefined): string {
  if (header === undefined) return DEFAULT_TENANT;
  // The pattern is anchored and bounded; the name itself is not repeated in the answer.
  if (!TENANT_PATTERN.test(header)) {
    throw new HostError(
      'POLICY_TENANT_INVALID',
      'X-Tenant-Id must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or a digit',
    );
  }
  return header;
}
