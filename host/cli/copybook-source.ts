/**
 * What a command line says of a copybook, as a specification: the copybook, the files it copies, and options from a file and
 * from flags. A flag beats `--option`, which beats the file, which beats what `--detect` found.
 */

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Specification } from '../copybook/face.ts';
import { HostError } from '../errors.ts';
import { fileError } from './invoke.ts';
import type { World } from './world.ts';

export interface SourceFlags {
  readonly option?: readonly string[];
  readonly options?: string;
  readonly copy?: readonly string[];
  readonly copyDir?: readonly string[];
  readonly recordFormat?: string;
  readonly codePage?: string;
  readonly fields?: string;
}

/** Extensions of copybooks in a folder, tried in this order. */
const EXTENSIONS = ['', '.cpy', '.CPY', '.cbl', '.CBL', '.cob', '.COB', '.copy', '.txt'] as const;
/** Names that a text copies. Finds some that are none, in comments: no harm. */
const COPY = /\bCOPY\s+["']?([A-Za-z0-9@#$_-]{1,64})/gi;
/** Of all files together; the specification has a limit of its own. */
const COPIES_MAX_COUNT = 1000;

/** Throws CONFIG_INVALID — a file cannot be read, is not JSON, or a flag has not its form. */
export async function readSpecification(
  world: World,
  copybookFile: string,
  flags: SourceFlags,
): Promise<Specification> {
  const copybook = await readText(world, copybookFile);
  const given = new Map<string, string>();
  for (const entry of flags.copy ?? []) {
    const [name, file] = splitEntry('--copy', entry);
    given.set(name, await readText(world, file));
  }
  const folders = flags.copyDir ?? [];
  if (folders.length > 0) await findCopies(world, folders, [copybook, ...given.values()], given);
  const options = {
    ...(flags.options === undefined ? {} : await readOptions(world, flags.options)),
    ...Object.fromEntries((flags.option ?? []).map(readOption)),
    ...(flags.recordFormat === undefined ? {} : { recordFormat: flags.recordFormat }),
    ...(flags.codePage === undefined ? {} : { codePage: flags.codePage }),
    ...(flags.fields === undefined ? {} : { fields: flags.fields.split(',').map((name) => name.trim()) }),
  };
  return { copybook, options, ...(given.size === 0 ? {} : { copies: Object.fromEntries(given) }) };
}

/** Adds what the texts copy, and what that copies. A name that no folder has is the parser's to report. */
async function findCopies(
  world: World,
  folders: readonly string[],
  texts: string[],
  found: Map<string, string>,
): Promise<void> {
  const asked = new Set([...found.keys()].map((name) => name.toUpperCase()));
  for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
    for (const [, name = ''] of text.matchAll(COPY)) {
      if (asked.has(name.toUpperCase())) continue;
      asked.add(name.toUpperCase());
      if (asked.size > COPIES_MAX_COUNT) {
        throw new HostError('CONFIG_INVALID', `more than ${COPIES_MAX_COUNT} files are copied`);
      }
      const copied = await readFirst(world, folders, name);
      if (copied === undefined) continue;
      found.set(name, copied);
      texts.push(copied);
    }
  }
}

async function readFirst(
  world: World,
  folders: readonly string[],
  name: string,
): Promise<string | undefined> {
  for (const folder of folders) {
    for (const spelled of new Set([name, name.toUpperCase(), name.toLowerCase()])) {
      for (const extension of EXTENSIONS) {
        try {
          return textOf(await readFile(resolve(world.cwd, join(folder, spelled + extension))));
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code !== 'ENOENT' && code !== 'EISDIR') throw fileError(error, join(folder, spelled), 'read');
        }
      }
    }
  }
  return undefined;
}

async function readText(world: World, file: string): Promise<string> {
  try {
    return textOf(await readFile(resolve(world.cwd, file)));
  } catch (error) {
    throw fileError(error, file, 'read');
  }
}

/** UTF-8, or Latin-1 where it is none: comments of old copybooks have umlauts. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

async function readOptions(world: World, file: string): Promise<Record<string, unknown>> {
  let options: unknown;
  try {
    options = JSON.parse(await readText(world, file));
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('CONFIG_INVALID', `${file} is not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return { ...options };
  throw new HostError('CONFIG_INVALID', `${file} is no JSON object of options`);
}

/** A value is JSON where it can be read as that, else text: `trim=both`, `recordLength=80`, `segmentFilter=["A","B"]`. */
function readOption(entry: string): [string, unknown] {
  const [name, text] = splitEntry('--option', entry);
  try {
    return [name, JSON.parse(text)];
  } catch {
    return [name, text];
  }
}

function splitEntry(flag: string, entry: string): [string, string] {
  const at = entry.indexOf('=');
  if (at > 0) return [entry.slice(0, at), entry.slice(at + 1)];
  throw new HostError('CONFIG_INVALID', `${flag} ${entry}: it has the form name=value`);
}
