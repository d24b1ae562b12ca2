import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import type { Files } from '../../host/registry/files.ts';
import { createRegistry, type Registry, type RegistryOptions } from '../../host/registry/registry.ts';
import type { AdapterImage } from '../../host/types.ts';
import { echoComponent } from './components.ts';
import { createFaultyFiles } from './faulty-files.ts';
import { collectNotices, defaults, digest, manifestJson, temporaryFolder } from './fixtures.ts';

const workerUrl = new URL('./bomb-worker.ts', import.meta.url);
const one = await echoComponent({ mark: 1 });
const two = await echoComponent({ mark: 2 });

const packageOf = (component: Uint8Array, change: Record<string, unknown> = {}) =>
  manifestJson({ sha256: digest(component), ...change });

/** The host's side: which images have a pool, in the order of events. */
interface Pools {
  readonly events: string[];
  readonly live: Set<string>;
}

const open: Registry[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((registry) => registry.close()));
});

function openRegistry(
  dataDir: string,
  change: Partial<RegistryOptions> = {},
): { registry: Registry; pools: Pools } {
  const pools: Pools = { events: [], live: new Set() };
  const label = (image: AdapterImage): string => `${image.manifest.name} ${image.manifest.version}`;
  const registry = createRegistry({
    dataDir,
    defaults,
    prepare: { timeoutMs: 60_000, heapMiB: 64, componentMaxBytes: 1 << 20, workerUrl },
    clock: systemClock,
    activate: async (image, origin) => {
      pools.events.push(`activate ${label(image)} ${origin}`);
      pools.live.add(image.id);
    },
    retire: async (image) => {
      pools.events.push(`retire ${label(image)}`);
      pools.live.delete(image.id);
    },
    ...change,
  });
  open.push(registry);
  return { registry, pools };
}

const problemOf = (work: Promise<unknown>): Promise<HostError> =>
  work.then(
    () => expect.unreachable('it was accepted'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(HostError);
      return error as HostError;
    },
  );

const summary = (registry: Registry): string[] =>
  registry.list().map(({ image, origin }) => `${image.manifest.name} ${image.manifest.version} ${origin}`);

async function writePackage(
  folder: string,
  json: Record<string, unknown>,
  component: Uint8Array,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'adapter.json'), JSON.stringify(json));
  await writeFile(join(folder, String(json.component)), component);
}

describe('installing', () => {
  it('makes an adapter that resolves to compiled modules, its plan and its WIT', async () => {
    await using folder = await temporaryFolder();
    const { registry, pools } = openRegistry(folder.path);
    const image = await registry.install(packageOf(one), one);
    expect(registry.resolve('echo')).toEqual({ image, origin: 'installed' });
    expect(image.modules).toHaveLength(1);
    expect(
      WebAssembly.Module.exports(image.modules[0] as WebAssembly.Module).map(({ name }) => name),
    ).toContain(image.plan.handler?.invoke.core.name);
    expect(image.wit).toContain('hotcell:adapter/handler@1.0.0');
    expect(image.id).toMatch(new RegExp(`^echo@0\\.1\\.0\\+${digest(one).slice(0, 8)}#\\d+$`));
    expect(pools.events).toEqual(['activate echo 0.1.0 installed']);
  });

  it('activates the new version before the old one is retired, and both live in between', async () => {
    await using folder = await temporaryFolder();
    const atActivate: number[] = [];
    const draining = Promise.withResolvers<void>();
    const { registry, pools } = openRegistry(folder.path, {
      activate: async (image) => {
        pools.live.add(image.id);
        atActivate.push(pools.live.size);
      },
      retire: async (image) => {
        expect(registry.resolve('echo').image.manifest.version).toBe('0.2.0');
        await draining.promise;
        pools.live.delete(image.id);
      },
    });
    await registry.install(packageOf(one), one);
    await registry.install(packageOf(two, { version: '0.2.0' }), two);
    expect(atActivate).toEqual([1, 2]);
    expect(pools.live.size).toBe(2);
    draining.resolve();
    await registry.close();
    expect(pools.live.size).toBe(1);
  });

  it('of one name at once happens one after the other, never with more than two versions alive', async () => {
    await using folder = await temporaryFolder();
    let busy = 0;
    let most = 0;
    const { registry, pools } = openRegistry(folder.path, {
      activate: async (image) => {
        expect(++busy).toBe(1);
        pools.live.add(image.id);
        most = Math.max(most, pools.live.size);
        await new Promise((resolve) => setImmediate(resolve));
        busy--;
      },
    });
    const images = await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const component = index % 2 === 0 ? one : two;
        return registry.install(packageOf(component, { version: `1.0.${index}` }), component);
      }),
    );
    expect(new Set(images.map((image) => image.id)).size).toBe(12);
    expect(summary(registry)).toEqual(['echo 1.0.11 installed']);
    expect(most).toBe(2);
    await registry.close();
    expect([...pools.live]).toEqual([images[11]?.id]);
    expect(await readdir(join(folder.path, 'packages', 'echo'))).toHaveLength(2);
  });

  it('keeps the old version when the new one cannot be activated', async () => {
    await using folder = await temporaryFolder();
    let broken = false;
    const { registry } = openRegistry(folder.path, {
      activate: async () => {
        if (broken) throw new HostError('POOL_CREATE_FAILED', 'no cell');
      },
    });
    const before = await registry.install(packageOf(one), one);
    broken = true;
    const error = await problemOf(registry.install(packageOf(two, { version: '0.2.0' }), two));
    expect(error.code).toBe('POOL_CREATE_FAILED');
    expect(registry.resolve('echo').image).toBe(before);
    await registry.close();
    const { registry: again } = openRegistry(folder.path);
    await again.start();
    expect(summary(again)).toEqual(['echo 0.1.0 installed']);
  });

  it('refuses a component that is not the one the manifest names, naming both digests', async () => {
    await using folder = await temporaryFolder();
    const { registry, pools } = openRegistry(folder.path);
    const error = await problemOf(registry.install(packageOf(one), two));
    expect(error.code).toBe('REGISTRY_DIGEST_MISMATCH');
    expect(error.detail).toContain(digest(one));
    expect(error.detail).toContain(digest(two));
    expect(pools.events).toEqual([]);
  });

  it('refuses truncated and random bytes and goes on', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path);
    const broken = [
      new Uint8Array(0),
      one.subarray(0, one.length >> 1),
      one.subarray(0, one.length - 1),
      new Uint8Array(1_000).map((_, index) => (index * 151) % 251),
      new TextEncoder().encode('{"not": "wasm"}'),
    ];
    for (const bytes of broken) {
      expect((await problemOf(registry.install(packageOf(bytes), bytes))).code).toBe('REGISTRY_REJECTED');
    }
    expect(registry.list()).toEqual([]);
    await registry.install(packageOf(one), one);
    expect(summary(registry)).toEqual(['echo 0.1.0 installed']);
  });

  it('refuses a forbidden import by its name', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path);
    const bytes = new TextEncoder().encode('import');
    const error = await problemOf(registry.install(packageOf(bytes), bytes));
    expect(error.code).toBe('REGISTRY_IMPORT_FORBIDDEN');
    expect(error.detail).toContain('wasi:cli/environment@0.2.0');
  });

  it('refuses a core module whose code does not validate', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path);
    const bytes = one.slice();
    // The first instruction of the first body, found by what follows it: global.get 0 becomes global.get 9.
    const at = Buffer.from(bytes).indexOf(Buffer.from([0x23, 0x00, 0x21, 0x04]));
    expect(at).toBeGreaterThan(0);
    bytes[at + 1] = 9;
    const error = await problemOf(registry.install(packageOf(bytes), bytes));
    expect(error.code).toBe('REGISTRY_REJECTED');
  });

  it('refuses a cell that would begin with more memory than its limit', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path);
    const fits = await echoComponent({ pages: 32 });
    const over = await echoComponent({ pages: 33 });
    await registry.install(packageOf(fits, { limits: { memoryMaxMiB: 2 } }), fits);
    const error = await problemOf(registry.install(packageOf(over, { limits: { memoryMaxMiB: 2 } }), over));
    expect(error.code).toBe('REGISTRY_REJECTED');
    expect(error.detail).toContain('memoryMaxMiB');
  });

  it('refuses a manifest that the next start could not read', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path);
    const operations = Object.fromEntries(
      Array.from({ length: 256 }, (_, index) => [`op-${index}`, { description: 'x'.repeat(2_000) }]),
    );
    const error = await problemOf(registry.install(packageOf(one, { operations }), one));
    expect(error.code).toBe('REGISTRY_MANIFEST_INVALID');
  });

  it('is off after close', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path);
    await registry.close();
    expect((await problemOf(registry.install(packageOf(one), one))).code).toBe('HOST_CLOSED');
    expect((await problemOf(registry.remove('echo'))).code).toBe('HOST_CLOSED');
  });
});

describe('when the disk fails at any operation of an install', () => {
  it('the version that resolves is the version that a restart finds, and every pool is accounted for', async () => {
    // Installed once and prepared once; each round works on a copy.
    await using template = await temporaryFolder();
    const { registry: first } = openRegistry(template.path);
    await first.install(packageOf(one), one);
    await first.install(packageOf(two, { name: 'other' }), two);
    await first.remove('other');
    await first.close();

    const outcomes = new Set<string>();
    for (let failAt = 1; failAt <= 40; failAt++) {
      await using folder = await temporaryFolder();
      await cp(template.path, folder.path, { recursive: true });
      const sound = createFaultyFiles(0, 'fails').files;
      let disk: Files = sound;
      const through = new Proxy(sound, { get: (_, key) => disk[key as keyof Files] });
      const { registry, pools } = openRegistry(folder.path, { files: through });
      await registry.start();
      disk = createFaultyFiles(failAt, 'fails').files;
      const accepted = await registry.install(packageOf(two, { version: '0.2.0' }), two).then(
        () => true,
        (error: HostError) => {
          expect(error.code).toBe('REGISTRY_STORE_FAILED');
          return false;
        },
      );
      disk = sound;
      outcomes.add(`${accepted}`);
      const { image } = registry.resolve('echo');
      expect(image.manifest.version).toBe(accepted ? '0.2.0' : '0.1.0');
      await registry.close();
      expect([...pools.live], `operation ${failAt}`).toEqual([image.id]);

      const { registry: again } = openRegistry(folder.path);
      await again.start();
      expect(summary(again)).toEqual([`echo ${image.manifest.version} installed`]);
      await again.close();
    }
    expect(outcomes).toEqual(new Set(['true', 'false']));
  });
});

describe('starting', () => {
  it('brings installed packages back, without preparing them again', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path);
    await registry.install(packageOf(one), one);
    await registry.install(packageOf(two, { name: 'other' }), two);
    await registry.close();

    const nowhere = new URL('./no-such-worker.ts', import.meta.url);
    const { registry: again } = openRegistry(folder.path, {
      prepare: { timeoutMs: 60_000, heapMiB: 64, componentMaxBytes: 1 << 20, workerUrl: nowhere },
    });
    using notices = collectNotices();
    await again.start();
    expect(summary(again)).toEqual(['echo 0.1.0 installed', 'other 0.1.0 installed']);
    expect(notices.events.map((event) => event.event)).toEqual(['registry.ready', 'registry.ready']);
    expect(notices.events[0]?.message).toMatch(/^adapter (echo|other) 0\.1\.0 ready/);
  });

  it('lets a directory win over the bundle and an install over both', async () => {
    await using folder = await temporaryFolder();
    const bundledDir = join(folder.path, 'bundled');
    const adaptersDir = join(folder.path, 'mine');
    const dataDir = join(folder.path, 'data');
    for (const name of ['a', 'b', 'c']) {
      await writePackage(join(bundledDir, name), packageOf(one, { name, version: '1.0.0' }), one);
    }
    await mkdir(join(bundledDir, 'wit'));
    for (const name of ['b', 'c']) {
      await writePackage(join(adaptersDir, name), packageOf(two, { name, version: '2.0.0' }), two);
    }
    const { registry: first } = openRegistry(dataDir);
    await first.install(packageOf(one, { name: 'c', version: '3.0.0' }), one);
    await first.close();

    const { registry, pools } = openRegistry(dataDir, { bundledDir, adaptersDir });
    await registry.start();
    expect(summary(registry)).toEqual(['a 1.0.0 bundled', 'b 2.0.0 directory', 'c 3.0.0 installed']);
    expect(pools.events).toHaveLength(3);
  });

  it('takes a directory that is itself a package', async () => {
    await using folder = await temporaryFolder();
    const adaptersDir = join(folder.path, 'echo');
    await writePackage(adaptersDir, packageOf(one), one);
    const { registry } = openRegistry(join(folder.path, 'data'), { adaptersDir });
    await registry.start();
    expect(summary(registry)).toEqual(['echo 0.1.0 directory']);
  });

  it('says so when a folder does not exist', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path, { adaptersDir: join(folder.path, 'typo') });
    expect((await problemOf(registry.start())).code).toBe('CONFIG_INVALID');
  });

  it('skips damaged packages with a notice each and serves the rest', async () => {
    await using folder = await temporaryFolder();
    const bundledDir = join(folder.path, 'bundled');
    const write = (name: string, json: Record<string, unknown>, bytes = one) =>
      writePackage(join(bundledDir, name), json, bytes);
    await write('good', packageOf(one, { name: 'good' }));
    await write('mismatch', packageOf(two, { name: 'mismatch' }));
    await write('invalid', packageOf(one, { name: 'Invalid' }));
    await write('huge', packageOf(one, { name: 'huge' }), new Uint8Array((1 << 20) + 1));
    await write('nojson', packageOf(one));
    await writeFile(join(bundledDir, 'nojson', 'adapter.json'), '{');
    await mkdir(join(bundledDir, 'nocomponent'));
    await writeFile(
      join(bundledDir, 'nocomponent', 'adapter.json'),
      JSON.stringify(packageOf(one, { name: 'missing' })),
    );
    const { registry } = openRegistry(join(folder.path, 'data'), { bundledDir });
    using notices = collectNotices();
    await registry.start();
    expect(summary(registry)).toEqual(['good 0.1.0 bundled']);
    expect(notices.events.filter((event) => event.event === 'registry.skipped')).toHaveLength(5);
  });

  it('falls back to the bundled version when the installed one is damaged', async () => {
    await using folder = await temporaryFolder();
    const bundledDir = join(folder.path, 'bundled');
    const dataDir = join(folder.path, 'data');
    await writePackage(join(bundledDir, 'echo'), packageOf(one), one);
    const { registry: first } = openRegistry(dataDir);
    await first.install(packageOf(two, { version: '0.2.0' }), two);
    await first.close();
    const [version] = (await readdir(join(dataDir, 'packages', 'echo'))).filter(
      (name) => !name.endsWith('.json'),
    );
    await writeFile(join(dataDir, 'packages', 'echo', version ?? '', 'echo.wasm'), 'damage');

    const { registry } = openRegistry(dataDir, { bundledDir });
    using notices = collectNotices();
    await registry.start();
    expect(summary(registry)).toEqual(['echo 0.1.0 bundled']);
    expect(notices.events.map((event) => event.event)).toEqual(['registry.skipped', 'registry.ready']);
  });
});

describe('removing', () => {
  it('drains an installed adapter and forgets it, also after a restart', async () => {
    await using folder = await temporaryFolder();
    const { registry, pools } = openRegistry(folder.path);
    await registry.install(packageOf(one), one);
    await registry.remove('echo');
    expect(registry.list()).toEqual([]);
    expect(pools.live.size).toBe(0);
    await registry.close();
    const { registry: again } = openRegistry(folder.path);
    await again.start();
    expect(again.list()).toEqual([]);
  });

  it('brings the bundled adapter back that an install stood in front of', async () => {
    await using folder = await temporaryFolder();
    const bundledDir = join(folder.path, 'bundled');
    await writePackage(join(bundledDir, 'echo'), packageOf(one), one);
    const { registry, pools } = openRegistry(join(folder.path, 'data'), { bundledDir });
    await registry.start();
    await registry.install(packageOf(two, { version: '0.2.0' }), two);
    await registry.remove('echo');
    expect(summary(registry)).toEqual(['echo 0.1.0 bundled']);
    expect(pools.events).toEqual([
      'activate echo 0.1.0 bundled',
      'activate echo 0.2.0 installed',
      'retire echo 0.1.0',
      'activate echo 0.1.0 bundled',
      'retire echo 0.2.0',
    ]);
  });

  it('of what was not installed is refused, and nothing happens', async () => {
    await using folder = await temporaryFolder();
    const bundledDir = join(folder.path, 'bundled');
    await writePackage(join(bundledDir, 'echo'), packageOf(one), one);
    const { registry, pools } = openRegistry(join(folder.path, 'data'), { bundledDir });
    await registry.start();
    expect((await problemOf(registry.remove('echo'))).code).toBe('REGISTRY_NOT_REMOVABLE');
    expect((await problemOf(registry.remove('nobody'))).code).toBe('REGISTRY_NOT_FOUND');
    expect(pools.events).toEqual(['activate echo 0.1.0 bundled']);
  });
});

describe('resolving a name that does not exist', () => {
  it('names the adapters that do, nearest first, whatever was asked for', async () => {
    await using folder = await temporaryFolder();
    const { registry } = openRegistry(folder.path);
    expect(() => registry.resolve('echo')).toThrow(/no adapters are loaded/);
    for (const name of ['alpha', 'echo', 'omega']) await registry.install(packageOf(one, { name }), one);
    expect(() => registry.resolve('eccho')).toThrow(/the adapters are echo, /);
    for (const name of ['', '__proto__', 'constructor', '../echo', 'x'.repeat(100_000), '\0']) {
      const error = await problemOf(Promise.resolve().then(() => registry.resolve(name)));
      expect(error.code).toBe('REGISTRY_NOT_FOUND');
      expect(error.detail.length).toBeLessThan(500);
    }
  });
});
