/**
 * Adapters of worlds of their own, for end-to-end tests: one in JavaScript with every kind of type, small ones in text.
 * The bytes belong to the caller.
 */

import { createHash } from 'node:crypto';
import { ALLOCATOR, quickJsComponent } from '../registry/sample-components.ts';
import { worldComponent } from '../registry/worlds.ts';

/** As its author writes it, with documentation. */
export const SHOP_WIT = `package acme:shop@1.0.0;

interface orders {
  /// How an order is paid.
  variant payment { cash, card(string), split(list<u32>) }
  enum size { small, medium, large }
  flags wrapping { gift, ribbon }
  record item {
    /// Article number.
    sku: string,
    count: u16,
    size: option<size>,
  }
  record order {
    id: u64,
    items: list<item>,
    payment: payment,
    wrapping: wrapping,
    note: option<string>,
    place: tuple<f64, f64>,
  }
  variant problem { sold-out(string), closed }
  record receipt { id: u64, count: u32, text: string }

  /// Takes an order. Orders of nothing are refused.
  place: func(order: order) -> result<receipt, problem>;
  /// Gives an order back as it was read.
  mirror: func(order: order) -> order;
  /// The sum of two numbers.
  add: func(a: s64, b: s64) -> s64;
  /// What it is given, reversed.
  reverse: func(data: list<u8>) -> list<u8>;
  /// A greeting.
  greet: func(name: string) -> string;
  /// Calls so far.
  count: func() -> u32;
  /// Crashes.
  crash: func();
}

/// A shop.
world shop { export orders; }
`;

const SHOP_JS = `
let calls = 0;
export const orders = {
  place(order) {
    calls++;
    const count = order.items.reduce((sum, item) => sum + item.count, 0);
    if (order.items.length === 0) throw { tag: 'closed' };
    if (count > 100) throw { tag: 'sold-out', val: order.items[0].sku };
    return { id: order.id, count, text: count + ' things' };
  },
  mirror(order) { calls++; return order; },
  add(a, b) { calls++; return a + b; },
  reverse(data) { calls++; return data.slice().reverse(); },
  greet(name) { calls++; return 'Hello, ' + name; },
  count() { return calls; },
  crash() { throw new Error('as asked'); },
};`;

export const shopComponent = (): Promise<Uint8Array> => quickJsComponent(SHOP_JS, { wit: SHOP_WIT });

/** In the form in which results are written. The engine of the guest keeps no more than 53 bits of an unsigned number. */
export const ORDER = {
  id: '9007199254740991',
  items: [
    { sku: 'tea', count: 2, size: 'small' },
    { sku: 'pot', count: 1, size: null },
  ],
  payment: { tag: 'card', value: '4711' },
  wrapping: ['gift'],
  note: 'für Ada',
  place: [52.5, 13.4],
} as const;

/** Takes `$pointer` and `$length` and gives them back, through the area at 16. */
const GIVE_BACK = `(i32.store (i32.const 16) (local.get $pointer)) (i32.store (i32.const 20) (local.get $length)) (i32.const 16)`;

/** Small functions of the world itself, some of which a guest should not have. */
export const blocksComponent = (): Promise<Uint8Array> =>
  worldComponent(
    `export same: func(n: u64) -> u64;
     export bytes: func(data: list<u8>) -> list<u8>;
     export text: func(name: string) -> string;
     export rows: func(rows: list<list<u32>>) -> u32;
     export half-text: func() -> string;
     export outside: func() -> list<u8>;
     export spin: func();
     export trap: func();
     export huge: func() -> string;`,
    `(memory (export "memory") 2)
     ${ALLOCATOR}
     (export "cabi_realloc" (func $realloc))
     (export "cabi_post_bytes" (func $reset))
     (export "cabi_post_text" (func $reset))
     (func (export "same") (param i64) (result i64) (local.get 0))
     (func (export "bytes") (param $pointer i32) (param $length i32) (result i32) ${GIVE_BACK})
     (func (export "text") (param $pointer i32) (param $length i32) (result i32) ${GIVE_BACK})
     (func (export "rows") (param $pointer i32) (param $length i32) (result i32)
       (global.set $next (i32.const 64)) (local.get $length))
     (func (export "half-text") (result i32) (local $pointer i32) (local $length i32)
       (i32.store8 (i32.const 32) (i32.const 0xc3)) (local.set $pointer (i32.const 32)) (local.set $length (i32.const 1)) ${GIVE_BACK})
     (func (export "outside") (result i32) (local $pointer i32) (local $length i32)
       (local.set $pointer (i32.const 0x7fffffff)) (local.set $length (i32.const 16)) ${GIVE_BACK})
     (func (export "huge") (result i32) (local $pointer i32) (local $length i32)
       (drop (memory.grow (i32.const 960)))
       (local.set $pointer (i32.const 65536)) (local.set $length (i32.const 60000000)) ${GIVE_BACK})
     (func (export "spin") (loop $forever (br $forever)))
     (func (export "trap") unreachable)`,
  );

/** Two functions that are both the operation `a-x`. */
export const ambiguousComponent = (): Promise<Uint8Array> =>
  worldComponent(
    'export a: interface { x: func(); } export b: interface { x: func(); } export a-x: func();',
    '(func (export "a#x")) (func (export "b#x")) (func (export "a-x"))',
  );

/** The smallest manifest of a typed adapter, with `change` laid over it. */
export function typedManifest(
  name: string,
  component: Uint8Array,
  change: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    name,
    version: '1.0.0',
    component: `${name}.wasm`,
    sha256: createHash('sha256').update(component).digest('hex'),
    world: 'typed',
    pool: { min: 1, max: 4 },
    ...change,
  };
}
