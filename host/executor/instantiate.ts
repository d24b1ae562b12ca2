/**
 * A link plan → running core instances: instantiates the plan's modules in order, each import from an earlier instance,
 * the host or a trap.
 *
 * Runs in the executor's thread, for each new cell, so what depends on the plan alone is worked out once a thread.
 * Start functions run here. It knows nothing of calls.
 */

import { systemClock } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { CoreItem, LinkPlan } from '../types.ts';
import { type Guest, trapRunning, UNCAUGHT } from './guest.ts';
import { LENT_IMPORT, type MemoryLoan } from './memory-shelf.ts';

/**
 * Units that the start functions of one cell may use together: about 0.1 s. They fill tables and build what a language needs
 * before its first line.
 */
export const START_FUEL = 100_000_000;

/**
 * Longest that they may take together, in ms: imports do work that no fuel is counted for. Many times what the fuel takes, and below
 * what ends the whole thread.
 */
const START_MAX_MS = 2_000;

/** Where an import comes from: an export of an earlier instance, the host, or a trap. */
type Source = { readonly name: string } & (
  | { readonly kind: 'export'; readonly instance: number; readonly from: string }
  | { readonly kind: 'trap'; readonly trap: WebAssembly.CoreFunction }
  | { readonly kind: 'host'; readonly item: HostItem }
);

type HostItem = Extract<CoreItem, { readonly kind: 'import' | 'resource' }>;

/** Core functions of the host for one cell. */
export interface HostFunctions {
  importFunction(index: number): WebAssembly.CoreFunction;
  resourceFunction(builtin: 'new' | 'drop' | 'rep', resource: number): WebAssembly.CoreFunction;
}

/** One core instantiation with its imports grouped by module name, and its trap functions made once for all cells. */
interface Step {
  readonly module: number;
  readonly groups: readonly { readonly module: string; readonly sources: readonly Source[] }[];
}

/** Steps of each plan: worked out once for a plan and thread, not for each cell. */
const prepared = new WeakMap<LinkPlan, readonly Step[]>();

function toSource(name: string, item: CoreItem): Source {
  if (item.kind === 'export') return { kind: 'export', name, instance: item.instance, from: item.name };
  if (item.kind !== 'trap') return { kind: 'host', name, item };
  const { reason } = item;
  return { kind: 'trap', name, trap: () => trapRunning(reason) };
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

function importsFor(
  step: Step,
  instances: readonly WebAssembly.Exports[],
  host: HostFunctions | undefined,
  memory: WebAssembly.Memory | undefined,
): WebAssembly.Imports {
  const find = (source: Source): WebAssembly.ImportValue | undefined => {
    if (source.kind === 'export') return instances[source.instance]?.[source.from];
    if (source.kind === 'trap') return source.trap;
    const { item } = source;
    return item.kind === 'import'
      ? host?.importFunction(item.index)
      : host?.resourceFunction(item.builtin, item.resource);
  };
  // Without a prototype, so that a guest's `__proto__` is a name like any other.
  const imports: WebAssembly.Imports = Object.create(null);
  for (const { module, sources } of step.groups) {
    const group: WebAssembly.Imports[string] = Object.create(null);
    for (const source of sources) {
      const value = find(source);
      if (value !== undefined) group[source.name] = value;
    }
    imports[module] = group;
  }
  if (memory) imports[LENT_IMPORT] = { 0: memory };
  return imports;
}

/**
 * Instantiates the plan's modules, running their start functions; gives the exports of each instance, in the plan's
 * order. `modules` are in the order of `plan.modules` and may be shared between threads. `guest` gets the counters; `instances`
 * is filled one by one, for those who look things up in it; `host` gives what the plan takes from the host, `loan` the memories of
 * those modules that do not make their own.
 * Throws POOL_CREATE_FAILED — a module does not fit its imports, a start function trapped, or memory ran out.
 */
export function instantiate(
  modules: readonly WebAssembly.Module[],
  plan: LinkPlan,
  guest: Guest,
  {
    instances = [],
    host,
    loan,
  }: {
    readonly instances?: WebAssembly.Exports[];
    readonly host?: HostFunctions;
    readonly loan?: MemoryLoan | undefined;
  } = {},
): readonly WebAssembly.Exports[] {
  guest.enter({ deadlineMs: systemClock.now() + START_MAX_MS, fuelMax: START_FUEL });
  for (const step of prepared.get(plan) ?? prepare(plan)) {
    const module = modules[step.module];
    if (!module) throw new Error(`there is no module ${step.module}`);
    try {
      const memory = loan?.lend(step.module);
      const isAlone = step.groups.length === 0 && memory === undefined;
      const imports = isAlone ? undefined : importsFor(step, instances, host, memory);
      const { exports } = new WebAssembly.Instance(module, imports);
      guest.add(exports);
      instances.push(exports);
    } catch (error) {
      guest.leave();
      throw new HostError('POOL_CREATE_FAILED', whyNot(guest, error), { cause: error });
    }
  }
  guest.leave();
  return instances;
}

function whyNot({ failure, stop }: Guest, error: unknown): string {
  if (failure !== undefined) return typeof failure === 'string' ? failure : failure.detail;
  if (stop === 'deadline') return `the start function took more than ${START_MAX_MS} ms`;
  if (stop !== undefined)
    return `the start function used more than ${START_FUEL.toLocaleString('en')} units of fuel`;
  return error instanceof Error ? error.message : UNCAUGHT;
}
