/**
 * Rewrites a core module so that its memory is given to it instead of made by it: the executor then gives the memory of a cell that is
 * over, wiped, to the next one.
 *
 * Why: a new memory is a reservation of address space that only the garbage collector gives back, a thousand at a time in one long
 * pause. Only what is simple is rewritten: one memory of its own, 32-bit and unshared, and small, because wiping touches all of it.
 * The memory keeps its index, its exports and its limits, so the module behaves as before. The module was read by
 * `core-module.ts` and capped by `memory-cap.ts` before.
 */

import type { LentMemory, LinkPlan } from '../types.ts';
import { ByteReader } from './binary.ts';
import { PREAMBLE_BYTES, readLayout } from './module-layout.ts';
import { leb128, name, section } from './wasm-writer.ts';

/** Of the import that the executor answers (`executor/memory-shelf.ts`). No component has it: `names.ts` refuses the sign. */
const LENT_IMPORT = 'hotcell!memory';

/** 1 MiB: wiping makes all of it resident. */
const LENT_MAX_PAGES = 16;

const IMPORT = 2;
const MEMORY = 5;
const TYPE = 1;
const MEMORY_KIND = 2;

export interface Loan {
  readonly module: Uint8Array;
  readonly memory: LentMemory;
}

/**
 * All modules of a plan, those rewritten that may be. None where the component takes something from the host: what the host was
 * handed might still be written to when the cell is over. The bytes given are borrowed.
 */
export function lendMemories(
  modules: readonly Uint8Array[],
  { imports, resources }: Pick<LinkPlan, 'imports' | 'resources'>,
): { readonly modules: readonly Uint8Array[]; readonly lent: readonly (LentMemory | undefined)[] } {
  const isAlone = imports.length === 0 && resources.length === 0;
  const loans = modules.map((module) => (isAlone ? lendMemory(module) : undefined));
  return {
    modules: modules.map((module, index) => loans[index]?.module ?? module),
    lent: loans.map((loan) => loan?.memory),
  };
}

/** The rewritten module and the memory it wants; undefined for one that stays as it is. The bytes given are borrowed. */
export function lendMemory(module: Uint8Array): Loan | undefined {
  const { sections, wideMemories } = readLayout(new ByteReader(module));
  const own = sections.get(MEMORY);
  if (own?.count !== 1 || wideMemories.length !== 1) return undefined;
  const limits = module.subarray(own.items, own.end);
  const reader = new ByteReader(module, own.items, own.end);
  // A maximum, and neither shared nor 64-bit.
  if (reader.byte('limits') !== 1) return undefined;
  const memory = { initialPages: reader.u32('a minimum'), maximumPages: reader.u32('a maximum') };
  if (memory.initialPages > LENT_MAX_PAGES || memory.initialPages > memory.maximumPages) return undefined;

  const old = sections.get(IMPORT);
  const imported = [...name(LENT_IMPORT), ...name('0'), MEMORY_KIND, ...limits];
  const imports = section(IMPORT, [
    Uint8Array.from(leb128((old?.count ?? 0) + 1)),
    old === undefined ? new Uint8Array() : module.subarray(old.items, old.end),
    Uint8Array.from(imported),
  ]);
  // Where they stood, else behind the types, which stand first.
  const from = old?.start ?? sections.get(TYPE)?.end ?? PREAMBLE_BYTES;
  const to = old?.end ?? from;
  return {
    module: Buffer.concat([
      module.subarray(0, from),
      imports,
      module.subarray(to, own.start),
      module.subarray(own.end),
    ]),
    memory,
  };
}
