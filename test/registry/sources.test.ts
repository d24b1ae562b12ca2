import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFiles } from '../../host/registry/files.ts';
import { readSources } from '../../host/registry/sources.ts';
import { collectNotices, defaults, manifestJson, temporaryFolder } from './fixtures.ts';

async function writeManifest(folder: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'adapter.json'), text);
}

describe('the packages of a folder', () => {
  it.each(['bundled', 'directory'] as const)(
    'are those that a build has finished and not begun to remove (%s)',
    async (origin) => {
      await using folder = await temporaryFolder();
      for (const name of ['.new-1', '.old-1', '.git', 'echo']) {
        await writeManifest(join(folder.path, name), JSON.stringify(manifestJson()));
      }
      await writeManifest(join(folder.path, '.new-2'), '{"name": "half writ');
      using notices = collectNotices();
      const sources = await readSources(diskFiles, folder.path, origin, defaults);
      expect(sources.map((source) => source.folder)).toEqual([join(folder.path, 'echo')]);
      expect(notices.events).toEqual([]);
    },
  );

  it('are read from files alone: a pipe would never end, nor a device', async () => {
    await using folder = await temporaryFolder();
    // A folder stands for all that is no file: it can be made on every system.
    await mkdir(join(folder.path, 'odd', 'adapter.json'), { recursive: true });
    await writeManifest(join(folder.path, 'good'), JSON.stringify(manifestJson()));
    using notices = collectNotices();
    const sources = await readSources(diskFiles, folder.path, 'directory', defaults);
    expect(sources.map((source) => source.folder)).toEqual([join(folder.path, 'good')]);
    expect(notices.events.map((event) => event.message)).toEqual([
      expect.stringContaining('adapter.json is not a file'),
    ]);
  });

  it('do not hide one another: a bad manifest is a notice', async () => {
    await using folder = await temporaryFolder();
    await writeManifest(join(folder.path, 'bad'), '{');
    await writeManifest(join(folder.path, 'good'), JSON.stringify(manifestJson()));
    await mkdir(join(folder.path, 'no-package'));
    using notices = collectNotices();
    const sources = await readSources(diskFiles, folder.path, 'directory', defaults);
    expect(sources.map((source) => source.folder)).toEqual([join(folder.path, 'good')]);
    expect(notices.events.map((event) => event.event)).toEqual(['registry.skipped']);
  });

  it('that cannot be read are skipped with every problem, and a source is told from a package', async () => {
    await using folder = await temporaryFolder();
    const { component: _component, sha256: _sha256, ...source } = manifestJson();
    await writeManifest(join(folder.path, 'mine'), JSON.stringify({ ...source, build: { language: 'js' } }));
    using notices = collectNotices();
    expect(await readSources(diskFiles, folder.path, 'directory', defaults)).toEqual([]);
    const lines = notices.events[0]?.message.split('\n') ?? [];
    expect(lines[0]).toMatch(/mine \(directory\) was skipped: REGISTRY_MANIFEST_INVALID: /);
    expect(lines.slice(1)).toEqual([
      '  /component is required',
      '  /sha256 is required',
      '  /build belongs to the source of an adapter: build it, and use the package',
    ]);
  });
});
