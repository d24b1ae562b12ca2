/** The ABI over plans as the registry reads them: types, options and imports from the component's own sections. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileAbi } from '../../../host/executor/abi.ts';
import type { CoreItem } from '../../../host/link-plan.ts';
import { planComponent } from '../../../host/registry/plan.ts';
import { sampleTable, valuesOf } from './arbitraries.ts';
import { echoComponent } from './jco.ts';
import { FAR_BYTES, planOf } from './worlds.ts';

const TYPES = 40;
const VALUES = 15;

describe.each(['utf8', 'utf16'] as const)('with strings in %s', (encoding) => {
  it('a component that was built and read again echoes values of any type', async () => {
    const table = sampleTable(TYPES);
    const component = await echoComponent(table, planOf(table, { encoding }), encoding);
    const { plan } = planComponent(component);
    expect(plan.imports).toHaveLength(TYPES);
    const instances: WebAssembly.Exports[] = [];
    const cellAbi = compileAbi(plan).bind(instances, { liftMaxBytes: FAR_BYTES });
    let seen: unknown;
    const toImport = (item: CoreItem): WebAssembly.ImportValue => {
      if (item.kind === 'export') return instances[item.instance]?.[item.name] as WebAssembly.ExportValue;
      if (item.kind !== 'import') throw new Error(`the echo needs no ${item.kind}`);
      return cellAbi.importFunction(item.index, (value) => {
        seen = value;
        return value;
      }) as WebAssembly.CoreFunction;
    };
    for (const step of plan.instances) {
      const range = plan.modules[step.module] as (typeof plan.modules)[0];
      const imports: WebAssembly.Imports = {};
      for (const { module, name, item } of step.imports) {
        imports[module] ??= {};
        imports[module][name] = toImport(item);
      }
      const binary = component.slice(range.offset, range.offset + range.length);
      instances.push(new WebAssembly.Instance(new WebAssembly.Module(binary), imports).exports);
    }
    for (const [index, { name, type, lifted }] of plan.exports.entries()) {
      const core = instances[lifted.core.instance]?.[lifted.core.name] as WebAssembly.CoreFunction;
      const root = table.roots[Number(name.slice('echo-'.length))];
      expect(type.parameters).toHaveLength(1);
      const echoes = fc.property(valuesOf(table.types, root as number), (value) => {
        const result = core(...(cellAbi.lowerArguments(index, [value]) as number[]));
        expect(cellAbi.liftResult(index, result), `${name} of seed ${table.seed}`).toEqual(value);
        expect(seen).toEqual(value);
      });
      fc.assert(echoes, { numRuns: VALUES });
    }
  });
});
