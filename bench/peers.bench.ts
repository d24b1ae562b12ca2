/** Hotcell beside its peers: the same guest work, each in a process of its own. Installs the peers that are not there yet. */

import type { Bench } from './harness.ts';
import { peerTables } from './suite/peers.ts';

export const bench: Bench = {
  title: 'Hotcell beside its peers',
  tables: peerTables({ install: (line) => console.error(line) }),
};
