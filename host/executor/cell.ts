/**
 * A cell: one instance of one adapter version, built from a link plan, and the call path into it.
 *
 * Runs in the executor's thread. Always: the guest's end is a `CellEnd`, never an exception; after a crash the cell is
 * never entered again. A metered guest is stopped at its deadline or the end of its fuel (`fuel.ts`). It knows nothing
 * of pools.
 */

import { findIncomingHandler } from '../service-incoming.ts';
import type { LinkPlan } from '../types.ts';
import type { Cell, CellSurroundings } from './cell-face.ts';
import { HandlerCell } from './cell-handler.ts';
import { IncomingCell } from './cell-incoming.ts';
import { TypedCell } from './cell-typed.ts';
import { Guest } from './guest.ts';
import { GuestContext } from './imports-context.ts';
import { linkerOf } from './imports-link.ts';
import { instantiate } from './instantiate.ts';

export type { Bounds, CallForm, Cell, CellEnd, CellSurroundings } from './cell-face.ts';

/**
 * Builds a cell. `modules` are in the order of `plan.modules` and may be shared between threads.
 * Throws POOL_CREATE_FAILED — a module does not fit its imports, a start function trapped, or memory ran out.
 */
export function createCell(
  modules: readonly WebAssembly.Module[],
  plan: LinkPlan,
  { scheduler, loan, grants, host, operations }: CellSurroundings = {},
): Cell {
  const guest = new Guest(scheduler);
  const { handler } = plan;
  // A component that takes nothing from the host, as codecs are, needs no ABI but the direct call of its handler.
  if (plan.imports.length === 0 && plan.resources.length === 0 && handler && !operations) {
    const instances = instantiate(modules, plan, guest, { loan });
    return new HandlerCell({ instances, guest, context: undefined, abi: undefined, waits: false }, handler);
  }
  const context = new GuestContext(guest, grants, host);
  const linker = linkerOf(plan);
  const instances: WebAssembly.Exports[] = [];
  const bound = linker.bind(guest, context, instances);
  instantiate(modules, plan, guest, { instances, host: bound, loan });
  context.end();
  const parts = { instances, guest, context, abi: bound.abi, waits: linker.waits };
  if (operations) return new TypedCell(parts, plan, operations);
  if (handler) return new HandlerCell(parts, handler);
  const handle = findIncomingHandler(plan);
  if (handle === undefined) throw new Error('a plan without a handler');
  return new IncomingCell(parts, plan, handle);
}
