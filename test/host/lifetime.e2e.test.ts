/**
 * The life of a host as a program sees it that embeds one: installs that fail late, and the end.
 */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHost } from '../../host/host.ts';
import type { Host, Reply } from '../../host/types.ts';
import { builtAdapter } from '../built-adapters.ts';
import { newDataFolder } from '../data-folder.ts';

const echo = await builtAdapter('echo');
const faulty = await builtAdapter('faulty');

let host: Host;
let data: string;
beforeEach(async () => {
  data = await newDataFolder();
  // Longer than any test may take: who waits for the drain limit fails.
  host = await createHost({ bundled: false, data, executors: 1, drainTimeoutMs: 600_000 });
});
afterEach(async () => {
  await host.close();
  await rm(data, { recursive: true });
});

const call = (adapter: string, operation: string, timeoutMs = 1_000): Promise<Reply> =>
  host.invoke({
    adapter,
    operation,
    timeoutMs,
    payload: Buffer.from('hello'),
    tenant: 'acme',
    requestId: 'r',
  });
const outcomeOf = ({ receipt }: Reply): string => receipt.outcome;

describe('an install that fails when the disk refuses its last step', () => {
  it('leaves the version before in service', async () => {
    await host.install(echo.manifest, echo.component);
    // Where the pointer to the current version stands, so that none can be put there.
    const pointer = join(data, 'packages', 'echo', 'current.json');
    await rm(pointer);
    await mkdir(pointer);
    await writeFile(join(pointer, 'in-the-way'), '');

    const install = host.install({ ...echo.manifest, version: '2.0.0' }, echo.component);
    await expect(install).rejects.toMatchObject({ code: 'REGISTRY_STORE_FAILED' });

    expect(outcomeOf(await call('echo', 'echo'))).toBe('ok');
    expect(host.adapter('echo').version).toBe(echo.manifest.version);
    expect(host.snapshot().pools).toHaveLength(1);
  });
});

describe('a host that is closed', () => {
  it('twice at once ends with its last call, for both who asked', async () => {
    await host.install(faulty.manifest, faulty.component);
    const running = call('faulty', 'loop', 200);
    const ends = [host.close(), host.close()];
    expect(outcomeOf(await running)).toBe('EXECUTOR_DEADLINE');
    await Promise.all(ends);
    expect(host.state).toBe('closed');
    expect(host.snapshot().executors.live).toBe(0);
  });

  it('takes no new call and no session while those in flight still run', async () => {
    await host.install(faulty.manifest, faulty.component);
    await host.install(echo.manifest, echo.component);
    const running = call('faulty', 'loop', 200);
    const end = host.close();
    expect(host.state).toBe('draining');
    expect(outcomeOf(await call('echo', 'echo'))).toBe('HOST_CLOSED');
    const session = host.session({ adapter: 'echo', tenant: 'acme', requestId: 'r' });
    await expect(session).rejects.toMatchObject({ code: 'HOST_CLOSED' });
    expect(outcomeOf(await running)).toBe('EXECUTOR_DEADLINE');
    await end;
  });

  it('gives no cell to a session that was still waiting for one', async () => {
    await host.install(
      { ...faulty.manifest, pool: { ...faulty.manifest.pool, min: 1, max: 1 } },
      faulty.component,
    );
    const running = call('faulty', 'loop', 200);
    const session = host.session({ adapter: 'faulty', tenant: 'other', requestId: 'r' });
    const refused = expect(session).rejects.toMatchObject({ code: 'HOST_CLOSED' });
    await host.close();
    await refused;
    await running;
  });
});

describe('sessions of one tenant', () => {
  it('never pin all cells of an adapter, and can be opened again when they were closed', async () => {
    await host.install({ ...echo.manifest, pool: { min: 0, max: 4 } }, echo.component);
    const open = () => host.session({ adapter: 'echo', tenant: 'greedy', requestId: 'r' });
    const sessions = [await open(), await open()];
    await expect(open()).rejects.toMatchObject({ code: 'POOL_TENANT_SHARE', retryAfterS: 1 });
    expect(outcomeOf(await call('echo', 'echo'))).toBe('ok');
    for (const session of sessions) session.close();
    await expect.poll(() => host.snapshot().pools[0]?.leased).toBe(0);
    for (const session of [await open(), await open()]) session.close();
  });
});
