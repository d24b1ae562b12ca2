/**
 * Flat output against values that are known exactly: random records of random fields, as columns read back by Arrow's
 * own reader, and as CSV parsed again. Both builds of the kernel.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readArrow } from './arrow-rows.ts';
import { parseCsv } from './csv-text.ts';
import { type Field, fieldArbitrary } from './flat-fields.ts';
import { compileFlat, createFlatKernel, type FlatItem } from './flat-probe.ts';

const builds = await compileFlat();

/** Around bytes and words of validity bits. */
const COUNTS = [...Array.from({ length: 21 }, (_, i) => i), 63, 64, 65, 130];

const batchArbitrary = fc
  .constantFrom(...COUNTS)
  .chain((count) => fc.array(fieldArbitrary(count), { minLength: 1, maxLength: 6 }))
  .map((fields) => ({ fields, ...recordsOf(fields) }));

function recordsOf(fields: readonly Field[]): { items: FlatItem[]; records: Uint8Array[] } {
  let offset = 0;
  const items: FlatItem[] = fields.map(({ item }, i) => {
    const placed = { ...item, name: `F${i}`, offset };
    offset += item.length;
    return placed;
  });
  const count = fields[0]?.cells.length ?? 0;
  const records = Array.from({ length: count }, (_, row) =>
    Uint8Array.from(Buffer.concat(fields.map(({ cells }) => cells[row]?.bytes ?? new Uint8Array(0)))),
  );
  return { items: [{ name: 'REC', kind: 'group', offset: 0, length: offset }, ...items], records };
}

describe.each(builds)('flat output, $name', (build) => {
  test('columns are what the records were made from, null where bytes are blank or not valid', () => {
    fc.assert(
      fc.property(batchArbitrary, ({ fields, items, records }) => {
        const kernel = createFlatKernel(build, items, { invalid: 1 });
        const batch = kernel.write('columns', records);
        expect(batch.problem).toBeUndefined();
        expect(batch.rows).toBe(records.length);
        const read = readArrow(kernel.columns, batch.bytes);
        expect(read.rows).toEqual(
          records.map((_, row) => fields.map(({ cells }) => cells[row]?.text ?? null)),
        );
        expect(read.nullCounts).toEqual(
          fields.map(({ cells }) => cells.filter(({ text }) => text === null).length),
        );
        const invalid = fields.flatMap(({ cells }) => cells.filter(({ isInvalid }) => isInvalid)).length;
        expect(batch.invalidCount).toBe(invalid);
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  test('CSV parses back into the same values, and an empty text is not null', () => {
    fc.assert(
      fc.property(batchArbitrary, ({ fields, items, records }) => {
        // Numbers of CSV are those of JSON: what only a column cannot hold is left out here.
        fc.pre(!fields.some(({ item, cells }) => item.kind === 'binary' && cells.some((c) => c.isInvalid)));
        const kernel = createFlatKernel(build, items, { invalid: 1 });
        const batch = kernel.write('csv', records);
        expect(batch.problem).toBeUndefined();
        const lines = parseCsv(Buffer.from(batch.bytes).toString('utf8'));
        expect(lines[0]).toEqual(kernel.columns.map(({ name }) => name));
        expect(lines.slice(1)).toEqual(
          records.map((_, row) => fields.map(({ cells }) => cells[row]?.text ?? null)),
        );
        const continued = kernel.write('csv', records, [], true);
        expect(Buffer.from(batch.bytes).toString()).toBe(
          `${kernel.columns.map(({ name }) => name).join()}\r\n${Buffer.from(continued.bytes).toString()}`,
        );
      }),
      { numRuns: 200 },
    );
  }, 120_000);
});
