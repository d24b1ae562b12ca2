/**
 * A component in this thread, linked to the real imports through the real Canonical ABI: what a cell does, without fuel,
 * deadlines and threads.
 */

import { compileAbi } from '../../../host/executor/abi.ts';
import { IMPLEMENTATIONS } from '../../../host/executor/imports.ts';
import { IMPORTS } from '../../../host/import-table.ts';
import { checkImports, type ImportNeed } from '../../../host/registry/check-imports.ts';
import { planComponent } from '../../../host/registry/plan.ts';
import type { FakeCell } from './fake-cell.ts';

// The JavaScript promise integration of WebAssembly is not in the type library.
const { Suspending, promising } = WebAssembly as unknown as {
  Suspending: new (f: (...flat: never[]) => unknown) => WebAssembly.CoreFunction;
  promising(f: WebAssembly.CoreFunction): (...flat: unknown[]) => Promise<never>;
};

export interface LinkedGuest {
  readonly needs: readonly ImportNeed[];
  /** Interfaces with at least one function that the component can call. */
  readonly interfaces: readonly string[];
  /** Calls an exported function; suspends where imports wait. */
  call(name: string, ...values: unknown[]): Promise<unknown>;
}

const withoutVersion = (name: string): string => name.split('@', 1)[0] ?? name;

export function linkGuest(component: Uint8Array, cell: FakeCell): LinkedGuest {
  const planned = planComponent(component);
  const { plan } = planned;
  const needs = checkImports(planned, IMPORTS);
  const instances: WebAssembly.Exports[] = [];
  const abi = compileAbi(plan).bind(instances, { liftMaxBytes: 16 * 1024 * 1024 });
  const imports = plan.imports.map((one, index) => {
    const face = withoutVersion(one.interface);
    const implementation = IMPLEMENTATIONS[face]?.functions[one.name];
    const spec = IMPORTS[face]?.functions[one.name];
    if (!implementation || !spec) throw new Error(`${one.interface}#${one.name} is not served`);
    const core = abi.importFunction(index, (...values) =>
      implementation(cell.context, ...(values as never[])),
    );
    return spec.waits ? new Suspending(core as never) : core;
  });
  const toItem = (item: (typeof plan.instances)[number]['imports'][number]['item']): unknown => {
    switch (item.kind) {
      case 'export':
        return instances[item.instance]?.[item.name];
      case 'import':
        return imports[item.index];
      case 'resource': {
        const { interface: face = '', name = '' } = plan.resources[item.resource] ?? {};
        const drop = IMPLEMENTATIONS[withoutVersion(face)]?.drops?.[name];
        return abi.resourceFunction(item.builtin, item.resource, (object) =>
          drop?.(cell.context, object as never),
        );
      }
      case 'trap':
        return () => {
          throw new Error(item.reason);
        };
    }
  };
  for (const { module, imports: wanted } of plan.instances) {
    const { offset, length } = plan.modules[module] as (typeof plan.modules)[number];
    const object: Record<string, Record<string, unknown>> = {};
    for (const { module: from, name, item } of wanted) {
      object[from] ??= {};
      (object[from] as Record<string, unknown>)[name] = toItem(item);
    }
    const compiled = new WebAssembly.Module(component.slice(offset, offset + length));
    instances.push(new WebAssembly.Instance(compiled, object as WebAssembly.Imports).exports);
  }
  return {
    needs,
    interfaces: [...new Set(plan.imports.map((one) => withoutVersion(one.interface)))].sort(),
    async call(name, ...values) {
      const index = plan.exports.findIndex((one) => one.name === name);
      const { lifted } = plan.exports[index] ?? {};
      if (!lifted) throw new Error(`the component exports no ${name}`);
      const core = (ref: { instance: number; name: string }) =>
        instances[ref.instance]?.[ref.name] as WebAssembly.CoreFunction;
      const result: unknown = await promising(core(lifted.core))(...abi.lowerArguments(index, values));
      const value = abi.liftResult(index, result as never);
      if (lifted.postReturn) core(lifted.postReturn)(result as never);
      return value;
    },
  };
}
