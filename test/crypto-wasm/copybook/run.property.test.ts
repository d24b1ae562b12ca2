/**
 * Fields next to one another are decoded as a run; fields that are each in a group of their own never are. So the same
 * bytes under both copybooks have to give the same values, whatever the bytes are: plain, escaped, negative, blank, not
 * numbers at all. Both builds of the kernel.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestFeatures, buildKernel, PLAIN_FEATURES } from '../../../crypto-wasm/build.ts';
import { createCopybookKernel } from '../../../crypto-wasm/copybook/copybook.ts';

const builds = await Promise.all(
  [PLAIN_FEATURES, bestFeatures()].map(
    async (features) =>
      [
        features.join(', '),
        new WebAssembly.Module((await buildKernel('copybook', features)).slice()),
      ] as const,
  ),
);

type Field = readonly [picture: string, lengthBytes: number];

const text = fc.integer({ min: 1, max: 70 }).map((n): Field => [`X(${n})`, n]);
const zoned = fc
  .record({
    whole: fc.integer({ min: 1, max: 9 }),
    places: fc.integer({ min: 0, max: 6 }),
    sign: fc.constantFrom('', 'S'),
  })
  .map(({ whole, places, sign }): Field => [picture(sign, whole, places), whole + places]);
const packed = fc
  .record({
    whole: fc.integer({ min: 1, max: 18 }),
    places: fc.integer({ min: 0, max: 9 }),
    sign: fc.constantFrom('', 'S'),
  })
  .map(
    ({ whole, places, sign }): Field => [
      `${picture(sign, whole, places)} COMP-3`,
      ((whole + places) >> 1) + 1,
    ],
  );
const binary = fc
  .tuple(fc.constantFrom([4, 2] as const, [9, 4] as const, [15, 8] as const), fc.constantFrom('', 'S'))
  .map(([[digits, lengthBytes], sign]): Field => [`${sign}9(${digits}) COMP`, lengthBytes]);

function picture(sign: string, whole: number, places: number): string {
  return `${sign}9(${whole})${places > 0 ? `V9(${places})` : ''}`;
}

/** Bytes that are right for the field, now and then with one that may not be. */
function bytesOf([shape, lengthBytes]: Field): fc.Arbitrary<Uint8Array> {
  const digit = fc.integer({ min: 0, max: 9 });
  let right: fc.Arbitrary<number[]>;
  if (shape.startsWith('X')) {
    const character = fc.constantFrom(...Buffer.from('40404040c1c2d5819299a2f0f14b6b60504e', 'hex'));
    right = fc.array(character, { minLength: lengthBytes, maxLength: lengthBytes });
  } else if (shape.endsWith('COMP-3')) {
    right = fc
      .tuple(
        fc.array(fc.oneof(digit, fc.constant(0)), {
          minLength: 2 * lengthBytes - 1,
          maxLength: 2 * lengthBytes - 1,
        }),
        fc.constantFrom(12, 13, 15),
      )
      .map(([digits, sign]) => [
        ...Buffer.from([...digits, sign].map((n) => n.toString(16)).join(''), 'hex'),
      ]);
  } else if (shape.endsWith('COMP')) {
    const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 255));
    right = fc.array(byte, { minLength: lengthBytes, maxLength: lengthBytes });
  } else {
    right = fc
      .tuple(
        fc.array(fc.oneof(digit, fc.constant(0)), { minLength: lengthBytes, maxLength: lengthBytes }),
        fc.constantFrom(0xf0, 0xc0, 0xd0),
      )
      .map(([digits, zone]) =>
        digits.map((n, i) => n + (i === lengthBytes - 1 && shape.startsWith('S') ? zone : 0xf0)),
      );
  }
  const byte = fc.integer({ min: 0, max: 255 });
  // Mostly the last byte, where signs are.
  const at = fc.oneof(fc.constant(lengthBytes - 1), fc.integer({ min: 0, max: lengthBytes - 1 }));
  const wrong = fc
    .tuple(right, at, byte)
    .map(([bytes, index, other]) => Uint8Array.from(bytes.with(index, other)));
  return fc.oneof(
    { weight: 40, arbitrary: right.map((bytes) => Uint8Array.from(bytes)) },
    { weight: 2, arbitrary: wrong },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(lengthBytes).fill(0x40)) },
  );
}

const cases = fc
  .array(fc.oneof(text, zoned, packed, binary), { minLength: 2, maxLength: 12 })
  .chain((fields) =>
    fc.record({
      fields: fc.constant(fields),
      records: fc.array(fc.tuple(...fields.map(bytesOf)), { minLength: 1, maxLength: 40 }),
      trim: fc.constantFrom('right' as const, 'none' as const),
      invalid: fc.constantFrom('null' as const, 'raw' as const),
      numbers: fc.constantFrom('auto' as const, 'text' as const),
    }),
  );

describe.each(builds)('a run of fields, %s', (_name, module) => {
  test('says what its fields say one by one', () => {
    const kernel = createCopybookKernel(module);
    const linesOf = (lines: readonly string[], input: Uint8Array, options: object): string[] => {
      const copybook = ['       01 REC.', ...lines].map((line) => `${line}\n`).join('');
      const answer = kernel.decode({ copybook, options }, input);
      if ('problem' in answer) throw new Error(answer.problem.message);
      if (answer.stop !== undefined) throw new Error(answer.stop.message);
      return Buffer.from(answer.output).toString('utf8').split('\n').slice(0, -1);
    };
    fc.assert(
      fc.property(cases, ({ fields, records, ...options }) => {
        const input = Buffer.concat(records.flat());
        const together = fields.map(([shape], i) => `          05 F-${i} PIC ${shape}.`);
        const apart = fields.flatMap(([shape], i) => [
          `          05 G-${i}.`,
          `             10 F-${i} PIC ${shape}.`,
        ]);
        const expected = linesOf(apart, input, options).map((line) =>
          line.replace(/"G-\d+":\{("F-\d+":(?:"(?:[^"\\]|\\.)*"|\{[^}]*\}|[^,}]*))\}/g, '$1'),
        );
        expect(linesOf(together, input, options)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  }, 120_000);
});
