/**
 * The tables of the suite that have peers in them: what an instance costs when it is new, what a call costs when it is not, and
 * both over HTTP. Each subject runs in a process of its own, all of a table stand at once, and their rounds are interleaved.
 *
 * A subject that cannot do a row, or is not there, stays in the table with its reason.
 */

import type { Table } from '../harness.ts';
import { callTable } from './peer-calls.ts';
import { coldHttpTable, httpTable } from './peer-http.ts';
import { type Subject, WORKLOADS } from './subject.ts';
import { listSubjects } from './subjects.ts';

export function peerTables(subjects: () => readonly Subject[] = listSubjects): Table[] {
  return [
    ...WORKLOADS.map((workload) => callTable(workload, 'cold', subjects)),
    ...WORKLOADS.map((workload) => callTable(workload, 'warm', subjects)),
    ...WORKLOADS.map((workload) => httpTable(workload, subjects)),
    coldHttpTable('echo-64B', subjects),
    coldHttpTable('javascript-64B', subjects),
  ];
}
