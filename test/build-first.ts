/**
 * Runs before all tests: builds what they run, once. Without it every worker that meets a stale kernel would compile it
 * for itself, at the same time as the others.
 */

import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../crypto-wasm/build.ts';

export async function setup(): Promise<void> {
  for (const name of ['cipher', 'hash', 'copybook']) {
    for (const features of [PLAIN_FEATURES, RELAXED_FEATURES]) await buildKernel(name, features);
  }
}
