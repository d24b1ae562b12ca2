/**
 * Guests that benches write themselves, in WebAssembly text: components of the bytes world, made on the spot and installed like any
 * other. Nothing of a compiler is needed, so a packed Hotcell has them too.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { Package } from '../host/packages.ts';

/** The interface that a guest of the bytes world exports. */
export const HANDLER = 'hotcell:adapter/handler@1.0.0';

/** A WIT file as a package within the text of another. */
function nested(file: string): string {
  const text = readFileSync(new URL(`../../adapters/wit/${file}`, import.meta.url), 'utf8');
  return text.replace(/^(?:\/\/\/.*\n)*package ([^;]*);/, 'package $1 {').concat('\n}');
}

/**
 * `imports`: interfaces of the host that the text asks for, and `wit` the packages of those that are not Hotcell's own. The manifest is
 * completed with what follows from the component.
 */
export async function makeWatGuest(
  wat: string,
  manifest: { readonly name: string; readonly [field: string]: unknown },
  imports: readonly string[] = [],
  wit = '',
): Promise<Package> {
  const embedded = await componentEmbed({
    binary: await parse(wat),
    witSource: `package bench:guest;
      world guest { ${imports.map((name) => `import ${name};`).join(' ')} export ${HANDLER}; }
      ${nested('hotcell.wit')} ${nested('capabilities.wit')} ${wit}`,
    world: 'bench:guest/guest',
  });
  const component = Uint8Array.from(await componentNew(embedded, []));
  return {
    component,
    manifest: {
      ...manifest,
      version: '1.0.0',
      component: 'component.wasm',
      sha256: createHash('sha256').update(component).digest('hex'),
      world: 'bytes',
    },
  };
}
