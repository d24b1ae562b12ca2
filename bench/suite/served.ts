/**
 * Hotcell as a server of its own process with the adapters under test, as it is in service: by its command line, with its log and
 * metrics on. Load comes from another process, so neither takes turns of the other's event loop.
 */

import { hash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CapabilityPolicy } from '../../host/capability-types.ts';
import type { PoolSnapshot } from '../../host/types.ts';
import { makeScratchFolder, type Package } from '../host/packages.ts';
import { type HotcellOptions, type Server, startHotcell } from '../host/servers.ts';
import type { LoadReport } from '../load.ts';
import { type LoadRequest, runLoadProcess } from '../load-process.ts';
import { contentTypeOf, type Sample } from './sample.ts';

/** A thread for each of many callers, and the most that one table asks. */
export const CONNECTIONS = 32;
/** Of an open loop: what a stall of half a second makes at the rates measured here fits. */
export const CONNECTIONS_MAX = 512;

/** What of the load a row may choose. */
export type Drive = Pick<
  LoadRequest,
  'connections' | 'perSecond' | 'arrivals' | 'seed' | 'spin' | 'samples' | 'warmUpMs' | 'durationMs'
> & { readonly numbered?: boolean };

export interface Served extends Pick<Server, 'origin' | 'inspector'> {
  /** Sends a sample's call to the adapter of this name from a process of its own. */
  drive(sample: Sample, adapter: string, drive: Drive): Promise<LoadReport>;
  /** One call; its answer. Throws with the status when it is not 2xx. */
  call(sample: Sample, adapter: string): Promise<Uint8Array>;
  /** State of an adapter's pool at this moment. */
  pool(adapter: string): Promise<PoolSnapshot>;
  /** Installs a version over HTTP. Throws with the status when it was refused. */
  install(built: Package): Promise<void>;
  close(): Promise<void>;
}

/** Starts it with these packages. `canInstall`: others can be installed while it serves, and every call then has a token. */
export async function serve(
  packages: readonly Package[],
  capabilities: CapabilityPolicy,
  { canInstall = false, ...options }: Pick<HotcellOptions, 'nodeFlags'> & { canInstall?: boolean } = {},
): Promise<Served> {
  const scratch = await makeScratchFolder();
  const token = randomBytes(16).toString('hex');
  const tokens = [{ name: 'bench', sha256: hash('sha256', token), tenant: 'bench', role: 'admin' }];
  const server = await startHotcell(packages, [], {
    ...options,
    config: { capabilities, ...(canInstall ? { tokens } : {}) },
  }).catch(async (error: unknown) => {
    await scratch.remove();
    throw error;
  });
  const { origin, inspector } = server;
  const authorization = canInstall ? { authorization: `Bearer ${token}` } : {};
  const headersOf = (sample: Sample): Record<string, string> => ({
    'content-type': contentTypeOf(sample),
    ...authorization,
  });
  const urlOf = (sample: Sample, adapter: string): string =>
    `${origin}/v1/adapters/${adapter}/${sample.operation}`;
  let bodies = 0;
  const files = new Map<Sample, string>();
  const bodyOf = async (sample: Sample): Promise<string> => {
    const known = files.get(sample);
    if (known !== undefined) return known;
    const path = join(scratch.path, `body-${bodies++}`);
    await writeFile(path, sample.payload);
    files.set(sample, path);
    return path;
  };

  return {
    origin,
    inspector,
    async drive(sample, adapter, drive) {
      return runLoadProcess({
        ...drive,
        url: urlOf(sample, adapter),
        headers: Object.entries(headersOf(sample)).map(([name, value]) => `${name}: ${value}`),
        bodyFile: await bodyOf(sample),
      });
    },
    async call(sample, adapter) {
      const body = sample.payload as Uint8Array<ArrayBuffer>;
      const response = await fetch(urlOf(sample, adapter), {
        method: 'POST',
        headers: headersOf(sample),
        body,
      });
      if (!response.ok) throw new Error(`${adapter} answers ${response.status}: ${await response.text()}`);
      return response.bytes();
    },
    async pool(adapter) {
      const response = await fetch(`${origin}/v1/adapters/${adapter}`, { headers: authorization });
      const { pool } = (await response.json()) as { readonly pool: PoolSnapshot };
      return pool;
    },
    async install({ manifest, component }) {
      const form = new FormData();
      form.set('manifest', new Blob([JSON.stringify(manifest)], { type: 'application/json' }));
      form.set('component', new Blob([component as Uint8Array<ArrayBuffer>], { type: 'application/wasm' }));
      const url = `${origin}/v1/adapters/${manifest.name}`;
      const response = await fetch(url, { method: 'PUT', body: form, headers: authorization });
      const text = await response.text();
      if (!response.ok) throw new Error(`installing ${manifest.name} answers ${response.status}: ${text}`);
    },
    async close() {
      await server.close();
      await scratch.remove();
    },
  };
}

/** Calls that did not end with 2xx, for whatever reason. */
export const failuresOf = ({ non2xx, brokenConnections, unanswered }: LoadReport): number =>
  non2xx + brokenConnections + unanswered;
