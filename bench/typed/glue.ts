/** The peer of the typed bench: the glue that jco generates for a component of this repository, used as jco means it to be. */

import { transpile } from '@bytecodealliance/jco';

type TypedCall = (...values: readonly unknown[]) => unknown;

type Instantiate = (
  getCoreModule: (file: string) => WebAssembly.Module,
  imports: Readonly<Record<string, never>>,
) => { readonly shop: { readonly search: TypedCall } };

/** Transpiles, compiles and instantiates; gives the function `search` of the interface `shop`. */
export async function prepareTypedGlue(component: Uint8Array): Promise<TypedCall> {
  const { files } = await transpile(component, { name: 'typed', instantiation: 'sync', noTypescript: true });
  const source = Buffer.from(files['typed.js'] as Uint8Array).toString('base64');
  const { instantiate }: { instantiate: Instantiate } = await import(`data:text/javascript;base64,${source}`);
  return instantiate((file) => new WebAssembly.Module(Uint8Array.from(files[file] as Uint8Array)), {}).shop
    .search;
}
