/**
 * Built adapters for tests, by name; built once a run when stale, into the ignored build folder.
 */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildAdapters } from '../adapters/build.ts';
import { planComponent } from '../host/registry/plan.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Package {
  /** The manifest as JSON; a fresh object each time, to be changed at will. */
  readonly manifest: Record<string, unknown> & {
    pool?: Record<string, unknown>;
    operations: Record<string, object>;
  };
  readonly component: Uint8Array;
}

/** The package of a test adapter (`faulty`, `unstartable`) or a bundled one. */
export async function builtAdapter(
  name:
    | 'echo'
    | 'hello-js'
    | 'cipher'
    | 'copybook'
    | 'http-get'
    | 'json-query'
    | 'template'
    | 'text-tools'
    | 'faulty'
    | 'unstartable',
): Promise<Package> {
  const isBundled = name !== 'faulty' && name !== 'unstartable';
  const [built] = await buildAdapters({
    sources: [`${ROOT}${isBundled ? 'adapters' : 'test/adapters'}/${name}`],
    outDir: `${ROOT}.build/${isBundled ? 'adapters' : 'test-adapters'}`,
    log: () => {},
  });
  if (!built) throw new Error(`${name} was not built`);
  return {
    manifest: JSON.parse(await readFile(`${built.folder}/adapter.json`, 'utf8')),
    component: await readFile(`${built.folder}/component.wasm`),
  };
}

/** The core module of an adapter of one, as its component has it: what it does can be seen without a host. */
export async function builtCore(name: 'cipher' | 'faulty'): Promise<WebAssembly.Module> {
  const { component } = await builtAdapter(name);
  const [only, ...others] = planComponent(component).plan.modules;
  if (only === undefined || others.length > 0) throw new Error(`${name} is not made of one module`);
  return new WebAssembly.Module(
    component.slice(only.offset, only.offset + only.length) as Uint8Array<ArrayBuffer>,
  );
}
