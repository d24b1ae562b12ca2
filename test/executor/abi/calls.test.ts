import { describe, expect, it } from 'vitest';
import type { WitType } from '../../../host/link-plan.ts';
import { bareGuest, lifted, PAGE_BYTES, seen } from './bare-guest.ts';
import { ALLOCATOR, ECHO, echoCell, planOf, SINK } from './worlds.ts';

const bad = (why: RegExp) =>
  expect.objectContaining({ code: 'EXECUTOR_BAD_RESULT', detail: expect.stringMatching(why) });
const TEXT = { types: [], roots: ['string' as const] };

describe('a guest that must not call out', () => {
  it('cannot do so from its allocator', async () => {
    const cell = await echoCell(
      planOf(TEXT),
      `(module (import "${SINK}" "sink-0" (func $sink (param i32 i32 i32))) (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
          (call $sink (i32.const 0) (i32.const 0) (i32.const 8)) (i32.const 64)))`,
    );
    expect(() => cell.cellAbi.lowerArguments(0, ['text'])).toThrow(bad(/called out/));
  });

  it('cannot do so from its cleanup, nor make or drop handles there', () => {
    const resources = [{ interface: undefined, name: 'r', destructor: undefined }];
    const guest = bareGuest([{ kind: 'own', resource: 0 }], 0, { resources });
    const [make, drop] = (['new', 'drop'] as const).map((each) => guest.cellAbi.resourceFunction(each, 0));
    guest.cellAbi.mayLeave = false;
    expect(() => guest.cellAbi.importFunction(0, () => 1)(1)).toThrow(bad(/called out/));
    expect(() => make?.(1)).toThrow(bad(/called out/));
    expect(() => drop?.(1)).toThrow(bad(/called out/));
    guest.cellAbi.mayLeave = true;
    expect(make?.(1)).toBe(1);
  });
});

describe('an import that waits', () => {
  it('lowers its answer into the memory as it is by then', async () => {
    const guest = bareGuest([], 'string');
    const { promise, resolve } = Promise.withResolvers<string>();
    const waiting = guest.cellAbi.importFunction(0, () => promise)(0, 0, 16) as Promise<unknown>;
    guest.memory.grow(1);
    resolve('meanwhile the memory grew');
    expect(await waiting).toBeUndefined();
    expect(lifted(guest, 16)).toBe('meanwhile the memory grew');
  });

  it('passes a rejection on as it is', async () => {
    const guest = bareGuest([], 'u32');
    const gone = new Error('gone');
    await expect(guest.cellAbi.importFunction(0, () => Promise.reject(gone))(1)).rejects.toBe(gone);
  });

  it('gives a flat answer as a promise', async () => {
    const guest = bareGuest([], 'u32');
    expect(await guest.cellAbi.importFunction(0, async (value) => (value as number) + 1)(-2)).toBe(
      0xffff_ffff,
    );
  });
});

describe('memory that grows', () => {
  it('while the guest runs is seen by import and result', async () => {
    const plan = planOf(TEXT);
    const cell = await echoCell(
      plan,
      `(module (import "${SINK}" "sink-0" (func $sink (param i32 i32 i32))) ${ALLOCATOR}
        (func (export "${ECHO}#echo-0") (param i32 i32) (result i32)
          (local $at i32)
          (local.set $at (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
          (memory.copy (local.get $at) (local.get 0) (local.get 1))
          (call $sink (local.get $at) (local.get 1) (i32.add (local.get $at) (i32.const 65528)))
          (drop (memory.grow (i32.const 1)))
          (i32.add (local.get $at) (i32.const 65528))))`,
    );
    const text = 'long enough to be no short string';
    expect(cell.echo(0, text, (value) => `${value}!`)).toBe(`${text}!`);
  });
});

describe.each([
  ['utf8', 'UTF-8'],
  ['utf16', 'UTF-16'],
] as const)('text in %s', (encoding, name) => {
  const unit = encoding === 'utf16' ? 2 : 1;
  /** Bytes that are no character, as units of the encoding. */
  const broken =
    encoding === 'utf16'
      ? [[0xd800], [0xdfff], [0xdc00, 0xd800]]
      : [[0x80], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff]];

  it('is refused when it is not valid, at every length and place', () => {
    const guest = bareGuest([], 'string', { encoding });
    for (let length = 1; length <= 40; length++) {
      for (let at = 0; at < length; at++) {
        for (const units of broken) {
          const all = Array.from({ length: length * unit }, (_, index): number =>
            index % unit === 0 ? 0x61 : 0,
          );
          for (const [index, value] of units.entries()) {
            if (at + index >= length) continue;
            all[(at + index) * unit] = value & 0xff;
            if (unit === 2) all[(at + index) * 2 + 1] = value >>> 8;
          }
          // Cut off, what was no character may be two.
          guest.put(64, all);
          expect(() => seen(guest, 64, length, 16)).toThrow(bad(new RegExp(`not valid ${name}`)));
        }
      }
    }
  });

  it('keeps its byte order mark and its zeros', () => {
    const guest = bareGuest([], 'string', { encoding });
    for (const text of ['\ufeffmark', `\ufeff${'long '.repeat(20)}`, 'a\0b', '\0'.repeat(40)]) {
      guest.cellAbi.importFunction(0, () => text)(0, 0, 16);
      expect(lifted(guest, 16)).toBe(text);
    }
  });

  it('has U+FFFD where the host had half a character', () => {
    const guest = bareGuest([], 'string', { encoding });
    for (const text of ['\ud800', 'x\udc00y', `${'long '.repeat(20)}\ud83d`]) {
      guest.cellAbi.importFunction(0, () => text)(0, 0, 16);
      expect(lifted(guest, 16)).toBe(text.toWellFormed());
    }
  });

  it('ends within the memory', () => {
    const guest = bareGuest([], 'string', { encoding });
    expect(seen(guest, PAGE_BYTES - 2 * unit, 2, 16)).toBe('\0\0');
    expect(() => seen(guest, PAGE_BYTES - 2 * unit, 3, 16)).toThrow(bad(/ends outside/));
    expect(() => seen(guest, 0, -1, 16)).toThrow(bad(/ends outside/));
  });
});

describe('text in latin1+utf16', () => {
  const encoding = 'latin1+utf16';
  const tag = 0x8000_0000;

  it('is UTF-16 when its length is tagged, else Latin-1; aligned to 2 in both cases', () => {
    const guest = bareGuest([], 'string', { encoding });
    guest.put(64, [0xe9, 0x20, 0x3d, 0xd8]);
    expect(seen(guest, 64, 2, 16)).toBe('é ');
    expect(seen(guest, 64, tag + 1, 16)).toBe('\u20e9');
    expect(() => seen(guest, 64, tag + 2, 16)).toThrow(bad(/not valid UTF-16/));
    expect(() => seen(guest, 65, 1, 16)).toThrow(bad(/not aligned to 2/));
    expect(() => seen(guest, 65, tag + 1, 16)).toThrow(bad(/not aligned to 2/));
    expect(() => seen(guest, PAGE_BYTES - 2, tag + 2, 16)).toThrow(bad(/ends outside/));
  });

  it('is lowered as Latin-1 when it can be', () => {
    const guest = bareGuest([], 'string', { encoding });
    expect(guest.cellAbi.lowerArguments(0, ['café'])[1]).toBe(4);
    expect(guest.cellAbi.lowerArguments(0, ['caf€'])[1]).toBe(tag + 4);
    expect(guest.asked).toEqual([
      [2, 4],
      [2, 8],
    ]);
  });
});

describe('a list of fixed length', () => {
  const types: readonly WitType[] = [{ kind: 'list', element: 'u16', length: 3 }];

  it('is flat where it is short', () => {
    const guest = bareGuest(types);
    expect(guest.cellAbi.lowerArguments(0, [[1, 2, 3]])).toEqual([1, 2, 3]);
    expect(seen(guest, 4, 5, 6, 16)).toEqual([4, 5, 6]);
  });

  it('stands in memory without a pointer, bytes as bytes', () => {
    const guest = bareGuest([{ kind: 'list', element: 'u8', length: 20 }]);
    const bytes = Uint8Array.from({ length: 20 }, (_, index) => index);
    const [pointer] = guest.cellAbi.lowerArguments(0, [bytes]) as [number];
    expect(guest.asked).toEqual([[1, 20]]);
    expect(lifted(guest, pointer)).toEqual(bytes);
  });
});
