/**
 * `npm run bench -- copybook`: how fast the copybook kernel is in one thread, 1 MiB at a time with all copies, against
 * JavaScript that was tuned by hand for the very record; and what a second executor is worth on a large file.
 */

import { fileTable } from './copybook/file.ts';
import { columnsTable, encodeTable, mixedTable, packedTable } from './copybook/tables.ts';
import { transcodeTable } from './copybook/transcode.ts';
import type { Bench } from './harness.ts';

export const bench: Bench = {
  title: 'Hotcell: the copybook kernel',
  tables: [transcodeTable, mixedTable, packedTable, columnsTable, encodeTable, fileTable],
};
