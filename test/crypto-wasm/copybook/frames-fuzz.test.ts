/**
 * Files that are noise, or right ones with bits turned: every operation answers or says what is wrong, nothing traps,
 * and the instance decodes a right file as before.
 *
 * 2,000 files in a usual run, 50,000 with HOTCELL_FUZZ=1.
 */

import { describe, expect, test } from 'vitest';
import type { CopybookKernel, CopybookOptions, Specification } from '../../../crypto-wasm/copybook/face.ts';
import { createRandom, type Random, seedFromEnvironment } from '../random.ts';
import { kernels } from './implementations.ts';
import { filesOfEveryFormat } from './record-files.ts';

const FILES = process.env.HOTCELL_FUZZ === undefined ? 2_000 : 50_000;
const COPYBOOK = [
  '01 R.',
  '   05 K PIC X(1).',
  '   05 N PIC 9(1).',
  '   05 T PIC X(2) OCCURS 0 TO 9 DEPENDING ON N.',
  '   05 G PIC X(3).',
  '   05 H REDEFINES G PIC S9(5) COMP-3.',
]
  .map((line) => `       ${line}\n`)
  .join('');

const EXTRAS: readonly CopybookOptions[] = [
  { recordIds: true },
  { output: 'csv', invalid: 'null' },
  { output: 'columns', invalid: 'null' },
  { output: 'json', segmentField: 'K', segmentFilter: ['A', 'B'] },
  {
    segmentField: 'K',
    segmentIdLevels: [
      ['A', 'B', 'C'],
      ['D', 'E'],
    ],
  },
  { segmentField: 'K', redefineSegments: { G: ['A', 'B'], H: ['C', 'D'] }, segmentChildren: { G: ['H'] } },
  { recordMin: 3, recordStart: 1, recordEnd: 1, invalid: 'raw' },
];

function noisy(random: Random, bytes: Uint8Array): Uint8Array {
  if (random.below(5) === 0) return random.bytes(random.below(300));
  const turned = Uint8Array.from(bytes);
  for (let n = 1 + random.below(4); n > 0 && turned.length > 0; n--) {
    const at = random.below(turned.length);
    turned[at] = (turned[at] as number) ^ (1 << random.below(8));
  }
  return turned.subarray(0, random.below(4) === 0 ? random.below(turned.length + 1) : turned.length);
}

function runAll(
  kernel: CopybookKernel,
  specification: Specification,
  bytes: Uint8Array,
  flags: number,
  isEnd: boolean,
): void {
  const piece = { flags, isEnd };
  const decoded = kernel.decode(specification, bytes, piece);
  if (!('problem' in decoded)) {
    expect(decoded.consumed).toBeLessThanOrEqual(bytes.length);
    expect(decoded.rows).toBeLessThanOrEqual(decoded.records + 1);
    if (specification.options?.output === undefined) {
      for (const line of Buffer.from(decoded.output).toString().split('\n').slice(0, -1)) JSON.parse(line);
    }
  }
  const cut = kernel.cut(specification, bytes, 1 + (bytes.length >> 2), piece);
  if (!('problem' in cut)) {
    let before = 0;
    for (const { end } of cut.cuts) {
      expect(end).toBeGreaterThan(before);
      before = end;
    }
    expect(before).toBeLessThanOrEqual(bytes.length);
  }
  const detected = kernel.detect(specification, bytes, { isEnd });
  if (!('problem' in detected)) expect(detected.detection.confidence).toBeLessThanOrEqual(1);
}

describe.each(await kernels())('$name', ({ kernel }) => {
  test(`${FILES} broken files leave an instance that decodes`, () => {
    const seed = seedFromEnvironment();
    const random = createRandom(seed);
    let formats = filesOfEveryFormat(random, 8, 25);
    const right: Specification = { copybook: '       01 R.\n          05 A PIC X(2).\n' };
    for (let i = 0; i < FILES; i++) {
      if (i % 500 === 0) formats = filesOfEveryFormat(random, 1 + random.below(12), 9 + random.below(40));
      const file = random.oneOf(formats);
      const options = { ...file.options, ...random.oneOf(EXTRAS) };
      const flags = random.below(4) === 0 ? (random.below(64) << 8) | (random.below(2) << 2) : 0;
      const bytes = noisy(random, file.bytes);
      try {
        runAll(kernel, { copybook: COPYBOOK, options }, bytes, flags, random.below(2) === 0);
      } catch (error) {
        throw new Error(
          `HOTCELL_SEED=${seed}, file ${i}: ${JSON.stringify(options)} ${Buffer.from(bytes).toString('hex')}`,
          { cause: error },
        );
      }
      const answer = kernel.decode(right, Uint8Array.of(0xc1, 0xc2));
      expect('output' in answer && Buffer.from(answer.output).toString()).toBe('{"A":"AB"}\n');
    }
  }, 600_000);
});
