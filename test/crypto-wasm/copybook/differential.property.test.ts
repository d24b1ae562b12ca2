/**
 * The kernel against the reference, on copybooks and records that nobody wrote: the same rows byte for byte, the same
 * counts, the same problem at the same place. And what was decoded is encoded to the bytes that it came from.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookLayout, Specification } from '../../../crypto-wasm/copybook/face.ts';
import { decodeReference } from '../../../crypto-wasm/copybook/reference.ts';
import { encodeReference } from '../../../crypto-wasm/copybook/reference-encode.ts';
import { createRandom } from '../random.ts';
import { copybookText, makeValues, mutate, options } from './generated.ts';
import { kernels, type NamedKernel } from './implementations.ts';

const RECORDS_COUNT = 4;
/** 2,000 records in a usual run, 50,000 with HOTCELL_FUZZ=1. */
const RUNS_COUNT = (process.env.HOTCELL_FUZZ === undefined ? 2_000 : 50_000) / RECORDS_COUNT;
const RUN_TIMEOUT_MS = 1_800_000;
const seed = fc.integer({ min: 1, max: 2 ** 31 - 1 });

function layoutOf({ kernel }: NamedKernel, specification: Specification): CopybookLayout {
  const answer = kernel.layout(specification);
  if ('problem' in answer) throw new Error(`${JSON.stringify(answer.problem)}\n${specification.copybook}`);
  return answer.layout;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

describe.each(await kernels())('$name', (named) => {
  const { kernel } = named;

  test(
    'decodes what the reference encoded to what the reference decodes',
    () => {
      const property = fc.property(
        copybookText,
        options,
        seed,
        fc.boolean(),
        (copybook, given, from, isMutated) => {
          // Any bytes of floats are the business of `leaf.property.test.ts`, where two texts may be equally near.
          fc.pre(!isMutated || !/COMP-[12]\b/.test(copybook));
          const specification = { copybook, options: given };
          const layout = layoutOf(named, specification);
          const random = createRandom(from);
          const lines = Array.from({ length: RECORDS_COUNT }, () =>
            makeValues(layout, random, given.keepRoot === true),
          );
          const valid = encodeReference(layout, given, lines.join('\n'));
          const input = isMutated ? mutate(valid, random) : valid;
          const expected = decodeReference(layout, given, input);
          const actual = kernel.decode(specification, input);
          if ('problem' in actual) throw new Error(`${JSON.stringify(actual.problem)}\n${copybook}`);
          const place = ({ stop }: typeof actual) => stop && [stop.code, stop.record, stop.field];
          expect([text(actual.output), place(actual)]).toEqual([text(expected.output), place(expected)]);
          expect([actual.rows, actual.records, actual.consumed]).toEqual([
            expected.rows,
            expected.records,
            expected.consumed,
          ]);
          if (expected.stop === undefined) expect(actual.errors).toBe(expected.errors);
        },
      );
      fc.assert(property, { numRuns: RUNS_COUNT });
    },
    RUN_TIMEOUT_MS,
  );

  test(
    'encodes what it decoded to the bytes that it came from',
    () => {
      const property = fc.property(copybookText, options, seed, (copybook, given, from) => {
        // Of views one is written: the bytes of a longer one are not in it.
        fc.pre(!copybook.includes('REDEFINES'));
        // What trimming took from the left, and how a zero was written, is not in the rows.
        const trim = given.trim === 'none' ? 'none' : 'right';
        const specification = { copybook, options: { ...given, trim, blankNumbers: 'null' } as const };
        const layout = layoutOf(named, specification);
        const random = createRandom(from);
        const lines = Array.from({ length: RECORDS_COUNT }, () =>
          makeValues(layout, random, given.keepRoot === true),
        );
        const records = encodeReference(layout, specification.options, lines.join('\n'));
        const decoded = kernel.decode(specification, records);
        if ('problem' in decoded || decoded.stop) throw new Error(`${JSON.stringify(decoded)}\n${copybook}`);
        const encoded = kernel.encode(specification, decoded.output);
        if ('problem' in encoded || encoded.stop) throw new Error(`${JSON.stringify(encoded)}\n${copybook}`);
        expect(Buffer.from(encoded.output).toString('hex')).toBe(Buffer.from(records).toString('hex'));
        expect(encoded.rows).toBe(decoded.rows);
      });
      fc.assert(property, { numRuns: RUNS_COUNT });
    },
    RUN_TIMEOUT_MS,
  );
});
