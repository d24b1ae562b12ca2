/**
 * The door of the registry: which adapters exist, which version of each is active, and how that changes.
 *
 * Packages come from the bundled folder, from a directory and from installs; the later of these wins a name. A new
 * version is verified, prepared, compiled, written to disk and warmed before it takes the name in one step: until then
 * calls resolve to the old one, which is retired after. Changes of one name happen one after the other; at most one
 * old version of a name is still draining when the next is activated. Pools and executors are the host's: the registry
 * asks for them through `activate` and `retire` and never touches them.
 */

import type { Grants } from '../capability-types.ts';
import { type AdaptersChangedEvent, adaptersChangedChannel, notice } from '../channels.ts';
import type { Clock } from '../clock.ts';
import { HostError, hasCode } from '../errors.ts';
import type { AdapterImage, Manifest, PackageProof } from '../types.ts';
import { createCache, currentToolchain } from './cache.ts';
import { diskFiles, type Files } from './files.ts';
import { buildImage } from './image.ts';
import { type ManifestDefaults, parseManifest } from './manifest.ts';
import { MANIFEST_MAX_BYTES } from './manifest-schema.ts';
import { notFound } from './nearest.ts';
import { DIGESTS_FILE, MANIFEST_FILE, readComponent, SIGNATURE_FILE, type Verify } from './package-folder.ts';
import { createPreparer } from './prepare.ts';
import { type Origin, readInstalled, readSources, reportSkipped, type Source } from './sources.ts';
import { createStore, LEFTOVER_AGE_MS } from './store.ts';
import { createTurns } from './turns.ts';

export interface RegistryOptions {
  /** Bundled adapters that run without counting fuel: they are known to end. Default: none. */
  readonly trusted?: readonly string[] | undefined;
  /** What an adapter gets of what it asks for. Throws REGISTRY_CAPABILITY_DENIED and CONFIG_INVALID. Default: nothing. */
  readonly grantsOf?: ((manifest: Manifest) => Promise<Grants>) | undefined;
  /** Asked for every package but the bundled ones. Default: no signature is needed. */
  readonly verify?: Verify | undefined;
  /** Whether images keep the bytes of their modules, for executors in other processes. Default false. */
  readonly keepCode?: boolean;
  /** Installed packages and the cache live under it. Created when it is missing. */
  readonly dataDir: string;
  /** Folder of package folders that come with the host. */
  readonly bundledDir?: string;
  /** Folder of package folders, or one package folder, given by the operator. */
  readonly adaptersDir?: string;
  /** Names to load at the start, for a program that needs no others; default all. */
  readonly only?: readonly string[] | undefined;
  readonly defaults: ManifestDefaults;
  readonly prepare: {
    readonly timeoutMs: number;
    readonly heapMiB: number;
    readonly componentMaxBytes: number;
    /** Another worker entry, for tests. */
    readonly workerUrl?: URL;
  };
  readonly clock: Clock;
  /** Another disk, for tests. */
  readonly files?: Files;
  /** Creates and warms the pool of an image. A rejection fails the install; the running version stays. */
  activate(image: AdapterImage, origin: Origin): Promise<void>;
  /** Drains an image after another took its name, after its removal, or after its install failed late. */
  retire(image: AdapterImage): Promise<void>;
}

export interface ActiveAdapter {
  readonly image: AdapterImage;
  readonly origin: Origin;
}

export interface Registry {
  /** Loads everything there is; what cannot be loaded is a notice. Throws CONFIG_INVALID — a folder is missing. */
  start(): Promise<void>;
  /**
   * Installs a package; resolves once calls resolve to it. The bytes are borrowed until then. `proof`, where it was signed,
   * is kept beside it: `manifest` is what that has, parsed.
   *
   * Throws what `verify` throws; REGISTRY_* as documented at `parseManifest`, `buildImage` and `Store.stage`; what `activate` throws;
   * HOST_CLOSED. After any of these the version before is still active.
   */
  install(manifest: unknown, component: Uint8Array, proof?: PackageProof): Promise<AdapterImage>;
  /**
   * Removes an installed package and waits until it has drained. An adapter of the same name from a directory or the
   * bundle comes back in its place.
   *
   * Throws REGISTRY_NOT_FOUND; REGISTRY_NOT_REMOVABLE — it was not installed; REGISTRY_STORE_FAILED; HOST_CLOSED.
   */
  remove(name: string): Promise<void>;
  /**
   * Throws REGISTRY_NOT_FOUND — with the names that exist, nearest first; REGISTRY_CAPABILITY_DENIED — it is there, and the operator
   * does not permit what it asks for.
   */
  resolve(name: string): ActiveAdapter;
  /** In order of name. */
  list(): readonly ActiveAdapter[];
  /** Lets changes under way end, and ends the preparation. Does not retire anything: the host closes its pools. */
  close(): Promise<void>;
}

/** Loading is reading, hashing and warming: a few at once fill the waits of each other, more only compete. */
const LOADS_AT_ONCE = 4;

export function createRegistry(options: RegistryOptions): Registry {
  const { defaults, clock } = options;
  const files = options.files ?? diskFiles;
  const isLeftover = (modifiedMs: number): boolean => clock.now() - modifiedMs > LEFTOVER_AGE_MS;
  const store = createStore({ folder: options.dataDir, files, isLeftover });
  const cache = createCache({ folder: options.dataDir, files, toolchain: currentToolchain() });
  const preparer = createPreparer({ ...options.prepare, clock });
  const tools = { preparer, cache, keepCode: options.keepCode ?? false, grantsOf: options.grantsOf };

  const trusts = (name: string): boolean => options.trusted?.includes(name) ?? false;
  const active = new Map<string, ActiveAdapter>();
  /** Adapters that would be there, had the operator permitted what they ask for. */
  const denied = new Map<string, HostError>();
  /** Folders below the installed ones, by name, in rising order of precedence. */
  const beneath = new Map<string, Source[]>();
  const turns = createTurns();
  const drains = new Map<string, Promise<void>>();
  let closed = false;

  async function retire(image: AdapterImage): Promise<void> {
    try {
      await options.retire(image);
    } catch (error) {
      notice({
        level: 'error',
        event: 'registry.retire',
        message: `${image.id} did not drain`,
        cause: error,
      });
    }
  }

  /** Retires behind the caller's back; the next activation of the name waits for it. */
  function retireLater(name: string, image: AdapterImage): void {
    const drain = retire(image);
    drains.set(name, drain);
    void drain.then(() => {
      if (drains.get(name) === drain) drains.delete(name);
    });
  }

  async function buildFrom(source: Source): Promise<AdapterImage> {
    const component = await readComponent(
      files,
      source.folder,
      source.manifest,
      options.prepare.componentMaxBytes,
    );
    const isTrusted = source.origin === 'bundled' && trusts(source.manifest.name);
    return buildImage(source.manifest, component, { ...tools, isMetered: !isTrusted });
  }

  /** Activates the highest source that can be: tries downwards, with a notice for each that failed. */
  async function activateHighest(sources: readonly Source[]): Promise<ActiveAdapter | undefined> {
    for (const source of sources.toReversed()) {
      try {
        const startMs = clock.now();
        const image = await buildFrom(source);
        await options.activate(image, source.origin);
        reportReady(image.manifest, source.origin, clock.now() - startMs);
        return { image, origin: source.origin };
      } catch (error) {
        reportSkipped(`${source.manifest.name} ${source.manifest.version}`, source.origin, error);
        if (hasCode(error, 'REGISTRY_CAPABILITY_DENIED')) denied.set(source.manifest.name, error);
      }
    }
    return undefined;
  }

  return {
    async start() {
      for (const [folder, origin] of [
        [options.bundledDir, 'bundled'],
        [options.adaptersDir, 'directory'],
      ] as const) {
        if (folder === undefined) continue;
        const verify = origin === 'bundled' ? undefined : options.verify;
        for (const source of await readSources(files, folder, origin, defaults, verify)) {
          const { name } = source.manifest;
          beneath.set(name, [...(beneath.get(name) ?? []), source]);
        }
      }
      const sources = new Map(beneath);
      for (const source of await readInstalled(files, await store.start(), defaults, options.verify)) {
        const { name } = source.manifest;
        sources.set(name, [...(sources.get(name) ?? []), source]);
      }
      const { only } = options;
      const names = [...sources.keys()].filter((name) => only?.includes(name) ?? true).values();
      const load = async (): Promise<void> => {
        for (const name of names) {
          if (closed) return;
          const adapter = await activateHighest(sources.get(name) ?? []);
          if (adapter !== undefined) active.set(name, adapter);
        }
      };
      // All loaders draw from the same iterator.
      await Promise.all(Array.from({ length: LOADS_AT_ONCE }, load));
    },

    async install(json, component, proof) {
      options.verify?.(proof);
      const manifest = parseManifest(json, defaults);
      const { name } = manifest;
      const manifestBytes = proof?.manifest ?? Buffer.from(`${JSON.stringify(json, null, 2)}\n`);
      // What the next start would refuse to read is not written.
      if (manifestBytes.byteLength > MANIFEST_MAX_BYTES) {
        throw new HostError(
          'REGISTRY_MANIFEST_INVALID',
          `the manifest is larger than ${MANIFEST_MAX_BYTES} bytes`,
        );
      }
      return turns.take(name, async () => {
        if (closed) throw closedError();
        const startMs = clock.now();
        const image = await buildImage(manifest, component, tools);
        const staged = await store.stage({
          name,
          files: storedFiles(manifest, { ...proof, manifest: manifestBytes }, component),
        });
        try {
          await drains.get(name);
          await options.activate(image, 'installed');
        } catch (error) {
          await staged.discard();
          throw error;
        }
        try {
          await staged.commit();
        } catch (error) {
          await retire(image);
          await staged.discard();
          throw error;
        }
        const before = active.get(name);
        active.set(name, { image, origin: 'installed' });
        reportReady(manifest, 'installed', clock.now() - startMs);
        reportChange(name);
        if (before !== undefined) retireLater(name, before.image);
        return image;
      });
    },

    remove(name) {
      return turns.take(name, async () => {
        if (closed) throw closedError();
        const before = active.get(name);
        if (before === undefined) throw notFound(name, [...active.keys()]);
        if (before.origin !== 'installed') {
          throw new HostError(
            'REGISTRY_NOT_REMOVABLE',
            before.origin === 'bundled'
              ? `${name} comes with the host; install another version over it to replace it`
              : `${name} comes from the adapter folder; take it out of there and restart`,
          );
        }
        await drains.get(name);
        const below = await activateHighest(beneath.get(name) ?? []);
        try {
          await store.remove(name);
        } catch (error) {
          if (below !== undefined) await retire(below.image);
          throw error;
        }
        if (below === undefined) active.delete(name);
        else active.set(name, below);
        reportChange(name);
        notice({
          level: 'info',
          event: 'registry.removed',
          message: `adapter ${name} was removed`,
          fields: { adapter: name },
        });
        await retire(before.image);
      });
    },

    resolve(name) {
      const found = active.get(name);
      if (found === undefined) throw denied.get(name) ?? notFound(name, [...active.keys()]);
      return found;
    },

    list() {
      return [...active.values()].sort((a, b) => (a.image.manifest.name < b.image.manifest.name ? -1 : 1));
    },

    async close() {
      closed = true;
      await preparer.close();
      await turns.idle();
      await Promise.all(drains.values());
    },
  };
}

function storedFiles(
  manifest: Manifest,
  proof: Partial<PackageProof> & Pick<PackageProof, 'manifest'>,
  component: Uint8Array,
): Map<string, Uint8Array> {
  const stored = new Map([
    [MANIFEST_FILE, proof.manifest],
    [manifest.component, component],
  ]);
  if (proof.digests) stored.set(DIGESTS_FILE, proof.digests);
  if (proof.signature) stored.set(SIGNATURE_FILE, proof.signature);
  return stored;
}

const closedError = (): HostError => new HostError('HOST_CLOSED', 'the host is closed; nothing was changed');

function reportChange(adapter: string): void {
  const event: AdaptersChangedEvent = { adapter };
  adaptersChangedChannel.publish(event);
}

function reportReady({ name, version }: Manifest, origin: Origin, tookMs: number): void {
  notice({
    level: 'info',
    event: 'registry.ready',
    message: `adapter ${name} ${version} ready in ${Math.round(tookMs)} ms (${origin})`,
    fields: { adapter: name, version, origin, tookMs: Math.round(tookMs) },
  });
}
