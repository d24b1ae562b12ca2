/**
 * Host patterns and address ranges as a grant writes them: read, and the intersection of two.
 *
 * Base layer, pure. `api.example.org`, `*.example.org` (every name below, not itself), `*` (every name), each with a port or
 * without: without one 80 and 443 are meant. Always: a wildcard never stands for an address or for
 * `localhost`; those are written out. Addresses are compared by `capabilities/addresses.ts`, not here.
 */

export interface HostPattern {
  /** Lower case, in the form of WHATWG URL; without the `*.` of a wildcard; empty for `*`. */
  readonly host: string;
  readonly isWildcard: boolean;
  readonly port: number | undefined;
}

const DEFAULT_PORTS: readonly number[] = [80, 443];
const HOST_MAX_CHARS = 253;

/** The pattern, or what is wrong with it. */
export function parseHost(text: string): HostPattern | string {
  const example = 'must be a host like api.example.org, *.example.org or api.example.org:8443';
  const parts = /^(\*\.|\*(?=:|$))?(.*?)(?::([1-9]\d{0,4}))?$/.exec(text);
  if (text.length > HOST_MAX_CHARS + 8 || !parts) return example;
  const [, star, host = '', portText] = parts;
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && port > 65_535) return 'has a port above 65535';
  if (star === '*') return host === '' ? { host: '', isWildcard: true, port } : example;
  const url = URL.parse(`https://${host}/`);
  if (host === '' || url === null || url.port !== '' || url.username !== '' || url.pathname !== '/') {
    return example;
  }
  // One spelling: otherwise a name in a grant and the same name in a request might not meet.
  if (url.hostname !== host) return `must be written as ${url.hostname.slice(0, HOST_MAX_CHARS)}`;
  if (star !== undefined && isSpecialHost(host)) return 'is an address or localhost: those are written out';
  return { host, isWildcard: star !== undefined, port };
}

/** An address, `localhost` or a name below it: reached only by a pattern that says exactly that. */
export function isSpecialHost(host: string): boolean {
  const bare = host.endsWith('.') ? host.slice(0, -1) : host;
  return (
    bare.startsWith('[') ||
    /^\d+(\.\d+){3}$/.test(bare) ||
    bare === 'localhost' ||
    bare.endsWith('.localhost')
  );
}

export const hostProblem = (text: string): string | undefined => {
  const pattern = parseHost(text);
  return typeof pattern === 'string' ? pattern : undefined;
};

/** Whether a URL's host (as `URL.hostname` has it) and port are what the pattern names. */
export function matchesHost(pattern: HostPattern, host: string, port: number): boolean {
  if (pattern.port === undefined ? !DEFAULT_PORTS.includes(port) : pattern.port !== port) return false;
  return covers(pattern, { host, isWildcard: false });
}

/** Every host of `inner` is one of `outer`; ports apart. */
function covers(
  outer: Pick<HostPattern, 'host' | 'isWildcard'>,
  inner: Pick<HostPattern, 'host' | 'isWildcard'>,
) {
  if (!outer.isWildcard) return !inner.isWildcard && inner.host === outer.host;
  if (!inner.isWildcard && isSpecialHost(inner.host)) return false;
  if (outer.host === '') return true;
  return inner.host.endsWith(`.${outer.host}`) || (inner.isWildcard && inner.host === outer.host);
}

/** Patterns of what both lists name, without repetition. Both are valid. */
export function intersectHosts(one: readonly string[], other: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const a of one.map(parseHost)) {
    for (const b of other.map(parseHost)) {
      if (typeof a === 'string' || typeof b === 'string')
        throw new TypeError('a host pattern was not validated');
      const host = covers(a, b) ? b : covers(b, a) ? a : undefined;
      const port = a.port ?? b.port;
      const portsMeet =
        a.port === b.port ||
        ((a.port === undefined || b.port === undefined) && DEFAULT_PORTS.includes(port ?? 443));
      if (host !== undefined && portsMeet) found.add(printHost({ ...host, port }));
    }
  }
  return [...found];
}

function printHost({ host, isWildcard, port }: HostPattern): string {
  const star = isWildcard ? (host === '' ? '*' : '*.') : '';
  return `${star}${host}${port === undefined ? '' : `:${port}`}`;
}

/** What is wrong with a CIDR range, or undefined. */
export function rangeProblem(text: string): string | undefined {
  const example = 'must be a range like 10.1.0.0/16 or fd00:1::/32';
  const parts = /^([0-9a-fA-F.:]{2,45})\/(\d{1,3})$/.exec(text);
  if (!parts) return example;
  const [, address = '', bits = ''] = parts;
  const isV6 = address.includes(':');
  const isAddress = isV6
    ? URL.canParse(`http://[${address}]/`)
    : /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(address);
  return isAddress && Number(bits) <= (isV6 ? 128 : 32) ? undefined : example;
}
