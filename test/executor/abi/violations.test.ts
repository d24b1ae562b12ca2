import { describe, expect, it } from 'vitest';
import type { TypeRef, WitType } from '../../../host/link-plan.ts';
import { type BareGuest, bareGuest, lifted, PAGE_BYTES, seen } from './bare-guest.ts';

/** The host throws what ends the cell. */
function refuses(act: () => unknown, why: RegExp): void {
  expect(act).toThrow(
    expect.objectContaining({ code: 'EXECUTOR_BAD_RESULT', detail: expect.stringMatching(why) }),
  );
}

const list = (element: TypeRef): WitType => ({ kind: 'list', element });

/** A result whose list record at 16 says this. */
function listed(guest: BareGuest, pointer: number, length: number): unknown {
  guest.words(16, pointer, length);
  return lifted(guest, 16);
}

describe('a list', () => {
  it('may end where the memory ends, and not a byte later', () => {
    const guest = bareGuest([list('u8')]);
    expect(listed(guest, PAGE_BYTES - 8, 8)).toEqual(new Uint8Array(8));
    refuses(() => listed(guest, PAGE_BYTES - 8, 9), /ends outside/);
    refuses(() => listed(guest, PAGE_BYTES + 1, 0), /ends outside/);
  });

  it('cannot wrap around 32 bits by pointer plus length or by length times size', () => {
    refuses(() => listed(bareGuest([list('u8')]), 0xffff_fff0, 0x20), /ends outside/);
    refuses(() => listed(bareGuest([list('u64')]), 8, 0x2000_0000), /ends outside/);
    refuses(() => listed(bareGuest([list('u64')]), 8, 0xffff_ffff), /ends outside/);
  });

  it('must be aligned for its elements, also when it is empty', () => {
    refuses(() => listed(bareGuest([list('u32')]), 34, 1), /not aligned to 4/);
    refuses(() => listed(bareGuest([list('u64')]), 4, 0), /not aligned to 8/);
    expect(listed(bareGuest([list('u16')]), 34, 1)).toEqual([0]);
  });

  it('is the same to an import, whose pointers come as signed numbers', () => {
    const guest = bareGuest([list('u16')]);
    refuses(() => seen(guest, -16, 4, 64), /ends outside/);
    refuses(() => seen(guest, 1, 1, 64), /not aligned to 2/);
    expect(seen(guest, 64, 2, 64)).toEqual([0, 0]);
  });

  it('gives bytes that are a copy of their own', () => {
    const guest = bareGuest([list('u8')]);
    guest.put(64, [1, 2, 3]);
    const bytes = listed(guest, 64, 3) as Uint8Array;
    guest.put(64, [9, 9, 9]);
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
    expect(bytes.buffer.byteLength).toBe(3);
  });
});

describe('what a call may lift is bounded', () => {
  it('elements of no size count', () => {
    const guest = bareGuest([{ kind: 'tuple', parts: [] }, list(0)], 1, { liftMaxBytes: 1 << 20 });
    refuses(() => listed(guest, 64, 0xffff_ffff), /more than 1048576 bytes/);
    expect(listed(guest, 64, 3)).toEqual([[], [], []]);
  });

  it('elements count as what they become, not as what they were', () => {
    const guest = bareGuest([list('bool')], 0, { liftMaxBytes: PAGE_BYTES });
    refuses(() => listed(guest, 0, PAGE_BYTES / 2), /more than/);
    expect(listed(guest, 64, 100)).toHaveLength(100);
  });

  it('many lists that share their bytes count each', () => {
    const guest = bareGuest([list('u8'), list(0)], 1, { liftMaxBytes: 8 << 20 });
    for (let at = 1_024; at < 33_792; at += 8) guest.words(at, 0, PAGE_BYTES);
    refuses(() => listed(guest, 1_024, 4_096), /more than/);
    expect(listed(guest, 1_024, 10)).toHaveLength(10);
  });

  it('strings count, and every call begins anew', () => {
    const guest = bareGuest(
      ['string', 'string'].map((each): WitType => list(each as 'string')),
      0,
      {
        liftMaxBytes: 40_000,
      },
    );
    guest.words(1_024, 0, 20_000, 0, 20_000);
    refuses(() => listed(guest, 1_024, 2), /more than 40000/);
    for (let turn = 0; turn < 5; turn++) expect(listed(guest, 1_024, 1)).toHaveLength(1);
  });
});

describe('a record, tuple or variant in memory', () => {
  const pair: WitType = { kind: 'tuple', parts: ['u32', 'u32'] };

  it('lies within the memory and is aligned, as a result', () => {
    const guest = bareGuest([pair]);
    expect(lifted(guest, PAGE_BYTES - 8)).toEqual([0, 0]);
    refuses(() => lifted(guest, PAGE_BYTES - 4), /the result of 8 bytes/);
    refuses(() => lifted(guest, -8), /ends outside/);
    refuses(() => lifted(guest, 18), /not aligned/);
  });

  it('lies within the memory and is aligned, as parameters that are too many to be flat', () => {
    const wide: WitType = { kind: 'tuple', parts: Array.from({ length: 17 }, () => 'u32' as const) };
    const guest = bareGuest([wide]);
    expect(seen(guest, 64, 512)).toHaveLength(17);
    refuses(() => seen(guest, PAGE_BYTES - 64, 512), /the parameters/);
    refuses(() => seen(guest, 65, 512), /not aligned/);
  });

  it('has room that is looked at before the host does anything', () => {
    const guest = bareGuest([pair]);
    let callCount = 0;
    const call = guest.cellAbi.importFunction(0, (value) => {
      callCount++;
      return value;
    });
    refuses(() => call(1, 2, PAGE_BYTES - 4), /room for a result/);
    refuses(() => call(1, 2, 18), /room for a result/);
    expect(callCount).toBe(0);
    call(1, 2, 64);
    expect([guest.view().getUint32(64, true), guest.view().getUint32(68, true)]).toEqual([1, 2]);
  });
});

describe('a discriminant', () => {
  const three: WitType = { kind: 'enum', names: ['a', 'b', 'c'] };
  const cases = (count: number): WitType => ({
    kind: 'variant',
    cases: Array.from({ length: count }, (_, index) => ({
      name: `c${index}`,
      type: index === 0 ? 'u32' : undefined,
    })),
  });

  it('must name a case: enum, option, result', () => {
    expect(lifted(bareGuest([three]), 2)).toBe('c');
    refuses(() => lifted(bareGuest([three]), 3), /3 is not one of 3 cases/);
    refuses(() => lifted(bareGuest([three]), -1), /4294967295 is not one of 3 cases/);
    const option = bareGuest([{ kind: 'option', some: 'u32' }]);
    option.put(16, [2]);
    refuses(() => lifted(option, 16), /2 is not one of 2 cases/);
    const result = bareGuest([{ kind: 'result', ok: undefined, error: undefined }]);
    expect(lifted(result, 1)).toEqual({ tag: 'err' });
    refuses(() => lifted(result, 2), /2 is not one of 2 cases/);
    refuses(() => seen(result, 256), /256 is not one of 2 cases/);
  });

  it.each([
    [256, 1],
    [257, 2],
    [65_536, 2],
    [65_537, 4],
  ])('of %i cases takes %i bytes', (count, bytes) => {
    const guest = bareGuest([cases(count), { kind: 'tuple', parts: [0, 0] }]);
    const last = count - 1;
    const at = (pointer: number, index: number): void => {
      for (let byte = 0; byte < 4; byte++)
        guest.put(pointer + byte, [byte < bytes ? (index >>> (8 * byte)) & 0xff : 0xff]);
    };
    at(16, last);
    at(24, 1);
    expect(lifted(guest, 16)).toEqual([{ tag: `c${last}` }, { tag: 'c1' }]);
    if (count === 2 ** (8 * bytes)) return;
    at(16, count);
    refuses(() => lifted(guest, 16), /is not one of/);
  });
});

describe('a flat value of a narrow type', () => {
  it.each([
    ['u8', 0x1ff, 0xff],
    ['s8', 0x180, -128],
    ['u16', 0x1_ffff, 0xffff],
    ['s16', 0x1_8000, -32_768],
    ['u32', -1, 0xffff_ffff],
    ['s32', -1, -1],
    ['u64', -1n, 2n ** 64n - 1n],
    ['s64', -1n, -1n],
    ['bool', 2, true],
    ['bool', 0, false],
  ] as const)('is taken modulo its width: %s', (type, flat, value) => {
    expect(lifted(bareGuest([], type), flat)).toBe(value);
    expect(seen(bareGuest([], type), flat)).toBe(value);
  });

  it('bool: every byte but 0 is true in memory', () => {
    const guest = bareGuest([list('bool')]);
    guest.put(64, [0, 1, 2, 255]);
    expect(listed(guest, 64, 4)).toEqual([false, true, true, true]);
  });

  it('bits of flags that have no name are ignored', () => {
    const flags: WitType = { kind: 'flags', names: ['x', 'y', 'z'] };
    expect(lifted(bareGuest([flags]), 0b1111_1101)).toEqual(['x', 'z']);
    const guest = bareGuest([flags, { kind: 'tuple', parts: [0, 0] }]);
    guest.put(16, [0xfa, 0xff]);
    expect(lifted(guest, 16)).toEqual([['y'], ['x', 'y', 'z']]);
  });
});

describe('a character', () => {
  it.each([0xd800, 0xdfff, 0x11_0000, 0xffff_ffff])('%i is none', (code) => {
    refuses(() => lifted(bareGuest([], 'char'), code | 0), /is not a character/);
    const guest = bareGuest([list('char')]);
    guest.words(64, code);
    refuses(() => listed(guest, 64, 1), /is not a character/);
  });

  it.each([0, 0x41, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff])('%i is one', (code) => {
    expect(lifted(bareGuest([], 'char'), code)).toBe(String.fromCodePoint(code));
  });
});

describe('a NaN', () => {
  const bits = new DataView(new ArrayBuffer(8));
  const bitsOf = (value: unknown): bigint => {
    bits.setFloat64(0, value as number);
    return bits.getBigUint64(0);
  };

  it('loses its payload on the way out', () => {
    const guest = bareGuest([{ kind: 'tuple', parts: ['f32', 'f64'] }]);
    guest.words(16, 0xffc1_2345, 0, 0x1234_5678, 0xfff8_1234);
    for (const value of lifted(guest, 16) as number[]) {
      expect(value).toBeNaN();
      expect(bitsOf(value)).toBe(bitsOf(Number.NaN));
    }
  });

  it('loses its payload on the way in', () => {
    const guest = bareGuest([list('f32'), list('f64'), { kind: 'tuple', parts: [0, 1] }]);
    bits.setBigUint64(0, 0xfff8_dead_beef_0001n);
    const odd = bits.getFloat64(0);
    const [floats, , doubles] = guest.cellAbi.lowerArguments(0, [[[odd], [odd]]]) as [number, number, number];
    expect(guest.view().getUint32(floats, true)).toBe(0x7fc0_0000);
    expect(guest.view().getBigUint64(doubles, true)).toBe(0x7ff8_0000_0000_0000n);
  });
});

describe('an allocator', () => {
  it.each([
    [PAGE_BYTES, /ends outside/],
    [-4, /ends outside/],
    [PAGE_BYTES * 2, /ends outside/],
    [1_022, /not aligned to 4/],
  ])('that answers %i for four bytes is found out', (pointer, why) => {
    const guest = bareGuest([list('u32')], 0, { realloc: () => pointer });
    refuses(() => guest.cellAbi.lowerArguments(0, [[7]]), why);
  });

  it('is asked for zero bytes too, once for each list and string', () => {
    const guest = bareGuest([list('string')]);
    guest.cellAbi.lowerArguments(0, [['', 'é', 'x'.repeat(40)]]);
    expect(guest.asked).toEqual([
      [4, 24],
      [1, 0],
      [1, 2],
      [1, 40],
    ]);
  });

  it('may grow the memory at every turn', () => {
    const guest = bareGuest([list('string')], 0, {
      realloc: (_old, _held, _align, size) => {
        const before = guest.memory.grow(1) * PAGE_BYTES;
        return size === 0 ? before : before + 8;
      },
    });
    const [pointer, length] = guest.cellAbi.lowerArguments(0, [['one', 'two and more than a dozen']]) as [
      number,
      number,
    ];
    guest.words(16, pointer, length);
    expect(lifted(guest, 16)).toEqual(['one', 'two and more than a dozen']);
  });
});

describe('a type table', () => {
  it('with types nested more than 100 deep is refused', () => {
    const nested = (depth: number): WitType[] =>
      Array.from({ length: depth }, (_, index) => list(index === 0 ? 'u8' : index - 1));
    expect(() => bareGuest(nested(100))).not.toThrow();
    expect(() => bareGuest(nested(101))).toThrow(expect.objectContaining({ code: 'REGISTRY_UNSUPPORTED' }));
  });

  it('whose pairs of pairs would be enormous is refused', () => {
    const pairs = (leaf: TypeRef, first: readonly WitType[]): WitType[] => [
      ...first,
      ...Array.from({ length: 40 }, (_, index): WitType => {
        const part = index === 0 ? leaf : first.length + index - 1;
        return { kind: 'tuple', parts: [part, part] };
      }),
    ];
    expect(() => bareGuest(pairs('u8', []))).toThrow(/type of more than/);
    expect(() => bareGuest(pairs(0, [{ kind: 'tuple', parts: [] }]))).toThrow(/type of more than/);
  });

  it('with more than 32 flags is refused', () => {
    const flags = (count: number): WitType => ({
      kind: 'flags',
      names: Array.from({ length: count }, (_, index) => `f${index}`),
    });
    expect(lifted(bareGuest([flags(32)]), 1 << 31)).toEqual(['f31']);
    expect(() => bareGuest([flags(33)])).toThrow(expect.objectContaining({ code: 'REGISTRY_UNSUPPORTED' }));
  });
});
