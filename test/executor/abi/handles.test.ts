import { describe, expect, it } from 'vitest';
import { HANDLES_MAX } from '../../../host/executor/abi-handles.ts';
import type { WitType } from '../../../host/link-plan.ts';
import { type BareGuest, bareGuest } from './bare-guest.ts';

const STREAM = { interface: 'wasi:io/streams@0.2.0', name: 'input-stream', destructor: undefined };
const POLLABLE = { interface: 'wasi:io/poll@0.2.0', name: 'pollable', destructor: undefined };
const COUNTER = { interface: undefined, name: 'counter', destructor: { instance: 0, name: 'dtor' } };
const resources = [STREAM, POLLABLE, COUNTER];

const guestOf = (kind: 'own' | 'borrow', resource = 0, exports: WebAssembly.Exports = {}): BareGuest =>
  bareGuest([{ kind, resource }], 0, { resources, exports });

/** Gives the guest an own handle. */
function give(guest: BareGuest, object: object): number {
  return guest.cellAbi.lowerArguments(0, [object])[0] as number;
}

function refuses(act: () => unknown, why: RegExp): void {
  expect(act).toThrow(
    expect.objectContaining({ code: 'EXECUTOR_BAD_RESULT', detail: expect.stringMatching(why) }),
  );
}

describe("an own handle of the host's resource", () => {
  it('stands for the very object, and leaves the table when it is passed back', () => {
    const guest = guestOf('own');
    const object = { name: 'a stream' };
    const handle = give(guest, object);
    expect(handle).toBe(1);
    expect(guest.cellAbi.handleCount).toBe(1);
    expect(guest.cellAbi.liftResult(0, handle)).toBe(object);
    expect(guest.cellAbi.handleCount).toBe(0);
    refuses(() => guest.cellAbi.liftResult(0, handle), /1 is not a handle/);
  });

  it('is dropped once, with its object', () => {
    const guest = guestOf('own');
    const dropped: unknown[] = [];
    const drop = guest.cellAbi.resourceFunction('drop', 0, (each) => dropped.push(each));
    const object = {};
    const handle = give(guest, object);
    expect(drop(handle)).toBeUndefined();
    expect(dropped).toEqual([object]);
    refuses(() => drop(handle), /not a handle/);
    expect(dropped).toHaveLength(1);
  });

  it('is never 0, negative, of another resource, or made up', () => {
    const guest = guestOf('own');
    const drop = guest.cellAbi.resourceFunction('drop', 0);
    const dropOther = guest.cellAbi.resourceFunction('drop', 1);
    const handle = give(guest, {});
    for (const wrong of [0, -1, 2, 0x7fff_ffff]) refuses(() => drop(wrong), /is not a handle/);
    refuses(() => dropOther(handle), /of another resource/);
    drop(handle);
  });

  it('is reused only after it was dropped', () => {
    const guest = guestOf('own');
    const drop = guest.cellAbi.resourceFunction('drop', 0);
    const handles = [1, 2, 3].map(() => give(guest, {}));
    drop(2);
    expect(give(guest, {})).toBe(2);
    expect(new Set([...handles, give(guest, {})]).size).toBe(4);
  });

  it('is an object: nothing else can be given', () => {
    for (const value of [undefined, null, 7, 'x']) {
      expect(() => guestOf('own').cellAbi.lowerArguments(0, [value])).toThrow(/EXECUTOR_BAD_ARGUMENT/);
    }
  });

  it(`is one of at most ${HANDLES_MAX}`, () => {
    const guest = guestOf('own');
    const object = {};
    for (let count = 0; count < HANDLES_MAX; count++) give(guest, object);
    refuses(() => give(guest, object), /more than 65536 handles/);
  });
});

describe('arguments that do not fit', () => {
  it('leave no handle behind, owned or borrowed', () => {
    const types: readonly WitType[] = [
      { kind: 'own', resource: 0 },
      { kind: 'borrow', resource: 1 },
      { kind: 'tuple', parts: [0, 1, 'u8'] },
    ];
    const guest = bareGuest(types, 2, { resources });
    give(guest, [{}, {}, 1] as object);
    expect(() => guest.cellAbi.lowerArguments(0, [[{}, {}, 256]])).toThrow(/EXECUTOR_BAD_ARGUMENT/);
    expect(guest.cellAbi.handleCount).toBe(2);
    guest.cellAbi.resourceFunction('drop', 1)(2);
    expect(guest.cellAbi.lowerArguments(0, [[{}, {}, 1]])).toHaveLength(3);
  });
});

describe('a borrowed handle', () => {
  const lend = (): { guest: BareGuest; handle: number; object: object } => {
    const types: readonly WitType[] = [
      { kind: 'own', resource: 0 },
      { kind: 'borrow', resource: 0 },
    ];
    const plan = { resources };
    const owner = bareGuest([...types, { kind: 'tuple', parts: [0, 1] }], 2, plan);
    const object = {};
    const [handle] = owner.cellAbi.lowerArguments(0, [[object, object]]) as [number, number];
    return { guest: owner, handle, object };
  };

  it('that an export was given has to be dropped before it returns', () => {
    const guest = guestOf('borrow');
    const [handle] = guest.cellAbi.lowerArguments(0, [{}]) as [number];
    refuses(() => guest.cellAbi.liftResult(0, handle), /kept 1 borrowed/);
    const dropped: unknown[] = [];
    guest.cellAbi.resourceFunction('drop', 0, (each) => dropped.push(each))(handle);
    expect(dropped).toEqual([]);
    expect(guest.cellAbi.handleCount).toBe(0);
  });

  it('cannot be passed on as owned', () => {
    const { guest, handle } = lend();
    expect(handle).toBe(1);
    refuses(() => guest.cellAbi.importFunction(0, () => undefined)(2, 1, 64), /2 is borrowed/);
  });

  it('of a call keeps its own handle from being dropped or passed until the call ends', async () => {
    const guest = guestOf('borrow');
    const drop = guest.cellAbi.resourceFunction('drop', 0);
    const object = {};
    const [handle] = guest.cellAbi.lowerArguments(0, [object]) as [number];
    const attempts: unknown[] = [];
    const call = guest.cellAbi.importFunction(0, (given) => {
      expect(given).toBe(object);
      try {
        drop(handle);
      } catch (error) {
        attempts.push(error);
      }
      return given;
    });
    const second = call(handle) as number;
    expect(attempts).toEqual([expect.objectContaining({ detail: 'handle 1 is on loan to a call' })]);
    drop(second);
    const settle = Promise.withResolvers<unknown>();
    const waiting = guest.cellAbi.importFunction(0, () => settle.promise)(handle);
    refuses(() => drop(handle), /on loan/);
    settle.resolve(object);
    drop((await waiting) as number);
    drop(handle);
    expect(guest.cellAbi.handleCount).toBe(0);
  });

  it('lent twice in one call is on loan until both ends', () => {
    const types: readonly WitType[] = [
      { kind: 'borrow', resource: 0 },
      { kind: 'tuple', parts: [0, 0] },
    ];
    const guest = bareGuest(types, 1, { resources });
    const object = {};
    const [first] = guest.cellAbi.lowerArguments(0, [[object, object]]) as [number, number];
    guest.cellAbi.importFunction(0, (pair) => pair)(first, first, 64);
    guest.cellAbi.resourceFunction('drop', 0)(first);
    expect(guest.cellAbi.handleCount).toBe(3);
  });
});

describe("the guest's own resource", () => {
  it('is made, looked at, and dropped by its destructor', () => {
    const destroyed: number[] = [];
    const dtor = (rep: number | bigint): number => destroyed.push(rep as number);
    const guest = guestOf('own', 2, { dtor: dtor as WebAssembly.CoreFunction });
    const [make, rep, drop] = (['new', 'rep', 'drop'] as const).map((each) =>
      guest.cellAbi.resourceFunction(each, 2),
    );
    const handle = make?.(4_096) as number;
    expect(rep?.(handle)).toBe(4_096);
    drop?.(handle);
    expect(destroyed).toEqual([4_096]);
    refuses(() => rep?.(handle), /not a handle/);
  });

  it('is its representation to the host, and comes back as a new handle', () => {
    const guest = guestOf('own', 2);
    const handle = guest.cellAbi.resourceFunction('new', 2)(-8) as number;
    const value = guest.cellAbi.liftResult(0, handle);
    expect(value).toEqual({ rep: 0xffff_fff8 });
    expect(guest.cellAbi.handleCount).toBe(0);
    expect(guest.cellAbi.lowerArguments(0, [value])).toEqual([1]);
    expect(guest.cellAbi.resourceFunction('rep', 2)(1)).toBe(0xffff_fff8);
  });

  it('borrowed by its own guest is the bare representation', () => {
    const guest = guestOf('borrow', 2);
    expect(guest.cellAbi.lowerArguments(0, [{ rep: 77 }])).toEqual([77]);
    expect(guest.cellAbi.handleCount).toBe(0);
    expect(() => guest.cellAbi.lowerArguments(0, [{ rep: -1 }])).toThrow(/EXECUTOR_BAD_ARGUMENT/);
  });

  it('cannot be made of a resource of the host', () => {
    expect(() => guestOf('own').cellAbi.resourceFunction('new', 0)).toThrow(/the host's/);
  });
});
