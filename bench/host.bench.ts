/**
 * `npm run bench -- host`: what a call through the host costs, against the least that could do the same work and
 * against the same host with its pools off. One table a question; each lives in bench/host/.
 */

import type { Bench } from './harness.ts';
import { callPathTables } from './host/call-path.ts';
import { payloadOf } from './host/cells.ts';
import { churnTable } from './host/churn.ts';
import { coldStartTable } from './host/cold-start.ts';
import { httpTable } from './host/http.ts';
import { idleMemoryTable } from './host/idle-memory.ts';
import { invokeTable } from './host/invoke.ts';
import { readBuilt } from './host/packages.ts';
import { reloadTable } from './host/reload.ts';
import { populationTable } from './suite/population.ts';

const echo = { built: await readBuilt('echo'), operation: 'echo', payload: payloadOf(64) };

export const bench: Bench = {
  title: 'Hotcell: the host',
  tables: [
    coldStartTable,
    ...callPathTables,
    invokeTable,
    httpTable,
    populationTable([echo], {}, { quick: false }),
    idleMemoryTable,
    churnTable,
    reloadTable,
  ],
};
