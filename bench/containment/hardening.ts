/**
 * Question: what does hardening cost once, and a start that finds it done? For hello-js, whose component has 1.6 MB and eleven
 * modules.
 */

import { systemClock } from '../../host/clock.ts';
import { LIMIT_DEFAULTS, POOL_DEFAULTS } from '../../host/options.ts';
import { createCache, currentToolchain } from '../../host/registry/cache.ts';
import { diskFiles } from '../../host/registry/files.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { buildImage } from '../../host/registry/image.ts';
import { parseManifest } from '../../host/registry/manifest.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { createPreparer } from '../../host/registry/prepare.ts';
import { type Table, timeEach } from '../harness.ts';
import { makeScratchFolder, readBuilt } from '../host/packages.ts';

const READ = 'read and plan it (baseline of all preparation)';
const HARDEN_MAX_MS = 1_000;
const CACHED_MAX_MS = 50;

export const hardeningTable: Table = {
  name: 'hardening',
  question: 'Hardening a component of 1.6 MB (hello-js), and starting it when that was done before (ms)',
  unit: 'ms',
  baseline: READ,
  headline: 'p50',
  effort: { rounds: 5, samples: 6, warmUp: 2 },
  quick: { rounds: 1, samples: 2, warmUp: 1 },
  async open() {
    const { manifest: json, component } = await readBuilt('hello-js');
    const manifest = parseManifest(json, { pool: POOL_DEFAULTS, limits: LIMIT_DEFAULTS });
    const scratch = await makeScratchFolder();
    const cache = createCache({ folder: scratch.path, files: diskFiles, toolchain: currentToolchain() });
    const preparer = createPreparer({
      timeoutMs: 60_000,
      heapMiB: 512,
      componentMaxBytes: component.length,
      clock: systemClock,
    });
    await buildImage(manifest, component, { preparer, cache });
    const { plan } = planComponent(component);
    const harden = (): void => {
      for (const { offset, length } of plan.modules) meterModule(component.subarray(offset, offset + length));
    };
    return {
      contestants: [
        {
          row: READ,
          round: async (count) => ({ samples: await timeEach(count, () => planComponent(component)) }),
        },
        {
          row: 'harden its modules',
          round: async (count) => ({ samples: await timeEach(count, harden) }),
          targets: [{ metric: 'max', test: '<', value: HARDEN_MAX_MS }],
        },
        {
          row: 'from the cache to compiled modules',
          round: async (count) => ({
            samples: await timeEach(count, () => buildImage(manifest, component, { preparer, cache })),
          }),
          targets: [{ metric: 'p50', test: '<', value: CACHED_MAX_MS }],
        },
      ],
      async close() {
        await preparer.close();
        await scratch.remove();
      },
    };
  },
};
