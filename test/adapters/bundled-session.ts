/** One bundled adapter in a host of its own, called with JSON: for tests of what an adapter does, without HTTP. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost } from '../../host/host.ts';
import { builtAdapter } from '../built-adapters.ts';

export type Answer = { readonly ok: unknown } | { readonly code: string; readonly failure: unknown };

export interface BundledSession extends AsyncDisposable {
  /** All calls go to one cell, until one ends it. */
  call(operation: string, given: unknown): Promise<Answer>;
}

/** Builds the adapter when it is stale. */
export async function openBundled(name: Parameters<typeof builtAdapter>[0]): Promise<BundledSession> {
  const { manifest, component } = await builtAdapter(name);
  const data = await mkdtemp(join(tmpdir(), 'hotcell-bundled-'));
  const host = await createHost({ bundled: false, data, executors: 1 });
  // What is tested is answers, not their time: a busy machine is no fault of the adapter.
  const limits = { ...(manifest.limits as object), timeoutMs: 60_000 };
  await host.install({ ...manifest, limits }, component);
  const open = () => host.session({ adapter: name, tenant: 'public', requestId: 'test' });
  let session = await open();
  return {
    async call(operation, given) {
      const { outcome } = await session.invoke(operation, Buffer.from(JSON.stringify(given)));
      if (outcome.kind === 'ok') return { ok: JSON.parse(Buffer.from(outcome.bytes).toString()) };
      const { code, failure } = outcome.error;
      // The call ended its cell: the next ones are not to suffer for it.
      if (code !== 'ADAPTER_FAILED' && code !== 'ADAPTER_BAD_INPUT') {
        session.close();
        session = await open();
      }
      return { code, failure };
    },
    async [Symbol.asyncDispose]() {
      session.close();
      await host.close();
      await rm(data, { recursive: true });
    },
  };
}
