/** Hotcell beside its peers: the same guest work, each in its own process. Installs the peers, where they are not yet. */

import type { Bench } from './harness.ts';
import { peerTables } from './suite/peers.ts';

export const bench: Bench = { title: 'Hotcell beside its peers', tables: peerTables() };
