/**
 * What instructions cost, in units of fuel. `instruction.ts` gives each instruction its class, `meter-function.ts` adds them up; the
 * table in this folder's README is printed from here. A change makes every cached preparation another one: raise `PLAN_FORMAT`.
 */

/**
 * Units of fuel of each class of instruction; one is about a nanosecond or less of work. What moves no data and makes no decision
 * costs nothing. Documented in the folder's README.
 */
export const COSTS = {
  none: 0,
  simple: 1,
  turn: 1,
  branchTable: 2,
  /** Integer division and remainder, floating-point division and square root. */
  divide: 4,
  call: 2,
  callIndirect: 5,
  atomic: 5,
  /** Throwing unwinds frames, in the engine's slow path. */
  throw: 500,
  /** Leaves the generated code: `memory.grow`, `table.grow` and bulk operations, besides their length. */
  runtime: 20,
  memoryGrow: 2_000,
} as const;

/** The classes in words, for the README: what it is, and what it costs. */
export function costRows(): readonly (readonly [string, string])[] {
  const units = (count: number): string => `${count}`;
  return [
    ['constants, `local.*`, `drop`, `nop`, `block`, `loop`, `else`, `end`, `unreachable`', units(COSTS.none)],
    ['one turn of a loop', units(COSTS.turn)],
    [
      'arithmetic, comparisons, conversions, loads, stores, globals, tables, branches, `if`, `select`, vectors',
      units(COSTS.simple),
    ],
    ['`br_table`', units(COSTS.branchTable)],
    ['integer `div`, `rem`; floating `div`, `sqrt`', units(COSTS.divide)],
    ['`call`, `return_call`', units(COSTS.call)],
    ['`call_indirect`, `call_ref` and their `return_` forms', units(COSTS.callIndirect)],
    ['atomic operations', units(COSTS.atomic)],
    ['`throw`, `throw_ref`, `rethrow`', units(COSTS.throw)],
    ['`memory.grow`', units(COSTS.memoryGrow)],
    ['`memory.copy`, `fill`, `init`', `${COSTS.runtime}, and 1 for ${2 ** BULK_BYTES_SHIFT} bytes`],
    [
      '`table.copy`, `fill`, `init`, `grow`; arrays made, copied, filled',
      `${COSTS.runtime}, and 1 for ${2 ** BULK_ELEMENTS_SHIFT} elements`,
    ],
  ];
}

/** Bytes that a bulk operation moves for one unit of fuel, as a power of two: 2⁴ = 16. */
export const BULK_BYTES_SHIFT = 4;
/** Elements that a bulk operation on tables moves for one unit of fuel. */
export const BULK_ELEMENTS_SHIFT = 1;
