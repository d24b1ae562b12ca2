/** Services with what a call of a guest has, and servers on loopback for them to reach. */

import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '../../host/capabilities/outbound.ts';
import { createServices, type HostServices } from '../../host/capabilities/services.ts';
import type { Caller, Grants, HttpGrant, ServiceSession } from '../../host/capability-types.ts';
import { type Clock, systemClock } from '../../host/clock.ts';
import type {
  HttpHeader,
  ServiceAnswer,
  ServiceArgument,
  ServiceMethod,
} from '../../host/service-methods.ts';

export const MiB = 1024 * 1024;

export const httpGrant = (change: Partial<HttpGrant> = {}): HttpGrant => ({
  hosts: ['*', '127.0.0.1'],
  methods: ['GET', 'HEAD', 'POST', 'PUT'],
  plain: true,
  privateRanges: ['127.0.0.0/8'],
  requestMaxBytes: MiB,
  responseMaxBytes: MiB,
  callMaxRequests: 20,
  timeoutMs: 30_000,
  ...change,
});

export const header = (name: string, value: string): HttpHeader => ({
  name,
  value: new Uint8Array(Buffer.from(value, 'latin1')),
});

export const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

export function headerText(headers: readonly HttpHeader[], name: string): string | undefined {
  const found = headers.find((one) => one.name === name);
  return found && textOf(found.value);
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  /** Requests that came, as `METHOD path`. */
  readonly seen: string[];
}

export async function serve(listener: RequestListener): Promise<TestServer> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Guest {
  call<M extends ServiceMethod>(method: M, argument: ServiceArgument<M>): Promise<ServiceAnswer<M>>;
  /** Whatever a thread may say. */
  callAnyhow(method: string, argument: unknown): Promise<unknown>;
  send(url: string, change?: Partial<ServiceArgument<'http.send'>>): Promise<ServiceAnswer<'http.send'>>;
  readonly session: ServiceSession;
}

export interface Stage extends AsyncDisposable {
  readonly services: HostServices;
  guest(grants: Grants, change?: Partial<Caller>): Guest;
}

export function stage(
  options: { clock?: Clock; resolve?: (host: string) => Promise<readonly Address[]>; ca?: string } = {},
): Stage {
  const { clock = systemClock, ...others } = options;
  const services = createServices({ clock, kvUrl: undefined, kvMaxBytes: MiB, ...others });
  return {
    services,
    guest(grants, change = {}) {
      const session = services.open({
        adapter: 'tool',
        tenant: 'one',
        requestId: 'r-1',
        deadlineMs: clock.now() + 60_000,
        traceparent: undefined,
        grants,
        ...change,
      });
      const callAnyhow = (method: string, argument: unknown): Promise<unknown> =>
        session.call(method, argument);
      const call = callAnyhow as Guest['call'];
      return {
        session,
        call,
        callAnyhow,
        send: (url, more = {}) => call('http.send', { method: 'GET', url, headers: [], ...more }),
      };
    },
    [Symbol.asyncDispose]: () => services.close(),
  };
}

/** The code a call fails with; `none` when it does not. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}
