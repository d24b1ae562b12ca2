/**
 * A link plan → running core instances: instantiates the plan's modules in order, each import from an earlier instance
 * or a trap.
 *
 * Runs in the executor's thread, for each new cell, so what depends on the plan alone is worked out once a thread.
 * Start functions run here. It knows nothing of calls.
 */

import { HostError } from '../errors.ts';
import type { CoreItem, LinkPlan } from '../types.ts';
import { type FuelMeter, lastStop, START_FUEL } from './fuel.ts';

/** Said of anything a guest throws that is no trap. */
export const UNCAUGHT = 'the guest threw an exception that nothing caught';

/** Why a guest was trapped by something it should not have called; set by the trap, read by the crash it causes. */
let trapReason: string | undefined;

/** Forgets the reason before a guest is entered. */
export function clearTrapReason(): void {
  trapReason = undefined;
}

/** The reason of the trap that just ended a guest, when it was one of ours. */
export const lastTrapReason = (): string | undefined => trapReason;

/**
 * A function whose call is a real WebAssembly trap: an exception made in JavaScript could be caught by the guest's own
 * exception handling, a trap cannot. The module is `(func (export "t") unreachable)`.
 */
const TRAP_MODULE = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // Type () -> (), one function of it, exported as "t", its body.
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x07, 0x05, 0x01, 0x01, 0x74, 0x00, 0x00],
  ...[0x0a, 0x05, 0x01, 0x03, 0x00, 0x00, 0x0b],
]);
const trapExports = new WebAssembly.Instance(new WebAssembly.Module(TRAP_MODULE)).exports;
const trap = trapExports.t as WebAssembly.CoreFunction;

/** Where an import comes from: an export of an earlier instance, or a trap. */
interface Source {
  readonly name: string;
  readonly instance: number;
  readonly from: string;
  readonly trap: WebAssembly.CoreFunction | undefined;
}

/** One core instantiation with its imports grouped by module name, and its trap functions made once for all cells. */
interface Step {
  readonly module: number;
  readonly groups: readonly { readonly module: string; readonly sources: readonly Source[] }[];
}

/** Steps of each plan: worked out once for a plan and thread, not for each cell. */
const prepared = new WeakMap<LinkPlan, readonly Step[]>();

function toSource(name: string, item: CoreItem): Source {
  if (item.kind === 'export') return { name, instance: item.instance, from: item.name, trap: undefined };
  if (item.kind !== 'trap') throw new Error(`imports of kind ${item.kind} are not linked`);
  const { reason } = item;
  const trapHere = (): number => {
    trapReason = reason;
    return trap();
  };
  return { name, instance: -1, from: '', trap: trapHere };
}

function prepare(plan: LinkPlan): readonly Step[] {
  const steps = plan.instances.map(({ module, imports }) => {
    const groups = new Map<string, Source[]>();
    for (const { module: from, name, item } of imports) {
      const sources = groups.get(from) ?? [];
      sources.push(toSource(name, item));
      groups.set(from, sources);
    }
    return { module, groups: [...groups].map(([name, sources]) => ({ module: name, sources })) };
  });
  prepared.set(plan, steps);
  return steps;
}

function importsFor(step: Step, instances: readonly WebAssembly.Exports[]): WebAssembly.Imports {
  // Without a prototype, so that a guest's `__proto__` is a name like any other.
  const imports: WebAssembly.Imports = Object.create(null);
  for (const { module, sources } of step.groups) {
    const group: WebAssembly.Imports[string] = Object.create(null);
    for (const source of sources) {
      const value = source.trap ?? instances[source.instance]?.[source.from];
      if (value !== undefined) group[source.name] = value;
    }
    imports[module] = group;
  }
  return imports;
}

/**
 * Instantiates the plan's modules, running their start functions; gives the exports of each instance, in the plan's
 * order. `modules` are in the order of `plan.modules` and may be shared between threads. `meter` gets the counters.
 * Throws POOL_CREATE_FAILED — a module does not fit its imports, a start function trapped, or memory ran out.
 */
export function instantiate(
  modules: readonly WebAssembly.Module[],
  plan: LinkPlan,
  meter: FuelMeter,
): readonly WebAssembly.Exports[] {
  const instances: WebAssembly.Exports[] = [];
  trapReason = undefined;
  meter.begin(Number.POSITIVE_INFINITY, START_FUEL);
  for (const step of prepared.get(plan) ?? prepare(plan)) {
    const module = modules[step.module];
    if (!module) throw new Error(`there is no module ${step.module}`);
    const imports = step.groups.length === 0 ? undefined : importsFor(step, instances);
    try {
      const { exports } = new WebAssembly.Instance(module, imports);
      meter.add(exports);
      instances.push(exports);
    } catch (error) {
      const detail = trapReason ?? startStop() ?? (error instanceof Error ? error.message : UNCAUGHT);
      throw new HostError('POOL_CREATE_FAILED', detail, { cause: error });
    }
  }
  return instances;
}

/** What to say of a start function that was stopped. */
const startStop = (): string | undefined =>
  lastStop() === undefined
    ? undefined
    : `the start function used more than ${START_FUEL.toLocaleString('en')} units of fuel`;
