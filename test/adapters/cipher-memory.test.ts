/** What is left in a cell's memory: no payload and no result after a call, nothing of a key after it was dropped. */

import { expect, test } from 'vitest';
import { createReferenceHash } from '../../crypto-wasm/hash/reference.ts';
import { builtCore } from '../built-adapters.ts';

const module = await builtCore('cipher');
const HANDLER = 'hotcell:adapter/handler@1.0.0#invoke';

function createCell() {
  const exports = new WebAssembly.Instance(module).exports;
  const run = (name: string, ...args: number[]): number =>
    (exports[name] as (...numbers: number[]) => number)(...args);
  const memory = exports.memory as WebAssembly.Memory;
  const lower = (bytes: Uint8Array): number => {
    const address = run('cabi_realloc', 0, 0, 1, bytes.length);
    new Uint8Array(memory.buffer).set(bytes, address);
    return address;
  };
  return {
    /** As it is now: a copy. */
    memory: () => Buffer.from(new Uint8Array(memory.buffer)),
    /** Throws what the failure says. */
    call(operation: string, ...parts: Uint8Array[]): Uint8Array {
      const name = Buffer.from(operation);
      const payload = Buffer.concat(parts);
      const result = run(HANDLER, lower(name), name.length, lower(payload), payload.length);
      const view = new DataView(memory.buffer);
      const isFailure = view.getUint8(result) === 1;
      const at = result + (isFailure ? 8 : 4);
      const start = view.getUint32(at, true);
      const bytes = Uint8Array.from(new Uint8Array(memory.buffer, start, view.getUint32(at + 4, true)));
      run(`cabi_post_${HANDLER}`, result);
      if (isFailure) throw new Error(Buffer.from(bytes).toString());
      return bytes;
    },
  };
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
/** Bytes that no table or code of the module has. */
const secret = (seed: number, length: number): Buffer =>
  Buffer.from(createReferenceHash().blake3(Buffer.from(`secret ${seed}`), length));

const root = secret(1, 32);
const plaintext = secret(2, 60_000);
const context = Buffer.from('orders');
const keyPart = Buffer.concat([u32(9), u32(1), Uint8Array.of(context.length), context]);
const nonce = secret(3, 24);
const streamPart = Buffer.concat([keyPart, secret(4, 24), u32(0)]);

/** Where any 16 bytes in a row of these, aligned to 16 in them, lie in the memory: the first place of each. */
function tracesOf(memory: Buffer, bytes: Uint8Array): number[] {
  const pieces = new Map<number, Set<string>>();
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const piece = Buffer.from(bytes.subarray(at, at + 16));
    const begin = piece.readUInt16LE();
    pieces.set(begin, (pieces.get(begin) ?? new Set()).add(piece.toString('hex')));
  }
  const isBegin = new Uint8Array(0x10000);
  for (const begin of pieces.keys()) isBegin[begin] = 1;
  const traces: number[] = [];
  // One walk over the memory, and not one for each piece: there are thousands.
  for (let at = 0; at + 16 <= memory.length; at++) {
    const begin = (memory[at] as number) | ((memory[at + 1] as number) << 8);
    if (isBegin[begin] === 0) continue;
    if (pieces.get(begin)?.delete(memory.toString('hex', at, at + 16))) traces.push(at);
  }
  return traces;
}

test('what is left is found wherever it lies, once', () => {
  const bytes = secret(7, 64);
  const memory = Buffer.alloc(1000);
  expect(tracesOf(memory, bytes)).toEqual([]);
  bytes.copy(memory, 3, 0, 17);
  bytes.copy(memory, 500, 32, 48);
  bytes.copy(memory, 1000 - 16, 48);
  bytes.copy(memory, 700, 32, 48);
  bytes.copy(memory, 800, 1, 16);
  expect(tracesOf(memory, bytes)).toEqual([3, 500, 984]);
});

test('after each call nothing of payload, plaintext or result is left', () => {
  const cell = createCell();
  cell.call('load-key', u32(1), root);
  const record = cell.call('seal', keyPart, nonce, u32(0), plaintext);
  expect(tracesOf(cell.memory(), plaintext)).toEqual([]);
  expect(tracesOf(cell.memory(), record.subarray(100))).toEqual([]);
  expect(Buffer.from(cell.call('open', keyPart, u32(0), record)).equals(plaintext)).toBe(true);
  expect(tracesOf(cell.memory(), plaintext)).toEqual([]);
  const run = cell.call('stream-chunk', Buffer.alloc(10).fill(1, 1, 2), streamPart, plaintext);
  expect(cell.call('stream-chunk', Buffer.alloc(10).fill(1, 0, 2), streamPart, run).length).toBe(60_000);
  expect(tracesOf(cell.memory(), plaintext)).toEqual([]);
  record[500] = (record[500] ?? 0) ^ 1;
  expect(() => cell.call('open', keyPart, u32(0), record)).toThrow('authentication: ');
  expect(tracesOf(cell.memory(), plaintext)).toEqual([]);
  const key = secret(5, 32);
  for (const [algorithm, nonceBytes] of [
    [1, 12],
    [2, 12],
    [3, 24],
  ] as const) {
    const head = Buffer.concat([
      Uint8Array.of(algorithm),
      key,
      Uint8Array.of(nonceBytes),
      nonce.subarray(0, nonceBytes),
    ]);
    cell.call('aead-seal', head, u32(0), plaintext);
    expect(tracesOf(cell.memory(), Buffer.concat([key, plaintext]))).toEqual([]);
  }
  cell.call('hash', Uint8Array.of(1), plaintext);
  cell.call('hash', Uint8Array.of(2), plaintext);
  cell.call('hash', Uint8Array.of(3), plaintext);
  expect(tracesOf(cell.memory(), plaintext)).toEqual([]);
});

test('a root key lies in one place, and nothing of it or of what was derived is left when it is dropped', () => {
  const cell = createCell();
  const clean = cell.memory();
  cell.call('load-key', u32(1), root);
  expect(tracesOf(cell.memory(), root).length).toBe(2);
  expect(cell.memory().indexOf(root, cell.memory().indexOf(root) + 1)).toBe(-1);
  const record = cell.call('seal', keyPart, nonce, u32(5), Buffer.from('row 1'), plaintext);
  cell.call('open', keyPart, u32(5), Buffer.from('row 1'), record);
  cell.call('stream-begin', streamPart);
  cell.call('stream-chunk', Buffer.alloc(10).fill(1, 1, 2), streamPart, plaintext);
  const hash = createReferenceHash();
  const material = Buffer.concat([root, context]);
  const streamKey = hash.blake3DeriveKey('Hotcell vault 2026-11-21 v1 key of streams', material);
  const recordKey = hash.blake3DeriveKey('Hotcell vault 2026-11-21 v1 key of records', material);
  expect(tracesOf(cell.memory(), streamKey).length).toBe(2);
  // Of records only the key schedule is kept, in the form in which the rounds use it.
  expect(tracesOf(cell.memory(), recordKey)).toEqual([]);
  cell.call('drop-key', u32(1));
  const secrets = Buffer.concat([root, streamKey, recordKey]);
  expect(tracesOf(cell.memory(), secrets)).toEqual([]);

  // All that differs from a new cell are the few public bytes that the last calls left in scratch memory.
  const after = cell.memory();
  let differentCount = 0;
  for (let i = 0; i < clean.length; i++) if (clean[i] !== after[i]) differentCount++;
  expect(differentCount).toBeLessThan(400);
});

test('a forgotten handle leaves nothing of its keys, and others stay', () => {
  const cell = createCell();
  cell.call('load-key', u32(1), root);
  const other = Buffer.concat([u32(10), keyPart.subarray(4)]);
  for (const part of [keyPart, other]) cell.call('derive', part);
  cell.call('forget', u32(9));
  expect([cell.call('derive', other)[0], cell.call('derive', keyPart)[0]]).toEqual([0, 1]);
  const streamKey = createReferenceHash().blake3DeriveKey(
    'Hotcell vault 2026-11-21 v1 key of streams',
    Buffer.concat([root, context]),
  );
  cell.call('forget', u32(9), u32(10));
  expect(tracesOf(cell.memory(), streamKey)).toEqual([]);
});

test('a handle used for another context or version gives that one’s keys', () => {
  const cell = createCell();
  cell.call('load-key', u32(1), root);
  cell.call('load-key', u32(2), secret(6, 32));
  const part = (handle: number, version: number, name: string) =>
    Buffer.concat([u32(handle), u32(version), Uint8Array.of(name.length), Buffer.from(name)]);
  const seal = (...args: [number, number, string]) =>
    Buffer.from(cell.call('seal', part(...args), nonce, u32(0), plaintext.subarray(0, 50))).toString('hex');
  const [a, b, c] = [seal(1, 1, 'a'), seal(2, 1, 'b'), seal(3, 2, 'a')];
  expect([seal(1, 1, 'b'), seal(1, 2, 'a'), seal(1, 1, 'a')]).toEqual([b, c, a]);
  // A handle that falls on the same slot.
  expect([seal(1 + 1024, 1, 'b'), seal(1, 1, 'a')]).toEqual([b, a]);
});

test('at most sixteen versions are loaded, and one loaded again replaces itself', () => {
  const cell = createCell();
  for (let version = 0; version < 16; version++) cell.call('load-key', u32(version), secret(version, 32));
  cell.call('load-key', u32(3), secret(99, 32));
  expect(() => cell.call('load-key', u32(16), root)).toThrow('key: ');
  cell.call('drop-key', u32(0));
  cell.call('load-key', u32(16), root);
});
