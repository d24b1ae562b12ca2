/**
 * Limits on what inspection reads, and the allowance that a whole file draws from.
 *
 * The file is untrusted: without these, a few kilobytes could make the reader allocate or loop without end. Each limit
 * stands well above what real toolchains write and well below what would hurt. They bound reading only; what a running
 * cell may use is limited elsewhere.
 */

import { rejectAt } from './binary.ts';

/** Largest component, in bytes: four times the largest JavaScript engine that is packed into components (14.5 MB). */
export const COMPONENT_MAX_BYTES = 64 * 1024 * 1024;

/** Components and component types within each other. Toolchains reach 4; the reader recurses once for each. */
export const NESTING_MAX = 16;

/** Core modules in a file. The QuickJS toolchain writes 11 to 13; each is compiled and kept. */
export const MODULES_MAX = 100;

/** Core instances of one cell, and component instances made on the way. QuickJS: 11 and 24. Each costs cell time. */
export const INSTANCES_MAX = 200;

/**
 * Linear memories of one cell. QuickJS components have 3, two of them empty. Each takes one of the some 16,000 address
 * ranges of the whole process, and may grow to the manifest's limit.
 */
export const CELL_MEMORIES_MAX = 16;

/** Tables of one cell. QuickJS components have 3. */
export const CELL_TABLES_MAX = 32;

/**
 * Entries of one table, also after it has grown. The largest table of a QuickJS component has 737; larger engines have
 * one for each function whose address is taken. An entry takes 24 bytes of the process, and no memory limit covers them.
 */
export const TABLE_ENTRIES_MAX = 100_000;

/** Values that one exception carries: C++ and setjmp need one or two. Exceptions live outside of a cell's memory. */
export const TAG_PARAMETERS_MAX = 16;

/** Blocks within blocks of a function. Compilers reach some hundreds with large switches. */
export const BLOCKS_MAX = 10_000;

/** Locals of one function: V8 takes 50,000, and metering adds at most three. */
export const LOCALS_MAX = 49_997;

/** Definitions, types, imports, exports and functions in a file. A 13 MB engine has some 40,000. */
export const ITEMS_MAX = 300_000;

/**
 * Functions with a body in a file. A JavaScript engine of 13 MB has some 20,000. Each is rewritten, and the engine keeps something of it
 * in every thread, called or not.
 */
export const FUNCTIONS_MAX = 50_000;

/** Definitions walked while linking; a component that is instantiated twice is walked twice. */
export const STEPS_MAX = 300_000;

/** Types in a plan. All of WASI 0.2 has some 200, and each is walked when values are checked. */
export const TYPES_MAX = 4_096;

/** Fields, cases, labels and parameters in all types of a plan: they are kept as text. All of WASI 0.2 has some 1,000. */
export const TYPE_PARTS_MAX = 50_000;

/** Types within each other: the executor recurses once for each, and values may be as deep as their type. */
export const TYPE_DEPTH_MAX = 64;

/** One value without what its strings and lists hold, in bytes: it is copied as a whole, and its fields are walked. */
export const VALUE_MAX_BYTES = 1024 * 1024;

/** Functions that a component imports or declares to; all of WASI 0.2 has some 300. Their types are printed and compared. */
export const IMPORTED_FUNCTIONS_MAX = 2_000;

/** Functions lowered for core code, each with a trampoline in every cell. QuickJS: some 60. */
export const LOWERED_MAX = 2_000;

/** Functions that a component exports: each is an operation with a schema. */
export const EXPORTS_MAX = 1_000;

/** What is left of a limit. */
export interface Allowance {
  /** Takes `count`. Throws REGISTRY_REJECTED — the limit is passed; the detail names it. */
  take(count: number, offset: number): void;
}

/** An allowance of `max`; `what` is the plural that the message names. */
export function createAllowance(what: string, max: number): Allowance {
  let left = max;
  return {
    take(count, offset) {
      left -= count;
      if (left < 0) rejectAt(offset, `the component has more than ${max} ${what}`);
    },
  };
}
