/** A guest without code: a real memory, an allocator a test writes, and a cell's ABI bound to them. */

import { type CellAbi, compileAbi } from '../../../host/executor/abi.ts';
import type { CanonicalOptions, ResourceType, TypeRef, WitType } from '../../../host/link-plan.ts';
import { FAR_BYTES, planOf } from './worlds.ts';

export const PAGE_BYTES = 65_536;

export interface BareOptions {
  readonly encoding?: CanonicalOptions['encoding'];
  readonly resources?: readonly ResourceType[];
  readonly liftMaxBytes?: number;
  readonly pages?: number;
  /** By default places grow from 1,024 on, aligned as asked. */
  readonly realloc?: (old: number, held: number, align: number, size: number) => number;
  /** Further exports of the only instance. */
  readonly exports?: WebAssembly.Exports;
}

export interface BareGuest {
  readonly cellAbi: CellAbi;
  readonly memory: WebAssembly.Memory;
  /** Of the memory as it is now. */
  readonly view: () => DataView;
  /** Writes bytes. */
  readonly put: (pointer: number, bytes: ArrayLike<number>) => void;
  /** Writes words of 32 bits, little-endian. */
  readonly words: (pointer: number, ...words: number[]) => void;
  /** What the allocator was asked for: alignment and size. */
  readonly asked: (readonly [align: number, size: number])[];
}

/** Its export 0 and import 0 are `func(v: T) -> T` for the type at `root`, by default the last of the table. */
export function bareGuest(
  types: readonly WitType[],
  root: TypeRef = types.length - 1,
  options: BareOptions = {},
): BareGuest {
  const plan = planOf({ types, roots: [root] }, options);
  const memory = new WebAssembly.Memory({ initial: options.pages ?? 1 });
  const asked: (readonly [number, number])[] = [];
  let next = 1_024;
  const realloc =
    options.realloc ??
    ((_old: number, _held: number, align: number, size: number) => {
      const pointer = Math.ceil(next / align) * align;
      next = pointer + size;
      return pointer;
    });
  const instances: WebAssembly.Exports[] = [
    {
      memory,
      cabi_realloc: (old, held, align, size) => {
        asked.push([align as number, size as number]);
        return realloc(old as number, held as number, align as number, size as number);
      },
      ...options.exports,
    },
  ];
  const cellAbi = compileAbi(plan).bind(instances, { liftMaxBytes: options.liftMaxBytes ?? FAR_BYTES });
  const view = (): DataView => new DataView(memory.buffer);
  return {
    cellAbi,
    memory,
    view,
    put: (pointer, bytes) => new Uint8Array(memory.buffer).set(bytes, pointer),
    words: (pointer, ...words) => {
      for (const [index, word] of words.entries()) view().setUint32(pointer + index * 4, word, true);
    },
    asked,
  };
}

/** What an export gives whose core function returned this. */
export const lifted = (guest: BareGuest, coreResult: number | bigint): unknown =>
  guest.cellAbi.liftResult(0, coreResult);

/** What the host sees of an import called with these core values. The result is not lowered. */
export function seen(guest: BareGuest, ...flat: (number | bigint)[]): unknown {
  let value: unknown;
  const stop = new Error('seen');
  const call = guest.cellAbi.importFunction(0, (given) => {
    value = given;
    throw stop;
  });
  try {
    call(...flat);
  } catch (error) {
    if (error !== stop) throw error;
  }
  return value;
}
