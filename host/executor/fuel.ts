/**
 * Counts what one cell does, over all of its core modules, slice by slice.
 *
 * A metered module (`registry/harden.ts`) counts down by itself and asks for a refill when its slice is used: about once a
 * millisecond (`guest.ts`). Always: what is granted beyond `fuelMax` is never granted, whichever module asks. Guests that
 * were not metered have no counters.
 */

/** Exports that hardening adds to every module; `registry/harden.ts` has the same names. */
const FUEL_EXPORT = 'hotcell:fuel';

/** About a millisecond of work: a deadline is met by that much, and asking costs nothing beside it. */
const SLICE = 1_000_000;

export class FuelMeter {
  readonly #counters: WebAssembly.Global[] = [];
  #fuelMax = 0;
  /** Units that the guest had at the beginning of the call or was given since. */
  #granted = 0;

  /** Takes the counter of an instance that was just made; false when it has none. */
  add(exports: WebAssembly.Exports): boolean {
    const counter = exports[FUEL_EXPORT];
    if (!(counter instanceof WebAssembly.Global)) return false;
    this.#counters.push(counter);
    return true;
  }

  get isMetered(): boolean {
    return this.#counters.length > 0;
  }

  /** Before the guest is entered. Infinity for no bound. */
  begin(fuelMax: number): void {
    this.#fuelMax = fuelMax;
    this.#granted = this.#left();
    this.#takeBack(fuelMax);
  }

  /** Units used since `begin`; undefined when nothing counts them. */
  get used(): number | undefined {
    return this.#counters.length === 0 ? undefined : this.#granted - this.#left();
  }

  /** Gives the next slice to the module that ran out; false when there is no more. */
  refill(): boolean {
    const left = this.#remaining();
    if (left < 0) return false;
    this.#takeBack(left);
    const slice = Math.min(SLICE, left);
    for (const counter of this.#counters) {
      const units = counter.value as number;
      if (units >= 0) continue;
      counter.value = slice;
      this.#granted += slice - units;
    }
    return true;
  }

  /** Ends the slices under way: whichever module runs next asks for another. Nothing of them counts as used. */
  endSlices(): void {
    for (const counter of this.#counters) {
      const units = counter.value as number;
      if (units <= 0) continue;
      counter.value = 0;
      this.#granted -= units;
    }
  }

  #remaining(): number {
    return this.#fuelMax - (this.#granted - this.#left());
  }

  /** Near the end of the fuel no module may keep a slice that another has use for: together they would pass the end. */
  #takeBack(left: number): void {
    if (left <= SLICE * (this.#counters.length + 1)) this.endSlices();
  }

  #left(): number {
    let left = 0;
    for (const counter of this.#counters) left += counter.value as number;
    return left;
  }
}
