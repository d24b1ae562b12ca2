/** Builds every kernel in both builds, as far as they are stale. Run as a script by `build-first.ts`. */

import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../crypto-wasm/build.ts';

for (const name of ['cipher', 'hash', 'copybook']) {
  for (const features of [PLAIN_FEATURES, RELAXED_FEATURES]) await buildKernel(name, features);
}
