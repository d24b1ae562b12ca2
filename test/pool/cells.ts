/** Cells for tests of the parts that only keep them. */

import type { PooledCell } from '../../host/pool/pooled-cell.ts';
import type { Executor } from '../../host/types.ts';

let nextId = 1;

export function cellOn(executor: Executor, more: Partial<PooledCell> = {}): PooledCell {
  return {
    id: nextId++,
    executor,
    slot: { index: 0, occupied: true, crashes: 0, rests: 0, restUntilMs: 0, crashedMs: 0 },
    createdMs: 0,
    tenant: undefined,
    calls: 0,
    memoryBytes: 0,
    idleSinceMs: 0,
    isLost: false,
    affinities: new Set(),
    ...more,
  };
}
