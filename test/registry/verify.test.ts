/** Which packages the registry holds against the keys of its operator: all but those that come with the host. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import { createRegistry } from '../../host/registry/registry.ts';
import type { PackageProof } from '../../host/types.ts';
import { echoComponent } from './components.ts';
import { collectNotices, defaults, digest, manifestJson, temporaryFolder } from './fixtures.ts';

const component = await echoComponent({ mark: 1 });
const json = (version: string) => manifestJson({ sha256: digest(component), version });

async function writePackage(folder: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'adapter.json'), JSON.stringify(json(version)));
  await writeFile(join(folder, 'echo.wasm'), component);
}

/** A registry with a bundled package and one in a directory; `isSigned` is what `verify` says of each proof. */
function openRegistry(path: string, isSigned: (proof: PackageProof | undefined) => boolean) {
  const registry = createRegistry({
    dataDir: join(path, 'data'),
    bundledDir: join(path, 'bundled'),
    adaptersDir: join(path, 'adapters'),
    defaults,
    prepare: { timeoutMs: 60_000, heapMiB: 64, componentMaxBytes: 1 << 20 },
    clock: systemClock,
    verify: (proof) => {
      if (!isSigned(proof)) throw new HostError('PACKAGE_UNSIGNED', 'nobody signed it');
    },
    activate: async () => {},
    retire: async () => {},
  });
  const active = (): string[] =>
    registry.list().map(({ image, origin }) => `${image.manifest.version} ${origin}`);
  return { registry, active };
}

it('a package of a directory that nobody signed makes room for the bundled one, which needs no signature', async () => {
  await using folder = await temporaryFolder();
  await writePackage(join(folder.path, 'bundled', 'echo'), '1.0.0');
  await writePackage(join(folder.path, 'adapters', 'echo'), '2.0.0');
  using notices = collectNotices();
  const { registry, active } = openRegistry(folder.path, () => false);
  await registry.start();
  expect(active()).toEqual(['1.0.0 bundled']);
  expect(notices.events.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
    expect.stringMatching(/echo \(directory\) was skipped: PACKAGE_UNSIGNED: nobody signed it/),
  ]);
  await registry.close();
});

it('what is verified is what is read: the very bytes of the manifest, and the files beside it', async () => {
  await using folder = await temporaryFolder();
  await writePackage(join(folder.path, 'bundled', 'echo'), '1.0.0');
  await writePackage(join(folder.path, 'adapters', 'echo'), '2.0.0');
  await writeFile(join(folder.path, 'adapters', 'echo', 'signature.json'), 'by Ada');
  const seen: (PackageProof | undefined)[] = [];
  const { registry, active } = openRegistry(folder.path, (proof) => {
    seen.push(proof);
    return true;
  });
  await registry.start();
  expect(active()).toEqual(['2.0.0 directory']);
  expect(seen).toEqual([
    {
      manifest: Buffer.from(JSON.stringify(json('2.0.0'))),
      digests: undefined,
      signature: Buffer.from('by Ada'),
    },
  ]);
  await registry.close();
});

it('an install is kept with the bytes that were signed, and held against the keys again at the next start', async () => {
  await using folder = await temporaryFolder();
  await writePackage(join(folder.path, 'bundled', 'echo'), '1.0.0');
  await mkdir(join(folder.path, 'adapters'));
  // Not as the registry itself would write it.
  const manifest = Buffer.from(`${JSON.stringify(json('3.0.0'))}   `);
  const proof = { manifest, digests: Buffer.from('digests'), signature: Buffer.from('signature') };
  const first = openRegistry(folder.path, (given) => given !== undefined);
  await first.registry.start();
  await expect(first.registry.install(json('3.0.0'), component)).rejects.toMatchObject({
    code: 'PACKAGE_UNSIGNED',
  });
  await first.registry.install(json('3.0.0'), component, proof);
  expect(first.active()).toEqual(['3.0.0 installed']);
  await first.registry.close();

  const seen: (PackageProof | undefined)[] = [];
  const second = openRegistry(folder.path, (given) => {
    seen.push(given);
    return false;
  });
  await second.registry.start();
  expect(seen).toEqual([proof]);
  expect(second.active()).toEqual(['1.0.0 bundled']);
  await second.registry.close();
});
