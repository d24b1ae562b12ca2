/** The kernel's tables are numbers in a file; what they must be follows from the field. The two are held together. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { derivePermuteTables } from '../../../crypto-wasm/cipher/permute-tables.ts';

const source = new URL('../../../crypto-wasm/cipher/kernel/aes-tables.ts', import.meta.url);

test('every table of the vector-permute AES is the one the field gives', () => {
  const found = [
    ...readFileSync(source, 'utf8').matchAll(/const (\w+): usize = memory\.data<u8>\(\[([^\]]*)\]/g),
  ];
  const tables = found.map(([, name, bytes = '']) => [name, [...bytes.matchAll(/0x\w\w/g)].map(Number)]);
  expect(Object.fromEntries(tables)).toEqual(derivePermuteTables());
});
