/**
 * Flat output against values that are known exactly: random records of random fields, as columns read back by Arrow's
 * own reader, and as CSV read by a parser of this file. Both builds of the kernel.
 */

import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createArrowStream } from '../../../host/copybook/arrow.ts';
import { type Field, fieldArbitrary } from './flat-fields.ts';
import { compileFlat, createFlatKernel, type FlatColumnFacts, type FlatItem } from './flat-probe.ts';

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
        const stream = createArrowStream(kernel.columns);
        const bytes = Buffer.concat([stream.schemaBytes, stream.write(batch.bytes), stream.end()]);
        const table = tableFromIPC(bytes);
        expect(table.numRows).toBe(records.length);
        fields.forEach((field, i) => {
          const column = kernel.columns[i] as FlatColumnFacts;
          const read = Array.from({ length: records.length }, (_, row) =>
            textOf(table.getChildAt(i)?.get(row), column),
          );
          expect(read).toEqual(field.cells.map(({ text }) => text));
          expect(table.getChildAt(i)?.nullCount).toBe(field.cells.filter(({ text }) => text === null).length);
        });
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

/** A value of Arrow's reader, as the text of JSON. */
function textOf(value: unknown, { type, scale }: FlatColumnFacts): string | null {
  if (value === null || value === undefined) return null;
  if (type === 'decimal') return decimalText(value as Uint32Array, scale);
  if (type === 'binary') return Buffer.from(value as Uint8Array).toString('hex');
  return String(value);
}

/** Four words, the least significant first, two's complement. */
function decimalText(words: Uint32Array, scale: number): string {
  const unsigned = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const value = BigInt.asIntN(128, unsigned);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return (value < 0n ? '-' : '') + whole;
}

/** RFC 4180; a field without quotes that is empty is null. */
function parseCsv(text: string): (string | null)[][] {
  const lines: (string | null)[][] = [];
  let line: (string | null)[] = [];
  let at = 0;
  while (at < text.length) {
    let value: string | null = '';
    if (text[at] === '"') {
      const field = /"((?:[^"]|"")*)"/y;
      field.lastIndex = at;
      const match = field.exec(text);
      if (match === null) throw new Error(`no end of quotes at ${at}`);
      value = (match[1] as string).replaceAll('""', '"');
      at = field.lastIndex;
    } else {
      const field = /[^",\r\n]*/y;
      field.lastIndex = at;
      value = field.exec(text)?.[0] || null;
      at = field.lastIndex;
    }
    line.push(value);
    if (text[at] === ',') {
      at += 1;
    } else if (text.startsWith('\r\n', at)) {
      at += 2;
      lines.push(line);
      line = [];
    } else {
      throw new Error(`neither comma nor end of line at ${at}`);
    }
  }
  return lines;
}
