/**
 * The order of test files: those that take longest begin first, so that no worker is left with one at the end.
 *
 * Vitest knows how long files took on this machine the last time, and not on a new one: then it goes by their size, which
 * says little.
 */

import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take most, the longest first. One that is not here is found by Vitest's own order. */
const LONGEST = [
  'test/crypto-wasm/cipher/aes-gcm.conformance.test.ts',
  'test/executor/process-placement.test.ts',
  'test/crypto-wasm/copybook/acceptance.test.ts',
  'test/hostile/process.test.ts',
  'test/host/copybook.e2e.test.ts',
  'test/pool/pool.property.test.ts',
  'test/host/mcp-stdio.e2e.test.ts',
  'test/host/process-placement.e2e.test.ts',
  'test/adapters/templates.test.ts',
  'test/host/installed.e2e.test.ts',
  'test/registry/pipeline.test.ts',
  'test/crypto-wasm/copybook/decode-numbers.test.ts',
  'test/adapters/build.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId, project }: TestSpecification): number => {
      const index = LONGEST.indexOf(relative(project.config.root, moduleId).replaceAll('\\', '/'));
      return index < 0 ? LONGEST.length : index;
    };
    // Those that run alone stay before the others: to go from one kind to the other and back ends processes that are shared.
    return sorted.toSorted((a, b) =>
      a.project === b.project ? place(a) - place(b) : sorted.indexOf(a) - sorted.indexOf(b),
    );
  }
}
