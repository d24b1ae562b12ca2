/** An answer holds 14 MiB: what does not fit comes with the next call, and a row that never fits is said to be so. */

import { describe, expect, test } from 'vitest';
import type { CopybookKernel, CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import { kernels } from './implementations.ts';
import { writeV, writeVB } from './record-files.ts';

const OUTPUT_MAX_BYTES = 14 * 1024 * 1024;
/** A byte of input becomes about twenty of output. */
const WIDE = [
  '01 R.',
  '   05 K PIC X(1).',
  '   05 A-TABLE-OF-SMALL-THINGS OCCURS 99.',
  '      10 THING-WITH-A-LONG-NAME PIC 9(1).',
]
  .map((line) => `       ${line}\n`)
  .join('');
const RECORD = Buffer.from(`C${'7'.repeat(99)}`);

/** Every call until all is consumed. */
function decodeAll(kernel: CopybookKernel, options: CopybookOptions, bytes: Uint8Array) {
  const outputs: Uint8Array[] = [];
  let at = 0;
  let flags = 0;
  let rows = 0;
  while (at < bytes.length) {
    const answer = kernel.decode({ copybook: WIDE, options }, bytes.subarray(at), {
      flags,
      firstRecord: BigInt(rows),
      isContinued: at > 0,
    });
    if ('problem' in answer) throw new Error(answer.problem.message);
    expect(answer.stop).toBeUndefined();
    expect(answer.output.length).toBeLessThanOrEqual(OUTPUT_MAX_BYTES);
    expect(answer.consumed).toBeGreaterThan(0);
    outputs.push(answer.output);
    at += answer.consumed;
    flags = answer.resume;
    rows += answer.records;
  }
  return { text: Buffer.concat(outputs).toString(), calls: outputs.length, rows };
}

describe.each(await kernels())('$name', ({ kernel }) => {
  const many = Array.from({ length: 12_000 }, () => RECORD);
  const base = { codePage: 'ascii' } as const;

  test.each([
    ['V', writeV(many, {})],
    ['VB', writeVB(many, {}, {}, 300)],
  ] as const)('%s: rows go on where the answer was full, within a block too', (recordFormat, bytes) => {
    const { text, calls, rows } = decodeAll(kernel, { ...base, recordFormat, recordIds: true }, bytes);
    expect(calls).toBeGreaterThan(2);
    expect(rows).toBe(many.length);
    const ids = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).Record_Id);
    expect(ids).toEqual(many.map((_, i) => i));
  });

  test('csv goes on without a second line of names', () => {
    const { text, calls } = decodeAll(
      kernel,
      { ...base, output: 'csv' },
      Buffer.concat([...many, ...many, ...many]),
    );
    expect(calls).toBeGreaterThan(1);
    const lines = text.split(/\r?\n/).slice(0, -1);
    expect(lines).toHaveLength(1 + 3 * many.length);
    expect(lines.filter((line) => line.startsWith('K,'))).toHaveLength(1);
  });

  test('where rows need their root, the answer ends before one', () => {
    const payloads = many.map((record, i) => (i % 10 === 0 ? record : Buffer.from(`P${'1'.repeat(99)}`)));
    const options = {
      ...base,
      recordFormat: 'V',
      recordIds: true,
      segmentField: 'K',
      segmentIdLevels: [['C'], ['P']],
      segmentIdPrefix: 'A',
    } as const;
    const { text, rows } = decodeAll(kernel, options, writeV(payloads, {}));
    expect(rows).toBe(payloads.length);
    const lines = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.Seg_Id0)).toEqual(payloads.map((_, i) => `A_0_${i - (i % 10)}`));
    expect(lines.map((line) => line.Seg_Id1)).toEqual(
      payloads.map((_, i) => (i % 10 === 0 ? null : `A_0_${i - (i % 10)}_L1_${i % 10}`)),
    );
  });

  test('a root with more below it than an answer holds is a problem', () => {
    const payloads = many.map((record, i) => (i === 0 ? record : Buffer.from(`P${'1'.repeat(99)}`)));
    const options = {
      ...base,
      recordFormat: 'V',
      segmentField: 'K',
      segmentIdLevels: [['C'], ['P']],
    } as const;
    const answer = kernel.decode({ copybook: WIDE, options }, writeV(payloads, {}));
    expect(answer).toMatchObject({ consumed: 0, rows: 0, stop: { code: 'LIMIT' } });
  });

  test('a record that becomes more than an answer holds is a problem with its place', () => {
    const copybook = WIDE.replace('OCCURS 99', 'OCCURS 600000');
    const bytes = Buffer.alloc(600_001, 0x37);
    const answer = kernel.decode({ copybook, options: base }, bytes);
    const problem = 'problem' in answer ? answer.problem : answer.stop;
    expect(problem).toMatchObject({ code: 'LIMIT' });
    expect(kernel.decode({ copybook: WIDE, options: base }, RECORD)).toMatchObject({
      rows: 1,
      stop: undefined,
    });
  });
});
