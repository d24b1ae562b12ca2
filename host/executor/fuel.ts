/**
 * Counts what one cell does, over all of its core modules, and ends a call at its deadline or at the end of its fuel.
 *
 * Runs in the executor's thread. A metered module (`registry/harden.ts`) counts down by itself and asks here when its
 * slice is used: about once a millisecond. The way out is a trap, not an exception: a guest could catch that. Guests that were not
 * metered have no counters; they are left to the host, which kills the thread.
 * Source: an endless loop stopped within a slice of its deadline with the thread kept.
 */

import { systemClock } from '../clock.ts';

/** Exports that hardening adds to every module; `registry/harden.ts` has the same names. */
const FUEL_EXPORT = 'hotcell:fuel';
const REFILL_EXPORT = 'hotcell:refill';
const START_EXPORT = 'hotcell:start';

/** About a millisecond of work: a deadline is met by that much, and asking costs nothing beside it. */
const SLICE = 1_000_000;

/**
 * Units that the start functions of one cell may use together: about 0.1 s. They fill tables and build what a language needs
 * before its first line.
 */
export const START_FUEL = 100_000_000;

export type Stop = 'deadline' | 'fuel';

let running: FuelMeter | undefined;
let stop: Stop | undefined;

/** Why the guest that just trapped was stopped; undefined when it trapped by itself. */
export const lastStop = (): Stop | undefined => stop;

/**
 * `(func (export "r") (if (call $mayStop) (then unreachable)))`: tables take exported functions only, and the trap must
 * come from WebAssembly.
 */
const REFILL_MODULE = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x08, 0x02, 0x60, 0x00, 0x01, 0x7f, 0x60, 0x00, 0x00],
  ...[0x02, 0x07, 0x01, 0x01, 0x68, 0x01, 0x72, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x01],
  ...[0x07, 0x05, 0x01, 0x01, 0x72, 0x00, 0x01],
  ...[0x0a, 0x0a, 0x01, 0x08, 0x00, 0x10, 0x00, 0x04, 0x40, 0x00, 0x0b, 0x0b],
]);

const refill = new WebAssembly.Instance(new WebAssembly.Module(REFILL_MODULE), {
  h: { r: () => running?.refill() ?? 1 },
}).exports.r as WebAssembly.CoreFunction;

export class FuelMeter {
  readonly #counters: WebAssembly.Global[] = [];
  #deadlineMs = 0;
  #fuelMax = 0;
  /** Units that the guest had at the beginning of the call or was given since. */
  #granted = 0;

  /**
   * Takes the counter of an instance that was just made, and runs its start function, which hardening turned into an export.
   * Throws what that throws, and a trap when it is stopped.
   */
  add(exports: WebAssembly.Exports): void {
    const counter = exports[FUEL_EXPORT];
    const table = exports[REFILL_EXPORT];
    if (!(counter instanceof WebAssembly.Global) || !(table instanceof WebAssembly.Table)) return;
    table.set(0, refill);
    this.#counters.push(counter);
    const start = exports[START_EXPORT];
    if (typeof start === 'function') start();
  }

  /** Before the guest is entered. Infinity for no bound. */
  begin(deadlineMs: number, fuelMax: number): void {
    running = this;
    stop = undefined;
    this.#deadlineMs = deadlineMs;
    this.#fuelMax = fuelMax;
    this.#granted = this.#left();
    this.#takeBack(fuelMax);
  }

  /** Units used since `begin`; undefined when nothing counts them. */
  get used(): number | undefined {
    return this.#counters.length === 0 ? undefined : this.#granted - this.#left();
  }

  /** 0 to go on, 1 to stop. */
  refill(): number {
    const left = this.#fuelMax - (this.#granted - this.#left());
    if (left < 0) stop = 'fuel';
    else if (systemClock.now() >= this.#deadlineMs) stop = 'deadline';
    if (stop !== undefined) return 1;
    this.#takeBack(left);
    const slice = Math.min(SLICE, left);
    for (const counter of this.#counters) {
      const units = counter.value as number;
      if (units >= 0) continue;
      counter.value = slice;
      this.#granted += slice - units;
    }
    return 0;
  }

  /** Near the end of the fuel no module may keep a slice that another has use for: together they would pass the end. */
  #takeBack(left: number): void {
    if (left > SLICE * (this.#counters.length + 1)) return;
    for (const counter of this.#counters) {
      const units = counter.value as number;
      if (units <= 0) continue;
      counter.value = 0;
      this.#granted -= units;
    }
  }

  #left(): number {
    let left = 0;
    for (const counter of this.#counters) left += counter.value as number;
    return left;
  }
}
