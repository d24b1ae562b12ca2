/**
 * Which addresses a guest may be connected to: public ones, and ranges that its grant names.
 *
 * Held against every address a name resolved to, and every address written in a URL, right before the connection. Always: an
 * address that stands for another one (mapped, NAT64, 6to4) is judged as that one; addresses of cloud metadata are
 * reached only by a range that names them alone; what is not known to be public is not.
 * Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), RFC 4291 §2.5.5.2, RFC 6052, RFC 3056.
 */

import { BlockList, isIP } from 'node:net';

const IPV4_SPECIAL = blockList([
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
]);

/** Inside 2000::/3, which alone is global unicast. Teredo tunnels to an address that its own text hides. */
const IPV6_SPECIAL = blockList([
  '2001::/23', // protocol assignments, Teredo among them
  '2001:db8::/32', // documentation
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
]);
const IPV6_GLOBAL = blockList(['2000::/3']);

/** Credentials for the asking: AWS, GCP and others; ECS tasks; EKS pods; Alibaba; Azure's host; AWS over IPv6. */
const METADATA: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
]);

export interface AddressRule {
  /** Takes an address as text, without brackets; what is no address, or has a zone, is refused. */
  isAllowed(address: string): boolean;
}

/** The rule of a grant. `privateRanges` are valid CIDR ranges. */
export function createAddressRule(privateRanges: readonly string[]): AddressRule {
  const named = blockList(privateRanges);
  const alone = new Set(
    privateRanges.flatMap((range) => {
      const [address = '', bits] = range.split('/');
      return bits === (isIP(address) === 6 ? '128' : '32') ? [canonical(address)] : [];
    }),
  );
  return {
    isAllowed(address) {
      const plain = embedded(address);
      if (plain === undefined) return false;
      if (METADATA.has(plain)) return alone.has(plain);
      const family = isIP(plain) === 4 ? 'ipv4' : 'ipv6';
      if (named.check(plain, family)) return true;
      if (family === 'ipv4') return !IPV4_SPECIAL.check(plain, family);
      return IPV6_GLOBAL.check(plain, family) && !IPV6_SPECIAL.check(plain, family);
    },
  };
}

/** Ranges that both lists name: of two that overlap one holds the other. */
export function intersectRanges(one: readonly string[], other: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const a of one) {
    for (const b of other) {
      if (holds(a, b)) found.add(b);
      else if (holds(b, a)) found.add(a);
    }
  }
  return [...found];
}

function holds(outer: string, inner: string): boolean {
  const [outerAddress = '', outerBits] = outer.split('/');
  const [innerAddress = '', innerBits] = inner.split('/');
  const family = isIP(innerAddress);
  if (isIP(outerAddress) !== family || Number(outerBits) > Number(innerBits)) return false;
  return blockList([outer]).check(innerAddress, family === 4 ? 'ipv4' : 'ipv6');
}

/** The address that is meant: IPv4 in dots where IPv6 embeds it, canonical text otherwise; undefined for no address. */
function embedded(address: string): string | undefined {
  if (isIP(address) === 4) return address;
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  const groups = groupsOf(address);
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0] = groups;
  const middle = g2 | g3 | g4;
  if ((g0 | g1 | middle) === 0 && g5 === 0xffff) return dotted(g6, g7);
  if (g0 === 0x64 && g1 === 0xff9b && (middle | g5) === 0) return dotted(g6, g7);
  if (g0 === 0x2002) return dotted(g1, g2);
  return canonical(address);
}

const dotted = (high: number, low: number): string => `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;

/** The one spelling of WHATWG URL, without brackets. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}

/** The eight groups of an IPv6 address without a zone. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = canonical(address).split('::');
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((part) => Number.parseInt(part, 16));
  if (tail === undefined) return numbers(head);
  const [before, after] = [numbers(head), numbers(tail)];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
