/**
 * The folder of an adapter's source, as the commands of the kit see it: found, built, and given to a host of its own.
 *
 * What a build makes goes into `.hotcell/` below that folder: the package, and the data of the host that tries it. The
 * build itself is that of `adapters/`, loaded when it is needed. A host made here serves that one adapter, from the package,
 * under the capabilities of the operator's own configuration.
 */

import { readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type NoticeEvent, noticeChannel } from '../channels.ts';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import type { Host } from '../types.ts';
import type { World } from './world.ts';

/** Below the folder of a source; hidden, so that no build takes it for source. */
const OUT_FOLDER = '.hotcell';

export interface Project {
  /** Absolute. */
  readonly folder: string;
  /** As its author wrote it: parsed, not validated. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly name: string;
}

export interface BuiltProject extends Project {
  /** Absolute path of the package. */
  readonly packageFolder: string;
  /** False when it was up to date. */
  readonly built: boolean;
  readonly buildMs: number;
  readonly warnings: readonly string[];
}

/** Throws KIT_PROJECT_INVALID — there is no `adapter.json`, or it is not JSON with a name. */
export async function readProject(world: World, dir: string): Promise<Project> {
  const folder = resolve(world.cwd, dir);
  const path = join(folder, 'adapter.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new HostError(
      'KIT_PROJECT_INVALID',
      `there is no ${shown(world, path)}: name the folder with --dir, or begin one with \`hotcell adapter new\``,
      { cause: error },
    );
  }
  let manifest: Record<string, unknown> | null;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    const detail = `${shown(world, path)} is not JSON: ${(error as Error).message}`;
    throw new HostError('KIT_PROJECT_INVALID', detail, { cause: error });
  }
  if (typeof manifest?.name !== 'string') {
    throw new HostError('KIT_PROJECT_INVALID', `${shown(world, path)}: "name" is missing`);
  }
  return { folder, manifest, name: manifest.name };
}

/** Builds what is stale. Throws KIT_PROJECT_INVALID; KIT_BUILD_FAILED — with the compiler's own words. */
export async function buildProject(world: World, dir: string): Promise<BuiltProject> {
  const project = await readProject(world, dir);
  const { buildAdapters } = await import('../../adapters/build.ts');
  try {
    const [built] = await buildAdapters({
      sources: [project.folder],
      outDir: join(project.folder, OUT_FOLDER),
      log: () => {},
    });
    if (built === undefined) throw new Error('the build made nothing');
    const { folder: packageFolder, built: isNew, buildMs, warnings } = built;
    return { ...project, packageFolder, built: isNew, buildMs, warnings };
  } catch (error) {
    // One of the compilers writes paths from its own folder.
    const own = new RegExp(`(?:(?:\\.\\./)+|/)${RegExp.escape(project.folder.slice(1))}/`, 'g');
    const detail = (error as Error).message.replaceAll(own, '');
    throw new HostError('KIT_BUILD_FAILED', detail, { cause: error });
  }
}

/** What was built, in a line, behind one for each warning. */
export async function describeBuild(world: World, project: BuiltProject): Promise<string> {
  const { size } = await stat(join(project.packageFolder, 'component.wasm'));
  const where = shown(world, project.packageFolder);
  const how = project.built ? `built in ${(project.buildMs / 1000).toFixed(1)} s` : 'up to date';
  const warnings = project.warnings.map((warning) => `warning: ${warning}\n`).join('');
  return `${warnings}${project.name}: ${how}, ${kilobytes(size)} in ${where}\n`;
}

export const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

/** A path as somebody in the working directory would write it. */
export function shown(world: World, path: string): string {
  const short = relative(world.cwd, path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

/** Where the host of a project keeps what it prepares. */
export const dataFolder = (project: Project): string => join(project.folder, OUT_FOLDER, 'data');

/**
 * A host that serves this adapter and nothing else. Throws what refused the adapter: REGISTRY_*, POOL_CREATE_FAILED.
 */
export async function startProjectHost(
  world: World,
  config: HostConfig,
  project: BuiltProject,
): Promise<Host> {
  let refusal: unknown;
  const onNotice = (message: unknown): void => {
    const { event, cause } = message as NoticeEvent;
    if (event === 'registry.skipped') refusal ??= cause;
  };
  noticeChannel.subscribe(onNotice);
  try {
    const host = await world.createHost({
      ...config,
      bundled: false,
      adapters: project.packageFolder,
      // It is the author's own source: nobody has signed it yet.
      trustedKeys: undefined,
      data: dataFolder(project),
    });
    if (host.adapters().some(({ name }) => name === project.name)) return host;
    await host.close();
    throw refusal ?? new HostError('REGISTRY_NOT_FOUND', `the host did not load ${project.name}`);
  } finally {
    noticeChannel.unsubscribe(onNotice);
  }
}
