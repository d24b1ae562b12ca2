import { describe, expect, it } from 'vitest';
import type { ManifestCapabilities } from '../../host/capability-types.ts';
import { HostError } from '../../host/errors.ts';
import type { Cache } from '../../host/registry/cache.ts';
import type { ImportNeed } from '../../host/registry/check-imports.ts';
import { buildImage } from '../../host/registry/image.ts';
import { parseManifest } from '../../host/registry/manifest.ts';
import type { Prepared } from '../../host/registry/prepare-task.ts';
import type { Manifest } from '../../host/types.ts';
import { echoComponent, singleModulePlan } from './components.ts';
import { defaults, digest, manifestJson } from './fixtures.ts';

const component = await echoComponent();

/** The refusal of an image, or `built`, and how often the component was prepared. */
async function build(needs: readonly ImportNeed[], capabilities: ManifestCapabilities, isCached: boolean) {
  const prepared: Prepared = { plan: singleModulePlan(component), code: component, wit: '', needs };
  let preparedCount = 0;
  const cache: Cache = { get: async () => (isCached ? prepared : undefined), put: async () => undefined };
  const preparer = {
    prepare: async () => {
      preparedCount++;
      return prepared;
    },
    close: async () => undefined,
  };
  const manifest: Manifest = {
    ...parseManifest(manifestJson({ sha256: digest(component) }), defaults),
    capabilities,
  };
  try {
    await buildImage(manifest, component, { preparer, cache });
  } catch (error) {
    if (error instanceof HostError) return { preparedCount, code: error.code, problems: error.problems };
    throw error;
  }
  return { preparedCount, code: 'built', problems: undefined };
}

describe('an image', () => {
  const needs = [{ import: 'wasi:clocks/wall-clock@0.2.3', capability: 'clock' }] as const;
  it.each([false, true])(
    'is refused for a capability that the manifest does not ask for, also from the cache: %s',
    async (isCached) => {
      expect(await build(needs, { random: {} }, isCached)).toEqual({
        preparedCount: isCached ? 0 : 1,
        code: 'REGISTRY_IMPORT_FORBIDDEN',
        problems: [
          {
            at: 'wasi:clocks/wall-clock@0.2.3',
            message: 'wasi:clocks/wall-clock needs the capability clock',
          },
        ],
      });
    },
  );

  it('is built when the manifest asks for what the imports take', async () => {
    expect((await build(needs, { clock: {} }, true)).code).toBe('built');
  });
});
