import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFiles, type Files } from '../../host/registry/files.ts';
import { createStore, type PackageContent } from '../../host/registry/store.ts';
import { createFaultyFiles } from './faulty-files.ts';
import { collectNotices, temporaryFolder } from './fixtures.ts';

/** More operations than any change of the store has; the last round proves that the fault was never reached. */
const ROUNDS = 40;

const content = (version: string): PackageContent => ({
  name: 'echo',
  files: new Map([
    ['adapter.json', Buffer.from(JSON.stringify({ version, rest: 'x'.repeat(100) }))],
    ['echo.wasm', Buffer.from(`component of ${version} `.repeat(50))],
    ['signature.json', Buffer.from(`signature of ${version}`)],
  ]),
});

async function install(files: Files, folder: string, version: string): Promise<void> {
  const staged = await createStore({ folder, files }).stage(content(version));
  try {
    await staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
}

/** The version that a new start finds, after checking that it is whole and alone. */
async function found(folder: string): Promise<string | undefined> {
  const installed = await createStore({ folder, files: diskFiles }).start();
  if (installed.length === 0) {
    expect(await readdir(join(folder, 'packages')).catch(() => [])).toEqual([]);
    return undefined;
  }
  const [only] = installed;
  expect(installed).toHaveLength(1);
  const manifest = await readFile(join(only?.folder ?? '', 'adapter.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  for (const [name, bytes] of content(version).files) {
    expect(await readFile(join(only?.folder ?? '', name))).toEqual(bytes);
  }
  expect(await readdir(join(folder, 'packages', 'echo'))).toHaveLength(2);
  return version;
}

describe.each(['fails', 'dies'] as const)('when the disk %s at any operation', (mode) => {
  it('an install leaves the old version whole or the new one, and says which', async () => {
    const outcomes = new Set<string>();
    let reached = true;
    for (let failAt = 1; failAt <= ROUNDS; failAt++) {
      await using folder = await temporaryFolder();
      await install(diskFiles, folder.path, 'old');
      const faulty = createFaultyFiles(failAt, mode);
      const accepted = await install(faulty.files, folder.path, 'new').then(
        () => true,
        (error: { code: string }) => {
          expect(error.code).toBe('REGISTRY_STORE_FAILED');
          return false;
        },
      );
      const version = await found(folder.path);
      expect(version, `operation ${failAt}`).toBe(accepted ? 'new' : 'old');
      outcomes.add(`${accepted}`);
      reached = faulty.count() >= failAt;
    }
    expect(outcomes).toEqual(new Set(['true', 'false']));
    expect(reached).toBe(false);
  });

  it('a first install leaves nothing or everything', async () => {
    const outcomes = new Set<string>();
    for (let failAt = 1; failAt <= ROUNDS; failAt++) {
      await using folder = await temporaryFolder();
      const accepted = await install(createFaultyFiles(failAt, mode).files, folder.path, 'new').then(
        () => true,
        () => false,
      );
      expect(await found(folder.path), `operation ${failAt}`).toBe(accepted ? 'new' : undefined);
      outcomes.add(`${accepted}`);
    }
    expect(outcomes).toEqual(new Set(['true', 'false']));
  });

  it('a removal leaves the package whole or gone, and says which', async () => {
    const outcomes = new Set<string>();
    for (let failAt = 1; failAt <= ROUNDS; failAt++) {
      await using folder = await temporaryFolder();
      await install(diskFiles, folder.path, 'old');
      const { files } = createFaultyFiles(failAt, mode);
      const removed = await createStore({ folder: folder.path, files })
        .remove('echo')
        .then(
          () => true,
          () => false,
        );
      expect(await found(folder.path), `operation ${failAt}`).toBe(removed ? undefined : 'old');
      outcomes.add(`${removed}`);
    }
    expect(outcomes).toEqual(new Set(['true', 'false']));
  });

  it('a start that could not sweep is followed by one that can', async () => {
    for (let failAt = 1; failAt <= 12; failAt++) {
      await using folder = await temporaryFolder();
      await install(diskFiles, folder.path, 'old');
      await createStore({ folder: folder.path, files: diskFiles }).stage(content('new'));
      const { files } = createFaultyFiles(failAt, mode);
      await createStore({ folder: folder.path, files })
        .start()
        .catch(() => undefined);
      expect(await found(folder.path)).toBe('old');
    }
  });
});

describe('a damaged pointer', () => {
  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['no folder', '{}'],
    ['a path that climbs', '{"folder":"../../etc"}'],
    ['a folder that is missing', '{"folder":"0123456789abcdef"}'],
    ['too long', JSON.stringify({ folder: 'a'.repeat(5_000) })],
  ])('of %s is reported, skipped, kept, and mended by the next install', async (_what, text) => {
    await using folder = await temporaryFolder();
    using notices = collectNotices();
    const store = createStore({ folder: folder.path, files: diskFiles });
    await install(diskFiles, folder.path, 'old');
    const before = await readdir(join(folder.path, 'packages', 'echo'));
    await writeFile(join(folder.path, 'packages', 'echo', 'current.json'), text);
    expect(await store.start()).toEqual([]);
    expect(notices.events.map((event) => event.event)).toContain('registry.package-damaged');
    expect(await readdir(join(folder.path, 'packages', 'echo'))).toEqual(before);
    await install(diskFiles, folder.path, 'new');
    expect(await found(folder.path)).toBe('new');
  });

  it('does not hide the packages beside it', async () => {
    await using folder = await temporaryFolder();
    const store = createStore({ folder: folder.path, files: diskFiles });
    await install(diskFiles, folder.path, 'old');
    const other = await store.stage({ ...content('one'), name: 'other' });
    await other.commit();
    await writeFile(join(folder.path, 'packages', 'echo', 'current.json'), 'x');
    expect((await store.start()).map((entry) => entry.name)).toEqual(['other']);
  });
});

it('a second process that starts leaves what the first is installing; abandoned, it is swept when it is old', async () => {
  await using folder = await temporaryFolder();
  const start = (isLeftover: () => boolean) =>
    createStore({ folder: folder.path, files: diskFiles, isLeftover }).start();
  for (const version of ['first', 'second']) {
    const staged = await createStore({ folder: folder.path, files: diskFiles }).stage(content(version));
    await start(() => false);
    await staged.commit();
    expect(await found(folder.path)).toBe(version);
  }
  await createStore({ folder: folder.path, files: diskFiles }).stage(content('abandoned'));
  await start(() => false);
  expect(await readdir(join(folder.path, 'packages', 'echo'))).toHaveLength(3);
  await start(() => true);
  expect(await found(folder.path)).toBe('second');
});
