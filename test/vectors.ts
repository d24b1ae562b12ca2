/**
 * Where published test vectors lie. They are not part of this repository: a folder is named by `HOTCELL_VECTORS`, or
 * lies beside the clone. Without it conformance tests stand on node:crypto and on the few examples typed in by hand,
 * and say so loudly.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

const BESIDE = resolve(import.meta.dirname, '..', '..', 'shared', 'data');

let announced = false;

/** The folder, or undefined after a warning. Throws when `HOTCELL_VECTORS` names a folder that is not there. */
export function vectorsFolder(): string | undefined {
  const named = process.env.HOTCELL_VECTORS;
  if (named !== undefined) {
    if (!existsSync(named)) throw new Error(`HOTCELL_VECTORS names ${named}, which does not exist`);
    return named;
  }
  if (existsSync(BESIDE)) return BESIDE;
  if (!announced) {
    announced = true;
    console.warn(
      '\n!!! NO TEST VECTORS: set HOTCELL_VECTORS to the folder that holds them. ' +
        'Published vectors are NOT checked in this run. !!!\n',
    );
  }
  return undefined;
}

/** Text of a file in the vectors' folder, unpacked when its name ends in `.gz`. */
export function readVectors(folder: string, path: string): string {
  const bytes = readFileSync(join(folder, path));
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}
