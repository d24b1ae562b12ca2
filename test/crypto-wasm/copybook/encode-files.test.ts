/** What is between the records of JSON that is encoded, and how records go into a file. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import { encodingOf, record } from './encoding.ts';
import { kernels } from './implementations.ts';

const utf8 = new TextEncoder();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each(await kernels())('$name', ({ kernel }) => {
  const { encode, bytes, problem, decode } = encodingOf(kernel);

  describe('what is between records', () => {
    const copybook = record('05 A PIC X');
    test.each([
      ['', '', 0],
      ['\n\n', '', 0],
      ['{"A":"x"}', 'a7', 1],
      ['{"A":"x"}\r\n\n{"A":"y"} \t\n', 'a7a8', 2],
      ['[]', '', 0],
      ['[{"A":"x"}]', 'a7', 1],
      [' [ {"A":"x"} ,\n{"A":"y"}\n] \n', 'a7a8', 2],
      ['{\n  "A":\n "x"\n}\n{}', 'a740', 2],
    ])('%j is taken', (json, written, count) => {
      const { output, records, consumed, stop } = encode(copybook, json);
      expect([hex(output), records, consumed, stop]).toEqual([written, count, json.length, undefined]);
    });
    test.each([
      '{"A":"x"}{"A":"y"}',
      '{"A":"x"},',
      '{"A":"x"} x',
      '[{"A":"x"}',
      '[{"A":"x"},]',
      '[{"A":"x"}]]',
      '[{"A":"x"}]{}',
      '[,]',
      '[{} {}]',
      ',{}',
      ']',
    ])('%j is not', (json) => {
      expect(problem(copybook, json).code).toBe('VALUE');
    });
    test.each([
      '{"A":"x"',
      '{"A":x}',
      '{"A":"x\u0001"}',
      '{"A":"\\x"}',
      '{"A":"\\u12g4"}',
      '{"A":"\\ud800"}',
      '{"A":"\\udc00"}',
      '{"A":"\\ud800\\u0041"}',
      '{A:"x"}',
      "{'A':'x'}",
      '{"A" "x"}',
      '{"A":}',
      '{"A":"x",}',
      '{,}',
      '{"A":nul}',
      '{"A":nulll}',
      '{"A":01}',
      '{"A":+1}',
      '"x"',
      'null',
      '1',
      '{"A":"x"}}',
    ])('%j is not JSON', (json) => {
      expect(problem(copybook, `${json}\n`).code).toBe('VALUE');
    });
    test('bytes that are not UTF-8 are refused', () => {
      for (const bad of ['80', 'c0af', 'c3', 'e08080', 'eda080', 'f0808080', 'f4908080', 'f5808080', 'ff']) {
        const json = Buffer.concat([Buffer.from('{"A":"'), Buffer.from(bad, 'hex'), Buffer.from('"}\n')]);
        const answer = kernel.encode({ copybook }, json);
        expect('stop' in answer ? answer.stop?.message : '', bad).toContain('not UTF-8');
      }
    });
    test('JSON that is nested without end is refused', () => {
      const view = record('05 A PIC X', '05 B REDEFINES A', '10 C PIC X');
      const deep = `{"A":"x","B":${'['.repeat(100_000)}`;
      expect(problem(view, `${deep}\n`).message).toContain('levels');
    });
  });

  test('JSON that ends anywhere is left for the next call, or refused at the end', () => {
    const copybook = record(
      '05 A PIC X(3)',
      '05 N PIC S9(3)V9 COMP-3',
      '05 T OCCURS 2',
      '10 U PIC X(2)',
      '10 P COMP-1',
      '05 B PIC N(1) NATIONAL',
    );
    const json =
      '{"A":"x\\u00e9\u00df","N":-12.5,"T":[{"U":{"raw":"0102"},"P":1.5e1},{"U":null,"P":2}],"B":"\u6f22"}';
    const whole = bytes(copybook, json);
    const text = utf8.encode(json);
    for (let length = 1; length < text.length; length++) {
      for (const before of ['', '{}\n', '[{},', '[\n']) {
        const input = Buffer.concat([Buffer.from(before), text.subarray(0, length)]);
        const count = before.includes('}') ? 1 : 0;
        const open = kernel.encode({ copybook }, input, { isEnd: false });
        if ('problem' in open) throw new Error('refused');
        expect([open.stop, open.records], `${length}${before}`).toEqual([undefined, count]);
        expect(open.consumed).toBeLessThanOrEqual(before.length);
        const ended = kernel.encode({ copybook }, input);
        expect('stop' in ended ? [ended.stop?.code, ended.records] : []).toEqual(['VALUE', count]);
      }
    }
    // And the next call goes on where the last one stopped.
    for (const [begin, end] of [
      ['', '\n'],
      ['[', ']'],
    ] as const) {
      const all = Buffer.from(`${begin}${json}${begin === '' ? '\n' : ','}${json}${end}`);
      for (let cut = 1; cut < all.length; cut += 7) {
        const first = kernel.encode({ copybook }, all.subarray(0, cut), { isEnd: false });
        if ('problem' in first) throw new Error('refused');
        const rest = kernel.encode({ copybook }, all.subarray(first.consumed), {
          isContinued: first.records > 0,
        });
        if ('problem' in rest) throw new Error('refused');
        expect(hex(first.output) + hex(rest.output), `${begin} ${cut}`).toBe(whole + whole);
      }
    }
  });

  describe('files', () => {
    const copybook = record('05 A PIC X(2)');
    const lines = '{"A":"ab"}\n{"A":"cd"}\n{"A":"ef"}\n';
    test.each<[CopybookOptions, string]>([
      [{ recordFormat: 'F' }, '8182 8384 8586'],
      [{ recordFormat: 'FB' }, '8182 8384 8586'],
      [{ recordStart: 1, recordEnd: 2 }, '0081820000 0083840000 0085860000'],
      [{ recordLength: 4 }, '81820000 83840000 85860000'],
      [{ recordFormat: 'V' }, '00060000 8182 00060000 8384 00060000 8586'],
      [
        { recordFormat: 'V', rdw: { endian: 'little', includesItself: false } },
        '00000200 8182 00000200 8384 00000200 8586',
      ],
      [{ recordFormat: 'V', rdw: { adjustment: -1 } }, '00070000 8182 00070000 8384 00070000 8586'],
      [{ recordFormat: 'VB' }, '00160000 00060000 8182 00060000 8384 00060000 8586'],
      [
        { recordFormat: 'VB', blockLength: 16 },
        '00100000 00060000 8182 00060000 8384 000a0000 00060000 8586',
      ],
      [
        { recordFormat: 'VB', blockLength: 17, bdw: { includesItself: false } },
        '000c0000 00060000 8182 00060000 8384 00060000 00060000 8586',
      ],
      [
        { recordFormat: 'VBS', blockLength: 9 },
        '00090000 00050100 81 00090000 00050200 82 00090000 00050100 83 00090000 00050200 84 00090000 00050100 85 00090000 00050200 86',
      ],
      [
        { recordFormat: 'VBS', blockLength: 15 },
        '000f0000 00060000 8182 00050100 83 000f0000 00050200 84 00060000 8586',
      ],
      [{ recordFormat: 'VBS' }, '00160000 00060000 8182 00060000 8384 00060000 8586'],
      [{ recordFormat: 'text' }, '818215 838415 858615'],
      [{ recordFormat: 'text', codePage: 'ascii' }, '61620a 63640a 65660a'],
    ])('%j', (options, written) => {
      const file = bytes(copybook, lines, options);
      expect(file).toBe(written.replaceAll(' ', ''));
      expect(decode(copybook, Buffer.from(file, 'hex'), options)).toBe(lines);
    });

    test('what a format cannot hold is refused', () => {
      const wide = record('05 A PIC X(40000)', '05 B PIC X(30000)');
      expect(problem(wide, '{}', { recordFormat: 'V' }).message).toContain('length word');
      expect(problem(wide, '{}', { recordFormat: 'VB' }).message).toContain('too many for blocks');
      expect(problem(copybook, '{"A":"ab"}', { recordLength: 1 }).message).toContain('recordLength says 1');
      expect(problem(copybook, '{"A":{"raw":"8115"}}', { recordFormat: 'text' }).message).toContain(
        'newline',
      );
    });

    test('records of a length that they say themselves', () => {
      const sized = record('05 L PIC 9(2)', '05 A PIC X(2)', '05 B PIC X(2)');
      const options: CopybookOptions = { recordFormat: 'D', recordLengthField: 'L' };
      expect(bytes(sized, '{"A":"ab","B":"cd"}', options)).toBe('f0f681828384');
      expect(bytes(sized, '{"L":4,"A":"ab"}', options)).toBe('f0f48182');
      expect(problem(sized, '{"L":4,"B":"ab"}', options)).toMatchObject({ field: 'R.L' });
      const mapped: CopybookOptions = { ...options, recordLengthMap: { '01': 4, '02': 6 } };
      expect(bytes(sized, '{"L":1,"A":"ab"}\n{"L":2,"A":"ab","B":"cd"}', mapped)).toBe(
        'f0f18182f0f281828384',
      );
      expect(problem(sized, '{"L":3}', mapped)).toMatchObject({ field: 'R.L' });
    });

    test('spanned records of any length and block come back', () => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 }),
          fc.integer({ min: 9, max: 80 }),
          fc.constantFrom('VBS' as const, 'VB' as const, 'V' as const),
          (lengths, blockLength, recordFormat) => {
            const table = record('05 N PIC 9(2)', '05 T PIC X(1) OCCURS 0 TO 60 DEPENDING ON N');
            const json = lengths.map((N) => `${JSON.stringify({ N, T: Array(N).fill('q') })}\n`).join('');
            const options: CopybookOptions = {
              recordFormat,
              blockLength: recordFormat === 'VB' ? 100 : blockLength,
            };
            expect(decode(table, Buffer.from(bytes(table, json, options), 'hex'), options)).toBe(json);
          },
        ),
        { numRuns: 300 },
      );
    });
  });

  test('a full answer says where the next call goes on', () => {
    const copybook = record('05 A PIC X(30000)');
    const json = '{"A":"x"}\n'.repeat(1_000);
    const first = encode(copybook, json);
    expect(first.records).toBe(Math.floor((14 * 1024 * 1024 - 74) / 30_000));
    expect(first.output.length).toBe(first.records * 30_000);
    expect(first.consumed).toBe(first.records * 10);
  });

  test('what is not JSON, or no record, leaves the kernel as it was', () => {
    const copybook = record(
      '05 A PIC X(3)',
      '05 B REDEFINES A PIC 9(3)',
      '05 N PIC 9(1)',
      '05 T OCCURS 0 TO 3 DEPENDING ON N',
      '10 U PIC X(2)',
      '10 P COMP-1',
      '05 E PIC ZZ9',
    );
    const good = '{"A":"abc","N":1,"T":[{"U":"xy","P":1.5}],"B":123,"E":7}\n';
    const expected = bytes(copybook, good, { recordFormat: 'V' });
    const piece = fc.constantFrom(
      ...'{}[],:"\\\n 0123456789.eE-+',
      '"A":',
      '"T":',
      '"U":',
      'null',
      '{"raw":"',
      '\\u00',
      '\u6f22',
      good,
    );
    const runs = process.env.HOTCELL_FUZZ === '1' ? 50_000 : 2_000;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join(''))),
          fc
            .tuple(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 4 }), fc.nat(4))
            .map(([at, inserted, removed]) =>
              Buffer.concat([
                Buffer.from(good.slice(0, at)),
                inserted,
                Buffer.from(good.slice(at + removed)),
              ]),
            ),
        ),
        fc.boolean(),
        (input, isEnd) => {
          const answer = kernel.encode({ copybook, options: { recordFormat: 'V' } }, input, { isEnd });
          if ('problem' in answer) throw new Error(JSON.stringify(answer.problem));
          expect(answer.consumed).toBeLessThanOrEqual(input.length);
          if (answer.stop !== undefined) expect(answer.stop.code).toBe('VALUE');
        },
      ),
      { numRuns: runs },
    );
    expect(bytes(copybook, good, { recordFormat: 'V' })).toBe(expected);
  }, 600_000);

  test('a compiler for ASCII reads the signs that it writes itself, and no sign is read for another', () => {
    const copybook = record('05 A PIC S9(3)', '05 B PIC S9(2)V9 SIGN LEADING', '05 C PIC S9(2)');
    const json = '{"A":-120,"B":-4.5,"C":7}';
    const text = (options: CopybookOptions): string =>
      Buffer.from(bytes(copybook, json, { codePage: 'ascii', ...options }), 'hex').toString();
    expect(text({})).toBe('12}}450G');
    expect(text({ asciiSigns: 'ascii' })).toBe('12pp4507');
    for (const asciiSigns of ['ebcdic', 'ascii'] as const) {
      for (const records of ['12}}450G', '12pp4507']) {
        const options = { codePage: 'ascii', asciiSigns };
        const answer = kernel.decode({ copybook, options }, Buffer.from(records));
        expect('output' in answer && Buffer.from(answer.output).toString()).toBe(`${json}\n`);
      }
    }
    // Of EBCDIC it says nothing.
    expect(bytes(copybook, json, { asciiSigns: 'ascii' })).toBe(bytes(copybook, json));
  });

  test('groups may be texts, unless tables of changing length are in them', () => {
    const copybook = record('05 A', '10 N PIC 9(1)', '10 X PIC X(2)', '05 Z PIC X(1)');
    expect(bytes(copybook, '{"A":"1ab","Z":"z"}', { groupsAsText: ['A'] })).toBe('f18182a9');
    expect(problem(copybook, '{"A":"1abc"}', { groupsAsText: ['A'] })).toMatchObject({ field: 'R.A' });
    for (const table of [
      '10 T PIC X(1) OCCURS 0 TO 2 DEPENDING ON N',
      '05 T PIC X(1) OCCURS 0 TO 2 DEPENDING ON N',
    ]) {
      const counted = record('05 A', '10 N PIC 9(1)', table);
      const answer = kernel.encode(
        { copybook: counted, options: { groupsAsText: ['A'] } },
        utf8.encode('{}'),
      );
      expect('problem' in answer ? answer.problem : {}).toMatchObject({ code: 'LIMIT' });
    }
  });

  test('copybooks that cannot be encoded say so, and still decode', () => {
    const several = '       01 A PIC X(2).\n       01 B PIC X(2).';
    const answer = kernel.encode({ copybook: several }, utf8.encode('{}'));
    expect('problem' in answer ? answer.problem.message : '').toContain('keepRoot');
    expect(bytes(several, '{"A":"xy","B":null}', { keepRoot: true })).toBe('a7a8');
    const huge = record('05 A PIC X(9000000)');
    const refused = kernel.encode({ copybook: huge, options: { recordFormat: 'V' } }, utf8.encode('{}'));
    expect('problem' in refused ? refused.problem.code : '').toBe('LIMIT');
  });
});
