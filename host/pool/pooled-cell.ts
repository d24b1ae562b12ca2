/** A cell as its pool sees it: where it lives, whom it served, and how worn it is. */

import type { Executor } from '../types.ts';
import type { Slot } from './slots.ts';

export interface PooledCell {
  readonly id: number;
  readonly executor: Executor;
  readonly slot: Slot;
  readonly createdMs: number;
  /** Set with the first call in tenant isolation; from then on the cell serves nobody else. */
  tenant: string | undefined;
  calls: number;
  memoryBytes: number;
  idleSinceMs: number;
  /** Its executor has dropped it, or is gone. */
  isLost: boolean;
  /** Hints of the last calls: keys or layouts the guest probably still holds. */
  readonly affinities: Set<string>;
}
