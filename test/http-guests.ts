/**
 * Components that answer HTTP, for tests: hand-written ones that do one thing to a request, and one in JavaScript that is an
 * application of several routes.
 *
 * The hand-written ones import what the import table says, so that a signature cannot be mistaken. The bytes belong to the caller.
 */

import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { componentize } from 'componentize-qjs';
import { IMPORTS } from '../host/import-table.ts';
import { coreType, WASI_WIT } from './wasi-components.ts';

const VERSION = '0.2.12';
const WORLD = `package acme:app@1.0.0;
  world app {
    import wasi:http/types@${VERSION};
    import wasi:io/streams@${VERSION};
    export wasi:http/incoming-handler@${VERSION};
  }
  ${WASI_WIT}`;

/** Core imports by the name that the text uses. */
const USED = {
  consume: ['http/types', '[method]incoming-request.consume'],
  in: ['http/types', '[method]incoming-body.stream'],
  fields: ['http/types', '[constructor]fields'],
  response: ['http/types', '[constructor]outgoing-response'],
  status: ['http/types', '[method]outgoing-response.set-status-code'],
  body: ['http/types', '[method]outgoing-response.body'],
  out: ['http/types', '[method]outgoing-body.write'],
  finish: ['http/types', '[static]outgoing-body.finish'],
  set: ['http/types', '[static]response-outparam.set'],
  read: ['io/streams', '[method]input-stream.blocking-read'],
  write: ['io/streams', '[method]output-stream.blocking-write-and-flush'],
} as const;
const DROPS = {
  'input-stream': 'io/streams',
  'output-stream': 'io/streams',
  'incoming-body': 'http/types',
  'incoming-request': 'http/types',
} as const;

const CORE_IMPORTS = [
  ...Object.entries(USED).map(([name, [face, item]]) => {
    const type = IMPORTS[`wasi:${face}`]?.functions[item]?.type;
    if (type === undefined) throw new Error(`no ${item}`);
    return `(import "wasi:${face}@${VERSION}" "${item}" ${coreType(type).replace('(func', `(func $${name}`)})`;
  }),
  ...Object.entries(DROPS).map(
    ([name, face]) =>
      `(import "wasi:${face}@${VERSION}" "[resource-drop]${name}" (func $drop-${name} (param i32)))`,
  ),
].join('\n');

/** Parts of `handle`, whose parameters are `$request` and `$outparam`. */
export const DO = {
  /** Sets the response of this status, and opens its body. */
  respond: (status = 200) => `
    (local.set $response (call $response (call $fields)))
    (drop (call $status (local.get $response) (i32.const ${status})))
    (call $body (local.get $response) (i32.const 16))
    (local.set $body (i32.load (i32.const 20)))
    (call $out (local.get $body) (i32.const 16))
    (local.set $to (i32.load (i32.const 20)))
    (call $set (local.get $outparam) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))`,
  /** Opens the body of the request. */
  receive: `
    (call $consume (local.get $request) (i32.const 16))
    (local.set $incoming (i32.load (i32.const 20)))
    (call $in (local.get $incoming) (i32.const 16))
    (local.set $from (i32.load (i32.const 20)))`,
  /** Reads pieces to the end, and does this to each: it begins at \`$at\` and is \`$length\` bytes long. */
  each: (then: string) => `
    (loop $more
      (global.set $next (i32.const 4096))
      (call $read (local.get $from) (i64.const 65536) (i32.const 16))
      (if (i32.eqz (i32.load8_u (i32.const 16)))
        (then
          (local.set $at (i32.load (i32.const 20)))
          (local.set $length (i32.load (i32.const 24)))
          ${then}
          (br $more))))`,
  /** Waits until the client has room. */
  write: '(call $write (local.get $to) (local.get $at) (local.get $length) (i32.const 32))',
  /** Lets go of the request. */
  release: `
    (call $drop-input-stream (local.get $from))
    (call $drop-incoming-body (local.get $incoming))
    (call $drop-incoming-request (local.get $request))`,
  finish: `
    (call $drop-output-stream (local.get $to))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 16))`,
} as const;

/** A component whose \`handle\` has this body. */
export async function httpComponent(handle: string): Promise<Uint8Array> {
  const binary = await parse(`(module
    ${CORE_IMPORTS}
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get 3))))
    (func (export "wasi:http/incoming-handler@${VERSION}#handle") (param $request i32) (param $outparam i32)
      (local $response i32) (local $body i32) (local $to i32) (local $incoming i32) (local $from i32)
      (local $at i32) (local $length i32) (local $turns i32)
      ${handle}))`);
  const embedded = await componentEmbed({ binary, witSource: WORLD, world: 'acme:app/app@1.0.0' });
  return Uint8Array.from(await componentNew(embedded, []));
}

/** Gives the body back, piece by piece. */
export const echoComponent = (): Promise<Uint8Array> =>
  httpComponent(`${DO.receive} ${DO.respond()} ${DO.each(DO.write)} ${DO.release} ${DO.finish}`);

/** A manifest for it. */
export function httpManifest(
  name: string,
  component: Uint8Array,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    name,
    version: '1.0.0',
    component: 'component.wasm',
    sha256: createHash('sha256').update(component).digest('hex'),
    world: 'wasi:http/proxy',
    limits: { timeoutMs: 20_000 },
    ...more,
  };
}

/**
 * The toolchain runs the source once while it builds, and links WASI itself for that, without HTTP: of its streams and those of
 * HTTP it would make two types. Under a version that it does not know it leaves all of them alone. Afterwards they get one that
 * the host serves, as long as that, and not that of the stubs inside.
 */
const UNKNOWN_VERSION = '0.9.11';
const SERVED_VERSION = '0.2.11';

/** A component of this JavaScript, which imports by `wasi:http/types@0.2.12`. */
export async function applicationComponent(jsSource: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'hotcell-test-'));
  const disguise = (text: string): string => text.replaceAll(`@${VERSION}`, `@${UNKNOWN_VERSION}`);
  try {
    const witPath = join(folder, 'app.wit');
    await writeFile(witPath, disguise(WORLD));
    const source = disguise(jsSource);
    const { component } = await componentize({
      witPath,
      jsSource: source,
      world: 'app',
      stubWasi: false,
      sync: true,
    });
    const bytes = component.toString('latin1').replaceAll(`@${UNKNOWN_VERSION}`, `@${SERVED_VERSION}`);
    return Buffer.from(bytes, 'latin1');
  } finally {
    await rm(folder, { recursive: true });
  }
}
