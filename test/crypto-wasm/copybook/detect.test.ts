/** What a file is, from its beginning: every kind that we write is named, and what holds is said with numbers. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type {
  CopybookKernel,
  CopybookOptions,
  Detection,
  Piece,
} from '../../../crypto-wasm/copybook/face.ts';
import { vectorsFolder } from '../../vectors.ts';
import { createRandom } from '../random.ts';
import { kernels } from './implementations.ts';
import { filesOfEveryFormat, textPayload, writeV, writeVB } from './record-files.ts';

const COPYBOOK = '       01 R.\n          05 A PIC X(40).\n';

function detect(kernel: CopybookKernel, copybook: string, bytes: Uint8Array, piece?: Piece): Detection {
  const answer = kernel.detect({ copybook }, bytes, piece);
  if ('problem' in answer) throw new Error(answer.problem.message);
  return answer.detection;
}

/** Without what the flavour has by default. */
function flavour(options: Pick<CopybookOptions, 'recordFormat' | 'rdw' | 'bdw'>) {
  const word = { endian: 'big', includesItself: true };
  const { recordFormat } = options;
  const hasWords = recordFormat === 'V' || recordFormat === 'VB' || recordFormat === 'VBS';
  const rdw = { ...word, ...options.rdw };
  const bdw = { ...word, ...options.bdw };
  return {
    recordFormat: recordFormat === 'FB' ? 'F' : recordFormat,
    rdw: hasWords ? [rdw.endian, rdw.includesItself] : recordFormat === 'prefix' ? [rdw.endian] : [],
    bdw: hasWords && recordFormat !== 'V' ? [bdw.endian, bdw.includesItself] : [],
  };
}

describe.each(await kernels())('$name', ({ kernel }) => {
  // Words that say something else than their length cannot be told from data.
  const files = filesOfEveryFormat(createRandom(31), 40, 40).filter(
    ({ options }) => !options.rdw?.adjustment && !options.bdw?.adjustment,
  );

  test.each(files)('$name is what it is', ({ bytes, options }) => {
    const found = detect(kernel, COPYBOOK, bytes);
    expect(flavour(found)).toEqual(flavour(options));
    expect(found.codePage).toBe(options.codePage ?? 'cp037');
    expect(found.confidence).toBeGreaterThan(0.85);
    expect(found.confidence).toBeLessThanOrEqual(1);
    expect(found.why.join()).toMatch(/\d/);
    for (const { confidence } of found.alternatives as Detection[])
      expect(confidence).toBeLessThan(found.confidence);
  });

  test('options of the answer can be used as they are', () => {
    for (const { bytes, payloads } of files) {
      const { confidence: _, why: __, alternatives: ___, ...options } = detect(kernel, COPYBOOK, bytes);
      const answer = kernel.decode({ copybook: COPYBOOK, options: options as CopybookOptions }, bytes);
      expect(answer).toMatchObject({ rows: payloads.length, stop: undefined });
    }
  });

  test('the beginning of a file is enough', () => {
    const random = createRandom(8);
    const payloads = Array.from({ length: 60_000 }, () => textPayload(random, 20 + random.below(20)));
    const bytes = writeVB(payloads, {}, {}, 100);
    expect(bytes.length).toBeGreaterThan(1 << 20);
    expect(detect(kernel, COPYBOOK, bytes)).toMatchObject({ recordFormat: 'VB' });
    expect(detect(kernel, COPYBOOK, bytes.subarray(0, 5_003), { isEnd: false })).toMatchObject({
      recordFormat: 'VB',
    });
  });

  test('a few bytes, none, and noise have an answer of little confidence', () => {
    expect(detect(kernel, COPYBOOK, new Uint8Array(0)).confidence).toBe(0);
    expect(detect(kernel, COPYBOOK, Uint8Array.of(1, 2, 3)).confidence).toBeLessThan(0.3);
    expect(detect(kernel, COPYBOOK, createRandom(4).bytes(999)).confidence).toBeLessThan(0.3);
  });

  test('fixed records with numbers are known by their digits', () => {
    const copybook = ['01 R.', '   05 A PIC X(5).', '   05 N PIC 9(4).', '   05 P PIC S9(5) COMP-3.']
      .map((line) => `       ${line}\n`)
      .join('');
    const bytes = Buffer.from('c1c2c3c4c5f0f0f1f212345c'.repeat(30), 'hex');
    const right = detect(kernel, copybook, bytes);
    expect(right).toMatchObject({ recordFormat: 'F', confidence: 0.9 });
    const shifted = detect(kernel, copybook, bytes.subarray(5, 5 + 12 * 29));
    expect(shifted.confidence).toBeLessThan(0.75);
    expect(detect(kernel, copybook, bytes.subarray(5)).why.join()).toContain('7 bytes are left over');
  });

  test('one record alone is a guess, and says so', () => {
    const bytes = writeV([textPayload(createRandom(1), 30)], {});
    const found = detect(kernel, COPYBOOK, bytes);
    expect(found).toMatchObject({ recordFormat: 'V', confidence: 0.5 });
  });

  const folder = vectorsFolder();
  if (folder === undefined) console.warn('published files: not tested, there is no acceptance data');
  test.skipIf(folder === undefined).each([
    ['cobrix/test4_data/COMP.DETAILS.SEP30.DATA.dat', 64, 'V', ['little', false], 'ascii'],
    ['cobrix/test5_data/COMP.DETAILS.SEP30.DATA.dat', 64, 'V', ['little', false], 'cp037'],
    ['aws-mdu/sample-data/COBVBFM2.EBCDIC.txt', 200, 'V', ['big', true], 'cp037'],
    ['jrecord/DTAR020.bin', 27, 'F', [], 'cp037'],
    ['cobrix/test1_data/example.bin', 2202, 'F', [], 'cp037'],
    ['cobrix/test3_data/TRAN2.AUG31.DATA.dat', 45, 'F', [], 'cp037'],
    ['aws-mdu/sample-data/CLIENT.EBCDIC.txt', 500, 'F', [], 'cp037'],
  ] as const)('published: %s', (path, length, recordFormat, rdw, codePage) => {
    const copybook = `       01 R.\n          05 A PIC X(${length}).\n`;
    const found = detect(kernel, copybook, readFileSync(join(folder as string, 'copybook', path)));
    expect(flavour(found)).toMatchObject({ recordFormat, rdw });
    expect(found.codePage).toBe(codePage);
  });
});
