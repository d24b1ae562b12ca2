/**
 * The guest of the typed bench: a hand-written core module that answers with one of its arguments, the plan it runs under,
 * and the component that jco's glue is generated for.
 */

import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { LinkPlan } from '../../host/link-plan.ts';

export const CORE_EXPORT = 'bench:typed/shop@1.0.0#search';

const WIT = `package bench:typed@1.0.0;
interface shop {
  record item { id: u32, name: string, price: f64, stock: u64, active: bool }
  search: func(title: string, limit: u32, filter: item, items: list<item>) -> list<item>;
}
world typed { export shop; }`;

/** Flat parameters: title (2), limit (1), filter (6), items (2). The answer's record is at 16. */
export const CORE_TEXT = `(module
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 64))
  (func (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32) (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func (export "${CORE_EXPORT}")
    (param i32 i32 i32 i32 i32 i32 f64 i64 i32) (param $items i32) (param $count i32) (result i32)
    (i32.store (i32.const 16) (local.get $items))
    (i32.store (i32.const 20) (local.get $count))
    (i32.const 16))
  (func (export "cabi_post_${CORE_EXPORT}") (param i32) (global.set $next (i32.const 64))))`;

export const coreBinary = async (text: string): Promise<Uint8Array> => Uint8Array.from(await parse(text));

export async function makeComponent(): Promise<Uint8Array> {
  const embedded = await componentEmbed({ binary: await parse(CORE_TEXT), witSource: WIT });
  return await componentNew(embedded, []);
}

const at = (name: string): { readonly instance: number; readonly name: string } => ({ instance: 0, name });

export const PLAN: LinkPlan = {
  modules: [{ offset: 0, length: 0 }],
  instances: [{ module: 0, imports: [] }],
  types: [
    {
      kind: 'record',
      fields: [
        { name: 'id', type: 'u32' },
        { name: 'name', type: 'string' },
        { name: 'price', type: 'f64' },
        { name: 'stock', type: 'u64' },
        { name: 'active', type: 'bool' },
      ],
    },
    { kind: 'list', element: 0 },
  ],
  resources: [],
  imports: [],
  exports: [
    {
      interface: 'bench:typed/shop@1.0.0',
      name: 'search',
      type: {
        parameters: [
          { name: 'title', type: 'string' },
          { name: 'limit', type: 'u32' },
          { name: 'filter', type: 0 },
          { name: 'items', type: 1 },
        ],
        result: 1,
      },
      lifted: {
        core: at(CORE_EXPORT),
        memory: at('memory'),
        realloc: at('cabi_realloc'),
        postReturn: at(`cabi_post_${CORE_EXPORT}`),
        encoding: 'utf8',
      },
    },
  ],
  handler: undefined,
  memoryCount: 1,
  memoryPages: 4,
};
