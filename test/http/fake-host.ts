/**
 * A host that does what a test tells it, for the door in front of it. Records every call; `respond` decides its end.
 *
 * It has one adapter, `echo`, whose operations `echo` (bytes) and `say` (text) give the payload back.
 */

import { Writable } from 'node:stream';
import { createFakeClock, type FakeClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import { createHttpApp, type HttpApp, type HttpOptions } from '../../host/http/http.ts';
import type {
  AdapterDetail,
  Call,
  Credentials,
  Host,
  HostState,
  Identity,
  OperationSpec,
  Outcome,
  PoolSnapshot,
} from '../../host/types.ts';

export const INPUT_MAX_BYTES = 1_000;
const BODY_MAX_BYTES = 50_000;

const operation = (produces: string): OperationSpec => ({
  idempotent: true,
  readOnly: false,
  examples: [],
  description: 'gives the payload back',
  produces,
  timeoutMs: 1_000,
  inputMaxBytes: INPUT_MAX_BYTES,
  outputMaxBytes: 2_000,
  fuelMax: 1e12,
});

export function adapterDetail(version = '1.0.0', produces = 'application/octet-stream'): AdapterDetail {
  const summary = {
    name: 'echo',
    version,
    description: 'an echo',
    sha256: 'ab'.repeat(32),
    world: 'bytes' as const,
    text: undefined,
    isolation: 'tenant' as const,
  };
  const operations = { echo: operation(produces), say: operation('text/plain; charset=utf-8') };
  return {
    ...summary,
    operations: Object.keys(operations),
    health: 'healthy',
    origin: 'bundled',
    wit: 'package hotcell:adapter@1.0.0;',
    typed: undefined,
    declarations: undefined,
    pool: {} as PoolSnapshot,
    manifest: {
      ...summary,
      component: 'echo.wasm',
      operations,
      limits: {
        memoryMaxMiB: 64,
        timeoutMs: 1_000,
        inputMaxBytes: INPUT_MAX_BYTES,
        outputMaxBytes: 2_000,
        fuelMax: 1e12,
      },
      pool: {} as AdapterDetail['manifest']['pool'],
      capabilities: {},
    },
  };
}

export const usage = (attempts = 1) => ({
  queueMs: 0.5,
  runMs: 1.25,
  attempts,
  inputBytes: 0,
  outputBytes: 0,
});

export const ok = (bytes: Uint8Array): Outcome => ({ kind: 'ok', bytes, usage: usage() });
export const failed = (error: HostError): Outcome => ({ kind: 'error', error, usage: usage(0) });

export interface FakeHost {
  readonly host: Host;
  readonly calls: Call[];
  readonly traceparents: (string | undefined)[];
  readonly credentials: Credentials[];
  readonly installed: { readonly manifest: unknown; readonly component: Uint8Array }[];
  /** Package files, and the names they were installed under. */
  readonly packages: { readonly bytes: Uint8Array; readonly name: string | undefined }[];
  state: HostState;
  detail: AdapterDetail;
  version: string | undefined;
  respond: (call: Call) => Outcome | Promise<Outcome>;
  identify: (credentials: Credentials) => Identity;
  requireAdmin: () => void;
  install: () => Promise<void>;
  adapterReads: number;
}

export function createFakeHost(): FakeHost {
  const names = new Set(['echo']);
  const requireName = (name: string): void => {
    if (!names.has(name)) throw new HostError('REGISTRY_NOT_FOUND', 'no adapter of this name');
  };
  const fake: FakeHost = {
    calls: [],
    traceparents: [],
    credentials: [],
    installed: [],
    packages: [],
    state: 'ready',
    detail: adapterDetail(),
    version: undefined,
    adapterReads: 0,
    respond: (call) => ok(call.payload),
    identify: ({ tenantHeader }) => ({
      tenant: tenantHeader ?? 'public',
      role: 'caller',
      name: 'loopback',
      hasToken: false,
    }),
    requireAdmin: () => {},
    install: async () => {},
    host: {
      get state() {
        return fake.state;
      },
      async invoke(call, traceparent) {
        fake.calls.push(call);
        fake.traceparents.push(traceparent);
        const outcome = await fake.respond(call);
        const { adapter, requestId, tenant } = call;
        const version = fake.version ?? fake.detail.version;
        const named = outcome.kind === 'ok' ? 'ok' : outcome.error.code;
        return {
          outcome,
          receipt: {
            requestId,
            adapter,
            version,
            operation: call.operation,
            tenant,
            outcome: named,
            usage: outcome.usage,
          },
        };
      },
      session: () => Promise.reject(new Error('the door opens no session')),
      identify(credentials) {
        fake.credentials.push(credentials);
        return fake.identify(credentials);
      },
      requireAdmin: () => fake.requireAdmin(),
      adapters: () => [...names].map((name) => ({ ...fake.detail, name })),
      adapter(name) {
        fake.adapterReads += 1;
        requireName(name);
        return { ...fake.detail, name };
      },
      async install(manifest, component) {
        await fake.install();
        fake.installed.push({ manifest, component });
        const { name } = manifest as { name: string };
        names.add(name);
        return { ...fake.detail, name };
      },
      async installPackage(bytes, name = 'nameless') {
        await fake.install();
        fake.packages.push({ bytes, name });
        names.add(name);
        return { ...fake.detail, name };
      },
      async remove(name) {
        requireName(name);
        names.delete(name);
      },
      snapshot: () => {
        throw new Error('the door reads no snapshot');
      },
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
  };
  return fake;
}

export function httpOptions(clock: HttpOptions['clock']): HttpOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    bodyMaxBytes: BODY_MAX_BYTES,
    idempotency: { ttlMs: 600_000, maxEntries: 100, maxBytes: 100_000 },
    drainTimeoutMs: 10_000,
    clock,
    metricsText: async () => 'hotcell_up 1\n',
    version: '9.9.9',
  };
}

export interface Bench extends HttpApp {
  readonly fake: FakeHost;
  readonly clock: FakeClock;
  inject: HttpApp['app']['inject'];
}

// What stands for a socket in requests without one has no timer; replies above 64 KiB set one.
if (!('setTimeout' in Writable.prototype))
  Object.defineProperty(Writable.prototype, 'setTimeout', { value: () => undefined, writable: true });

/** The door over a fake host, asked without a socket. */
export async function createBench(options: Partial<HttpOptions> = {}): Promise<Bench> {
  const fake = createFakeHost();
  const clock = createFakeClock(1_700_000_000_000);
  const { app, close } = await createHttpApp(fake.host, { ...httpOptions(clock), ...options });
  return { fake, clock, app, close, inject: app.inject.bind(app) as HttpApp['app']['inject'] };
}

/** A multipart body of these parts, each given as header lines and bytes. */
export function multipart(
  boundary: string,
  parts: readonly (readonly [string, Uint8Array | string])[],
): Buffer {
  const pieces: (Uint8Array | string)[] = [];
  for (const [headers, bytes] of parts) pieces.push(`--${boundary}\r\n${headers}\r\n\r\n`, bytes, '\r\n');
  pieces.push(`--${boundary}--\r\n`);
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)));
}
