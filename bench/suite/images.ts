/**
 * Images of adapters under test, built as the registry builds them: read and rewritten in a disposable thread, because an adapter
 * under test is as little trusted as any other.
 */

import { systemClock } from '../../host/clock.ts';
import { LIMIT_DEFAULTS, POOL_DEFAULTS } from '../../host/options.ts';
import { createCache, currentToolchain } from '../../host/registry/cache.ts';
import { diskFiles } from '../../host/registry/files.ts';
import { buildImage } from '../../host/registry/image.ts';
import { parseManifest } from '../../host/registry/manifest.ts';
import { createPreparer } from '../../host/registry/prepare.ts';
import type { AdapterImage } from '../../host/types.ts';
import type { Package } from '../host/packages.ts';

const PREPARE_TIMEOUT_MS = 30_000;
const PREPARE_HEAP_MIB = 1_024;

/**
 * From bytes to an image: the preparing thread's start, all checks, jco's parser, the fuel meter and V8's compiler. With an empty
 * folder nothing of it is known before. Throws REGISTRY_* — refused.
 */
export async function prepareImage(
  { manifest, component }: Package,
  cacheFolder: string,
): Promise<AdapterImage> {
  const preparer = createPreparer({
    timeoutMs: PREPARE_TIMEOUT_MS,
    heapMiB: PREPARE_HEAP_MIB,
    componentMaxBytes: component.length,
    clock: systemClock,
  });
  try {
    return await buildImage(
      parseManifest(manifest, { pool: POOL_DEFAULTS, limits: LIMIT_DEFAULTS }),
      component,
      {
        preparer,
        cache: createCache({ folder: cacheFolder, files: diskFiles, toolchain: currentToolchain() }),
      },
    );
  } finally {
    await preparer.close();
  }
}
