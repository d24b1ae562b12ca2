/** What the registry's tests share: defaults, a small manifest, real components built on the spot. */

import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NoticeEvent } from '../../host/channels.ts';
import type { ManifestDefaults } from '../../host/registry/manifest.ts';

export const defaults: ManifestDefaults = {
  pool: {
    min: 4,
    max: 16,
    permits: 0,
    tenantShare: 0.5,
    acquireTimeoutMs: 1_000,
    healthIntervalMs: 30_000,
    idleMs: 300_000,
    recycleCalls: 10_000,
    recycleAgeMs: 3_600_000,
    recycleMemoryRatio: 0.9,
    maxCrashes: 3,
    replayMax: 2,
  },
  limits: {
    memoryMaxMiB: 64,
    timeoutMs: 1_000,
    inputMaxBytes: 8 << 20,
    outputMaxBytes: 16 << 20,
    fuelMax: 1e12,
  },
};

export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The smallest valid manifest, with `change` laid over it. */
export function manifestJson(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'echo',
    version: '0.1.0',
    component: 'echo.wasm',
    sha256: '0'.repeat(64),
    world: 'bytes',
    operations: { echo: {} },
    ...change,
  };
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'hotcell-registry-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Collects notices until disposed. */
export function collectNotices(): { events: NoticeEvent[]; [Symbol.dispose](): void } {
  const events: NoticeEvent[] = [];
  const listen = (event: unknown): void => void events.push(event as NoticeEvent);
  subscribe('hotcell:notice', listen);
  return { events, [Symbol.dispose]: () => void unsubscribe('hotcell:notice', listen) };
}
