/**
 * The acceptance data, decoded by both builds of the kernel and by the reference: every row as published, after the
 * conventions of those who published it are taken out. Prints what passed and why the rest was left out.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { CopybookKernel, Records, Refused } from '../../../crypto-wasm/copybook/face.ts';
import { decodeReference } from '../../../crypto-wasm/copybook/reference.ts';
import { vectorsFolder } from '../../vectors.ts';
import { fromText, toHex } from '../bytes.ts';
import { type AcceptanceCase, readCobrixCases } from './acceptance-cases.ts';
import { parseLines } from './acceptance-compare.ts';
import { readLayoutCases, readSeparatedCases } from './acceptance-files.ts';
import { readEncodeCases, readInlineCases } from './acceptance-inline.ts';
import { kernels } from './implementations.ts';

const vectors = vectorsFolder();
const folder = vectors === undefined ? undefined : join(vectors, 'copybook');
const there = folder !== undefined && existsSync(folder) ? folder : undefined;
const cases =
  there === undefined
    ? []
    : [...readCobrixCases(there), ...readSeparatedCases(there), ...readInlineCases(there)];
const layoutCases = there === undefined ? [] : readLayoutCases(there);
const encodeCases = there === undefined ? [] : readEncodeCases(there);
const table: string[] = [];

interface Implementation {
  readonly name: string;
  decode(given: AcceptanceCase): Records | Refused;
}

const built = await kernels();
const implementations: Implementation[] = [
  ...built.map(({ name, kernel }) => ({
    name,
    decode: ({ specification, input }: AcceptanceCase) => kernel.decode(specification, input),
  })),
  { name: 'reference', decode: (given) => decodeByReference(built[0]?.kernel, given) },
];

/** The reference has no parser of its own. */
function decodeByReference(kernel: CopybookKernel | undefined, given: AcceptanceCase): Records | Refused {
  const answer = kernel?.layout(given.specification);
  if (answer === undefined) throw new Error('no build of the kernel runs here');
  if ('problem' in answer) return answer;
  return decodeReference(answer.layout, given.specification.options ?? {}, given.input);
}

describe.each(there === undefined ? [] : implementations)('$name', ({ name, decode }) => {
  test.for(cases)('$id', (given, context) => {
    if (given.skip !== undefined) {
      table.push(`skip  ${name}: ${given.id}: ${given.skip}`);
      console.log(`${given.id} is left out: ${given.skip}`);
      return context.skip(given.skip);
    }
    table.push(`FAIL  ${name}: ${given.id}`);
    const answer = decode(given);
    const problem = 'problem' in answer ? answer.problem : answer.stop;
    if (given.refuses !== undefined) {
      expect(problem?.message).toMatch(given.refuses);
    } else {
      expect(problem).toBeUndefined();
      const rows = 'output' in answer ? parseLines(new TextDecoder().decode(answer.output)) : [];
      expect(given.check(rows)).toBeUndefined();
    }
    table[table.length - 1] = `pass  ${name}: ${given.id}`;
  });
});

describe.each(there === undefined ? [] : built)('$name', ({ name, kernel }) => {
  test.for(layoutCases)('$id', ({ id, copybook, check }) => {
    table.push(`FAIL  ${name}: ${id}`);
    const answer = kernel.layout({ copybook });
    expect('problem' in answer ? answer.problem : undefined).toBeUndefined();
    if ('layout' in answer) expect(check(answer.layout)).toBeUndefined();
    table[table.length - 1] = `pass  ${name}: ${id}`;
  });

  test.for(encodeCases)('$id', ({ id, skip, specification, lines, expected }, context) => {
    if (skip !== undefined) {
      table.push(`skip  ${name}: ${id}: ${skip}`);
      console.log(`${id} is left out: ${skip}`);
      return context.skip(skip);
    }
    table.push(`FAIL  ${name}: ${id}`);
    const answer = kernel.encode(specification, fromText(lines));
    expect('problem' in answer ? answer.problem : answer.stop).toBeUndefined();
    if ('output' in answer) expect(toHex(answer.output)).toBe(expected);
    table[table.length - 1] = `pass  ${name}: ${id}`;
  });
});

test('there is acceptance data', (context) => {
  if (cases.length > 0) return;
  console.warn('\n!!! NO ACCEPTANCE DATA of copybooks: published records are NOT decoded in this run. !!!\n');
  context.skip('there is no acceptance data of copybooks');
});

afterAll(() => {
  if (table.length > 0) console.log(`acceptance data of copybooks\n${table.join('\n')}`);
});
