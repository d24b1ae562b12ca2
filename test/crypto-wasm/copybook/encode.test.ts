/** What encoding refuses and why, and how tables, views and null are written. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import { textOf } from './encode-fields.ts';
import { encodingOf, record } from './encoding.ts';
import { kernels } from './implementations.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each(await kernels())('$name', ({ kernel }) => {
  const { encode, bytes, problem, decode } = encodingOf(kernel);

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
});
