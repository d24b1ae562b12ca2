/** The import table against the WIT of WASI, our own WIT, and the implementations. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { IMPLEMENTATIONS } from '../host/executor/imports.ts';
import { IMPORTS } from '../host/import-table.ts';
import { checkImports } from '../host/registry/check-imports.ts';
import { planComponent } from '../host/registry/plan.ts';
import { printType } from '../host/registry/print-type.ts';
import { tableUnder } from './markdown.ts';
import { interfaceTable } from './readme-tables.ts';
import { importingComponent, WASI_WIT } from './wasi-components.ts';

const own = readFileSync(new URL('../adapters/wit/capabilities.wit', import.meta.url), 'utf8');

/** Names of the functions of an interface as WIT text has them, without those that are marked unstable. */
function functionsIn(wit: string, packageName: string, face: string): string[] {
  const clean = wit
    .replace(/\/\/.*$/gm, '')
    .replace(
      /@unstable\([^)]*\)\s*(?:[\w-]+:\s*func[^;]*;|(?:record|interface|import)\b[^{;]*(?:\{[^}]*\}|;))/g,
      '',
    );
  const body = clean.slice(clean.search(new RegExp(`package ${packageName}@[\\d.]+\\s*[;{]`)));
  const text = body.slice(body.search(new RegExp(`\\binterface ${face}\\s*\\{`)));
  const names: string[] = [];
  let depth = 0;
  let resource: string | undefined;
  for (const [token, word, name, isStatic] of text
    .matchAll(/[{}]|\b(resource)\s+%?([\w-]+)|%?([\w-]+):\s*(static\s+)?func\b|\bconstructor\b/g)
    .map((match) => [match[0], match[1], match[2] ?? match[3], match[4]] as const)) {
    if (token === '{') depth++;
    else if (token === '}') {
      if (--depth === 0) break;
      if (depth === 1) resource = undefined;
    } else if (word === 'resource') resource = name;
    else if (token === 'constructor') names.push(`[constructor]${resource}`);
    else if (resource !== undefined && depth === 2)
      names.push(`[${isStatic ? 'static' : 'method'}]${resource}.${name}`);
    else names.push(name as string);
  }
  return names.sort();
}

const names = Object.keys(IMPORTS);

describe('the import table', () => {
  it.each(names)('has all functions of %s and no others', (full) => {
    const [packageName = '', face = ''] = full.split('/');
    const wit = packageName.startsWith('wasi:') ? WASI_WIT : own;
    expect(Object.keys(IMPORTS[full]?.functions ?? {}).sort()).toEqual(functionsIn(wit, packageName, face));
  });

  it('has the types that a component has which imports all of it', async () => {
    const planned = planComponent(await importingComponent(names));
    const needs = checkImports(planned, IMPORTS);
    const read = Object.fromEntries(
      planned.imports.map(({ name, functions }) => [
        name.split('@')[0],
        Object.fromEntries(functions.map((one) => [one.name, printType(one.type)])),
      ]),
    );
    for (const [name, { functions }] of Object.entries(IMPORTS)) {
      const types = Object.fromEntries(Object.entries(functions).map(([item, { type }]) => [item, type]));
      expect(read[name] ?? {}, name).toEqual(types);
    }
    expect(new Set(needs.map(({ capability }) => capability))).toEqual(
      new Set(['log', 'clock', 'random', 'config', 'secrets', 'kv', 'http']),
    );
  });

  it('shows every difference of a type', async () => {
    const planned = planComponent(await importingComponent(['wasi:random/random']));
    const spec = IMPORTS['wasi:random/random'] as (typeof IMPORTS)[string];
    const changed = {
      ...spec,
      functions: { ...spec.functions, 'get-random-u64': { type: 'func() -> s64', waits: false } },
    };
    expect(() => checkImports(planned, { 'wasi:random/random': changed })).toThrow(
      'imports wasi:random/random@0.2.12',
    );
  });

  it('is implemented, function by function', () => {
    expect(Object.keys(IMPLEMENTATIONS).sort()).toEqual(names.toSorted());
    for (const [name, { functions }] of Object.entries(IMPORTS)) {
      expect(Object.keys(IMPLEMENTATIONS[name]?.functions ?? {}).sort(), name).toEqual(
        Object.keys(functions).sort(),
      );
    }
  });

  it('has something to do when a resource is dropped, wherever a guest can have one', () => {
    const terminals = ['terminal-input', 'terminal-output'];
    for (const [name, { resources }] of Object.entries(IMPORTS)) {
      const owned = resources.filter((resource) => !terminals.includes(resource));
      expect(Object.keys(IMPLEMENTATIONS[name]?.drops ?? {}).sort(), name).toEqual(owned.toSorted());
    }
  });

  it('stands in the README as it is', () => {
    const readme = readFileSync(new URL('../host/executor/wasi/README.md', import.meta.url), 'utf8');
    const table = interfaceTable();
    expect(tableUnder(readme, table[0] ?? [])).toEqual(table);
  });

  it('serves neither sockets nor anything that starts programs', () => {
    expect(names.filter((name) => /socket|process|exec|keyvalue|messaging|blobstore/.test(name))).toEqual([]);
  });
});
