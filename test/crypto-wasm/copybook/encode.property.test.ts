/**
 * Every kind of field, with generated copybooks: what was encoded is read back by hand, and what was decoded is encoded
 * to the same bytes.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookKernel, Specification } from '../../../crypto-wasm/copybook/face.ts';
import { anyField, copybookOf, jsonOf } from './encode-fields.ts';
import { kernels } from './implementations.ts';

const utf8 = new TextEncoder();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each(await kernels())('$name', ({ kernel }) => {
  test('encoded fields say what they were given', () => {
    fc.assert(
      fc.property(fc.array(anyField, { minLength: 1, maxLength: 12 }), (fields) => {
        const copybook = copybookOf(fields);
        const bytes = encoded(kernel, { copybook }, `${jsonOf(fields)}\n`);
        let at = 0;
        for (const field of fields) {
          expect(field.read(bytes.subarray(at, at + field.lengthBytes)), field.clause).toBe(field.value);
          at += field.lengthBytes;
        }
        expect(bytes.length).toBe(at);
        const lines = kernel.decode({ copybook }, bytes);
        if ('problem' in lines) throw new Error(JSON.stringify(lines.problem));
        expect(Buffer.from(lines.output).toString()).toBe(`${jsonOf(fields)}\n`);
      }),
      { numRuns: 400 },
    );
  });

  test('the order of members, spaces and escapes change nothing', () => {
    fc.assert(
      fc.property(
        fc.array(anyField, { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(fc.nat()),
        fc.constantFrom('', ' ', '\t', '\n  ', '\r\n'),
        (fields, random, space) => {
          const copybook = copybookOf(fields);
          const members = fields.map((field, index) => {
            const key = `"F-${index + 1}"`;
            const escaped = index % 3 === 0 ? key.replace('F', '\\u0046') : key;
            return {
              order: random.next().value ?? 0,
              text: `${space}${escaped}${space}:${space}${field.value}`,
            };
          });
          members.sort((one, other) => one.order - other.order);
          const json = `${space}{${members.map(({ text }) => text).join(`${space},`)}${space}}${space}`;
          expect(hex(encoded(kernel, { copybook }, json))).toBe(
            hex(encoded(kernel, { copybook }, jsonOf(fields))),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each(['ibm', 'ieee'] as const)('floats of %s keep their bytes', (float) => {
    const specification: Specification = {
      copybook: '       01 R.\n       05 A COMP-1.\n       05 B COMP-2.',
      options: { float },
    };
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (bytes) => {
        if (float === 'ibm') {
          // Normalised ones: others have more than one form.
          bytes[1] = (bytes[1] ?? 0) | 0x10;
          bytes[5] = (bytes[5] ?? 0) | 0x10;
        }
        const lines = kernel.decode(specification, bytes);
        if ('problem' in lines) throw new Error(JSON.stringify(lines.problem));
        if (lines.stop !== undefined) return; // not finite
        expect(hex(encoded(kernel, specification, Buffer.from(lines.output).toString()))).toBe(hex(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  test('IEEE floats are those that JavaScript reads', () => {
    const specification: Specification = {
      copybook: '       01 R.\n       05 A COMP-1.\n       05 B COMP-2.',
      options: { float: 'ieee' },
    };
    const decimal = fc
      .tuple(fc.bigInt(1n, 10n ** 40n), fc.integer({ min: -330, max: 300 }))
      .map(([digits, exponent]) => `${digits}e${exponent}`)
      .filter((text) => Number.isFinite(Number(text)) && Number(text) !== 0);
    const single = fc
      .tuple(fc.bigInt(1n, 10n ** 20n), fc.integer({ min: -45, max: 18 }))
      .map(([digits, exponent]) => `${digits}e${exponent}`);
    fc.assert(
      fc.property(single, decimal, (a, b) => {
        // Halves between two singles are read through a double here: those that lie on one are left out.
        if (!Number.isFinite(Math.fround(Number(a))) || Math.fround(Number(a)) === 0) return;
        const view = new DataView(encoded(kernel, specification, `{"A":${a},"B":${b}}`).slice().buffer);
        expect(view.getFloat64(4)).toBe(Number(b));
        expect(Math.abs(view.getFloat32(0) - Number(a))).toBeLessThanOrEqual(
          Math.abs(Math.fround(Number(a)) - Number(a)),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

function encoded(kernel: CopybookKernel, specification: Specification, json: string): Uint8Array {
  const answer = kernel.encode(specification, utf8.encode(json));
  if ('problem' in answer) throw new Error(JSON.stringify(answer.problem));
  if (answer.stop !== undefined) throw new Error(`${JSON.stringify(answer.stop)} ${json}`);
  return answer.output;
}
