/**
 * Components for tests, assembled on the fly: a one-module echo, hand-written text, and JavaScript in QuickJS.
 *
 * Nothing here is checked in as binary; each maker takes milliseconds (QuickJS: about a second) and its bytes belong to
 * the caller.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { componentize } from 'componentize-qjs';

export const HANDLER = 'hotcell:adapter/handler@1.0.0';

export const WIT = `package hotcell:adapter@1.0.0;
interface handler {
  variant failure { bad-input(string), not-found(string), internal(string) }
  invoke: func(operation: string, payload: list<u8>) -> result<list<u8>, failure>;
  health: func() -> result<_, string>;
}
world bytes { export handler; }`;

/** A bump allocator that grows memory; the cleanup after each call resets it. Needs memory 0 and a global `$next`. */
export const ALLOCATOR = `
  (global $next (mut i32) (i32.const 64))
  (func $realloc (param $old i32) (param $held i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32) (local $pages i32)
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.set $pages (i32.sub
      (i32.shr_u (i32.add (global.get $next) (i32.const 65535)) (i32.const 16)) (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then unreachable))))
    (local.get $at))
  (func $reset (param i32) (global.set $next (i32.const 64)))`;

export interface CoreParts {
  /** Body of invoke: parameters $op $oplen $in $inlen; leaves the pointer to the result. */
  readonly invoke?: string;
  readonly health?: string;
  /** Further fields of the module, imports included: they come first. */
  readonly fields?: string;
  readonly allocator?: string;
  readonly memory?: string;
}

/** Core module text with the exports of the bytes world; by default it returns its payload. */
export function coreText(parts: CoreParts = {}): string {
  const echo = `(i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (local.get $in))
    (i32.store (i32.const 24) (local.get $inlen))
    (i32.const 16)`;
  const well = '(i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16)';
  return `(module ${parts.fields ?? ''}
  ${parts.memory ?? '(memory (export "memory") 1)'}
  ${parts.allocator ?? ALLOCATOR}
  (export "cabi_realloc" (func $realloc))
  (export "cabi_post_${HANDLER}#invoke" (func $reset))
  (func (export "${HANDLER}#invoke") (param $op i32) (param $oplen i32) (param $in i32) (param $inlen i32) (result i32)
    ${parts.invoke ?? echo})
  (func (export "${HANDLER}#health") (result i32) ${parts.health ?? well}))`;
}

/** Turns core module text into a component of the bytes world, the way adapters are built. */
export async function toComponent(
  core: string,
  stringEncoding: 'utf8' | 'utf16' = 'utf8',
): Promise<Uint8Array> {
  const binary = await parse(core);
  const embedded = await componentEmbed({ binary, witSource: WIT, stringEncoding });
  return await componentNew(embedded, []);
}

export interface ComponentParts {
  readonly core?: string;
  /** Definitions before the core module: imports, nested components. */
  readonly before?: string;
  /** Type of the functions, as component text. */
  readonly failure?: string;
  readonly invoke?: string;
  readonly health?: string;
  readonly options?: string;
  readonly name?: string;
  /** Arguments of the core instance. */
  readonly with?: string;
  /** Definitions after everything else. */
  readonly after?: string;
}

/** A component written by hand, for what the toolchain would not write: any part can be replaced. */
export async function handWritten(parts: ComponentParts = {}): Promise<Uint8Array> {
  return await parse(handWrittenText(parts));
}

/** The text of such a component. */
export function handWrittenText(parts: ComponentParts = {}): string {
  const failure =
    parts.failure ?? '(variant (case "bad-input" string) (case "not-found" string) (case "internal" string))';
  return `(component ${parts.before ?? ''}
  (core module $m ${(parts.core ?? coreText()).replace('(module', '')}
  (core instance $i (instantiate $m ${parts.with ?? ''}))
  (type $failure ${failure})
  (type $bytes (list u8))
  (type $output (result $bytes (error $failure)))
  (type $input ${parts.invoke ?? '(func (param "operation" string) (param "payload" $bytes) (result $output))'})
  (type $status (result (error string)))
  (type $check ${parts.health ?? '(func (result $status))'})
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "cabi_realloc" (core func $realloc))
  (alias core export $i "cabi_post_${HANDLER}#invoke" (core func $post))
  (alias core export $i "${HANDLER}#invoke" (core func $coreinvoke))
  (alias core export $i "${HANDLER}#health" (core func $corehealth))
  (func $invoke (type $input) (canon lift (core func $coreinvoke)
    ${parts.options ?? '(memory $memory) (realloc $realloc) (post-return $post)'}))
  (func $health (type $check) (canon lift (core func $corehealth) (memory $memory)))
  (instance $handler (export "invoke" (func $invoke)) (export "health" (func $health)))
  (export "${parts.name ?? HANDLER}" (instance $handler))
  ${parts.after ?? ''})`;
}

/**
 * A JavaScript adapter in QuickJS: many core modules, nested components, WASI stubbed by traps unless said otherwise. Of the
 * bytes world unless `wit` has another, which is then its only one.
 */
export async function quickJsComponent(
  jsSource: string,
  { stubWasi = true, wit }: { readonly stubWasi?: boolean; readonly wit?: string } = {},
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'hotcell-test-'));
  try {
    const witPath = join(folder, 'hotcell.wit');
    await writeFile(witPath, wit ?? WIT);
    const world = wit === undefined ? { world: 'bytes' } : {};
    return (await componentize({ witPath, jsSource, ...world, stubWasi, sync: true })).component;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Answers `echo`; refuses everything else. */
export const HELLO_JS = `
let count = 0;
export const handler = {
  invoke(operation, payload) {
    if (operation === 'echo') return payload;
    if (operation === 'count') return new Uint8Array([++count]);
    if (operation === 'bad') throw { tag: 'bad-input', val: 'not like this: ü' };
    if (operation === 'crash') throw new Error('an error that is not in the contract');
    throw { tag: 'not-found', val: operation };
  },
  health() {},
};`;
