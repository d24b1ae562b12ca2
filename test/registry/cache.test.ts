import { readdir, readFile, rename, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCache, currentToolchain } from '../../host/registry/cache.ts';
import { diskFiles } from '../../host/registry/files.ts';
import type { Prepared } from '../../host/registry/prepare-task.ts';
import { echoComponent, singleModulePlan } from './components.ts';
import { createFaultyFiles } from './faulty-files.ts';
import { collectNotices, digest, temporaryFolder } from './fixtures.ts';

const component = await echoComponent();
const sha256 = digest(component);
const prepared: Prepared = {
  plan: singleModulePlan(component),
  code: component,
  wit: 'package root:component;\n',
  needs: [{ import: 'wasi:io/streams@0.2.3', capability: 'log' }],
};

const open = (folder: string, toolchain = 'tools 1') => createCache({ folder, files: diskFiles, toolchain });
const entriesOf = (folder: string): string => join(folder, 'cache', 'prepared');

async function onlyEntry(folder: string): Promise<string> {
  const [name] = await readdir(entriesOf(folder));
  return join(entriesOf(folder), name ?? '');
}

describe('the cache of prepared components', () => {
  it('gives back what was put, also after a restart', async () => {
    await using folder = await temporaryFolder();
    expect(await open(folder.path).get(sha256)).toBeUndefined();
    await open(folder.path).put(sha256, prepared);
    expect(await open(folder.path).get(sha256)).toEqual(prepared);
  });

  it('never gives the result of other tools', async () => {
    await using folder = await temporaryFolder();
    await open(folder.path, 'tools 1').put(sha256, prepared);
    expect(await open(folder.path, 'tools 2').get(sha256)).toBeUndefined();
  });

  it('names the installed jco and the plan format as the tools of this process', () => {
    expect(currentToolchain()).toMatch(/^jco-transpile@\d+\.\d+\.\d+ plan@\d+ imports@[0-9a-f]{16}$/);
  });

  it('ignores a damaged entry with a notice, and overwrites it', async () => {
    const damages: [string, (path: string) => Promise<unknown>][] = [
      ['empty', (path) => truncate(path, 0)],
      ['cut', (path) => truncate(path, 100)],
      ['no text', (path) => writeFile(path, Buffer.from([0xff, 0xfe, 0x00]))],
      [
        'one letter changed',
        async (path) => writeFile(path, (await readFile(path, 'utf8')).replace('root', 'toor')),
      ],
      ['huge', (path) => truncate(path, 101 * 1024 * 1024)],
    ];
    for (const [what, damage] of damages) {
      await using folder = await temporaryFolder();
      using notices = collectNotices();
      const cache = open(folder.path);
      await cache.put(sha256, prepared);
      await damage(await onlyEntry(folder.path));
      expect(await cache.get(sha256), what).toBeUndefined();
      expect(notices.events.map((event) => event.event)).toEqual(['registry.cache']);
      await cache.put(sha256, prepared);
      expect(await cache.get(sha256), what).toEqual(prepared);
    }
  });

  it('does not take the entry of another component', async () => {
    await using folder = await temporaryFolder();
    using notices = collectNotices();
    const cache = open(folder.path);
    await cache.put(sha256, prepared);
    const path = await onlyEntry(folder.path);
    await rename(path, path.replace(sha256, '0'.repeat(64)));
    expect(await cache.get('0'.repeat(64))).toBeUndefined();
    expect(notices.events).toHaveLength(1);
  });

  it('keeps the 500 newest entries', async () => {
    await using folder = await temporaryFolder();
    const cache = open(folder.path);
    await cache.put(sha256, prepared);
    await utimes(await onlyEntry(folder.path), 1, 1);
    for (let index = 0; index < 500; index++) {
      await writeFile(join(entriesOf(folder.path), `filler-${index}.json`), '');
    }
    await cache.put('1'.repeat(64), prepared);
    expect(await readdir(entriesOf(folder.path))).toHaveLength(500);
    expect(await cache.get(sha256)).toBeUndefined();
    expect(await cache.get('1'.repeat(64))).toEqual(prepared);
  });

  it('costs nobody an install when the disk fails', async () => {
    for (let failAt = 1; failAt <= 5; failAt++) {
      await using folder = await temporaryFolder();
      const { files } = createFaultyFiles(failAt, 'dies');
      const cache = createCache({ folder: folder.path, files, toolchain: 'tools 1' });
      await cache.put(sha256, prepared);
      const read = await cache.get(sha256);
      if (read !== undefined) expect(read).toEqual(prepared);
      const after = await open(folder.path).get(sha256);
      if (after !== undefined) expect(after).toEqual(prepared);
    }
  });
});
