/**
 * A sample: one adapter under test, with the operation that is called and the input it is called with. Every table of Hotcell
 * itself is made for a list of them.
 *
 * Its package is never changed but for name, version, pool and isolation (`vary`), so that all rows run the same guest. Who finds
 * adapters by name or path and chooses an input is the command (`host/cli/bench-adapters.ts`); here nothing is looked for.
 */

import type { CapabilityPolicy } from '../../host/capability-types.ts';
import type { Host } from '../../host/types.ts';
import type { ManifestJson, Package } from '../host/packages.ts';

export interface Sample {
  readonly built: Package;
  readonly operation: string;
  /** Bytes of the call, of a typed world its arguments as JSON. Not to be changed. */
  readonly payload: Uint8Array;
}

export const nameOf = ({ built }: Sample): string => built.manifest.name;

/** The guest that "Must reach" is said of: what it is held to, no other adapter is. */
export const isReference = (sample: Sample): boolean => nameOf(sample) === 'echo';

/** What the payload is as the body of a request. */
export const contentTypeOf = ({ built }: Sample): string =>
  built.manifest.world === 'bytes' ? 'application/octet-stream' : 'application/json';

/** How often rows of a table may call at once without one being refused. */
export const OPEN_POOL = { permits: 4_096, tenantShare: 1 } as const;

/** One call of the sample under this name; the answer's bytes. Throws the call's error. */
export async function callSample(
  host: Host,
  { operation, payload }: Sample,
  adapter: string,
  tenant = 'bench',
): Promise<Uint8Array> {
  const { outcome } = await host.invoke({ adapter, operation, payload, tenant, requestId: 'bench' });
  if (outcome.kind === 'error') throw outcome.error;
  return outcome.bytes;
}

/** What an operator permits an adapter by name is permitted to its variants too. */
export function forVariants(
  samples: readonly Sample[],
  capabilities: CapabilityPolicy,
  variantsOf: (manifest: ManifestJson) => readonly string[],
): CapabilityPolicy {
  const variants = samples.flatMap((sample) => {
    const own = capabilities[nameOf(sample)];
    return own === undefined ? [] : variantsOf(sample.built.manifest).map((name) => [name, own] as const);
  });
  return { ...capabilities, ...Object.fromEntries(variants) };
}
