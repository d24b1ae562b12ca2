/**
 * The tables of the suite that have peers in them: what an instance costs when it is new, what a call costs when it is not, both
 * over HTTP, and a server's start. Each subject runs in a process of its own, and rounds are interleaved.
 *
 * A subject that cannot do a row, or is not there, stays in the table with its reason.
 */

import type { Table } from '../harness.ts';
import { preparePeers } from '../peers.ts';
import { callTable } from './peer-calls.ts';
import { coldHttpTable, httpTable } from './peer-http.ts';
import { startTable } from './peer-start.ts';
import { type Subject, WORKLOADS, type Workload } from './subject.ts';
import { listSubjects } from './subjects.ts';

/** A fresh instance for each request: of the smallest module, and of the largest. */
const COLD_OVER_HTTP: readonly Workload[] = ['echo-64B', 'javascript-64B'];

export interface PeerOptions {
  /**
   * Peers that are not there are installed when a table opens, and this is told what and where to. Without it their rows say how
   * to get them.
   */
  readonly install?: (line: string) => void;
}

export function peerTables({ install }: PeerOptions = {}): Table[] {
  // Listed when a table opens: rows carry the versions that are there then.
  const subjects = (): Subject[] => {
    if (install !== undefined) preparePeers(install);
    return listSubjects();
  };
  return [
    ...WORKLOADS.map((workload) => callTable(workload, 'cold', subjects)),
    ...WORKLOADS.map((workload) => callTable(workload, 'warm', subjects)),
    ...WORKLOADS.map((workload) => httpTable(workload, subjects)),
    ...COLD_OVER_HTTP.map((workload) => coldHttpTable(workload, subjects)),
    startTable(subjects),
  ];
}
