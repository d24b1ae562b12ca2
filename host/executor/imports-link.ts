/**
 * Imports of a plan → core functions for the cells of it: the Canonical ABI around the implementations of `imports.ts`.
 *
 * Runs in the executor's thread. Always: whatever goes wrong in an import ends the guest by a trap with its reason, and
 * what waits suspends it. The core functions that may wait are one for all cells of a plan; the others belong to a cell.
 */

import type { Grants } from '../capability-types.ts';
import { HostError } from '../errors.ts';
import { createShapes, flatten } from '../flat-types.ts';
import { IMPORTS } from '../import-table.ts';
import type { ImportedFunction, LinkPlan } from '../link-plan.ts';
import { type Abi, type CellAbi, compileAbi } from './abi.ts';
import { type Guest, trapRunning, type WaitingFunction, waitingImport } from './guest.ts';
import { type CellContext, IMPLEMENTATIONS, type ImportFunction } from './imports.ts';

/** Bytes that the result of one call may take, beside the limits of the operation. */
const LIFT_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Bytes that one import may take out of a guest, beside the bodies and files that are granted: the guest pays no fuel for it and
 * its neighbours wait. No text or list of a well-meant call comes near.
 */
const ARGUMENTS_MAX_BYTES = 4 * 1024 * 1024;

function argumentsMaxBytes({ http, files }: Grants): number {
  return ARGUMENTS_MAX_BYTES + Math.max(http?.requestMaxBytes ?? 0, files?.maxBytes ?? 0);
}

/** What a plan needs of the host, worked out once for a plan and thread. */
export interface ImportLinker {
  readonly abi: Abi;
  /** A cell of it may have to wait. */
  readonly waits: boolean;
  /** For one cell: `instances` is filled by instantiation. */
  bind(
    guest: Guest,
    context: CellContext,
    instances: readonly WebAssembly.Exports[],
  ): {
    readonly abi: CellAbi;
    importFunction(index: number): WebAssembly.CoreFunction;
    resourceFunction(builtin: 'new' | 'drop' | 'rep', resource: number): WebAssembly.CoreFunction;
  };
}

interface Served {
  readonly call: ImportFunction;
  readonly waits: boolean;
}

const withoutVersion = (name: string): string => name.replace(/@.*$/, '');

function serve({ interface: from, name }: ImportedFunction): Served {
  const key = withoutVersion(from);
  const spec = IMPORTS[key]?.functions[name];
  const call = IMPLEMENTATIONS[key]?.functions[name];
  if (!spec || !call) throw new HostError('POOL_CREATE_FAILED', `${from} ${name} is not served here`);
  return { call, waits: spec.waits };
}

const linkers = new WeakMap<LinkPlan, ImportLinker>();

/** Throws POOL_CREATE_FAILED — the plan imports what is not served; REGISTRY_UNSUPPORTED — by types that are too large. */
export function linkerOf(plan: LinkPlan): ImportLinker {
  const known = linkers.get(plan);
  if (known) return known;
  const made = createLinker(plan);
  linkers.set(plan, made);
  return made;
}

function createLinker(plan: LinkPlan): ImportLinker {
  const abi = compileAbi(plan);
  const served = plan.imports.map(serve);
  /** The lowered functions of the cell that calls, by guest: the core function that waits is shared. */
  const waiting = new WeakMap<Guest, readonly (WaitingFunction | undefined)[]>();
  const shapeOf = createShapes(plan.types);
  const shared = plan.imports.map(({ type }, index) => {
    if (!served[index]?.waits) return undefined;
    const { parameters, results } = flatten(type, shapeOf, 'lower');
    return waitingImport(parameters, results[0], (guest) => waiting.get(guest)?.[index] as WaitingFunction);
  });
  return {
    abi,
    waits: served.some(({ waits }) => waits),
    bind(guest, context, instances) {
      const cellAbi = abi.bind(instances, {
        liftMaxBytes: LIFT_MAX_BYTES,
        argumentsMaxBytes: argumentsMaxBytes(context.grants),
      });
      const lowered = served.map(
        ({ call, waits }, index): WaitingFunction =>
          cellAbi.importFunction(
            index,
            (...values) => call(context, ...(values as never[])),
            // Its call may be over when the answer comes: a cell that crashed is not entered again, its allocator neither.
            waits ? (finish) => (guest.isEnding ? undefined : guest.unsuspendedMeanwhile(finish)) : undefined,
          ),
      );
      waiting.set(guest, lowered);
      const guarded = (run: WaitingFunction): WebAssembly.CoreFunction =>
        ((...values: number[]) => {
          try {
            return guest.unsuspended(() => run(...values));
          } catch (error) {
            return trapRunning(error);
          }
        }) as WebAssembly.CoreFunction;
      return {
        abi: cellAbi,
        importFunction: (index) => shared[index] ?? guarded(lowered[index] as WaitingFunction),
        resourceFunction(builtin, resource) {
          const type = plan.resources[resource];
          const drop =
            type?.interface === undefined
              ? undefined
              : IMPLEMENTATIONS[withoutVersion(type.interface)]?.drops?.[type.name];
          return guarded(
            cellAbi.resourceFunction(
              builtin,
              resource,
              drop && ((object) => drop(context, object as never)),
            ) as WaitingFunction,
          );
        },
      };
    },
  };
}
