/**
 * What scripts do with an instance: calls and reads, with arguments and results that JavaScript can hold, and, by a module made
 * for the purpose, with vectors, which it cannot.
 */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type Form, headOf, type Item } from './script.ts';

/** Ends of an action that are not results. */
export class Unsupported extends Error {}

const EXTERNAL = new Map<string, object>();

/** One object for each number that scripts give host references. */
function external(text: string): object {
  const found = EXTERNAL.get(text) ?? { external: text };
  EXTERNAL.set(text, found);
  return found;
}

const words = (form: Form): string[] => form.items.map((item) => (item.kind === 'atom' ? item.text : '?'));

/** A number as scripts write it. */
function floatOf(text: string): number {
  const bare = text.replaceAll('_', '');
  const sign = bare.startsWith('-') ? -1 : 1;
  const digits = bare.replace(/^[+-]/, '');
  if (digits.startsWith('nan')) return Number.NaN;
  if (digits === 'inf') return sign * Number.POSITIVE_INFINITY;
  if (!digits.startsWith('0x')) return sign * Number(digits);
  const [, whole = '', fraction = '', exponent = '0'] =
    /^0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i.exec(digits) ?? [];
  const scale = Number(exponent) - 4 * fraction.length;
  const mantissa = BigInt(`0x${whole}${fraction}`);
  // Exact: a mantissa of scripts has at most 53 bits, or is halved where it has more.
  return sign * Number(mantissa) * 2 ** Math.max(scale, -1000) * 2 ** Math.min(scale + 1000, 0);
}

const integerOf = (text: string): bigint => {
  const bare = text.replaceAll('_', '').replace(/^\+/, '');
  return bare.startsWith('-') ? -BigInt(bare.slice(1)) : BigInt(bare);
};

/** The JavaScript value of `(i32.const 7)` and its like. */
function argumentOf(item: Item): unknown {
  if (item.kind !== 'form') throw new Unsupported('an argument that is no form');
  const [head = '', text = ''] = words(item);
  if (head === 'i32.const') return Number(BigInt.asIntN(32, integerOf(text)));
  if (head === 'i64.const') return BigInt.asIntN(64, integerOf(text));
  if (head === 'f32.const') return Math.fround(floatOf(text));
  if (head === 'f64.const') return floatOf(text);
  if (head === 'ref.null') return null;
  if (head === 'ref.extern' || head === 'ref.host') return external(text);
  throw new Unsupported(`an argument ${head}`);
}

/** A result in words that tell any two apart that a script could tell apart. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return value.map(describe).join(' ');
  if (typeof value === 'function') return 'function';
  if (typeof value === 'object' && value !== null)
    return 'external' in value ? `external ${value.external}` : 'object';
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'bigint' ? `${value}n` : String(value);
}

/** `(invoke $id? "name" argument…)` or `(get $id? "name")`. */
export interface Action {
  readonly what: string;
  readonly instance: string | undefined;
  readonly name: string;
  readonly args: readonly Item[];
}

export function actionOf(form: Form): Action {
  const [, second] = form.items;
  const instance = second?.kind === 'atom' ? second.text : undefined;
  const name = form.items[instance === undefined ? 1 : 2];
  if (name?.kind !== 'string') throw new Unsupported('an action without a name');
  return {
    what: headOf(form),
    instance,
    name: name.text,
    args: form.items.slice(instance === undefined ? 2 : 3),
  };
}

/** Runs it; gives the results in words. Throws what the guest throws. */
export function act(exports: WebAssembly.Exports, { what, name, args }: Action): string {
  const found = exports[name];
  if (what === 'get') {
    if (!(found instanceof WebAssembly.Global)) throw new Unsupported(`no global ${name}`);
    return describe(found.value);
  }
  if (typeof found !== 'function') throw new Unsupported(`no function ${name}`);
  return describe((found as (...args: unknown[]) => unknown)(...args.map(argumentOf)));
}

const TYPE_OF: readonly [RegExp, string][] = [
  [/^(i32|i64|f32|f64|v128)\.const$/, '$1'],
  [/^ref\.(null|extern|host)$/, 'externref'],
  [/^ref\.func$/, 'funcref'],
];

/** The type of a constant; of alternatives, that of the first. */
function typeOf(item: Item | undefined): string {
  const head = headOf(item);
  if (head === 'either' && item?.kind === 'form') return typeOf(item.items[1]);
  for (const [pattern, type] of TYPE_OF) if (pattern.test(head)) return head.replace(pattern, type);
  throw new Unsupported(`a result ${head}`);
}

/** Whether JavaScript cannot pass this: it has no vectors. */
export const needsVectors = (action: Action, results: readonly Item[]): boolean =>
  [...action.args, ...results].some((item) => {
    const head = headOf(item);
    return (
      head === 'v128.const' ||
      (head === 'either' && headOf(item.kind === 'form' ? item.items[1] : item) === 'v128.const')
    );
  });

/**
 * Text of a module that makes these calls: `call0`, `call1`, … take nothing and give results as numbers, a vector as two i64, floats
 * as their bits.
 */
export function vectorCalls(
  source: string,
  calls: readonly { readonly action: Action; readonly results: readonly Item[] }[],
): string {
  const imports: string[] = [];
  const functions = calls.map(({ action, results }, index) => {
    const types = results.map(typeOf);
    const parameters = action.args.map(typeOf).join(' ');
    imports.push(
      `(import "m" ${JSON.stringify(action.name)} (func $f${index} (param ${parameters}) (result ${types.join(' ')})))`,
    );
    const constants = action.args.map((item) =>
      item.kind === 'form' ? source.slice(item.start, item.end) : '',
    );
    const locals = types.map((type, at) => `(local $r${at} ${type})`).join(' ');
    const sets = types.map((_type, at) => `(local.set $r${types.length - 1 - at})`).join(' ');
    const gives = types.map((type, at) => {
      const get = `(local.get $r${at})`;
      if (type === 'v128') return `(i64x2.extract_lane 0 ${get}) (i64x2.extract_lane 1 ${get})`;
      if (type === 'f32') return `(i32.reinterpret_f32 ${get})`;
      return type === 'f64' ? `(i64.reinterpret_f64 ${get})` : get;
    });
    const given = types.map((type) => ({ v128: 'i64 i64', f32: 'i32', f64: 'i64' })[type] ?? type);
    return `(func (export "call${index}") (result ${given.join(' ')}) ${locals}
      (call $f${index} ${constants.join(' ')}) ${sets} ${gives.join(' ')})`;
  });
  return `(module ${imports.join('\n')} ${functions.join('\n')})`;
}

/** That module, ready to be linked with an instance as `m`. */
export async function compileVectorCalls(text: string): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(Uint8Array.from(await parse(text)));
}
