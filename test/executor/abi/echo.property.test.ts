import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleTable, valuesOf } from './arbitraries.ts';
import { coreText, echoCell, planOf } from './worlds.ts';

const TYPES = 120;
const VALUES = 20;

describe.each(['utf8', 'utf16', 'latin1+utf16'] as const)('with strings in %s', (encoding) => {
  it('a value of any type goes into the guest, out to the host, back, and out again unchanged', async () => {
    const table = sampleTable(TYPES);
    const plan = planOf(table, { encoding });
    const cell = await echoCell(plan, coreText(plan));
    for (const [index, root] of table.roots.entries()) {
      const echoes = fc.property(valuesOf(table.types, root), (value) => {
        (cell.core.reset as () => number)();
        let seen: unknown;
        const result = cell.echo(index, value, (each) => {
          seen = each;
          return each;
        });
        const type = `type ${index} of seed ${table.seed}`;
        expect(seen, type).toEqual(value);
        expect(result, type).toEqual(value);
      });
      fc.assert(echoes, { numRuns: VALUES });
    }
  });
});
