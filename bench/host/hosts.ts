/**
 * Whole hosts for the tables that measure a call from end to end: created from packages in a scratch directory, with
 * no bundled adapters and no installed ones, closed with everything they wrote.
 */

import { join } from 'node:path';
import { createHost } from '../../host/host.ts';
import type { Host, Isolation, PoolOptions } from '../../host/types.ts';
import { ECHO } from './cells.ts';
import { makeScratchFolder, type Package, writePackages } from './packages.ts';

/** The same adapter without a pool: nothing is kept ready, nothing is kept after a call. */
export const POOLS_OFF_TERMS: { readonly isolation: Isolation; readonly pool: Partial<PoolOptions> } = {
  isolation: 'fresh',
  pool: { min: 0 },
};

export interface OpenedHost {
  readonly host: Host;
  close(): Promise<void>;
}

/** Resolves when the host is ready and its pools are warm. */
export async function openHost({ packages }: { readonly packages: readonly Package[] }): Promise<OpenedHost> {
  const scratch = await makeScratchFolder();
  const adapters = join(scratch.path, 'adapters');
  await writePackages(adapters, packages);
  const host = await createHost({ adapters, data: join(scratch.path, 'data'), bundled: false });
  return {
    host,
    async close() {
      await host.close();
      await scratch.remove();
    },
  };
}

/** One echo call; the answer's bytes. Throws the call's error. */
export async function callHost(
  host: Host,
  adapter: string,
  payload: Uint8Array,
  tenant = 'bench',
): Promise<Uint8Array> {
  const { outcome } = await host.invoke({ adapter, operation: ECHO, payload, tenant, requestId: 'bench' });
  if (outcome.kind === 'error') throw outcome.error;
  return outcome.bytes;
}
