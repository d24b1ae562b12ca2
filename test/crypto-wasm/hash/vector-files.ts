/**
 * Published vectors of hashes as lists of cases. Undefined where the vectors are not there, which has been printed.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { vectorsFolder } from '../../vectors.ts';

const folder = vectorsFolder();

/** The names beside `=` of one block of a NIST response file, with its section's (`[L = 32]`). */
export type Response = Readonly<Record<string, string>>;

export function hasVectors(): boolean {
  return folder !== undefined;
}

/** One of Wycheproof's files: groups with common fields and tests. */
export interface Wycheproof<Group, Test> {
  readonly testGroups: readonly (Group & { readonly tests: readonly (Test & WycheproofTest)[] })[];
}

interface WycheproofTest {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

export function readJson<T>(path: string): T {
  return JSON.parse(read(path).toString('utf8'));
}

/** The blocks of a NIST response file, in order. */
export function readResponses(path: string): Response[] {
  const raw = read(path);
  const text = (path.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8').replaceAll('\r', '');
  let section: Record<string, string> = {};
  return text.split(/\n\s*\n/).flatMap((block) => {
    const fields: Record<string, string> = {};
    for (const line of block.split('\n')) {
      const match = /^(\[)?\s*(\w+)\s*=\s*([^\]]*)\]?\s*$/.exec(line);
      if (match === null) continue;
      const [, bracket, name = '', value = ''] = match;
      if (bracket === undefined) fields[name] = value.trim();
      else section = { [name]: value.trim() };
    }
    return Object.keys(fields).length === 0 ? [] : [{ ...section, ...fields }];
  });
}

function read(path: string): Buffer {
  if (folder === undefined) throw new Error('there are no vectors to read');
  return readFileSync(join(folder, 'crypto', path));
}
