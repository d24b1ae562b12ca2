/**
 * A guest that asks the host while it runs, for tests of suspension. Operations, by their first letter: `get`: the value of
 * the key that its payload names; `log`: its payload, as a line; `wait`: 50 times the value of that key; `spin`: for ever.
 */

import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { Grants } from '../../host/capability-types.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { planComponent } from '../../host/registry/plan.ts';
import type { AdapterImage, Manifest } from '../../host/types.ts';
import { coreText, HANDLER, WIT } from '../registry/sample-components.ts';

const CAPABILITIES = readFileSync(new URL('../../adapters/wit/capabilities.wit', import.meta.url), 'utf8');

/** The packages of both files in one text, and a world of both. */
const WORLD = `package test:asking;
world asking {
  import hotcell:capabilities/kv@1.0.0;
  import hotcell:capabilities/log@1.0.0;
  export ${HANDLER};
}
${nested(WIT.replace(/\nworld bytes.*/, ''))}
${nested(CAPABILITIES)}`;

function nested(text: string): string {
  return text.replace(/^(?:\/\/\/.*\n)*package ([^;]*);/, 'package $1 {').concat('\n}');
}

const on = (letter: string, body: string): string =>
  `(if (i32.eq (i32.load8_u (local.get $op)) (i32.const ${letter.charCodeAt(0)})) (then ${body}))`;

const GET = '(call $get (local.get $in) (local.get $inlen) (i32.const 32))';

/** `result<option<list<u8>>, error>` at 32 becomes the result at 16: its bytes, or `internal` with the text of the error. */
const ANSWER = `
  (if (i32.load8_u (i32.const 32))
    (then
      (i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 20) (i32.const 2))
      (i32.store (i32.const 24) (i32.load (i32.const 40))) (i32.store (i32.const 28) (i32.load (i32.const 44))))
    (else
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (i32.load (i32.const 40))) (i32.store (i32.const 24) (i32.load (i32.const 44)))))`;

/** `fields` come behind the imports. */
export const askingText = (fields = '', invoke = ''): string =>
  coreText({
    fields: `
      (import "hotcell:capabilities/kv@1.0.0" "get" (func $get (param i32 i32 i32)))
      (import "hotcell:capabilities/log@1.0.0" "write" (func $write (param i32 i32 i32)))
      ${fields}`,
    invoke: `(local $left i32)
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (local.get $in)) (i32.store (i32.const 24) (local.get $inlen))
      ${on('s', '(loop $forever (br $forever))')}
      ${on('l', '(call $write (i32.const 2) (local.get $in) (local.get $inlen))')}
      ${on('g', `${GET} ${ANSWER}`)}
      ${on(
        'w',
        `(local.set $left (i32.const 50))
         (loop $more ${GET} (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $more (local.get $left)))
         ${ANSWER}`,
      )}
      ${invoke}
      (i32.const 16)`,
  });

let imageCount = 0;

/** Metered, with everything granted that it imports. */
export async function askingImage(
  core = askingText(),
  grants: Grants = { kv: { maxBytes: 1_000 }, log: { level: 'trace', callMaxBytes: 1_000 } },
): Promise<AdapterImage> {
  const embedded = await componentEmbed({
    binary: await parse(core),
    witSource: WORLD,
    world: 'test:asking/asking',
  });
  const component = Uint8Array.from(await componentNew(embedded, []));
  const { plan } = planComponent(component);
  const code = plan.modules.map(({ offset, length }) =>
    meterModule(component.slice(offset, offset + length)),
  ) as Uint8Array<ArrayBuffer>[];
  return {
    id: `asking@1.0.0#${imageCount++}`,
    manifest: {} as Manifest,
    plan,
    modules: code.map((bytes) => new WebAssembly.Module(bytes)),
    code,
    wit: '',
    grants,
  };
}
