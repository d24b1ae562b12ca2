/**
 * How a registry is told who asks: what its challenge wants becomes a header, by basic credentials or by a token fetched with
 * them. Source: RFC 7617; RFC 6750, §3; Distribution, "Token Authentication Specification".
 */

import { HostError } from '../errors.ts';
import { isLoopbackRegistry } from './oci-reference.ts';

export interface OciCredentials {
  readonly username: string;
  readonly password: string;
}

export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly realm: string | undefined;
  readonly service: string | undefined;
  readonly scope: string | undefined;
}

/** Reads `WWW-Authenticate`; undefined for a scheme that is not known. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*(\w+)\s*(.*)$/s.exec(header ?? '') ?? [];
  const kind = scheme.toLowerCase();
  if (kind !== 'basic' && kind !== 'bearer') return undefined;
  const fields = new Map<string, string>();
  for (const [, key = '', quoted, bare] of rest.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,"]+))/g)) {
    fields.set(key.toLowerCase(), quoted ?? bare ?? '');
  }
  return {
    scheme: kind,
    realm: fields.get('realm'),
    service: fields.get('service'),
    scope: fields.get('scope'),
  };
}

export const basicHeader = ({ username, password }: OciCredentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/**
 * Where a token is fetched. The realm is the registry's word: credentials go there only over TLS, or within this machine
 * where that was allowed. Throws OCI_REFUSED — the realm is no such address.
 */
export function tokenAddress(challenge: Challenge, fallbackScope: string, plainHttp: boolean): URL {
  let url: URL;
  try {
    url = new URL(challenge.realm ?? '');
  } catch (error) {
    throw new HostError('OCI_REFUSED', 'the registry asks for a token and does not say where to get one', {
      cause: error,
    });
  }
  const isPlain = url.protocol === 'http:' && plainHttp && isLoopbackRegistry(url.host);
  if (url.protocol !== 'https:' && !isPlain) {
    throw new HostError('OCI_REFUSED', `tokens are fetched over https only, not from ${url.origin}`);
  }
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  url.searchParams.set('scope', challenge.scope ?? fallbackScope);
  return url;
}
