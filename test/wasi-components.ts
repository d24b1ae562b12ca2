/**
 * Components that import whole interfaces of the import table, assembled from the WIT of WASI that jco carries and our own.
 *
 * The core module is made from the table: its types flattened, so that the toolchain refuses the module if the table says
 * something else than the WIT.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { IMPORTS } from '../host/import-table.ts';

const WIT = new URL('../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/', import.meta.url);
const PACKAGES = ['io', 'clocks', 'random', 'cli', 'filesystem', 'sockets', 'http'];

/** A file of WIT as a package in a text of several. */
function nested(path: URL): string {
  return `${readFileSync(fileURLToPath(path), 'utf8').replace(/^package (\S+);/m, 'package $1 {')}\n}\n`;
}

export const WASI_WIT = PACKAGES.map((name) => nested(new URL(`wasi-${name}/package.wit`, WIT))).join('');
const OWN_WIT = nested(new URL('../adapters/wit/capabilities.wit', import.meta.url));

/** Splits `a, b<c, d>` at the commas outside of brackets. */
function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (const [i, char] of [...text].entries()) {
    if ('<({'.includes(char)) depth++;
    else if ('>)}'.includes(char) && text[i - 1] !== '-') depth--;
    else if (char === ',' && depth === 0) {
      found.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  return [...found, text.slice(from).trim()].filter((part) => part !== '');
}

const WIDE: Readonly<Record<string, string>> = { u64: 'i64', s64: 'i64', f32: 'f32', f64: 'f64' };
const afterColon = (text: string): string => text.slice(text.indexOf(':') + 1).trim();

/** The core types of cases that share their places. Source: Canonical ABI, `join`. */
function joined(cases: readonly string[][]): string[] {
  const flat: string[] = [];
  for (const types of cases) {
    for (const [i, type] of types.entries()) {
      const other = flat[i] ?? type;
      flat[i] =
        other === type ? type : [other, type].every((one) => one === 'i32' || one === 'f32') ? 'i32' : 'i64';
    }
  }
  return flat;
}

/** A printed type as core types. Source: Canonical ABI, `flatten_type`. */
function flatten(type: string): string[] {
  const [, name = type, inner = ''] = /^([a-z0-9-]+)[<{](.*)[>}]$/s.exec(type) ?? [];
  switch (name) {
    case '_':
      return [];
    case 'string':
    case 'list':
      return ['i32', 'i32'];
    case 'tuple':
      return parts(inner).flatMap(flatten);
    case 'record':
      return parts(inner).flatMap((field) => flatten(afterColon(field)));
    case 'option':
    case 'result':
      return ['i32', ...joined(parts(inner).map(flatten))];
    case 'variant':
      return ['i32', ...joined(parts(inner).map((one) => flatten(/\((.*)\)$/s.exec(one)?.[1] ?? '_')))];
    default:
      return [WIDE[type] ?? 'i32'];
  }
}

/** A function type as text of a core one. Source: Canonical ABI, `flatten_functype` for lowered functions. */
export function coreType(type: string): string {
  const [, parameters = '', result = '_'] =
    /^func\((.*?)\)(?: -> (.*))?$/s.exec(withoutInnerParentheses(type)) ?? [];
  const flat = parts(restore(parameters)).flatMap((parameter) => flatten(afterColon(parameter)));
  const results = flatten(restore(result));
  const lowered = flat.length > 16 ? ['i32'] : flat;
  const ends = results.length > 1 ? [] : results;
  if (results.length > 1) lowered.push('i32');
  const list = (word: string, types: readonly string[]) =>
    types.length > 0 ? `(${word} ${types.join(' ')})` : '';
  return `(func ${list('param', lowered)} ${list('result', ends)})`;
}

/** The parentheses of variants, out of the way of those of functions. */
const withoutInnerParentheses = (type: string): string => {
  const open = type.indexOf('(') + 1;
  const arrow = closing(type, open);
  const swap = (text: string): string => text.replaceAll('(', '⟨').replaceAll(')', '⟩');
  return `${type.slice(0, open)}${swap(type.slice(open, arrow))})${swap(type.slice(arrow + 1))}`;
};
const restore = (text: string): string => text.replaceAll('⟨', '(').replaceAll('⟩', ')');

function closing(text: string, from: number): number {
  for (let i = from, depth = 1; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i;
  }
  throw new Error(`no end of parameters: ${text}`);
}

/** A component of a world of these lines, made of one core module: `imports` are `interface#function`, `body` its fields. */
export async function worldComponent(
  lines: string,
  imports: Readonly<Record<string, string>>,
  body: string,
): Promise<Uint8Array> {
  const wanted = Object.entries(imports).map(([as, full]) => {
    const [name = '', item = ''] = full.split('#');
    const spec = IMPORTS[name];
    const resource = item.startsWith('[resource-drop]');
    const type = resource ? '(func (param i32))' : coreType(spec?.functions[item]?.type ?? '');
    return `(import "${name}@${spec?.version}" "${item}" ${type.replace('(func', `(func $${as}`)})`;
  });
  const binary = await parse(`(module ${wanted.join('\n')} ${body})`);
  const witSource = `package acme:all@1.0.0; world all { ${lines} } ${WASI_WIT} ${OWN_WIT}`;
  const embedded = await componentEmbed({ binary, witSource, world: 'acme:all/all@1.0.0' });
  return Uint8Array.from(await componentNew(embedded, []));
}

/** A component that imports every function and drops every resource of the interfaces named. */
export async function importingComponent(names: readonly string[]): Promise<Uint8Array> {
  const imports = names.flatMap((name) => {
    const spec = IMPORTS[name];
    if (!spec) throw new Error(`no interface ${name}`);
    const full = `${name}@${spec.version}`;
    const functions = Object.entries(spec.functions).map(
      ([item, { type }]) => `(import "${full}" "${item}" ${coreType(type)})`,
    );
    const drops = spec.resources.map(
      (item) => `(import "${full}" "[resource-drop]${item}" (func (param i32)))`,
    );
    return [...functions, ...drops];
  });
  const binary = await parse(`(module ${imports.join('\n')}
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
    (func (export "run")))`);
  const lines = names.map((name) => `import ${name}@${IMPORTS[name]?.version};`).join(' ');
  const witSource = `package acme:all@1.0.0; world all { ${lines} export run: func(); } ${WASI_WIT} ${OWN_WIT}`;
  const embedded = await componentEmbed({ binary, witSource, world: 'acme:all/all@1.0.0' });
  return Uint8Array.from(await componentNew(embedded, []));
}
