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
import type { Files } from './files.ts';
import type { Prepared } from './prepare-task.ts';

/** Raised whenever `plan.ts` gives another plan for the same bytes, or refuses what it took before. */
export const PLAN_FORMAT = 3;

/** A few hundred adapters in several versions; at 10 KB each the folder stays at some megabytes. */
const ENTRIES_MAX_COUNT = 500;
/** A plan has a few hundred KB at most, the WIT text 256 KiB. */
const ENTRY_MAX_BYTES = 4 * 1024 * 1024;

export interface Cache {
  /** The result for a component of this digest and length, or undefined. Never rejects. */
  get(sha256: string, componentBytes: number): Promise<Prepared | undefined>;
  /** Keeps a result; the oldest go when there are more than 500. Never rejects. */
  put(sha256: string, prepared: Prepared): Promise<void>;
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
  return `jco-transpile@${version} plan@${PLAN_FORMAT}`;
}

export function createCache(options: CacheOptions): Cache {
  const { files } = options;
  const folder = join(options.folder, 'cache', 'prepared');
  const tools = digest(options.toolchain).slice(0, 16);
  const pathOf = (sha256: string): string => join(folder, `${sha256}-${tools}.json`);

  return {
    async get(sha256, componentBytes) {
      const path = pathOf(sha256);
      try {
        const found = await files.stat(path);
        if (found === undefined) return undefined;
        if (found.sizeBytes > ENTRY_MAX_BYTES) throw new Error(`${found.sizeBytes} bytes`);
        return decode(await files.read(path), componentBytes);
      } catch (error) {
        report('a cached preparation is damaged; the component is prepared again', error);
        return undefined;
      }
    },

    async put(sha256, prepared) {
      const path = pathOf(sha256);
      // Two adapters may share a component and be prepared at once.
      const draft = `${path}.${randomBytes(4).toString('hex')}.draft`;
      try {
        await files.makeFolder(folder);
        await files.writeDurably(draft, encode(prepared));
        await files.rename(draft, path);
        await trim(files, folder);
      } catch (error) {
        report('a preparation could not be cached', error);
      }
    },
  };
}

function encode(prepared: Prepared): Uint8Array {
  const body = JSON.stringify(prepared);
  return Buffer.from(`${digest(body)}\n${body}`);
}

function decode(bytes: Uint8Array, componentBytes: number): Prepared {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  if (end !== 64 || text.slice(0, end) !== digest(body)) throw new Error('the digest does not match');
  const prepared = JSON.parse(body) as Prepared;
  // Cheap, and it catches an entry renamed to the digest of another component.
  for (const { offset, length } of prepared.plan.modules) {
    if (offset + length > componentBytes) throw new Error('a module lies outside of the component');
  }
  return prepared;
}

/** Removes the oldest entries beyond the limit, and drafts that a crash left behind among them. */
async function trim(files: Files, folder: string): Promise<void> {
  const entries = (await files.list(folder)) ?? [];
  if (entries.length <= ENTRIES_MAX_COUNT) return;
  const aged: { path: string; modifiedMs: number }[] = [];
  for (const { name } of entries) {
    const path = join(folder, name);
    const found = await files.stat(path);
    if (found !== undefined) aged.push({ path, modifiedMs: found.modifiedMs });
  }
  aged.sort((a, b) => a.modifiedMs - b.modifiedMs);
  for (const { path } of aged.slice(0, aged.length - ENTRIES_MAX_COUNT)) await files.remove(path);
}

function report(message: string, cause: unknown): void {
  notice({ level: 'warn', event: 'registry.cache', message, cause });
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
