/**
 * What was decoded is encoded to the bytes that it came from: for every kind of item over generated copybooks, in every
 * record format, every code page and every way of trimming that keeps what it does not show.
 *
 * Bytes that JSON does not keep are left out where they are made: spaces that trimming takes from the side where encoding
 * does not put them back, a zero's minus, the rest of an area that a view is too short for.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookLayout, CopybookOptions, Specification } from '../../../crypto-wasm/copybook/face.ts';
import { encodeReference } from '../../../crypto-wasm/copybook/reference-encode.ts';
import { createRandom } from '../random.ts';
import { copybookText, makeValues, options } from './generated.ts';
import { kernels, type NamedKernel } from './implementations.ts';

const RECORDS_COUNT = 5;
/** 2,000 records in a usual run, 50,000 with HOTCELL_FUZZ=1. */
const RUNS_COUNT = (process.env.HOTCELL_FUZZ === undefined ? 2_000 : 50_000) / RECORDS_COUNT;
const RUN_TIMEOUT_MS = 1_800_000;

const PAGES = [
  ...['cp037', 'cp273', 'cp500', 'cp1047', 'cp870', 'cp875', 'cp1025', 'cp300', 'cp930', 'cp939'],
  ...Array.from({ length: 10 }, (_, i) => `cp${1140 + i}`),
  ...['cp1364', 'cp1388', 'ascii', 'latin1'],
];

/** Words of every flavour. Adjustments take nothing from a word: it cannot say less than nothing. */
const framing: fc.Arbitrary<CopybookOptions> = fc.oneof(
  fc.constantFrom<CopybookOptions>({}, { recordFormat: 'FB' }, { recordFormat: 'prefix' }),
  fc.record({
    recordFormat: fc.constantFrom('V', 'VB', 'VBS'),
    rdw: fc.record({
      endian: fc.constantFrom('big', 'little'),
      includesItself: fc.boolean(),
      adjustment: fc.constantFrom(0, 0, -2, -8),
    }),
    bdw: fc.record({ endian: fc.constantFrom('big', 'little'), includesItself: fc.boolean() }),
  }),
  fc.record({
    recordFormat: fc.constant('prefix' as const),
    rdw: fc.record({ endian: fc.constantFrom('big', 'little'), adjustment: fc.constantFrom(0, -1, -5) }),
  }),
);

const seed = fc.integer({ min: 1, max: 2 ** 31 - 1 });

function layoutOf({ kernel }: NamedKernel, specification: Specification): CopybookLayout {
  const answer = kernel.layout(specification);
  if ('problem' in answer) throw new Error(`${JSON.stringify(answer.problem)}\n${specification.copybook}`);
  return answer.layout;
}

/** A view that is longer than what it redefines has bytes that the first view does not write. */
function hasLongerView({ items }: CopybookLayout): boolean {
  const bytesOf = (index: number): number => (items[index]?.length ?? 0) * (items[index]?.occurs?.max ?? 1);
  return items.some(({ redefines = -1 }, index) => redefines >= 0 && bytesOf(index) > bytesOf(redefines));
}

/** Of views one is written, which is whole only when all of it is shown. */
function withViews(copybook: string): CopybookOptions {
  return copybook.includes('REDEFINES') ? { groupFillers: true, valueFillers: true } : {};
}

/** Decodes and encodes; gives what came of it, and the rows between. */
function there({ kernel }: NamedKernel, specification: Specification, records: Uint8Array) {
  const shown = JSON.stringify(specification);
  const decoded = kernel.decode(specification, records);
  if ('problem' in decoded || decoded.stop) throw new Error(`${JSON.stringify(decoded)}\n${shown}`);
  const encoded = kernel.encode(specification, decoded.output);
  if ('problem' in encoded || encoded.stop) throw new Error(`${JSON.stringify(encoded)}\n${shown}`);
  return { rows: decoded.rows, lines: decoded.output, back: encoded.output };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each(await kernels())('$name', (named) => {
  test(
    'records of every format come back, views and all, in every code page',
    () => {
      const property = fc.property(
        copybookText,
        options,
        fc.constantFrom(...PAGES),
        framing,
        seed,
        (copybook, given, codePage, framed, from) => {
          const kept: CopybookOptions = { ...given, ...withViews(copybook), codePage, blankNumbers: 'null' };
          const plain = { copybook, options: kept };
          const layout = layoutOf(named, plain);
          fc.pre(!hasLongerView(layout) && !(framed.recordFormat === 'FB' && layout.isVariable));
          const random = createRandom(from);
          // Where a view is null, another may be written that is shorter.
          const hasNulls = !copybook.includes('REDEFINES');
          const texts = { hasNulls, isTrimmedLeft: given.trim === 'left' || given.trim === 'both' };
          const lines = Array.from({ length: RECORDS_COUNT }, () =>
            makeValues(layout, random, given.keepRoot === true, texts),
          ).join('\n');
          const records = encodeReference(layout, kept, lines);
          const isEmpty = records.length < RECORDS_COUNT;
          fc.pre(!isEmpty);
          const unframed = there(named, plain, records);
          expect(hex(unframed.back)).toBe(hex(records));

          const specification = { copybook, options: { ...kept, ...framed } };
          const file = named.kernel.encode(specification, Buffer.from(lines));
          if ('problem' in file || file.stop)
            throw new Error(`${JSON.stringify(file)}\n${JSON.stringify(specification)}`);
          const { rows, lines: decoded, back } = there(named, specification, file.output);
          expect(rows).toBe(RECORDS_COUNT);
          expect(Buffer.from(decoded).toString()).toBe(Buffer.from(unframed.lines).toString());
          expect(hex(back)).toBe(hex(file.output));
        },
      );
      fc.assert(property, { numRuns: RUNS_COUNT });
    },
    RUN_TIMEOUT_MS,
  );

  test(
    'records that say how long they are come back, and lines',
    () => {
      const property = fc.property(
        copybookText,
        options,
        fc.constantFrom(...PAGES),
        fc.constantFrom('D' as const, 'text' as const),
        seed,
        (given, chosen, codePage, recordFormat, from) => {
          // Binaries may have a line's end among their bytes.
          fc.pre(recordFormat === 'D' || !/COMP|BINARY|PACKED|POINTER|PIC N/.test(given));
          const copybook = given.replace('01 REC.', '01 REC.\n         05 RECORD-BYTES PIC 9(5).');
          const kept: CopybookOptions = {
            ...chosen,
            ...withViews(copybook),
            names: 'keep',
            codePage,
            blankNumbers: 'null',
          };
          const layout = layoutOf(named, { copybook, options: kept });
          fc.pre(!hasLongerView(layout));
          const random = createRandom(from);
          const texts = {
            hasNulls: !copybook.includes('REDEFINES'),
            isTrimmedLeft: chosen.trim === 'left' || chosen.trim === 'both',
          };
          const records = Array.from({ length: RECORDS_COUNT }, () => {
            const line = makeValues(layout, random, chosen.keepRoot === true, texts);
            const saying = (count: number): string =>
              line.replace(/"RECORD-BYTES":("\d*"|null)/, `"RECORD-BYTES":${count}`);
            const { length } = encodeReference(layout, kept, saying(0));
            return encodeReference(layout, kept, saying(length));
          });
          const newline = codePage === 'ascii' || codePage === 'latin1' ? 0x0a : 0x15;
          const file = Buffer.concat(
            records.flatMap((record) => (recordFormat === 'D' ? [record] : [record, Uint8Array.of(newline)])),
          );
          const specification: Specification = {
            copybook,
            options: {
              ...kept,
              recordFormat,
              ...(recordFormat === 'D' ? { recordLengthField: 'RECORD-BYTES' } : {}),
            },
          };
          const { rows, back } = there(named, specification, file);
          expect(rows).toBe(RECORDS_COUNT);
          expect(hex(back)).toBe(hex(file));
        },
      );
      fc.assert(property, { numRuns: RUNS_COUNT });
    },
    RUN_TIMEOUT_MS,
  );
});
