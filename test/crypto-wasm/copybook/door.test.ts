/** The door: payloads go in as the README lays them out, answers come out as copies, problems as values. */

import { describe, expect, test } from 'vitest';
import { payloadOf, pieceHeader, readRecords } from '../../../crypto-wasm/copybook/copybook.ts';
import type { Piece } from '../../../crypto-wasm/copybook/face.ts';
import { kernelModules, kernels } from './implementations.ts';

test('a payload is the length of the specification, the specification, the piece, the input', () => {
  const specification = { copybook: '01 A PIC X.' };
  const text = Buffer.from(JSON.stringify(specification));
  const piece = pieceHeader(7, { firstRecord: 5n, offset: 1n << 40n, isEnd: false, isContinued: true });
  const payload = Buffer.from(payloadOf(specification, piece, Uint8Array.of(1, 2, 3)));
  expect(payload.readUInt32LE(0)).toBe(text.length);
  expect(payload.subarray(4, 4 + text.length)).toEqual(text);
  const rest = payload.subarray(4 + text.length);
  expect(rest.readBigUInt64LE(0)).toBe(5n);
  expect(rest.readBigUInt64LE(8)).toBe(1n << 40n);
  expect(rest.readUInt32LE(16)).toBe(7);
  expect(rest.readUInt32LE(20)).toBe(2);
  expect([...rest.subarray(24)]).toEqual([1, 2, 3]);
});

test('a cut says with which flags its piece is decoded, and where a call ended where the next one begins', () => {
  const flagsOf = (piece: Piece): number => Buffer.from(pieceHeader(0, piece)).readUInt32LE(20);
  expect(flagsOf({})).toBe(1);
  expect(flagsOf({ flags: 0xff00_0005 })).toBe(0xff00_0005);
  expect(flagsOf({ flags: 4, isContinued: true })).toBe(6);
  expect(flagsOf({ resume: 0xff00, isEnd: false })).toBe(0xff00);
});

test('records come apart into their counts, the problem and the output', () => {
  const problem = Buffer.from('{"code":"DATA","message":"no digit","record":3}');
  const head = Buffer.alloc(24);
  [90, 4, 0x00012301, problem.length, 2, 3].forEach((word, i) => void head.writeUInt32LE(word, i * 4));
  const answer = readRecords(Buffer.concat([head, problem, Buffer.from('{}\n')]));
  expect(answer).toMatchObject({ consumed: 90, records: 4, errors: 2, rows: 3, resume: 0x00012300 });
  expect(answer.stop).toEqual({ code: 'DATA', message: 'no digit', record: 3 });
  expect(Buffer.from(answer.output).toString()).toBe('{}\n');
});

describe.each(await kernels())('$name', ({ kernel }) => {
  test('an operation that is not there is a programmer error', () => {
    expect(() => kernel.call('destroy', new Uint8Array(4))).toThrow('no operation destroy');
  });

  test('a payload that is cut short is a problem, and the next call is as good as any', () => {
    for (let i = 0; i < 3; i++) {
      const answer = kernel.call('layout', Uint8Array.of(200, 0, 0, 0, 123));
      expect(answer).toMatchObject({ problem: { code: 'PAYLOAD' } });
    }
  });
});

test.each(await kernelModules())(
  '$name: what the module allocated while it started survives a call',
  ({ module }) => {
    const exports = new WebAssembly.Instance(module).exports as unknown as {
      place(bytes: number): number;
      release(): void;
    };
    exports.release();
    const first = exports.place(0);
    exports.release();
    const fresh = new WebAssembly.Instance(module).exports as unknown as typeof exports;
    // A call's memory begins where it began in an instance that never gave any back, or above.
    expect(first).toBeGreaterThanOrEqual(fresh.place(0));
    expect(exports.place(0)).toBe(first);
  },
);
