/** What a codec has done: counts, bytes and times by operation. Holds numbers only. */

import { type CopybookEvent, copybookChannel } from '../channels.ts';
import type { Clock } from '../clock.ts';

export type CopybookOperation = CopybookEvent['operation'];

export interface OperationMetrics {
  readonly count: number;
  /** Ended in an error; one that was cancelled is none. */
  readonly errorCount: number;
  readonly recordCount: number;
  readonly fieldErrorCount: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Sum over all operations; those at the same time count each. */
  readonly busyMs: number;
}

export interface CopybookMetrics {
  /** Ends one operation that began at `startMs` of the clock. */
  record(event: Omit<CopybookEvent, 'durationMs'>, startMs: number): void;
  snapshot(): Readonly<Record<CopybookOperation, OperationMetrics>>;
}

export function createCopybookMetrics(clock: Clock): CopybookMetrics {
  const zero = () => ({
    count: 0,
    errorCount: 0,
    recordCount: 0,
    fieldErrorCount: 0,
    inputBytes: 0,
    outputBytes: 0,
    busyMs: 0,
  });
  const sums = { layout: zero(), detect: zero(), decode: zero(), encode: zero() };
  return {
    record(event, startMs) {
      const sum = sums[event.operation];
      const durationMs = clock.now() - startMs;
      sum.count++;
      if (event.outcome !== 'ok' && event.outcome !== 'cancelled') sum.errorCount++;
      sum.recordCount += event.recordCount;
      sum.fieldErrorCount += event.fieldErrorCount;
      sum.inputBytes += event.inputBytes;
      sum.outputBytes += event.outputBytes;
      sum.busyMs += durationMs;
      if (copybookChannel.hasSubscribers) {
        copybookChannel.publish({ ...event, durationMs } satisfies CopybookEvent);
      }
    },
    snapshot: () => ({
      layout: { ...sums.layout },
      detect: { ...sums.detect },
      decode: { ...sums.decode },
      encode: { ...sums.encode },
    }),
  };
}
