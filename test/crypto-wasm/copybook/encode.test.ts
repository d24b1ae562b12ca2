/**
 * What encoding refuses and why, how tables, views and null are written, what is between records, and how records go
 * into a file.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookOptions, Piece, Problem, Records } from '../../../crypto-wasm/copybook/face.ts';
import { textOf } from './encode-fields.ts';
import { kernels } from './implementations.ts';

const utf8 = new TextEncoder();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const record = (...lines: readonly string[]): string =>
  ['       01 R.', ...lines.map((line) => `       ${line}.`)].join('\n');

describe.each(await kernels())('$name', ({ kernel }) => {
  const encode = (copybook: string, json: string, options: CopybookOptions = {}, piece?: Piece): Records => {
    const answer = kernel.encode({ copybook, options }, utf8.encode(json), piece);
    if ('problem' in answer) throw new Error(JSON.stringify(answer.problem));
    return answer;
  };
  const bytes = (copybook: string, json: string, options: CopybookOptions = {}): string => {
    const { output, stop } = encode(copybook, json, options);
    if (stop !== undefined) throw new Error(JSON.stringify(stop));
    return hex(output);
  };
  const problem = (copybook: string, json: string, options: CopybookOptions = {}): Problem => {
    const { stop, output } = encode(copybook, json, options);
    if (stop === undefined) throw new Error(`it was taken: ${hex(output)}`);
    return stop;
  };
  const decode = (copybook: string, input: Uint8Array, options: CopybookOptions = {}): string => {
    const answer = kernel.decode({ copybook, options }, input);
    if ('problem' in answer || answer.stop !== undefined) throw new Error(JSON.stringify(answer));
    return Buffer.from(answer.output).toString();
  };

  describe('values that do not fit', () => {
    test.each([
      ['PIC X(3)', '"ABCD"', 'too long'],
      ['PIC X(3)', '"  AB"', 'too long'],
      ['PIC X(3)', '12', 'a string is needed'],
      ['PIC X(3)', 'true', 'a string is needed'],
      ['PIC X(3)', '["A"]', 'a string is needed'],
      ['PIC X(3)', '{"x":1}', 'an object is not a value'],
      ['PIC X(3)', '{"raw":"c1c2"}', '6 hexadecimal digits'],
      ['PIC X(3)', '{"raw":"c1c2c3c4"}', '6 hexadecimal digits'],
      ['PIC X(3)', '{"raw":"c1c2cg"}', '6 hexadecimal digits'],
      ['PIC X(3)', '"\u6f22"', 'does not have U+6F22'],
      ['PIC X(3)', '"\\ud83d\\ude00"', 'does not have U+1F600'],
      ['PIC X(3) JUSTIFIED', '"ABCD"', 'too long'],
      ['PIC N(2) NATIONAL', '"ABC"', '2 characters of UTF-16'],
      ['PIC N(1) NATIONAL', '"\u{1f600}"', '1 characters of UTF-16'],
      ['USAGE POINTER', '"0102"', '8 hexadecimal digits'],
      ['PIC 9(3)', '1000', 'too large for the picture 9(3)'],
      ['PIC 9(3)', '-1', 'has no sign'],
      ['PIC 9(3)', '1.5', 'more than 0 decimal places'],
      ['PIC 9(3)', '"12a"', 'a number is needed'],
      ['PIC 9(3)', '""', 'a number is needed'],
      ['PIC 9(3)', '" 1"', 'a number is needed'],
      ['PIC 9(3)', 'true', 'a number is needed'],
      ['PIC 9(3)', '[1]', 'a number is needed'],
      ['PIC 9(3)', '1e3', 'too large'],
      ['PIC 9(3)', '1e-1', 'decimal places'],
      ['PIC 9(3)', '1e999999999', 'too large'],
      ['PIC S9(3)V9(2) COMP-3', '1000', 'too large'],
      ['PIC S9(3)V9(2) COMP-3', '1.234', 'more than 2 decimal places'],
      ['PIC 9(3) COMP-3', '-5', 'has no sign'],
      ['PIC 9(3)PP', '123', 'not a multiple of 100'],
      ['PIC 9(4) COMP', '65536', 'too large'],
      ['PIC S9(4) COMP', '32768', 'too large'],
      ['PIC S9(4) COMP', '-32769', 'too large'],
      ['PIC S9(18) COMP', '9223372036854775808', 'too large'],
      ['PIC 9(18) COMP', '18446744073709551616', 'too large'],
      ['COMP-1', '1e76', 'too large'],
      ['COMP-2', '1e-99', 'too near to zero'],
      ['COMP-2', '"x"', 'a number is needed'],
      ['PIC ZZ9', '1000', 'too large'],
      ['PIC ZZ9', '-1', 'has no sign'],
      ['PIC ZZ9.9', '1.23', 'more than 1 decimal place'],
      ['PIC X OCCURS 2', '["A"]', 'has 1 elements, and the table has exactly 2'],
      ['PIC X OCCURS 2', '["A","B","C"]', 'more than 2 elements'],
      ['PIC X OCCURS 2', '"AB"', 'an array is needed'],
    ])('%s refuses %s', (clause, value, reason) => {
      const json = `{"A":"x"}\n{"A":"x","F":${value}}\n`;
      const found = problem(record('05 A PIC X', `05 F ${clause}`), json);
      expect(found).toMatchObject({ code: 'VALUE', record: 1, field: 'R.F' });
      expect(found.message).toContain(reason);
      expect(found.offset).toBeGreaterThanOrEqual(10);
    });

    test('a binary beyond its digits is refused where the options say so', () => {
      const copybook = record('05 F PIC S9(4) COMP', '05 G PIC S9(4) COMP-5');
      expect(bytes(copybook, '{"F":9999,"G":32767}', { truncateBinary: true })).toBe('270f7fff');
      expect(bytes(copybook, '{"F":-32768,"G":10000}')).toBe('80002710');
      expect(problem(copybook, '{"F":10000}', { truncateBinary: true }).message).toContain('too large');
    });

    test('members that are not there, twice there or not objects', () => {
      const copybook = record('05 A PIC X', '05 G', '10 B PIC X');
      expect(problem(copybook, '{"Z":1}').message).toContain('no such member: "Z"');
      expect(problem(copybook, '{"A":"x","G":{"A":"x"}}')).toMatchObject({ field: 'R.G' });
      expect(problem(copybook, '{"A":"x","A":"y"}')).toMatchObject({ field: 'R.A' });
      expect(problem(copybook, '{"A":"x","G":{},"A":"y"}').message).toContain('twice');
      expect(problem(copybook, '{"G":[]}').message).toContain('an object is needed');
      expect(problem(copybook, '{"G":"x"}').message).toContain('an object is needed');
      expect(problem(copybook, '[["x"]]').message).toContain('an object is needed');
    });

    test('what was written before a wrong record is given, and the others are not', () => {
      const copybook = record('05 A PIC X');
      const { output, records, rows, consumed, stop } = encode(
        copybook,
        '{"A":"x"}\n{"A":"y"}\n{"A":1}\n{"A":"z"}\n',
        {},
        { firstRecord: 100n, offset: 1_000n },
      );
      expect([hex(output), records, rows, consumed]).toEqual(['a7a8', 2, 2, 20]);
      expect(stop).toMatchObject({ code: 'VALUE', record: 102, offset: 1_025, field: 'R.A' });
    });
  });

  test('numbers are taken in every exact form', () => {
    const copybook = record('05 F PIC S9(4)V99 COMP-3');
    for (const form of [
      '12.5',
      '12.50',
      '"12.5"',
      '"+12.5"',
      '"0012.500"',
      '1.25e1',
      '125E-1',
      '"1250e-2"',
      '12.5000000000000000000000',
    ]) {
      expect(bytes(copybook, `{"F":${form}}`), form).toBe('0001250c');
    }
    expect(bytes(copybook, '{"F":-0}')).toBe('0000000c');
    expect(bytes(copybook, '{"F":-0.00}')).toBe('0000000c');
    expect(bytes(copybook, `{"F":0.${'0'.repeat(900)}}`)).toBe('0000000c');
    expect(bytes(copybook, `{"F":"${'0'.repeat(900)}7"}`)).toBe('0000700c');
    expect(bytes(record('05 F PIC 9(3)PP'), '{"F":12300}')).toBe('f1f2f3');
    expect(bytes(record('05 F PIC VPP9(3)'), '{"F":0.00123}')).toBe('f1f2f3');
    expect(bytes(record('05 F PIC S9(31) COMP-3'), '{"F":"-1234567890123456789012345678901"}')).toBe(
      '1234567890123456789012345678901d',
    );
  });

  test('signs over digits in ASCII are the letters of converted files', () => {
    const copybook = record(
      '05 F PIC S9(3)',
      '05 G PIC S9(3) SIGN LEADING',
      '05 H PIC S9(2) SIGN TRAILING SEPARATE',
    );
    const text = (json: string): string =>
      Buffer.from(bytes(copybook, json, { codePage: 'ascii' }), 'hex').toString();
    expect(text('{"F":120,"G":-123,"H":-12}')).toBe('12{J2312-');
    expect(text('{"F":-120,"G":123,"H":12}')).toBe('12}A2312+');
  });

  test('spaces that do not fit are cut, other characters are not', () => {
    expect(bytes(record('05 F PIC X(2)'), '{"F":"AB        "}')).toBe('c1c2');
    expect(bytes(record('05 F PIC X(2) JUSTIFIED'), '{"F":"     AB"}')).toBe('c1c2');
    expect(bytes(record('05 F PIC X(4) JUSTIFIED'), '{"F":"AB"}')).toBe('4040c1c2');
    expect(bytes(record('05 F PIC N(2) NATIONAL'), '{"F":"A   "}')).toBe('00410020');
  });

  test('texts fill every length up to their end and not beyond', () => {
    for (let length = 1; length <= 70; length++) {
      const copybook = record('05 A PIC X(3)', `05 F PIC X(${length})`, '05 Z PIC X(3)');
      for (const filled of new Set([0, 1, length >> 1, length - 1, length])) {
        const value = 'Abc-123 '.repeat(10).slice(0, filled);
        // The field comes last in the JSON: what stands around it must stay.
        const written = bytes(copybook, JSON.stringify({ Z: 'END', A: 'BEG', F: value }));
        expect(textOf(Buffer.from(written, 'hex')), `${length} ${filled}`).toBe(
          `BEG${value.padEnd(length)}END`,
        );
      }
    }
  });

  test('null and absent members are blanks, and VALUE clauses play no part', () => {
    const copybook = record(
      '05 A PIC X(2) VALUE "AB"',
      '05 B PIC 9(2) VALUE 12',
      '05 C PIC S9(3) COMP-3 VALUE 5',
      '05 D PIC S9(4) COMP VALUE 5',
      '05 E PIC N(1) NATIONAL',
      '05 F PIC Z9',
      '05 FILLER PIC X(2) VALUE "XY"',
      '05 G COMP-1',
    );
    const blank = `4040404000000000002040404040${'00000000'}`;
    expect(bytes(copybook, '{}')).toBe(blank);
    expect(bytes(copybook, '{"A":null,"B":null,"C":null,"D":null,"E":null,"F":null,"G":null}')).toBe(blank);
  });

  test('raw bytes are taken for every kind of leaf', () => {
    const copybook = record('05 A PIC 9(2)', '05 B PIC S9(3) COMP-3', '05 C PIC X(2) OCCURS 2');
    const json = '{"A":{"raw":"0001"},"B":{ "raw" : "FFff" },"C":["A",{"raw":"0e0f"}]}';
    expect(bytes(copybook, json)).toBe('0001ffffc1400e0f');
  });

  describe('tables', () => {
    const copybook = record(
      '05 N PIC 9(1)',
      '05 T OCCURS 0 TO 3 DEPENDING ON N',
      '10 M PIC 9(1)',
      '10 U PIC X(1) OCCURS 1 TO 2 DEPENDING ON M',
      '05 Z PIC X(1)',
    );
    const say = (json: string, options?: CopybookOptions): string =>
      textOf(Buffer.from(bytes(copybook, json, options), 'hex'));

    test('what lies behind a shorter table moves forward', () => {
      expect(say('{"N":2,"T":[{"M":2,"U":["a","b"]},{"M":1,"U":["c"]}],"Z":"!"}')).toBe('22ab1c?');
      expect(say('{"Z":"Z","T":[{"U":["a","b"],"M":2}],"N":1}')).toBe('12abZ');
      expect(say('{"N":0,"T":[],"Z":"Z"}')).toBe('0Z');
    });
    test('an absent counter is what the array has', () => {
      expect(say('{"T":[{"U":["a"]},{"U":["b","c"]}],"Z":"Z"}')).toBe('21a2bcZ');
      expect(say('{"Z":"Z"}')).toBe('0Z');
      expect(say('{"N":2,"Z":"Z"}')).toBe('21 1 Z');
    });
    test('a counter that says something else is refused', () => {
      expect(problem(copybook, '{"N":1,"T":[]}')).toMatchObject({ code: 'VALUE', field: 'R.T' });
      expect(problem(copybook, '{"N":4,"T":[]}')).toMatchObject({ field: 'R.N' });
      expect(problem(copybook, '{"N":1,"T":[{"M":1,"U":["a","b"]}]}')).toMatchObject({ field: 'R.T.U' });
      expect(problem(copybook, '{"T":[{"U":[]}]}')).toMatchObject({ field: 'R.T.U' });
      expect(problem(copybook, '{"T":[{},{},{},{}]}')).toMatchObject({ field: 'R.T' });
    });
    test('at their maximum, tables are padded with blanks', () => {
      const flat = record('05 N PIC 9(1)', '05 T PIC X(2) OCCURS 0 TO 3 DEPENDING ON N', '05 Z PIC X(1)');
      const text = (json: string): string =>
        textOf(Buffer.from(bytes(flat, json, { odo: 'maximum' }), 'hex'));
      expect(text('{"N":1,"T":["ab"],"Z":"Z"}')).toBe('1ab    Z');
      expect(text('{"N":1,"T":["ab","cd","ef"],"Z":"Z"}')).toBe('1abcdefZ');
    });
    test('counters that are texts have their mapping', () => {
      const mapped = record('05 N PIC X(1)', '05 T PIC X(1) OCCURS 0 TO 2 DEPENDING ON N');
      const options: CopybookOptions = { occursMappings: { T: { A: 0, B: 1, C: 2 } } };
      const text = (json: string): string => textOf(Buffer.from(bytes(mapped, json, options), 'hex'));
      expect(text('{"N":"B","T":["x"]}')).toBe('Bx');
      expect(text('{"T":["x","y"]}')).toBe('Cxy');
      expect(problem(mapped, '{"N":"B","T":[]}', options)).toMatchObject({ field: 'R.T' });
      expect(problem(mapped, '{"N":"Q","T":[]}', options)).toMatchObject({ field: 'R.N' });
    });
    test('records of generated tables come back as they were', () => {
      const element = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 });
      fc.assert(
        fc.property(fc.array(fc.array(element, { maxLength: 3 }), { maxLength: 5 }), (records) => {
          const json = records
            .map(
              (tables) =>
                `${JSON.stringify({ N: tables.length, T: tables.map((U) => ({ M: U.length, U })), Z: 'Z' })}\n`,
            )
            .join('');
          expect(decode(copybook, Buffer.from(bytes(copybook, json), 'hex'))).toBe(json);
        }),
        { numRuns: 200 },
      );
    });
  });

  describe('views of one place', () => {
    const copybook = record(
      '05 A',
      '10 P PIC 9(3)',
      '10 Q PIC X(1)',
      '05 B REDEFINES A PIC X(4)',
      '05 C REDEFINES A PIC S9(5)V99 COMP-3',
    );
    test('the first complete one is written', () => {
      expect(bytes(copybook, '{"A":{"P":1,"Q":"x"},"B":"zzzz","C":1}')).toBe('f0f0f1a7');
      expect(bytes(copybook, '{"C":1,"B":"zzzz","A":{"P":1,"Q":"x"}}')).toBe('f0f0f1a7');
      expect(bytes(copybook, '{"A":{"P":null,"Q":"x"},"B":"zzzz","C":1}')).toBe('a9a9a9a9');
      expect(bytes(copybook, '{"A":null,"B":null,"C":1}')).toBe('0000100c');
      expect(bytes(copybook, '{"C":1}')).toBe('0000100c');
    });
    test('else the first that is there', () => {
      expect(bytes(copybook, '{"A":{"Q":"x"}}')).toBe('404040a7');
      expect(bytes(copybook, '{"A":{"Q":"x"},"C":null}')).toBe('404040a7');
      expect(bytes(copybook, '{"A":null}')).toBe('40404040');
    });
    test('a longer view gives the bytes that the chosen one does not have', () => {
      const longer = record('05 A PIC X(2)', '05 B REDEFINES A PIC X(4)');
      expect(bytes(longer, '{"A":"ab","B":"cdef"}')).toBe('81828586');
      expect(bytes(longer, '{"B":"cdef","A":"ab"}')).toBe('81828586');
    });
    test('the group of a segment that is there decides', () => {
      const segments = record(
        '05 K PIC X(1)',
        '05 A',
        '10 P PIC X(2)',
        '05 B REDEFINES A',
        '10 Q PIC 9(2)',
        '10 S REDEFINES Q PIC X(2)',
      );
      const options: CopybookOptions = { segmentField: 'K', redefineSegments: { A: ['1'], B: ['2'] } };
      expect(bytes(segments, '{"K":"2","A":null,"B":{"Q":null,"S":"zz"}}', options)).toBe('f2a9a9');
      expect(bytes(segments, '{"K":"1","A":{"P":null},"B":null}', options)).toBe('f14040');
    });
    test('bytes of every view come back', () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (input) => {
          // Printable letters and digits, so that B at least is valid.
          const letters = input.map((byte) => [0xc1, 0xf1, 0x0c, 0x12, 0xe2][byte % 5] ?? 0x40);
          if (letters.includes(0x0c) && letters[3] !== 0x0c) return;
          const options: CopybookOptions = { strictSigns: true };
          const lines = decode(copybook, letters, options);
          expect(bytes(copybook, lines, options), lines).toBe(hex(letters));
        }),
        { numRuns: 500 },
      );
    });
  });

  test('of several records in one object, the first complete one is written', () => {
    const copybook = [
      '       01 A.\n       05 P PIC 9(2).\n       05 Q PIC X(1).',
      '       01 B.\n       05 N PIC 9(1).\n       05 T PIC X(1) OCCURS 0 TO 4 DEPENDING ON N.',
    ].join('\n');
    const options: CopybookOptions = { recordFormat: 'V' };
    expect(bytes(copybook, '{"P":12,"Q":"a","N":1,"T":["x"]}', options)).toBe('00070000f1f281');
    expect(bytes(copybook, '{"P":null,"Q":"a","N":2,"T":["x","y"]}', options)).toBe('00070000f2a7a8');
    expect(bytes(copybook, '{"N":3,"T":["x","y","z"]}', options)).toBe('00080000f3a7a8a9');
    expect(bytes(copybook, '{"T":["x"],"Q":"a"}', options)).toBe('00070000404081');
    expect(bytes(copybook, '{}', options)).toBe('00070000404040');
    expect(bytes(copybook, '{"A":{"P":12,"Q":"a"}}', { ...options, keepRoot: true })).toBe('00070000f1f281');
    expect(problem(copybook, '{"P":1,"P":2}', options).message).toContain('twice');
  });

  test('names follow the options, and what decoding adds is passed over', () => {
    const copybook = record('05 FIRST-NAME PIC X(1)', '05 FILLER PIC X(1)', '05 LAST-NAME PIC X(1)');
    expect(bytes(copybook, '{"R":{"FIRST-NAME":"a","LAST-NAME":"b"}}', { keepRoot: true })).toBe('814082');
    expect(bytes(copybook, '{"FIRST_NAME":"a","LAST_NAME":"b"}', { names: 'underscore' })).toBe('814082');
    const options: CopybookOptions = { valueFillers: true };
    const layout = kernel.layout({ copybook, options });
    const filler = 'layout' in layout ? layout.layout.items[2]?.key : undefined;
    expect(bytes(copybook, JSON.stringify({ [String(filler)]: 'x', 'LAST-NAME': 'b' }), options)).toBe(
      '40a782',
    );
    expect(
      bytes(copybook, '{"Record_Id":0,"Record_Byte_Length":3,"LAST-NAME":"b"}', { recordIds: true }),
    ).toBe('404082');
    expect(bytes(copybook, '{"_errors":[{"field":"x"}],"LAST-NAME":"b"}', { errorColumn: true })).toBe(
      '404082',
    );
    expect(problem(copybook, '{"Record_Id":0, }', { recordIds: true }).message).toContain('a key is missing');
    expect(problem(copybook, '{"Record_Id":0}').message).toContain('no such member');
  });

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
