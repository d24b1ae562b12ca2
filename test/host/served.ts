/**
 * A whole host for end-to-end tests: real threads, real wasm, real HTTP on a free loopback port, a data directory of
 * its own, gone afterwards.
 */

import { rm } from 'node:fs/promises';
import { request } from 'undici';
import { systemClock } from '../../host/clock.ts';
import { type CreateHostOptions, createHost } from '../../host/host.ts';
import { serve } from '../../host/http/http.ts';
import type { Mcp } from '../../host/mcp/face.ts';
import { createMcp } from '../../host/mcp/mcp.ts';
import type { Host } from '../../host/types.ts';
import { newDataFolder } from '../data-folder.ts';

export interface Served {
  readonly host: Host;
  readonly url: string;
  readonly dataDir: string;
  call(path: string, body?: Uint8Array | string, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly bytes: Buffer;
  /** The code of a problem document, or undefined. */
  readonly code: string | undefined;
}

/** Where the executors of these tests live. */
let placement: 'thread' | 'process' = 'thread';
export const placeInProcesses = (): void => {
  placement = 'process';
};

export async function serveHost(options: CreateHostOptions = {}): Promise<Served> {
  const ownData = options.data === undefined ? await newDataFolder() : undefined;
  const dataDir = options.data ?? (ownData as string);
  const host = await createHost({
    bundled: false,
    executors: 2,
    placement,
    drainTimeoutMs: 2_000,
    ...options,
    data: dataDir,
  });
  let mcp: Mcp | undefined;
  const server = await serve(host, {
    host: '127.0.0.1',
    port: options.port ?? 0,
    bodyMaxBytes: 64 * 1024 * 1024,
    idempotency: { ttlMs: 600_000, maxEntries: 100, maxBytes: 1024 * 1024 },
    drainTimeoutMs: 2_000,
    clock: systemClock,
    metricsText: async () => '',
    openMcp: async () => {
      mcp = createMcp({ host, version: 'test' });
      return mcp;
    },
    version: 'test',
  });
  return {
    host,
    url: server.address,
    dataDir,
    async call(path, body = '', headers = {}) {
      const response = await request(`${server.address}${path}`, { method: 'POST', body, headers });
      const bytes = Buffer.from(await response.body.arrayBuffer());
      const isProblem = String(response.headers['content-type']).startsWith('application/problem+json');
      const code = isProblem ? JSON.parse(bytes.toString()).code : undefined;
      return { status: response.statusCode, headers: response.headers, bytes, code };
    },
    async close() {
      await server.close();
      mcp?.close();
      await host.close();
      if (ownData) await rm(ownData, { recursive: true });
    },
  };
}
