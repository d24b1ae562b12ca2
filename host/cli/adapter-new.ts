/**
 * `hotcell adapter new`: copies a template of `adapters/templates/` and puts the adapter's name into it.
 *
 * Nothing that exists is written over: the folder must be new or empty.
 */

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostError } from '../errors.ts';
import { shown } from './adapter-project.ts';
import type { World } from './world.ts';

export const TEMPLATE_LANGUAGES = ['ts', 'js', 'as', 'c', 'rust', 'wat'] as const;

const TEMPLATES = fileURLToPath(new URL('../../adapters/templates', import.meta.url));

/** What every template calls itself. */
const TEMPLATE_NAME = 'my-adapter';
const NAME = /^[a-z][a-z0-9-]{0,63}$/;
/** WIT names are words with single hyphens between them, each beginning with a letter. */
const WIT_NAME = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/;

/** What no version control should keep. */
const IGNORED = '.hotcell/\nhotcell-data/\n*.hotcell.tgz\nnode_modules/\ntarget/\n';

/** Throws CONFIG_INVALID — the name cannot be one, or the folder has files. */
export async function runNew(
  world: World,
  name: string,
  flags: { readonly lang: (typeof TEMPLATE_LANGUAGES)[number]; readonly dir?: string },
): Promise<void> {
  if (!NAME.test(name) || !WIT_NAME.test(name)) {
    throw new HostError(
      'CONFIG_INVALID',
      `"${name}" cannot be the name of an adapter: lower-case words of letters and digits with hyphens between them, at most 64`,
    );
  }
  const folder = resolve(world.cwd, flags.dir ?? name);
  const existing = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new HostError('CONFIG_INVALID', `${shown(world, folder)} is not a folder (${error.code})`);
  });
  if (existing.length > 0) {
    throw new HostError(
      'CONFIG_INVALID',
      `${shown(world, folder)} is not empty: name another folder with --dir`,
    );
  }
  const template = join(TEMPLATES, flags.lang);
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const target = join(folder, file.slice(template.length + 1));
    const text = await readFile(file, 'utf8');
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text.replaceAll(TEMPLATE_NAME, name), { flag: 'wx' });
    world.stdout.write(`${shown(world, target)}\n`);
  }
  await writeFile(join(folder, '.gitignore'), IGNORED, { flag: 'wx' });
  world.stderr.write(`next: cd ${shown(world, folder)} && hotcell adapter check\n`);
}
