/** Values that would be wrong without anybody being told: what a reader makes of a row is held against the record's bytes. */

import { describe, expect, test } from 'vitest';
import type { CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import { fromHex } from '../bytes.ts';
import { kernels } from './implementations.ts';

describe.each(await kernels())('$name', ({ kernel }) => {
  const specification = (picture: string, options: CopybookOptions = {}) => ({
    copybook: `       01 R.\n           05 A PIC ${picture}.`,
    options,
  });

  const decoded = (picture: string, hex: string, options?: CopybookOptions): string => {
    const answer = kernel.decode(specification(picture, options), fromHex(hex));
    return 'problem' in answer ? answer.problem.code : new TextDecoder().decode(answer.output);
  };

  describe('a binary that holds more digits than its picture has', () => {
    test.each([
      ['S9(10) COMP', '7fffffffffffffff', '"9223372036854775807"'],
      ['S9(10) COMP', '8000000000000000', '"-9223372036854775808"'],
      ['S9(10) COMP', '00038d7ea4c67fff', '999999999999999'],
      ['S9(10) COMP', '00038d7ea4c68000', '"1000000000000000"'],
      ['S9(10) COMP', 'fffc72815b398001', '-999999999999999'],
      ['S9(10) COMP', 'fffc72815b398000', '"-1000000000000000"'],
      ['9(15) COMP-5', 'ffffffffffffffff', '"18446744073709551615"'],
      ['9(15) COMP-X', 'ffffffffffffff', '"72057594037927935"'],
      ['9(13)V99 COMP-5', '00038d7ea4c67fff', '9999999999999.99'],
      ['9(13)V99 COMP-5', '00038d7ea4c68000', '"10000000000000.00"'],
      ['S9(10)PP COMP', '00038d7ea4c67fff', '99999999999999900'],
      ['S9(10)PP COMP', '00038d7ea4c68000', '"100000000000000000"'],
      ['SV9(15) COMP', '0000000000000001', '0.000000000000001'],
      ['SV9(15) COMP', '8000000000000000', '"-9223.372036854775808"'],
    ])('PIC %s X"%s" is no JSON number that a double rounds', (picture, hex, expected) => {
      expect(decoded(picture, hex)).toBe(`{"A":${expected}}\n`);
      expect(decoded(`${picture} OCCURS 2`, hex + hex)).toBe(`{"A":[${expected},${expected}]}\n`);
    });

    test('the schema says that it may be a text, and encoding takes it', () => {
      const given = specification('S9(10) COMP');
      const answer = kernel.layout(given);
      const schema = 'layout' in answer ? answer.layout.schema : {};
      expect(schema).toMatchObject({ properties: { A: { type: ['integer', 'string'] } } });
      const encoded = kernel.encode(given, new TextEncoder().encode('{"A":"-9223372036854775808"}\n'));
      expect('output' in encoded && Buffer.from(encoded.output).toString('hex')).toBe('8000000000000000');
    });

    test('what its picture has is a number, whatever its bytes could hold', () => {
      const schema = (options: CopybookOptions): unknown => {
        const answer = kernel.layout(specification('S9(10) COMP', options));
        return 'layout' in answer ? answer.layout.schema : undefined;
      };
      expect(schema({ truncateBinary: true })).toMatchObject({ properties: { A: { type: 'integer' } } });
    });
  });
});
