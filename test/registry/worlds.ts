/**
 * Components of worlds with imports and typed exports, for the planner: assembled by jco from WIT and core text, or by hand.
 * The bytes belong to the caller.
 */

import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ImportTable } from '../../host/registry/check-imports.ts';

/** Interfaces in the manner of WASI: a resource that another interface uses, and one that nothing provides. */
const DEPENDENCIES = `
package acme:io@0.2.3 {
  interface error { resource error { text: func() -> string; } }
  interface streams {
    use error.{error};
    variant failure { last(error), closed }
    resource input { read: func(len: u64) -> result<list<u8>, failure>; }
    open: func(name: string) -> input;
    pair: func(a: borrow<input>, b: option<input>) -> u8;
  }
  interface settings { get: func() -> list<tuple<string, string>>; }
  interface types { record point { x: f32, y: f64 } }
}
package acme:net@0.2.0 { interface tcp { connect: func(port: u16); } }
`;

/** What a host serves of them. */
export const TABLE: ImportTable = {
  'acme:io/error': {
    capability: undefined,
    version: '0.2.3',
    functions: { '[method]error.text': { type: 'func(self: borrow<error>) -> string', waits: false } },
    resources: ['error'],
  },
  'acme:io/streams': {
    capability: 'files',
    version: '0.2.3',
    functions: {
      '[method]input.read': {
        type: 'func(self: borrow<input>, len: u64) -> result<list<u8>, variant{last(own<error>), closed}>',
        waits: true,
      },
      open: { type: 'func(name: string) -> own<input>', waits: false },
      pair: { type: 'func(a: borrow<input>, b: option<own<input>>) -> u8', waits: false },
    },
    resources: ['input'],
  },
  'acme:io/settings': {
    capability: 'config',
    version: '0.2.3',
    functions: { get: { type: 'func() -> list<tuple<string, string>>', waits: false } },
    resources: [],
  },
};

/** A component of a world with these lines, made of one core module with these fields. */
export async function worldComponent(lines: string, fields: string): Promise<Uint8Array> {
  const binary = await parse(`(module ${fields})`);
  const witSource = `package acme:tool@1.0.0; world tool { ${lines} } ${DEPENDENCIES}`;
  const embedded = await componentEmbed({ binary, witSource, world: 'acme:tool/tool@1.0.0' });
  return Uint8Array.from(await componentNew(embedded, []));
}

export const MEMORY = `(memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)`;

/** Reads from a stream, through an interface that uses a resource of another. */
export function readerComponent(): Promise<Uint8Array> {
  return worldComponent(
    'import acme:io/streams@0.2.3; export run: func() -> u32;',
    `(import "acme:io/streams@0.2.3" "open" (func (param i32 i32) (result i32)))
     (import "acme:io/streams@0.2.3" "[method]input.read" (func (param i32 i64 i32)))
     (import "acme:io/streams@0.2.3" "[resource-drop]input" (func (param i32)))
     (import "acme:io/error@0.2.3" "[resource-drop]error" (func (param i32)))
     ${MEMORY}
     (func (export "run") (result i32) i32.const 7)`,
  );
}

/** Defines a resource of its own, as toolchains do it: the destructor and the builtins through a table. */
export function blobComponent(): Promise<Uint8Array> {
  return worldComponent(
    `export things: interface { resource blob { constructor(size: u32); size: func() -> u32; } join: func(a: blob, b: borrow<blob>) -> blob; }`,
    `(import "[export]things" "[resource-new]blob" (func $new (param i32) (result i32)))
     (import "[export]things" "[resource-rep]blob" (func $rep (param i32) (result i32)))
     (import "[export]things" "[resource-drop]blob" (func $drop (param i32)))
     (func (export "things#[constructor]blob") (param i32) (result i32) (call $new (local.get 0)))
     (func (export "things#[method]blob.size") (param i32) (result i32) local.get 0)
     (func (export "things#[dtor]blob") (param i32))
     (func (export "things#join") (param i32 i32) (result i32) (call $new (call $rep (local.get 0))))`,
  );
}
