/**
 * What a vault has done: counts, bytes and times by operation. Floating-point seconds throughout: a short run has a rate.
 *
 * Holds numbers only, nothing that an operation was about. Switched off it is a handful of empty functions.
 */

import { type VaultEvent, vaultChannel } from '../channels.ts';
import type { Clock } from '../clock.ts';

export type VaultOperation = VaultEvent['operation'];

export interface OperationMetrics {
  readonly count: number;
  readonly errorCount: number;
  readonly itemCount: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Sum over all operations; those at the same time count each. */
  readonly busyMs: number;
  /** busyMs / count; 0 before the first. */
  readonly meanMs: number;
  /** Input over busy time: what one operation after another reaches. */
  readonly bytesPerSecond: number;
  /** Since the vault was made. */
  readonly operationsPerSecond: number;
}

export interface VaultMetrics {
  /** Ends one operation that began at `startMs` of the clock. */
  record(event: Omit<VaultEvent, 'durationMs'>, startMs: number): void;
  snapshot(): Readonly<Record<VaultOperation, OperationMetrics>>;
}

const OPERATIONS: readonly VaultOperation[] = [
  'seal',
  'open',
  'rewrap',
  'seal-batch',
  'open-batch',
  'seal-stream',
  'open-stream',
];

export function createVaultMetrics(isEnabled: boolean, clock: Clock): VaultMetrics {
  const fromMs = clock.now();
  const sums = new Map(
    OPERATIONS.map((operation) => [
      operation,
      { count: 0, errorCount: 0, itemCount: 0, inputBytes: 0, outputBytes: 0, busyMs: 0 },
    ]),
  );
  return {
    record(event, startMs) {
      const sum = sums.get(event.operation);
      if (!isEnabled || sum === undefined) return;
      const durationMs = clock.now() - startMs;
      sum.count++;
      if (event.outcome !== 'ok' && event.outcome !== 'cancelled') sum.errorCount++;
      sum.itemCount += event.itemCount;
      sum.inputBytes += event.inputBytes;
      sum.outputBytes += event.outputBytes;
      sum.busyMs += durationMs;
      if (vaultChannel.hasSubscribers) vaultChannel.publish({ ...event, durationMs } satisfies VaultEvent);
    },
    snapshot() {
      const upMs = clock.now() - fromMs;
      const rows = [...sums].map(([operation, sum]) => [
        operation,
        {
          ...sum,
          meanMs: sum.count === 0 ? 0 : sum.busyMs / sum.count,
          bytesPerSecond: sum.busyMs === 0 ? 0 : sum.inputBytes / (sum.busyMs / 1000),
          operationsPerSecond: upMs === 0 ? 0 : sum.count / (upMs / 1000),
        },
      ]);
      return Object.fromEntries(rows);
    },
  };
}
