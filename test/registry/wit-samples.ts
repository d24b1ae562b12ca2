/** WIT texts for tests, and components that do nothing but have their exports. */

import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { planComponent } from '../../host/registry/plan.ts';
import { readWit } from '../../host/registry/wit.ts';
import { listOperations, type Operations } from '../../host/registry/wit-operations.ts';
import type { LinkPlan, TypeRef, WitType } from '../../host/types.ts';

/** A component whose functions all trap, with the world of a text. */
export async function dummyComponent(witSource: string, world?: string): Promise<Uint8Array> {
  const options = world === undefined ? {} : { world };
  return await componentNew(await componentEmbed({ witSource, dummy: true, ...options }), []);
}

export async function planOfText(witSource: string, world?: string): Promise<LinkPlan> {
  return planComponent(await dummyComponent(witSource, world)).plan;
}

/** The operations of a text, joined with those of its component. */
export async function operationsOf(witSource: string, world?: string): Promise<Operations> {
  return listOperations(await planOfText(witSource, world), readWit(witSource, world));
}

/** A type written out, so that types of two tables can be compared. */
export function written(
  types: readonly (WitType | { kind: 'unknown' })[],
  ref: TypeRef | undefined,
): unknown {
  if (typeof ref !== 'number') return ref ?? null;
  return JSON.parse(
    JSON.stringify(types[ref], (key, value: unknown) =>
      ['element', 'type', 'some', 'ok', 'error'].includes(key) && typeof value === 'number'
        ? written(types, value)
        : key === 'parts'
          ? (value as TypeRef[]).map((part) => written(types, part))
          : value,
    ),
  );
}

/** Everything that a typed tool may be made of. */
export const SHOP = `/// A package.
package acme:shop@1.2.3;

interface types {
  /// Money, in cents.
  type cents = s64;
  /// One thing
  /// that is sold.
  record item {
    /// What it is called.
    name: string,
    price: cents,
    /// In stock; unknown when left out.
    count: option<u32>,
    tags: list<string>,
  }
  enum color {
    /** Like blood. */
    red,
    green,
  }
  flags rights { read, write, %list }
  variant shape {
    /// Of this radius.
    circle(f64),
    polygon(list<tuple<f32, f32>>),
    /// Nothing at all.
    none,
    empty,
  }
}

interface shop {
  use types.{item as thing, color};

  /// Finds things.
  find: func(query: string, limit: option<u8>, color: color) -> result<list<thing>, failure>;
  /// Why not.
  variant failure { too-many(u64), closed }
  @since(version = 1.1.0)
  ping: func();
  deep: func(o: option<option<char>>) -> option<option<option<bool>>>;
}

interface tools {
  use types.{shape, rights};
  find: func(s: shape) -> rights;
  outcome: func(r: result, t: result<_, string>) -> result<u32>;
  digest: func(data: list<u8>) -> list<u8>;
  key: func(k: list<u8, 16>) -> list<u16, 3>;
}

/// A shop.
world w {
  use types.{item};
  export shop;
  export tools;
  /// Doubles.
  export double: func(%constructor: item, pair: tuple<item, item>) -> string;
  export extra: interface {
    use types.{item};
    /* a comment /* within */ one */
    then: func(item: item) -> item; // behind
  }
}
`;
