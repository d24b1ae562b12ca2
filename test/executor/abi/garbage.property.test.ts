import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTypes } from '../../../host/executor/abi-types.ts';
import { sampleTable } from './arbitraries.ts';
import { bareGuest, lifted, PAGE_BYTES, seen } from './bare-guest.ts';
import { planOf } from './worlds.ts';

const TYPES = 50;
const TRIES = 30;

/** Half of the words look like pointers, lengths and discriminants: what is random all over is refused too soon. */
const word = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: PAGE_BYTES / 8 }).map((each) => each * 8),
  fc.integer(),
);
const words = fc.array(word, { minLength: 64, maxLength: 64 });

const ARBITRARIES = {
  i32: word,
  i64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  f32: fc.float(),
  f64: fc.double(),
};

describe('a guest that hands over anything at all', () => {
  it('gives a value or is refused for it, and nothing else happens', () => {
    const table = sampleTable(TYPES);
    const compile = compileTypes(planOf(table));
    let refusedCount = 0;
    for (const [index, root] of table.roots.entries()) {
      const guest = bareGuest(table.types, root, { liftMaxBytes: 1 << 18 });
      const { parameters, result, isResultSpilled } = compile({
        parameters: [{ name: 'v', type: root }],
        result: root,
      });
      const types = parameters.flat ?? ['i32'];
      const out = isResultSpilled ? 'i32' : (result?.flat?.[0] ?? 'i32');
      const flat = fc.tuple(...types.map((each): fc.Arbitrary<number | bigint> => ARBITRARIES[each]));
      const attempt = (act: () => unknown): void => {
        try {
          act();
        } catch (error) {
          refusedCount++;
          expect(error, `type ${index} of seed ${table.seed}`).toMatchObject({ code: 'EXECUTOR_BAD_RESULT' });
        }
      };
      const orderly = fc.property(
        words,
        flat,
        ARBITRARIES[out] as fc.Arbitrary<number | bigint>,
        (some, given, core) => {
          const block = new Uint8Array(Int32Array.from(some).buffer);
          for (let at = 0; at < PAGE_BYTES; at += block.length) guest.put(at, block);
          attempt(() => seen(guest, ...given, 64));
          attempt(() => lifted(guest, core));
        },
      );
      fc.assert(orderly, { numRuns: TRIES });
    }
    expect(refusedCount).toBeGreaterThan(TYPES);
    expect(refusedCount).toBeLessThan(2 * TYPES * TRIES);
  });
});
