/** Both builds of the copybook kernel, for suites that are functions over an instance. */

import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../../crypto-wasm/build.ts';
import { createCopybookKernel } from '../../../crypto-wasm/copybook/copybook.ts';
import type { CopybookKernel } from '../../../crypto-wasm/copybook/face.ts';

export interface NamedKernel {
  readonly name: string;
  readonly kernel: CopybookKernel;
}

const builds = [
  ['kernel, relaxed SIMD', RELAXED_FEATURES],
  ['kernel, plain SIMD', PLAIN_FEATURES],
] as const;

/** An engine without relaxed SIMD has one of them only, and that is said. */
export async function kernelModules(): Promise<
  { readonly name: string; readonly module: WebAssembly.Module }[]
> {
  const modules: { name: string; module: WebAssembly.Module }[] = [];
  for (const [name, features] of builds) {
    const bytes = await buildKernel('copybook', features);
    if (WebAssembly.validate(bytes)) modules.push({ name, module: new WebAssembly.Module(bytes) });
    else console.warn(`this engine does not run the ${name}: its tests DO NOT RUN`);
  }
  return modules;
}

export async function kernels(): Promise<NamedKernel[]> {
  const modules = await kernelModules();
  return modules.map(({ name, module }) => ({ name, kernel: createCopybookKernel(module) }));
}
