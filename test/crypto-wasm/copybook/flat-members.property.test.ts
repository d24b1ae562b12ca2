/**
 * Flat output against decoding to JSON: of random layouts with tables, counters and views, every column says what the
 * member of its name says, and both find the same number of fields that are not valid. Both builds of the kernel.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { readArrow } from './arrow-rows.ts';
import { parseCsv } from './csv-text.ts';
import { compileFlat, createFlatKernel } from './flat-probe.ts';
import { structureOf } from './flat-structures.ts';

const builds = await compileFlat();

type Json = null | string | readonly Json[] | { readonly [key: string]: Json };

/** Numbers keep the text they are written with. */
function readJson(text: string): Json {
  const keep = (_key: string, value: unknown, { source }: { source: string }): unknown =>
    typeof value === 'number' ? source : value;
  return JSON.parse(text, keep as Parameters<typeof JSON.parse>[1]);
}

/** The member that a column is named after, or null: `A.B[2].C`. */
function memberOf(json: Json, name: string): Json {
  let at: Json | undefined = json;
  for (const [key] of name.matchAll(/[^.[\]]+/g)) {
    if (at === null || at === undefined || typeof at === 'string') return null;
    at = Array.isArray(at) ? (at as readonly Json[])[Number(key) - 1] : (at as Record<string, Json>)[key];
  }
  return at ?? null;
}

describe.each(builds)('flat output and JSON, $name', (build) => {
  test('say the same of the same records', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
        const { items, options, records, segments } = structureOf(createRandom(seed));
        const kernel = createFlatKernel(build, items, options);
        const json = kernel.json(records, segments);
        const expected = json.texts.map((text) => {
          const members = readJson(text);
          return kernel.columns.map(({ name }) => memberOf(members, name));
        });
        const columns = kernel.write('columns', records, segments);
        expect(readArrow(kernel.columns, columns.bytes).rows).toEqual(expected);
        expect(columns.invalidCount).toBe(json.invalidCount);
        const csv = kernel.write('csv', records, segments);
        expect(parseCsv(Buffer.from(csv.bytes).toString('utf8')).slice(1)).toEqual(expected);
        expect(csv.invalidCount).toBe(json.invalidCount);
      }),
      // The seed: a record that ends before a counter which the occurrence before had.
      { numRuns: 500, examples: [[2_092_845_358]] },
    );
  }, 120_000);
});
