/**
 * Results of preparation on disk, so that a restart does not pay for them again.
 *
 * Keyed by the SHA-256 of the component and by the versions of everything that had a part in the result: a new jco or
 * a new reader never meets an old result. Each file carries the digest of its content: damage is noticed, reported
 * and overwritten. The cache can only save time; no failure of it reaches a caller. Compiled code is not in it: V8
 * has no form of it that survives the process.
 */

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { join } from 'node:path';
import { notice } from '../channels.ts';
import { IMPORTS } from '../import-table.ts';
import type { Files } from './files.ts';
import type { Prepared } from './prepare-task.ts';

/** Raised whenever `plan.ts` or `harden.ts` gives something else for the same bytes, or refuses what it took before. */
export const PLAN_FORMAT = 9;

/** A few hundred adapters in several versions. */
const ENTRIES_MAX_COUNT = 500;
/** 500 hardened AssemblyScript adapters take 30 MB, as many with a JavaScript engine in them 900 MB. */
const FOLDER_MAX_BYTES = 1024 * 1024 * 1024;
/** The largest component, half as large again by hardening; a plan has a few hundred KB at most, the WIT text 256 KiB. */
const ENTRY_MAX_BYTES = 100 * 1024 * 1024;

export interface Cache {
  /** The result for a component of this digest, metered (the default) or as it came, or undefined. Never rejects. */
  get(sha256: string, isMetered?: boolean): Promise<Prepared | undefined>;
  /** Keeps a result; the oldest go when there are more than 500, or of more than 1 GiB together. Never rejects. */
  put(sha256: string, prepared: Prepared, isMetered?: boolean): Promise<void>;
}

export interface CacheOptions {
  readonly folder: string;
  readonly files: Files;
  /** Names and versions of the tools that made the results. */
  readonly toolchain: string;
}

/** The tools of this process. Reads a package file once. */
export function currentToolchain(): string {
  const path = findPackageJSON('@bytecodealliance/jco-transpile/wasm-tools', import.meta.url);
  if (path === undefined) throw new Error('jco-transpile is not installed');
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  // What is served decided what was accepted, and what it needs.
  const imports = digest(JSON.stringify(IMPORTS)).slice(0, 16);
  return `jco-transpile@${version} plan@${PLAN_FORMAT} imports@${imports}`;
}

export function createCache(options: CacheOptions): Cache {
  const { files } = options;
  const folder = join(options.folder, 'cache', 'prepared');
  const tools = digest(options.toolchain).slice(0, 16);
  const pathOf = (sha256: string, isMetered: boolean): string =>
    join(folder, `${sha256}-${tools}${isMetered ? '' : '-unmetered'}.json`);

  return {
    async get(sha256, isMetered = true) {
      const path = pathOf(sha256, isMetered);
      try {
        const found = await files.stat(path);
        if (found === undefined) return undefined;
        if (found.sizeBytes > ENTRY_MAX_BYTES) throw new Error(`${found.sizeBytes} bytes`);
        return decode(sha256, isMetered, await files.read(path));
      } catch (error) {
        report('a cached preparation is damaged; the component is prepared again', error);
        return undefined;
      }
    },

    async put(sha256, prepared, isMetered = true) {
      const path = pathOf(sha256, isMetered);
      // Two adapters may share a component and be prepared at once.
      const draft = `${path}.${randomBytes(4).toString('hex')}.draft`;
      try {
        await files.makeFolder(folder);
        await files.writeDurably(draft, encode(sha256, isMetered, prepared));
        await files.rename(draft, path);
        await trim(files, folder);
      } catch (error) {
        report('a preparation could not be cached', error);
      }
    },
  };
}

/** A digest of what follows, a line of JSON with the component's digest, the code. */
function encode(sha256: string, isMetered: boolean, { code, ...rest }: Prepared): Uint8Array {
  const body = Buffer.concat([Buffer.from(`${JSON.stringify({ sha256, isMetered, ...rest })}\n`), code]);
  return Buffer.concat([Buffer.from(`${digest(body)}\n`), body]);
}

const DIGEST_CHARS = 64;

function decode(sha256: string, isMetered: boolean, bytes: Uint8Array): Prepared {
  const body = bytes.subarray(DIGEST_CHARS + 1);
  const first = new TextDecoder().decode(bytes.subarray(0, DIGEST_CHARS + 1));
  if (first !== `${digest(body)}\n`) throw new Error('the digest does not match');
  const end = body.indexOf(0x0a);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body.subarray(0, end));
  const code = new Uint8Array(body.buffer, body.byteOffset + end + 1, body.length - end - 1);
  const entry = JSON.parse(text) as Omit<Prepared, 'code'> & {
    readonly sha256: string;
    readonly isMetered: boolean;
  };
  // A file that was renamed or copied is whole, and still not this component's.
  if (entry.sha256 !== sha256) throw new Error(`it is of the component ${entry.sha256}`);
  if (entry.isMetered !== isMetered) throw new Error(`its isMetered is ${entry.isMetered}`);
  const { plan, wit, needs } = entry;
  for (const { offset, length } of plan.modules) {
    if (offset + length > code.length) throw new Error('a module lies outside of the code');
  }
  return { plan, code, wit, needs };
}

/** Removes the oldest entries beyond the limits, and drafts that a crash left behind among them. */
async function trim(files: Files, folder: string): Promise<void> {
  const entries = (await files.list(folder)) ?? [];
  const aged: { path: string; modifiedMs: number; sizeBytes: number }[] = [];
  for (const { name } of entries) {
    const path = join(folder, name);
    const found = await files.stat(path);
    if (found !== undefined) aged.push({ path, ...found });
  }
  aged.sort((a, b) => b.modifiedMs - a.modifiedMs);
  let bytes = 0;
  for (const [index, { path, sizeBytes }] of aged.entries()) {
    bytes += sizeBytes;
    if (index >= ENTRIES_MAX_COUNT || bytes > FOLDER_MAX_BYTES) await files.remove(path);
  }
}

function report(message: string, cause: unknown): void {
  notice({ level: 'warn', event: 'registry.cache', message, cause });
}

const digest = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
