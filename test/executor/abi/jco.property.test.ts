import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LinkPlan, TypeRef } from '../../../host/link-plan.ts';
import { sampleTable, valuesOf } from './arbitraries.ts';
import { fromJco, jcoEcho, toJco } from './jco.ts';
import { coreText, echoCell, planOf, type Table } from './worlds.ts';

const TYPES = 80;
const VALUES = 25;

/** jco throws the errors of a result that stands alone: inside a tuple it is a value like any other. */
function wrapResults({ types, roots }: Table): Table {
  const all = [...types];
  const wrapped = roots.map((root) =>
    typeof root === 'number' && types[root]?.kind === 'result'
      ? all.push({ kind: 'tuple', parts: [root] }) - 1
      : root,
  );
  return { types: all, roots: wrapped };
}

/** Of three options within each other jco 1.35 lowers some(none) as some(some(none)): left to the echo test. */
function hasThreeOptions(types: LinkPlan['types'], ref: TypeRef): boolean {
  const some = (each: TypeRef): TypeRef | undefined => {
    const type = typeof each === 'number' ? types[each] : undefined;
    return type?.kind === 'option' ? type.some : undefined;
  };
  const second = some(ref);
  const third = second === undefined ? undefined : some(second);
  return third !== undefined && some(third) !== undefined;
}

describe.each(['utf8', 'utf16'] as const)('with strings in %s', (encoding) => {
  it("what our import sees and our export returns is what they do in jco's glue", async () => {
    const { seed, ...sampled } = sampleTable(TYPES);
    const table = wrapResults({
      types: sampled.types,
      roots: sampled.roots.filter((root) => !hasThreeOptions(sampled.types, root)),
    });
    const { types, roots } = table;
    const plan = planOf(table, { encoding });
    const cell = await echoCell(plan, coreText(plan));
    const jco = await jcoEcho(table, plan, encoding);
    let count = 0;
    for (const [index, root] of roots.entries()) {
      const agrees = fc.property(valuesOf(types, root), (value) => {
        (cell.core.reset as () => number)();
        const seen: unknown[] = [];
        const keep = (each: unknown): unknown => {
          seen.push(each);
          return each;
        };
        const ours = cell.echo(index, value, keep);
        const theirs = fromJco(types, root, jco(index, toJco(types, root, value), keep));
        const type = `type ${index} of seed ${seed}`;
        expect(seen[0], type).toEqual(fromJco(types, root, seen[1]));
        expect(ours, type).toEqual(theirs);
        count++;
      });
      fc.assert(agrees, { numRuns: VALUES });
    }
    console.log(
      `${encoding}: ${roots.length} types of ${types.length} parts, ${count} values as jco has them`,
    );
    expect(count).toBeGreaterThanOrEqual(roots.length * VALUES);
  });
});
