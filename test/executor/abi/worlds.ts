/**
 * Guests that hand back what they are given: for each type of a list, an export `echo-N` whose core function forwards its
 * core values to the import `sink-N` and returns what that returned. The same core module runs under a plan written here
 * and, inside a component, under jco's glue.
 */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type Abi, type CellAbi, compileAbi } from '../../../host/executor/abi.ts';
import { compileTypes, type FunctionCodec } from '../../../host/executor/abi-types.ts';
import type { CanonicalOptions, LinkPlan, ResourceType, TypeRef, WitType } from '../../../host/link-plan.ts';

export const SINK = 'test:echo/sink@1.0.0';
export const ECHO = 'test:echo/echo@1.0.0';
export const FAR_BYTES = 1 << 30;

/** A type table with the types that are echoed. */
export interface Table {
  readonly types: readonly WitType[];
  readonly roots: readonly TypeRef[];
}

/** A bump allocator that grows memory by pages; `reset` empties it. */
export const ALLOCATOR = `(memory (export "memory") 1)
  (global $next (mut i32) (i32.const 64))
  (func (export "reset") (global.set $next (i32.const 64)))
  (func $realloc (export "cabi_realloc") (param $old i32) (param $held i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32) (local $pages i32)
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.set $pages (i32.sub
      (i32.shr_u (i32.add (global.get $next) (i32.const 65535)) (i32.const 16)) (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then unreachable))))
    (local.get $at))`;

/** Plan of one core instance whose imports are those of `SINK`; options are the same for all functions. */
export function planOf(
  { types, roots }: Table,
  options: {
    readonly encoding?: CanonicalOptions['encoding'];
    readonly resources?: readonly ResourceType[];
  } = {},
): LinkPlan {
  const at = (name: string) => ({ instance: 0, name });
  const canonical: CanonicalOptions = {
    memory: at('memory'),
    realloc: at('cabi_realloc'),
    encoding: options.encoding ?? 'utf8',
  };
  const signature = (type: TypeRef) => ({ parameters: [{ name: 'v', type }], result: type });
  return {
    modules: [{ offset: 0, length: 0 }],
    instances: [
      {
        module: 0,
        imports: roots.map((_, index) => ({
          module: SINK,
          name: `sink-${index}`,
          item: { kind: 'import', index },
        })),
      },
    ],
    types,
    resources: options.resources ?? [],
    imports: roots.map((type, index) => ({
      ...canonical,
      interface: SINK,
      name: `sink-${index}`,
      type: signature(type),
    })),
    exports: roots.map((type, index) => ({
      interface: ECHO,
      name: `echo-${index}`,
      type: signature(type),
      lifted: { ...canonical, core: at(`${ECHO}#echo-${index}`), postReturn: undefined },
    })),
    handler: undefined,
    memoryCount: 1,
    memoryPages: 1,
  };
}

/** Text of the core module, its signatures flattened by the codecs under test: jco's validation holds them against its own. */
export function coreText(plan: LinkPlan): string {
  const compile = compileTypes(plan);
  const codecs = plan.exports.map(({ type }) => compile(type));
  const imports = codecs.map((codec, index) => {
    const { parameters, result } = flatOf(codec);
    const all = codec.isResultSpilled ? [...parameters, 'i32'] : parameters;
    return `(import "${SINK}" "sink-${index}" (func $sink${index} ${text('param', all)} ${text('result', codec.isResultSpilled ? [] : result)}))`;
  });
  const exports = codecs.map((codec, index) => {
    const { parameters, result } = flatOf(codec);
    const forwarded = parameters.map((_, at) => `(local.get ${at})`).join(' ');
    const room = `(i32.const 0) (i32.const 0) (i32.const 8) (i32.const ${codec.result?.size})`;
    const body = codec.isResultSpilled
      ? `(local $room i32) (local.set $room (call $realloc ${room}))
         (call $sink${index} ${forwarded} (local.get $room)) (local.get $room)`
      : `(call $sink${index} ${forwarded})`;
    return `(func (export "${ECHO}#echo-${index}") ${text('param', parameters)} ${text('result', codec.isResultSpilled ? ['i32'] : result)} ${body})`;
  });
  return `(module ${imports.join('\n')} ${ALLOCATOR} ${exports.join('\n')})`;
}

function flatOf({ parameters, result }: FunctionCodec): {
  parameters: readonly string[];
  result: readonly string[];
} {
  return { parameters: parameters.flat ?? ['i32'], result: result?.flat ?? [] };
}

const text = (word: string, types: readonly string[]): string =>
  types.length === 0 ? '' : `(${word} ${types.join(' ')})`;

/** A cell under the ABI of this repository. */
export interface EchoCell {
  readonly cellAbi: CellAbi;
  readonly core: WebAssembly.Exports;
  /** Calls `echo-N`; `sink` sees what `sink-N` is given and says what it returns. */
  echo(index: number, value: unknown, sink: (value: unknown) => unknown): unknown;
}

export interface CellOptions {
  readonly liftMaxBytes?: number;
  readonly abi?: Abi;
}

/** Instantiates core module bytes or text that follow the plan: every import of it is an import of the plan. */
export async function echoCell(
  plan: LinkPlan,
  core: Uint8Array | string,
  { liftMaxBytes = FAR_BYTES, abi = compileAbi(plan) }: CellOptions = {},
): Promise<EchoCell> {
  const instances: WebAssembly.Exports[] = [];
  const cellAbi = abi.bind(instances, { liftMaxBytes });
  let sink: (value: unknown) => unknown = (value) => value;
  const imports = Object.fromEntries(
    plan.imports.map(({ name }, index) => [
      name,
      cellAbi.importFunction(index, (value) => sink(value)) as WebAssembly.CoreFunction,
    ]),
  );
  const binary = typeof core === 'string' ? await parse(core) : core;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(binary)), {
    [SINK]: imports,
  });
  instances.push(exports);
  return {
    cellAbi,
    core: exports,
    echo(index, value, through) {
      sink = through;
      const flat = cellAbi.lowerArguments(index, [value]);
      const echo = exports[plan.exports[index]?.lifted.core.name as string] as WebAssembly.CoreFunction;
      return cellAbi.liftResult(index, echo(...(flat as number[])));
    },
  };
}
