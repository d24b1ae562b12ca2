/**
 * Random modules, metered and not: the same results, traps, memories and globals; fuel that is the same on every fresh
 * instance, and never less than the turns of loops that were taken. And modules with flipped bits: refused with a code, or the same.
 * `HOTCELL_FUZZ=1` runs many more; `HOTCELL_FUZZ_SEED` repeats a run.
 */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../../host/errors.ts';
import { meterModule } from '../../../host/registry/harden.ts';
import { capMemories } from '../../../host/registry/memory-cap.ts';
import { planComponent } from '../../../host/registry/plan.ts';
import { coreText, toComponent } from '../sample-components.ts';
import { BUDGET, createRandom, type Random, randomModule } from './random-module.ts';
import { runModule } from './run-module.ts';

const isLong = process.env.HOTCELL_FUZZ === '1';
const seed = Number(process.env.HOTCELL_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const MODULES = isLong ? 5_000 : 150;
const MUTATIONS = isLong ? 50_000 : 2_000;
const FUEL_OF_MUTANT = 200_000;
console.info(`HOTCELL_FUZZ_SEED=${seed}`);

const bytesOf = async (random: Random): Promise<Uint8Array> =>
  Uint8Array.from(await parse(randomModule(random)));

describe(`metered modules (seed ${seed})`, () => {
  it('do what they did before, and use the same fuel on every fresh instance', {
    timeout: 600_000,
  }, async () => {
    const ends = { ok: 0, trapped: 0 };
    for (let index = 0; index < MODULES; index++) {
      const module = await bytesOf(createRandom(seed + index));
      const before = runModule(module);
      const metered = meterModule(module);
      const after = runModule(metered);
      expect(after.seen, `module ${index}`).toBe(before.seen);
      expect(runModule(metered).fuel, `module ${index}`).toBe(after.fuel);
      const isTrapped = before.seen.includes('!');
      const turns = BUDGET - ((after.exports.budget as WebAssembly.Global).value as number);
      // A trap may take with it what a function kept in a local, at most a slice.
      if (!isTrapped) expect(after.fuel, `module ${index}`).toBeGreaterThanOrEqual(turns);
      ends[isTrapped ? 'trapped' : 'ok']++;
    }
    // A generator that only makes one kind would prove little.
    expect(Math.min(ends.ok, ends.trapped), JSON.stringify(ends)).toBeGreaterThan(MODULES / 20);
  });

  it('with less fuel than they use are stopped, with as much they are not', {
    timeout: 600_000,
  }, async () => {
    for (let index = 0; index < MODULES / 5; index++) {
      const metered = meterModule(await bytesOf(createRandom(seed - index)));
      const { fuel = 0, seen } = runModule(metered);
      if (seen.includes('!')) continue;
      expect(runModule(metered, fuel)).toMatchObject({ seen, fuel, wasStopped: false });
      expect(runModule(metered, fuel - 1).wasStopped, `module ${-index}`).toBe(true);
    }
  });
});

/** The bytes with some bits flipped, cut off, or a piece of them doubled. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.chance(5)) return bytes.slice(0, random.below(bytes.length));
  const mutant = bytes.slice();
  for (let flips = 1 + random.below(3); flips > 0; flips--) {
    const at = random.below(mutant.length);
    mutant[at] = random.chance(50) ? (mutant[at] as number) ^ (1 << random.below(8)) : random.below(256);
  }
  return mutant;
}

/** Runs `step`; a refusal with a code is an answer, anything else that is thrown fails the test. */
function refusalOr<T>(step: () => T): T | HostError {
  try {
    return step();
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
}

describe(`damaged modules (seed ${seed})`, () => {
  it('are refused with a code, or do the same', { timeout: 600_000 }, async () => {
    const random = createRandom(seed);
    const originals = await Promise.all(Array.from({ length: 8 }, () => bytesOf(random)));
    const ends = { refused: 0, same: 0, stopped: 0 };
    for (let index = 0; index < MUTATIONS; index++) {
      const mutant = mutate(random.pick(originals), random);
      const metered = refusalOr(() => meterModule(mutant));
      if (metered instanceof HostError) {
        expect(metered.code).toBe('REGISTRY_REJECTED');
        // What the engine takes the rewriter takes: an instruction that it does not know would be a gap in its tables.
        expect(WebAssembly.validate(mutant), `${index}: ${metered.detail}`).toBe(false);
        ends.refused++;
        continue;
      }
      expect(WebAssembly.validate(metered), `mutation ${index}`).toBe(true);
      const after = runModule(capMemories(metered, 16), FUEL_OF_MUTANT);
      if (after.wasStopped) {
        // It may loop for ever without a counter.
        ends.stopped++;
        continue;
      }
      expect(after.seen, `mutation ${index}`).toBe(runModule(capMemories(mutant, 16)).seen);
      ends.same++;
    }
    expect(Math.min(ends.refused, ends.same), JSON.stringify(ends)).toBeGreaterThan(MUTATIONS / 50);
  });

  it('within components are refused with a code, or are read', { timeout: 600_000 }, async () => {
    const random = createRandom(seed);
    const component = await toComponent(coreText());
    const ends = { refused: 0, read: 0 };
    for (let index = 0; index < MUTATIONS; index++) {
      const mutant = mutate(component, random);
      const metered = refusalOr(() =>
        planComponent(mutant).plan.modules.map(({ offset, length }) =>
          meterModule(mutant.subarray(offset, offset + length)),
        ),
      );
      if (metered instanceof HostError) {
        expect(metered.code).toMatch(/^REGISTRY_(REJECTED|UNSUPPORTED|IMPORT_FORBIDDEN)$/);
        ends.refused++;
      } else {
        for (const module of metered) expect(WebAssembly.validate(module), `mutation ${index}`).toBe(true);
        ends.read++;
      }
    }
    expect(Math.min(ends.refused, ends.read), JSON.stringify(ends)).toBeGreaterThan(MUTATIONS / 50);
  });
});
