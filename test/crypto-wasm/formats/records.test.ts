/**
 * Records open to what was sealed and to nothing else, and the bytes of version 1 stay what they are.
 */

import { createCipheriv, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nativePrimitives } from '../../../crypto-wasm/formats/native.ts';
import {
  createRecordKey,
  parseRecord,
  RECORD_CONTEXT_MAX_BYTES,
  RECORD_PLAINTEXT_MAX_BYTES,
} from '../../../crypto-wasm/formats/records.ts';
import { createXaesKey } from '../../../crypto-wasm/formats/xaes.ts';
import { fromHex, fromText, patterned, toHex } from '../bytes.ts';
import { codeOf, flipBit, REFUSALS, withRandomness } from './tamper.ts';

const key = patterned(32);
const context = fromText('atom_data');
const associatedData = fromText('store 7, row 12');
const binding = { context, associatedData };
const records = createRecordKey({ primitives: nativePrimitives, key, keyVersion: 3 });
const open =
  (record: Uint8Array, bound: Parameters<typeof records.open>[1] = binding) =>
  () =>
    records.open(record, bound);

/** Version 1, suite 1: once written, read for ever. Key 00 01 … 1f, nonce 40 41 … 57. */
const GOLDEN = [
  {
    keyVersion: 0,
    context: '',
    associatedData: '',
    plaintext: '',
    record:
      '4843524401010000000000404142434445464748494a4b4c4d4e4f5051525354555657f4ec32b0560341d68a7e5e78d7a4548df6d614a8967766a41151759688abfa6fd23cc45471003893a4bedd4f0b361b10',
  },
  {
    keyVersion: 0x01020304,
    context: 'atom_data',
    associatedData: 'store 7, row 12',
    plaintext: 'a hot cell shields what is handled in it',
    record:
      '484352440101010203040961746f6d5f64617461404142434445464748494a4b4c4d4e4f50515253545556571c8358e78812732298a81e5ea57fcf1bde91611bccb51ebd2fb901e8bb1f68c31fe12ebc94d3061c55ca03fed6538d82546aeca05eeaa26edc827e0f1063343b0f0eada36a8922bc45b20078de48fa8342ab80358e6c6ae6',
  },
];

test.each(GOLDEN)('the bytes of version 1 stay what they are: "$context"', (golden) => {
  const nonce = Uint8Array.from({ length: 24 }, (_, i) => 0x40 + i);
  const recordKey = createRecordKey({
    primitives: withRandomness(nonce),
    key: Uint8Array.from({ length: 32 }, (_, i) => i),
    keyVersion: golden.keyVersion,
  });
  const bound = { context: fromText(golden.context), associatedData: fromText(golden.associatedData) };
  expect(toHex(recordKey.seal(fromText(golden.plaintext), bound))).toBe(golden.record);
  expect(toHex(recordKey.open(fromHex(golden.record), bound))).toBe(toHex(fromText(golden.plaintext)));
  expect(parseRecord(fromHex(golden.record))).toMatchObject({
    version: 1,
    suite: 1,
    keyVersion: golden.keyVersion,
  });
});

test('a record can be made by hand from its description', () => {
  const bound = Buffer.concat([fromHex('4843524401010000000309'), context, patterned(24)]);
  const derived = createXaesKey(nativePrimitives, key).derive(patterned(24));
  const commitment = createHmac('sha512', derived.key)
    .update('hotcell/record/v1/commitment\0')
    .update(bound)
    .update(Uint8Array.of(1))
    .digest()
    .subarray(0, 32);
  const cipher = createCipheriv('aes-256-gcm', derived.key, derived.nonce);
  cipher.setAAD(Buffer.concat([bound, commitment, associatedData]));
  const sealed = Buffer.concat([cipher.update(patterned(30)), cipher.final(), cipher.getAuthTag()]);
  const record = Buffer.concat([bound, commitment, sealed]);
  expect(toHex(records.open(record, binding))).toBe(toHex(patterned(30)));
});

test('what was sealed comes back, for any plaintext, context and associated data', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(
      bytes,
      fc.uint8Array({ maxLength: RECORD_CONTEXT_MAX_BYTES }),
      bytes,
      (plaintext, name, data) => {
        const bound = { context: name, associatedData: data };
        const record = records.seal(plaintext, bound);
        expect(toHex(records.open(record, bound))).toBe(toHex(plaintext));
        const header = parseRecord(record);
        expect(header.keyVersion).toBe(3);
        expect(toHex(header.context)).toBe(toHex(name));
        expect(header.plaintextBytes).toBe(plaintext.length);
        expect(record).toHaveLength(83 + name.length + plaintext.length);
      },
    ),
    { numRuns: 200 },
  );
});

test('a record may lie anywhere in a larger buffer', () => {
  const record = records.seal(patterned(50), binding);
  const larger = new Uint8Array(record.length + 9);
  larger.set(record, 5);
  expect(toHex(records.open(larger.subarray(5, 5 + record.length), binding))).toBe(toHex(patterned(50)));
});

test('no two records have a nonce in common', () => {
  const nonces = Array.from({ length: 500 }, () => toHex(parseRecord(records.seal(context)).nonce));
  expect(new Set(nonces).size).toBe(500);
});

test('no bit can be flipped', () => {
  const record = records.seal(patterned(40), binding);
  for (let bit = 0; bit < record.length * 8; bit++) {
    const code = codeOf(open(flipBit(record, bit)));
    const at = bit >> 3;
    if (at >= 11) expect(code, `bit ${bit}`).toBe('FORMAT_AUTHENTICATION');
    else expect(REFUSALS, `bit ${bit}: ${code}`).toContain(code);
  }
});

test('no byte can be cut off, and none added', () => {
  const record = records.seal(patterned(40), binding);
  for (let bytes = 0; bytes < record.length; bytes++) {
    const code = codeOf(open(record.subarray(0, bytes)));
    expect(code, `${bytes} bytes`).toBe(
      bytes < 83 + context.length ? 'FORMAT_TRUNCATED' : 'FORMAT_AUTHENTICATION',
    );
  }
  expect(codeOf(open(Buffer.concat([record, Uint8Array.of(0)])))).toBe('FORMAT_AUTHENTICATION');
});

test('a record does not leave its context, its place or its key', () => {
  const record = records.seal(patterned(40), binding);
  const others = [
    { ...binding, context: fromText('schema_data') },
    { ...binding, context: fromText('') },
    { ...binding, associatedData: fromText('store 7, row 13') },
    { ...binding, associatedData: fromText('') },
    {},
  ];
  for (const other of others) expect(codeOf(open(record, other))).toBe('FORMAT_AUTHENTICATION');
  const otherKey = createRecordKey({
    primitives: nativePrimitives,
    key: patterned(33).subarray(1),
    keyVersion: 3,
  });
  expect(codeOf(() => otherKey.open(record, binding))).toBe('FORMAT_AUTHENTICATION');
  const otherVersion = createRecordKey({ primitives: nativePrimitives, key, keyVersion: 4 });
  expect(codeOf(() => otherVersion.open(record, binding))).toBe('FORMAT_KEY_VERSION');
});

test('context and associated data cannot lend each other bytes', () => {
  const record = records.seal(patterned(9), { context: fromText('ab'), associatedData: fromText('c') });
  const moved = { context: fromText('a'), associatedData: fromText('bc') };
  expect(codeOf(open(record, moved))).toBe('FORMAT_AUTHENTICATION');
});

test('a right tag without the right commitment is not opened, nor even tried', () => {
  const record = records.seal(patterned(40), binding);
  let tried = 0;
  const watching = createRecordKey({
    primitives: {
      ...nativePrimitives,
      aesGcmOpen(...args) {
        tried++;
        return nativePrimitives.aesGcmOpen(...args);
      },
    },
    key,
    keyVersion: 3,
  });
  const { headerBytes } = parseRecord(record);
  for (let bit = (headerBytes - 32) * 8; bit < headerBytes * 8; bit++) {
    expect(codeOf(() => watching.open(flipBit(record, bit), binding))).toBe('FORMAT_AUTHENTICATION');
  }
  expect(tried).toBe(0);
  watching.open(record, binding);
  expect(tried).toBe(1);
});

test('versions and suites of another time are named as such, whatever follows', () => {
  const record = records.seal(patterned(4), binding);
  const changed = (at: number, value: number): Uint8Array => record.with(at, value);
  expect(codeOf(open(changed(0, 0x48 ^ 1)))).toBe('FORMAT_UNKNOWN');
  for (const version of [0, 2, 255]) expect(codeOf(open(changed(4, version)))).toBe('FORMAT_VERSION');
  for (const suite of [0, 2, 255]) expect(codeOf(open(changed(5, suite)))).toBe('FORMAT_SUITE');
  expect(codeOf(open(changed(10, 65)))).toBe('FORMAT_MALFORMED');
  expect(codeOf(open(fromText('{"json": true}')))).toBe('FORMAT_UNKNOWN');
});

test('limits are refused before anything is computed', () => {
  const long = new Uint8Array(RECORD_PLAINTEXT_MAX_BYTES + 1);
  expect(codeOf(() => records.seal(long))).toBe('FORMAT_LIMIT');
  const manyBytes = new Uint8Array(RECORD_PLAINTEXT_MAX_BYTES + 84);
  manyBytes.set(records.seal(patterned(0)).subarray(0, 67));
  expect(codeOf(() => records.open(manyBytes))).toBe('FORMAT_LIMIT');
  expect(codeOf(() => records.seal(patterned(1), { context: patterned(65) }))).toBe('FORMAT_LIMIT');
  for (const keyVersion of [-1, 2 ** 32, 1.5, Number.NaN]) {
    expect(() => createRecordKey({ primitives: nativePrimitives, key, keyVersion })).toThrow(RangeError);
  }
  for (const bytes of [0, 16, 31, 33]) {
    const options = { primitives: nativePrimitives, key: patterned(bytes), keyVersion: 1 };
    expect(() => createRecordKey(options)).toThrow(RangeError);
  }
});

test('closing a key that came in a Buffer leaves that Buffer alone', () => {
  const own = Buffer.from(key);
  createRecordKey({ primitives: nativePrimitives, key: own, keyVersion: 3 }).close();
  expect(toHex(own)).toBe(toHex(key));
});

test('a closed key does nothing more, and needs its maker no longer to keep the key', () => {
  const own = key.slice();
  const recordKey = createRecordKey({ primitives: nativePrimitives, key: own, keyVersion: 3 });
  own.fill(0);
  const record = recordKey.seal(patterned(8), binding);
  expect(toHex(records.open(record, binding))).toBe(toHex(patterned(8)));
  recordKey.close();
  recordKey.close();
  expect(codeOf(() => recordKey.open(record, binding))).toBe('FORMAT_ENDED');
  expect(codeOf(() => recordKey.seal(patterned(8)))).toBe('FORMAT_ENDED');
});
