/** Real components of the bytes world, assembled from text with jco's tools, and the plan that belongs to each. */

import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { LinkPlan } from '../../host/types.ts';

const WORLD = `package hotcell:adapter@1.0.0;
interface handler {
  variant failure { bad-input(string), not-found(string), internal(string) }
  invoke: func(operation: string, payload: list<u8>) -> result<list<u8>, failure>;
  health: func() -> result<_, string>;
}
world bytes { export handler; }
`;

export interface EchoOptions {
  /** Initial pages of its memory. */
  readonly pages?: number;
  /** Makes two otherwise equal components differ. */
  readonly mark?: number;
}

const echoText = ({ pages = 2, mark = 0 }: EchoOptions): string => `(module
  (memory (export "memory") ${pages})
  (global $top (mut i32) (i32.const ${4096 + 16 * mark}))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i32)
    global.get $top local.set 4
    global.get $top local.get 3 i32.add i32.const 15 i32.add i32.const -16 i32.and global.set $top
    local.get 4)
  (func (export "hotcell:adapter/handler@1.0.0#invoke") (param i32 i32 i32 i32) (result i32)
    i32.const 16 i32.const 0 i32.store
    i32.const 20 local.get 2 i32.store
    i32.const 24 local.get 3 i32.store
    i32.const 16)
  (func (export "cabi_post_hotcell:adapter/handler@1.0.0#invoke") (param i32))
  (func (export "hotcell:adapter/handler@1.0.0#health") (result i32)
    i32.const 0 i32.const 0 i32.store
    i32.const 0))`;

/** An echo adapter as one component. */
export async function echoComponent(options: EchoOptions = {}): Promise<Uint8Array> {
  const core = await parse(echoText(options));
  const embedded = await componentEmbed({ binary: core, witSource: WORLD, world: 'bytes' });
  return Uint8Array.from(await componentNew(embedded, []));
}

/** The plan of a component made of one core module: what the reader finds for `echoComponent`. */
export function singleModulePlan(component: Uint8Array): LinkPlan {
  const module = findSection(component, 1);
  const at = (name: string) => ({ instance: 0, name });
  return {
    modules: [module],
    instances: [{ module: 0, imports: [] }],
    types: [],
    resources: [],
    imports: [],
    exports: [],
    handler: {
      invoke: {
        core: at('hotcell:adapter/handler@1.0.0#invoke'),
        memory: at('memory'),
        realloc: at('cabi_realloc'),
        postReturn: at('cabi_post_hotcell:adapter/handler@1.0.0#invoke'),
        encoding: 'utf8',
      },
      health: {
        core: at('hotcell:adapter/handler@1.0.0#health'),
        memory: at('memory'),
        // It takes nothing, so the toolchain gives it none.
        realloc: undefined,
        postReturn: undefined,
        encoding: 'utf8',
      },
    },
    memoryCount: 1,
    memoryPages: memoryPagesOf(component.subarray(module.offset, module.offset + module.length)),
  };
}

/** Initial pages of the module's only memory: the section is a count, flags and the number. */
function memoryPagesOf(module: Uint8Array): number {
  return readSize(module, findSection(module, 5).offset + 2).value;
}

/** The first section with this id of a module or a component. */
function findSection(bytes: Uint8Array, id: number): { offset: number; length: number } {
  for (let at = 8; at < bytes.length; ) {
    const section = bytes[at];
    const { value: length, end } = readSize(bytes, at + 1);
    if (section === id) return { offset: end, length };
    at = end + length;
  }
  throw new Error(`no section ${id}`);
}

/** LEB128. */
function readSize(bytes: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  for (let at = from; ; at++) {
    const byte = bytes[at];
    if (byte === undefined) throw new Error('the bytes end within a number');
    value += (byte & 0x7f) * 2 ** (7 * (at - from));
    if (byte < 0x80) return { value, end: at + 1 };
  }
}
