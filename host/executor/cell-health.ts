/**
 * The health check of a guest that exports one: `health` of `hotcell:adapter/handler`.
 *
 * A guest that says it is not well is a failure, and its cell can be entered still; whoever keeps it decides.
 */

import type { LiftedFunction } from '../types.ts';
import type { Flat } from './abi-codec.ts';
import { type CellEntry, findLifted, type Lifted } from './cell-entry.ts';
import { type Bounds, type CellEnd, OK, UNBOUNDED } from './cell-face.ts';
import { badResult, GuestMemory, liftMessage } from './lift.ts';

/** Bytes of `result<_, string>` in memory: discriminant, then at 4 a text. */
const HEALTH_RESULT_BYTES = 12;

export class HealthCheck {
  readonly #entry: CellEntry;
  readonly #lifted: Lifted;
  readonly #memory: GuestMemory;
  readonly #isUtf16: boolean;

  constructor(entry: CellEntry, instances: readonly WebAssembly.Exports[], health: LiftedFunction) {
    this.#entry = entry;
    this.#lifted = findLifted(instances, health);
    if (!this.#lifted.memory) throw new Error('a plan whose health check has no memory');
    this.#memory = new GuestMemory(this.#lifted.memory);
    this.#isUtf16 = health.encoding === 'utf16';
  }

  run(bounds: Bounds = UNBOUNDED): CellEnd {
    let result: Flat | undefined;
    this.#entry.enter(bounds);
    try {
      result = this.#lifted.core();
    } catch (error) {
      return this.#entry.crash(error);
    }
    return this.#end((result as number) >>> 0);
  }

  async runSuspendably(onEnd: (end: CellEnd) => void, bounds: Bounds = UNBOUNDED): Promise<void> {
    const entry = this.#entry;
    let result: Flat | undefined;
    entry.enter(bounds);
    try {
      result = await entry.run(this.#lifted, []);
    } catch (error) {
      onEnd(entry.crash(error));
      return;
    }
    entry.resume();
    onEnd(entry.unsuspended(() => this.#end((result as number) >>> 0)));
  }

  #end(result: number): CellEnd {
    const memory = this.#memory;
    let end: CellEnd = OK;
    this.#entry.endContext();
    try {
      memory.refresh();
      memory.checkRecord(result, HEALTH_RESULT_BYTES);
      const discriminant = memory.u8(result);
      if (discriminant > 1) throw badResult(`${discriminant} is neither ok nor error`);
      if (discriminant === 1) {
        const message = liftMessage(memory, result + 4, this.#isUtf16);
        end = { kind: 'failure', failure: 'internal', message };
      }
    } catch (error) {
      return this.#entry.crash(error);
    }
    return this.#entry.leave(end, this.#lifted.postReturn, result);
  }
}
