/**
 * The way out: names to addresses that were checked, and connections to just these.
 *
 * The check stands between resolution and connection, for each request anew: the connection is made to the addresses that passed
 * (Node asks our `lookup`, which knows no others), and the address of the socket is held against the rule once more, because
 * one may have been kept open. Connections are shared by nobody but the same adapter and tenant. No proxy is ever used: the agents
 * are our own, and only Node's global one reads the environment.
 */

import { lookup } from 'node:dns/promises';
import {
  type ClientRequest,
  Agent as PlainAgent,
  request as plainRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { ServiceFailure } from '../service-failure.ts';
import type { AddressRule } from './addresses.ts';
import { denied, type Target } from './http-input.ts';

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name. Rejects when there are none. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

export interface OutboundOptions {
  /** Default: the resolver of the system, which knows its hosts file. */
  readonly resolve?: Resolve | undefined;
  /** Certificates trusted beside none other, in PEM. Default: those of Node. */
  readonly ca?: string | undefined;
}

export interface Outbound {
  /** Addresses of a target that the rule allows, at least one. Rejects with `denied` or `failed`. */
  addressesOf(target: Target, rule: AddressRule): Promise<readonly Address[]>;
  /** A request whose connection goes to one of `addresses`; not begun until something is written or ended. */
  request(target: Target, head: RequestHead, addresses: readonly Address[]): ClientRequest;
  close(): void;
}

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn; says the framing of the body. */
  readonly headers: readonly string[];
  /** Adapter and tenant: whose connections may be used. */
  readonly owner: string;
}

/** Names asked at once; each holds one of the four threads that the file system needs too. */
const LOOKUPS_AT_ONCE = 2;
/** Addresses of one name that are tried. */
const ADDRESSES_MAX_COUNT = 16;
const RESPONSE_HEAD_MAX_BYTES = 64 * 1024;
/** Of one owner and target; more requests wait for one to be free. */
const SOCKETS_MAX_COUNT = 1024;
/** Kept open between requests, of one owner and target, and for how long: servers commonly give up after 5 s. */
const FREE_SOCKETS_MAX_COUNT = 512;
const FREE_SOCKET_MS = 4000;

const systemResolve: Resolve = (host) => lookup(host, { all: true, order: 'verbatim' });

interface PinnedOptions extends RequestOptions {
  /** Part of a connection's name: who may use it again. */
  readonly pin?: string;
}

export function createOutbound({ resolve = systemResolve, ca }: OutboundOptions): Outbound {
  const shape = {
    keepAlive: true,
    maxSockets: SOCKETS_MAX_COUNT,
    maxFreeSockets: FREE_SOCKETS_MAX_COUNT,
    timeout: FREE_SOCKET_MS,
    scheduling: 'lifo',
  } as const;
  const plain = pinned(new PlainAgent(shape));
  const secure = pinned(new SecureAgent({ ...shape, ...(ca === undefined ? {} : { ca }) }));
  const ask = oneAtATime(resolve);

  return {
    async addressesOf({ host }, rule) {
      const family = isIP(host);
      const all = family === 0 ? await ask(host) : [{ address: host, family }];
      const allowed = all.filter(({ address }) => rule.isAllowed(address)).slice(0, ADDRESSES_MAX_COUNT);
      if (allowed.length === 0) throw denied('the address of the host is not public and not granted');
      return allowed;
    },

    request(target, { method, path, headers, owner }, addresses) {
      const isSecure = target.scheme === 'https';
      const options: PinnedOptions = {
        agent: isSecure ? secure : plain,
        host: target.host,
        port: target.port,
        method,
        path,
        headers: [...headers],
        lookup: answering(addresses),
        maxHeaderSize: RESPONSE_HEAD_MAX_BYTES,
        insecureHTTPParser: false,
        pin: `${owner} ${addresses.map(({ address }) => address).join(',')}`,
      };
      return isSecure ? secureRequest(options) : plainRequest(options);
    },

    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** Connections are found again by name: with the owner and the addresses in it, each has its own. */
function pinned<A extends PlainAgent>(agent: A): A {
  const nameOf = agent.getName.bind(agent);
  agent.getName = (options) => `${nameOf(options)}:${(options as PinnedOptions | undefined)?.pin ?? ''}`;
  return agent;
}

function answering(addresses: readonly Address[]): LookupFunction {
  return (_host, options, done) => {
    const first = addresses[0] as Address;
    if (options.all) done(null, [...addresses]);
    else done(null, first.address, first.family);
  };
}

/** Few names at a time; who asks for a name that is being asked gets the same answer. Neither kept nor reused afterwards. */
function oneAtATime(resolve: Resolve): Resolve {
  const asked = new Map<string, Promise<readonly Address[]>>();
  const line: (() => void)[] = [];
  let running = 0;

  async function take(host: string): Promise<readonly Address[]> {
    if (running >= LOOKUPS_AT_ONCE) await new Promise<void>((turn) => line.push(turn));
    else running++;
    try {
      return await resolve(host);
    } catch {
      // Of the resolver's error the guest learns nothing more; the operator has the same resolver.
      throw new ServiceFailure('failed', 'the name of the host could not be resolved');
    } finally {
      const next = line.shift();
      if (next === undefined) running--;
      else next();
      asked.delete(host);
    }
  }
  return (host) => {
    const answer = asked.get(host) ?? take(host);
    asked.set(host, answer);
    return answer;
  };
}
