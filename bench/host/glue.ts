/**
 * The peer of the direct call path: the JavaScript glue that jco generates for a component, used as jco means it to be,
 * in the bench's own thread.
 *
 * Core modules are compiled once, so that an instance costs what an instance costs. Not for untrusted components:
 * nothing is checked here.
 */

import { transpile } from '@bytecodealliance/jco';

/** One instance of a bytes-world component behind jco's glue. Answers with the guest's bytes or throws. */
export interface GlueCell {
  invoke(operation: string, payload: Uint8Array): Uint8Array;
}

interface GlueExports {
  readonly handler: GlueCell;
}

type Instantiate = (
  getCoreModule: (file: string) => WebAssembly.Module,
  imports: Readonly<Record<string, never>>,
) => GlueExports;

const NAME = 'component';

/** Transpiles and compiles; gives a function that makes one instance each time. */
export async function prepareGlue(component: Uint8Array): Promise<() => GlueCell> {
  const { files } = await transpile(component, {
    name: NAME,
    instantiation: 'sync',
    multiMemory: true,
    noTypescript: true,
  });
  const modules = new Map<string, WebAssembly.Module>();
  let glue: Uint8Array | undefined;
  for (const [file, bytes] of Object.entries(files)) {
    if (file.endsWith('.wasm')) modules.set(file, new WebAssembly.Module(bytes));
    if (file === `${NAME}.js`) glue = bytes;
  }
  if (glue === undefined) throw new Error('jco wrote no glue');
  const source = Buffer.from(glue).toString('base64');
  const { instantiate }: { instantiate: Instantiate } = await import(`data:text/javascript;base64,${source}`);
  const coreModule = (file: string): WebAssembly.Module => {
    const module = modules.get(file);
    if (module === undefined) throw new Error(`jco's glue asks for ${file}, which it did not write`);
    return module;
  };
  return () => instantiate(coreModule, {}).handler;
}
