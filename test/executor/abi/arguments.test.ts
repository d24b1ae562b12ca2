import { describe, expect, it } from 'vitest';
import type { HostError } from '../../../host/errors.ts';
import type { TypeRef, WitType } from '../../../host/link-plan.ts';
import { bareGuest } from './bare-guest.ts';

const items: readonly WitType[] = [
  {
    kind: 'record',
    fields: [
      { name: 'name', type: 'string' },
      { name: 'a/b~c', type: 'u8' },
    ],
  },
  { kind: 'list', element: 0 },
  { kind: 'record', fields: [{ name: 'items', type: 1 }] },
];
const shape: WitType = {
  kind: 'variant',
  cases: [
    { name: 'none', type: undefined },
    { name: 'point', type: 'f32' },
  ],
};
const nested: readonly WitType[] = [
  { kind: 'option', some: 'u8' },
  { kind: 'option', some: 0 },
];

/** Type table, value, pointer of the fault, what is said. */
const MISFITS: readonly [readonly WitType[] | TypeRef, unknown, string, RegExp][] = [
  ['bool', 1, '', /not a boolean/],
  ['u8', 256, '', /0 to 255/],
  ['u8', -1, '', /0 to 255/],
  ['u8', 1.5, '', /integer/],
  ['u8', '1', '', /integer/],
  ['u8', 1n, '', /integer/],
  ['s8', 128, '', /-128 to 127/],
  ['u16', 65_536, '', /65,535/],
  ['s16', -32_769, '', /-32,768/],
  ['u32', 2 ** 32, '', /4,294,967,295/],
  ['s32', 2 ** 31, '', /2,147,483,647/],
  ['u32', Number.NaN, '', /integer/],
  ['u64', 1, '', /bigint/],
  ['u64', -1n, '', /bigint/],
  ['u64', 2n ** 64n, '', /bigint/],
  ['s64', 2n ** 63n, '', /bigint/],
  ['f32', 1e39, '', /f32/],
  ['f32', '1', '', /number/],
  ['f64', undefined, '', /missing: expected a number/],
  ['char', '', '', /one character/],
  ['char', 'ab', '', /one character/],
  ['char', '\ud800', '', /one character/],
  ['string', 7, '', /a string/],
  [[{ kind: 'list', element: 'u8' }], [1, 2], '', /bytes/],
  [[{ kind: 'list', element: 'u16' }], [1, 2, -3], '/2', /65,535/],
  [[{ kind: 'list', element: 'u16' }], { length: 1 }, '', /array/],
  [[{ kind: 'list', element: 'u16', length: 2 }], [1, 2, 3], '', /3 items, not 2/],
  [[{ kind: 'tuple', parts: ['u8', 'u8'] }], [1], '', /1 items, not 2/],
  [[{ kind: 'tuple', parts: ['u8', 'u8'] }], [1, 'x'], '/1', /255/],
  [
    items,
    { items: [{ name: 'x', 'a/b~c': 1 }, { 'a/b~c': 1 }] },
    '/items/1/name',
    /missing: expected a string/,
  ],
  [items, { items: [{ name: 'x', 'a/b~c': 300 }] }, '/items/0/a~1b~0c', /255/],
  [items, [], '', /an object/],
  [items, null, '', /an object/],
  [[shape], { tag: 'circle' }, '/tag', /one of 'none', 'point'/],
  [[shape], 'point', '', /object with a tag/],
  [[shape], { tag: 'none', val: 1 }, '/val', /no place/],
  [[shape], { tag: 'point' }, '/val', /missing/],
  [[shape], { tag: '__proto__' }, '/tag', /one of/],
  [[{ kind: 'enum', names: ['a', 'b'] }], 'c', '', /one of 'a', 'b'/],
  [[{ kind: 'flags', names: ['a', 'b'] }], ['a', 'c'], '/1', /one of/],
  [[{ kind: 'flags', names: ['a', 'b'] }], 'a', '', /array of names/],
  [[{ kind: 'option', some: 'u8' }], null, '', /255/],
  [nested, 3, '', /object with a val/],
  [nested, { val: 'x' }, '/val', /255/],
  [[{ kind: 'result', ok: 'u8', error: undefined }], { tag: 'ok', val: 'x' }, '/val', /255/],
  [[{ kind: 'result', ok: 'u8', error: undefined }], { tag: 'error' }, '/tag', /'ok', 'err'/],
];

describe.each(['flat', 'in memory'])('an argument that is not of its type, %s', (place) => {
  it.each(MISFITS)('is refused with a pointer to it: misfit %#', (types, value, at, message) => {
    const table = typeof types === 'object' ? types : [];
    const root = typeof types === 'object' ? types.length - 1 : types;
    // What a list has is written to memory; in a tuple, because a list of u8 is bytes.
    const inMemory: readonly WitType[] = [
      ...table,
      { kind: 'tuple', parts: [root] },
      { kind: 'list', element: table.length },
    ];
    const isFlat = place === 'flat';
    const guest = isFlat ? bareGuest(table, root) : bareGuest(inMemory);
    const pointer = isFlat ? `/0${at}` : `/0/0/0${at}`;
    let thrown: HostError | undefined;
    try {
      guest.cellAbi.lowerArguments(0, [isFlat ? value : [[value]]]);
    } catch (error) {
      thrown = error as HostError;
    }
    expect(thrown).toMatchObject({ code: 'EXECUTOR_BAD_ARGUMENT', status: 422 });
    expect(thrown?.problems).toEqual([{ at: pointer, message: expect.stringMatching(message) }]);
    expect(thrown?.detail.startsWith(`${pointer} `)).toBe(true);
  });
});

describe('arguments', () => {
  it('must be as many as the parameters', () => {
    const guest = bareGuest([], 'u8');
    const refused = expect.objectContaining({ code: 'EXECUTOR_BAD_ARGUMENT' });
    expect(() => guest.cellAbi.lowerArguments(0, [])).toThrow(refused);
    expect(() => guest.cellAbi.lowerArguments(0, [1, 2])).toThrow(refused);
  });

  it('leave a cell that was refused one as it was', () => {
    const guest = bareGuest([{ kind: 'list', element: 'string' }]);
    expect(() => guest.cellAbi.lowerArguments(0, [['fits', 1]])).toThrow(/BAD_ARGUMENT/);
    expect(guest.cellAbi.mayLeave).toBe(true);
    expect(guest.cellAbi.lowerArguments(0, [['fits']])).toHaveLength(2);
  });

  it('that a function of the host answers with wrongly are an error of the host, not of a caller', () => {
    const guest = bareGuest([], 'u8');
    const call = guest.cellAbi.importFunction(0, () => 'seven');
    expect(() => call(1)).toThrow(expect.objectContaining({ code: 'HOST_INTERNAL' }));
  });
});

describe('a lifted record', () => {
  it('inherits nothing, whatever its fields are called', () => {
    const names = ['constructor', 'to-string', '__proto__'];
    const guest = bareGuest([{ kind: 'record', fields: names.map((name) => ({ name, type: 'u8' })) }]);
    guest.put(16, [1, 2, 3]);
    const record = guest.cellAbi.liftResult(0, 16) as Record<string, unknown>;
    expect(Object.keys(record)).toEqual(names);
    expect(Object.values(record)).toEqual([1, 2, 3]);
    expect('hasOwnProperty' in record).toBe(false);
    expect('toString' in record).toBe(false);
  });
});
