import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError, hasCode } from '../../host/errors.ts';
import { ByteReader, rejectAt } from '../../host/registry/binary.ts';
import { createAllowance } from '../../host/registry/limits.ts';

const reader = (...bytes: number[]): ByteReader => new ByteReader(new Uint8Array(bytes));

function refusal(read: () => unknown): HostError {
  try {
    read();
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** LEB128 as an encoder would write it. */
function leb(value: number, isSigned: boolean): number[] {
  let rest = BigInt(value);
  const bytes: number[] = [];
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isDone = isSigned
      ? (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)
      : rest === 0n;
    bytes.push(isDone ? low : low | 0x80);
    if (isDone) return bytes;
  }
}

describe('numbers', () => {
  it('unsigned ones come back as they were written, whatever the value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
        expect(reader(...leb(value, false)).u32('a number')).toBe(value);
      }),
    );
  });

  it('signed ones of 33 bits come back as they were written, whatever the value', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 32), max: 2 ** 32 - 1 }), (value) => {
        expect(reader(...leb(value, true)).s33('a number')).toBe(value);
      }),
    );
  });

  it('may be padded, as linkers do', () => {
    expect(reader(0x85, 0x80, 0x80, 0x80, 0x00).u32('a number')).toBe(5);
  });

  it.each([
    ['a bit above the 32nd', [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ['a sixth byte', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['no last byte', [0x80, 0x80]],
    ['no byte', []],
  ])('unsigned ones with %s are refused', (_, bytes) => {
    expect(refusal(() => reader(...bytes).u32('a number')).code).toBe('REGISTRY_REJECTED');
  });

  it.each([
    ['a bit above the 33rd', [0xff, 0xff, 0xff, 0xff, 0x2f]],
    ['a sixth byte', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['no last byte', [0xff]],
  ])('signed ones with %s are refused', (_, bytes) => {
    expect(refusal(() => reader(...bytes).s33('a number')).code).toBe('REGISTRY_REJECTED');
  });
});

describe('ranges', () => {
  it('end where they were told to, though the file goes on', () => {
    const part = reader(2, 10, 11, 12).sized('a part');
    expect([part.byte('a byte'), part.byte('a byte')]).toEqual([10, 11]);
    const error = refusal(() => part.byte('the third byte'));
    expect(error.detail).toBe('byte 3: the third byte is cut off');
  });

  it('count offsets from the start of the file', () => {
    const file = reader(0, 0, 0, 2, 7, 7);
    file.range(3, 'a head');
    const part = file.sized('a part');
    expect(part.offset).toBe(4);
    expect(refusal(() => part.expectEnd('the part')).detail).toBe('byte 4: the part has 2 bytes too many');
  });

  it('larger than the one around them are refused', () => {
    expect(refusal(() => reader(9, 0).sized('a part')).detail).toMatch(
      /a part has 9 bytes but only 1 are left/,
    );
  });

  it('refuse counts that could not fit, before anything is allocated', () => {
    expect(refusal(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f).count('things')).detail).toMatch(
      /4294967295 things/,
    );
  });
});

describe('texts', () => {
  it('are UTF-8 with a limit', () => {
    expect(reader(3, 0xe2, 0x82, 0xac).text('a name', 3)).toBe('€');
    expect(refusal(() => reader(3, 0xe2, 0x82, 0xac).text('a name', 2)).detail).toMatch(
      /has 3 bytes; the limit is 2/,
    );
    expect(refusal(() => reader(2, 0xe2, 0x82).text('a name', 9)).detail).toMatch(/not valid UTF-8/);
    expect(refusal(() => reader(3, 0x61).text('a name', 9)).detail).toMatch(/cut off/);
  });

  it('keep a byte-order mark: it is part of the name', () => {
    expect(reader(3, 0xef, 0xbb, 0xbf).text('a name', 9)).toBe('\ufeff');
  });
});

describe('reading any bytes', () => {
  it('ends in a value or in REGISTRY_REJECTED, never past the end', () => {
    const steps = fc.array(fc.constantFrom('byte', 'u32', 's33', 'count', 'sized', 'text'), { minLength: 1 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), steps, (bytes, names) => {
        let at = new ByteReader(bytes);
        try {
          for (const name of names) {
            if (name === 'sized') at = at.sized('x');
            else if (name === 'text') at.text('x', 20);
            else at[name as 'byte' | 'u32' | 's33' | 'count']('x');
            expect(at.remaining).toBeGreaterThanOrEqual(0);
            expect(at.offset).toBeLessThanOrEqual(bytes.length);
          }
        } catch (error) {
          expect(hasCode(error, 'REGISTRY_REJECTED')).toBe(true);
        }
      }),
    );
  });
});

describe('an allowance', () => {
  it('ends exactly at its limit and names it', () => {
    const allowance = createAllowance('things', 3);
    allowance.take(3, 0);
    expect(refusal(() => allowance.take(1, 42)).detail).toBe('byte 42: the component has more than 3 things');
  });
});

describe('a refusal', () => {
  it('names the byte', () => {
    expect(refusal(() => rejectAt(7, 'no')).detail).toBe('byte 7: no');
  });
});
