/**
 * Whole hosts for the tables that measure a call from end to end: created from packages in a scratch directory, with
 * no bundled adapters and no installed ones, closed with everything they wrote.
 */

import { join } from 'node:path';
import type { CapabilityPolicy } from '../../host/capability-types.ts';
import { type NoticeEvent, noticeChannel } from '../../host/channels.ts';
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

/**
 * Resolves when the host is ready and its pools are warm. Throws what the host said when it did not load a package:
 * a host starts without adapters it had to refuse, and a bench must not.
 */
export async function openHost({
  packages,
  executors = 0,
  capabilities = {},
}: {
  readonly packages: readonly Package[];
  /** 0: as many as there are cores. */
  readonly executors?: number;
  /** What adapters may do, by name or `*`. Default: what needs no permission. */
  readonly capabilities?: CapabilityPolicy;
}): Promise<OpenedHost> {
  const scratch = await makeScratchFolder();
  const adapters = join(scratch.path, 'adapters');
  await writePackages(adapters, packages);
  const problems: string[] = [];
  const onNotice = (message: unknown): void => {
    const { level, message: text, cause } = message as NoticeEvent;
    if (level === 'warn' || level === 'error') problems.push(`${text} ${cause ?? ''}`);
  };
  noticeChannel.subscribe(onNotice);
  let host: Host;
  try {
    host = await createHost({
      adapters,
      data: join(scratch.path, 'data'),
      bundled: false,
      executors,
      capabilities,
    });
  } catch (error) {
    await scratch.remove();
    throw error;
  } finally {
    noticeChannel.unsubscribe(onNotice);
  }
  const close = async (): Promise<void> => {
    await host.close();
    await scratch.remove();
  };
  const loaded = host.adapters().length;
  if (loaded !== packages.length) {
    await close();
    throw new Error(
      `${loaded} of ${packages.length} packages were loaded: ${problems.join('; ').slice(0, 2_000)}`,
    );
  }
  return { host, close };
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
