/**
 * The kit's canonical ABI, seen from the core module: what a host that follows the ABI may do, and what it costs in
 * memory.
 */

import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileAssemblyScript } from '../../adapters/assemblyscript-guest.ts';
import { createSourceReader } from '../../adapters/inputs.ts';

const folder = join(import.meta.dirname, '..', '..', 'adapters', 'echo');
const reader = createSourceReader(folder);
const core = await compileAssemblyScript({ folder, features: [], memoryMaxMiB: undefined, reader });
const module = new WebAssembly.Module(core as Uint8Array<ArrayBuffer>);

const HANDLER = 'hotcell:adapter/handler@1.0.0' as const;
const KIB = 1024;
const MIB = 1024 * KIB;

interface Core {
  readonly memory: WebAssembly.Memory;
  readonly cabi_realloc: (address: number, oldBytes: number, align: number, newBytes: number) => number;
  readonly 'hotcell:adapter/handler@1.0.0#invoke': (
    operation: number,
    operationBytes: number,
    payload: number,
    payloadBytes: number,
  ) => number;
  readonly 'cabi_post_hotcell:adapter/handler@1.0.0#invoke': (result: number) => void;
  readonly 'hotcell:adapter/handler@1.0.0#health': () => number;
  readonly 'cabi_post_hotcell:adapter/handler@1.0.0#health': (result: number) => void;
}

const instantiate = (): Core => new WebAssembly.Instance(module).exports as unknown as Core;
const pattern = Uint8Array.from({ length: 251 * 64 }, (_, i) => i % 251);

/** Bytes that repeat mod 251: no power of two divides the period. */
function repeating(lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; at += pattern.length) {
    bytes.set(pattern.subarray(0, lengthBytes - at), at);
  }
  return bytes;
}

/** Writes an argument where the guest says. */
function lower(guest: Core, bytes: Uint8Array): number {
  const address = guest.cabi_realloc(0, 0, 1, bytes.length);
  new Uint8Array(guest.memory.buffer).set(bytes, address);
  return address;
}

/** One whole call, by hand. Returns the result's bytes, copied out before the guest takes its memory back. */
function call(guest: Core, operation: string, payload: Uint8Array): Uint8Array {
  const name = Buffer.from(operation, 'utf8');
  const nameAddress = lower(guest, name);
  // An empty list may come with any address.
  const address = payload.length === 0 ? 0xdead0000 : lower(guest, payload);
  const result = guest[`${HANDLER}#invoke`](nameAddress, name.length, address, payload.length);
  const view = new DataView(guest.memory.buffer);
  expect(view.getUint8(result)).toBe(0);
  const start = view.getUint32(result + 4, true);
  const bytes = new Uint8Array(guest.memory.buffer.slice(start, start + view.getUint32(result + 8, true)));
  guest[`cabi_post_${HANDLER}#invoke`](result);
  return bytes;
}

test('a guest imports nothing and exports exactly what the world asks for', () => {
  expect(WebAssembly.Module.imports(module)).toEqual([]);
  expect(
    WebAssembly.Module.exports(module)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([
    'cabi_post_hotcell:adapter/handler@1.0.0#health',
    'cabi_post_hotcell:adapter/handler@1.0.0#invoke',
    'cabi_realloc',
    'hotcell:adapter/handler@1.0.0#health',
    'hotcell:adapter/handler@1.0.0#invoke',
    'memory',
  ]);
});

test('payloads of every awkward length come back unchanged, up to 16 MiB', () => {
  const guest = instantiate();
  const edges = [1, 4, 8, 16, 64, KIB, 64 * KIB, MIB, 16 * MIB].flatMap((edge) => [edge - 1, edge, edge + 1]);
  for (const lengthBytes of edges) {
    const payload = repeating(lengthBytes);
    expect(Buffer.compare(call(guest, 'echo', payload), payload)).toBe(0);
  }
});

test('any sequence of calls gives what each gives alone', () => {
  const ascii = (payload: Uint8Array): Uint8Array =>
    payload.map((byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte));
  const guest = instantiate();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('echo', 'upper', 'length'), fc.uint8Array({ maxLength: 4 * KIB }))),
      (calls) => {
        for (const [operation, payload] of calls) {
          const expected = {
            echo: payload,
            upper: ascii(payload),
            length: Buffer.from(String(payload.length)),
          }[operation] as Uint8Array;
          expect(Buffer.compare(call(guest, operation, payload), expected)).toBe(0);
        }
      },
    ),
  );
});

test('memory is used again: many calls take no more than the largest one', () => {
  const guest = instantiate();
  call(guest, 'echo', repeating(MIB));
  const afterLargest = guest.memory.buffer.byteLength;
  expect(afterLargest).toBeLessThan(MIB + 128 * KIB);
  for (let index = 0; index < 2_000; index++) call(guest, 'upper', repeating((index * 997) % (256 * KIB)));
  for (let index = 0; index < 20; index++) call(guest, 'echo', repeating(MIB));
  for (let index = 0; index < 20_000; index++) {
    const result = guest[`${HANDLER}#health`]();
    guest[`cabi_post_${HANDLER}#health`](result);
  }
  expect(guest.memory.buffer.byteLength).toBe(afterLargest);
});

test('a small guest starts in one page', () => {
  expect(instantiate().memory.buffer.byteLength).toBe(64 * KIB);
});

test('an argument may be enlarged, moved and shrunk before the call, as hosts do with strings', () => {
  const guest = instantiate();
  const write = (address: number, bytes: Uint8Array): void =>
    new Uint8Array(guest.memory.buffer).set(bytes, address);
  const read = (address: number, lengthBytes: number): string =>
    Buffer.from(guest.memory.buffer, address, lengthBytes).toString('utf8');

  const first = guest.cabi_realloc(0, 0, 1, 4);
  write(first, Buffer.from('echo'));
  const grown = guest.cabi_realloc(first, 4, 1, 200);
  expect(read(grown, 4)).toBe('echo');
  const payload = lower(guest, Buffer.from('abc'));
  // No longer the newest block, so it has to move.
  const moved = guest.cabi_realloc(grown, 200, 1, 100_000);
  expect(moved).not.toBe(grown);
  expect(read(moved, 4)).toBe('echo');
  expect(read(payload, 3)).toBe('abc');
  const name = guest.cabi_realloc(moved, 100_000, 1, 4);
  expect(read(name, 4)).toBe('echo');

  const result = guest[`${HANDLER}#invoke`](name, 4, payload, 3);
  const view = new DataView(guest.memory.buffer);
  expect(read(view.getUint32(result + 4, true), view.getUint32(result + 8, true))).toBe('abc');
});

test('the host gets 8-byte alignment, and more, for any argument', () => {
  const guest = instantiate();
  for (let lengthBytes = 0; lengthBytes < 40; lengthBytes++) {
    expect(guest.cabi_realloc(0, 0, 8, lengthBytes) % 16).toBe(0);
  }
});

test('asking for more memory than there can be traps and does not wrap round', () => {
  for (const lengthBytes of [0x40000000, 0x7fffffff, 0xfffffff0, 0xffffffff]) {
    expect(() => instantiate().cabi_realloc(0, 0, 1, lengthBytes)).toThrow(WebAssembly.RuntimeError);
  }
});
