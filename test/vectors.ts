/**
 * Where the published test vectors lie. They are not part of this repository: `HOTCELL_VECTORS` names their folder, else
 * one beside the repository is looked for. Whoever needs them and has none says so on the terminal, not in silence.
 */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const BESIDE = resolve(import.meta.dirname, '..', '..', 'shared', 'data');

/** The folder that holds `crypto/`, or undefined, and then it has been printed that tests are left out. */
export function vectorsFolder(): string | undefined {
  const named = process.env.HOTCELL_VECTORS;
  const folder = named === undefined || named === '' ? BESIDE : resolve(named);
  if (existsSync(join(folder, 'crypto'))) return folder;
  console.warn(
    `\nNO TEST VECTORS: there is no ${join(folder, 'crypto')}. The tests against published vectors DO NOT RUN.` +
      '\nSet HOTCELL_VECTORS to the folder that holds crypto/.\n',
  );
  return undefined;
}
