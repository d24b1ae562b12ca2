/**
 * Manifest + component → `AdapterImage`: verify, prepare (or take from the cache), compile once.
 *
 * The modules are compiled here, in the host, and shared with every thread; this is also where V8 validates the code.
 * Nothing of an image refers to the component's bytes, so they can be dropped; with `keepCode` it keeps those of its modules
 * as they were compiled, for executors in other processes. It activates nothing.
 */

import { createHash } from 'node:crypto';
import type { Grants } from '../capability-types.ts';
import { HostError } from '../errors.ts';
import { findIncomingHandler, isProxyWorld } from '../service-incoming.ts';
import type { AdapterImage, LinkPlan, Manifest, TypedWorld } from '../types.ts';
import type { Cache } from './cache.ts';
import { refuseUngranted } from './check-imports.ts';
import { HANDLER } from './handler.ts';
import { capMemories } from './memory-cap.ts';
import { lendMemories } from './memory-loan.ts';
import type { Preparer } from './prepare.ts';
import { type Prepared, printable } from './prepare-task.ts';
import { BYTES_WORLD, readTypedWorld } from './typed-world.ts';

const PAGES_PER_MIB = 16;

/** Images of this process so far: makes ids unique when a version is installed again. */
let imageCount = 0;

/**
 * Builds the image of one version. The bytes are borrowed until the promise settles and must not change meanwhile.
 *
 * Throws REGISTRY_DIGEST_MISMATCH — not the component that the manifest names; REGISTRY_REJECTED — malformed, not of the manifest's
 * world, does not compile, or begins with more memory than its limit; REGISTRY_IMPORT_FORBIDDEN — it imports what takes a
 * capability that the manifest does not ask for; what `Preparer.prepare` throws.
 */
export async function buildImage(
  given: Manifest,
  component: Uint8Array,
  tools: {
    readonly preparer: Preparer;
    readonly cache: Cache;
    readonly keepCode?: boolean;
    /** False for a guest that is trusted. Default true. */
    readonly isMetered?: boolean;
    readonly grantsOf?: ((manifest: Manifest) => Promise<Grants>) | undefined;
  },
): Promise<AdapterImage> {
  const sha256 = createHash('sha256').update(component).digest('hex');
  if (sha256 !== given.sha256) {
    throw new HostError(
      'REGISTRY_DIGEST_MISMATCH',
      `the manifest names ${given.sha256}, the component has ${sha256} (${component.byteLength} bytes)`,
    );
  }
  // Before the work: what the operator does not permit is not prepared at each start for nothing.
  const grants = (await tools.grantsOf?.(given)) ?? {};
  const { plan, code, wit, needs } = await prepare(sha256, component, tools.isMetered ?? true, tools);
  const { manifest, typed } = readWorld(given, plan, wit);
  refuseUngranted(needs, manifest.capabilities);
  checkMemory(manifest, plan);
  const maxPages = manifest.limits.memoryMaxMiB * PAGES_PER_MIB;
  const capped = plan.modules.map((range) =>
    capMemories(code.subarray(range.offset, range.offset + range.length), maxPages),
  );
  const { modules: hardened, lent } = lendMemories(capped, plan);
  const modules = await Promise.all(hardened.map(compile));
  imageCount += 1;
  const id = `${manifest.name}@${manifest.version}+${sha256.slice(0, 8)}#${imageCount}`;
  return Object.freeze({
    id,
    manifest,
    plan,
    modules: Object.freeze(modules),
    lent,
    wit: given.text ?? wit,
    grants,
    typed,
    ...(tools.keepCode ? { code: hardened } : {}),
  });
}

async function prepare(
  sha256: string,
  component: Uint8Array,
  isMetered: boolean,
  { preparer, cache }: { readonly preparer: Preparer; readonly cache: Cache },
): Promise<Prepared> {
  const known = await cache.get(sha256, isMetered);
  if (known !== undefined) return known;
  const prepared = await preparer.prepare(component, isMetered);
  await cache.put(sha256, prepared, isMetered);
  return prepared;
}

async function compile(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new HostError('REGISTRY_REJECTED', `a core module does not compile: ${printable(error)}`, {
      cause: error,
    });
  }
}

/** The bytes world and that of HTTP are called by their handlers alone, any other by its functions. */
function readWorld(
  manifest: Manifest,
  plan: LinkPlan,
  wit: string,
): { readonly manifest: Manifest; readonly typed: TypedWorld | undefined } {
  const isProxy = isProxyWorld(manifest.world);
  if (manifest.world !== BYTES_WORLD && !isProxy) return readTypedWorld(manifest, plan, wit);
  const answersHttp = findIncomingHandler(plan) !== undefined;
  // A cell has one way in, which it finds by itself.
  if (isProxy && answersHttp && plan.handler)
    throw new HostError('REGISTRY_REJECTED', `the component exports ${HANDLER} as well`);
  if (isProxy ? answersHttp : plan.handler) return { manifest, typed: undefined };
  const wanted = isProxy ? 'wasi:http/incoming-handler@0.2.x with its function handle' : HANDLER;
  const names = [...new Set(plan.exports.map((one) => one.interface ?? one.name))];
  const shown = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
  throw new HostError('REGISTRY_REJECTED', `the component exports no instance ${wanted}, but ${shown}`);
}

/** All memories of one cell together: a component may instantiate a module many times. */
function checkMemory(manifest: Manifest, { memoryPages: pages }: LinkPlan): void {
  if (pages > manifest.limits.memoryMaxMiB * PAGES_PER_MIB) {
    throw new HostError(
      'REGISTRY_REJECTED',
      `a cell would begin with ${pages / PAGES_PER_MIB} MiB of memory, limits.memoryMaxMiB is ${manifest.limits.memoryMaxMiB}`,
    );
  }
}
