/**
 * Tables of calls within a process: a new instance for each, or one that is ready. Each subject times its own rounds in a process
 * of its own; servers have rows in `peer-http.ts`.
 *
 * The baseline is the engine alone, and where a guest is no single module, Hotcell. Only echo has targets: of the other workloads
 * the work itself is the larger part.
 */

import type { Table, Target } from '../harness.ts';
import { inputOf } from './guests/work.ts';
import { type Opened, openStage } from './peer-stage.ts';
import type { Refusal, Subject, Way, Workload } from './subject.ts';
import { startSubject } from './subject-client.ts';

/** The row that calls are compared with: where there is no module to instantiate plainly, our own. */
const baselineOf = (workload: Workload): string =>
  workload === 'javascript-64B' ? 'Hotcell' : 'plain WebAssembly';

const QUESTIONS: Readonly<Record<Way, string>> = {
  cold: 'a new instance and one call, in a process and an engine that are warm',
  warm: 'a call on an instance that is ready',
};
const NEW_CELL_P95_MAX_MS = 1;

export function callTable(workload: Workload, way: Way, subjects: () => readonly Subject[]): Table {
  const isWarm = way === 'warm';
  const input = inputOf(workload);
  return {
    name: `peers-${way}-${workload}`,
    question: `${workload}: ${QUESTIONS[way]} (ms)`,
    unit: 'ms',
    baseline: baselineOf(workload),
    headline: 'p50',
    effort: { rounds: 3, samples: isWarm ? 1_000 : 200, warmUp: isWarm ? 2_000 : 200 },
    quick: { rounds: 1, samples: 10, warmUp: 5 },
    open: () =>
      openStage({
        subjects: subjects().filter(({ only }) => only !== 'http'),
        workload,
        input,
        open: (subject) => openCalls(subject, workload, way, input),
        targetsOf: (subject, rows) => (isWarm ? [] : coldTargets(subject, workload, rows)),
      }),
  };
}

async function openCalls(
  subject: Subject,
  workload: Workload,
  way: Way,
  input: Uint8Array,
): Promise<Opened | Refusal> {
  if (subject.open === undefined) return { reason: 'a server only: see the tables over HTTP' };
  const client = await startSubject(subject, workload, way);
  if ('reason' in client) return client;
  return {
    answer: () => client.answer(input),
    round: (count) => client.round(input, count),
    close: () => client.close(),
  };
}

/** A new cell for an echo: within a millisecond, and before the others'. */
function coldTargets(subject: Subject, workload: Workload, rows: readonly Subject[]): Target[] {
  if (subject.name !== 'hotcell' || workload !== 'echo-64B') return [];
  return [
    { metric: 'p95', test: '<', value: NEW_CELL_P95_MAX_MS },
    ...rows
      .filter(({ isRival }) => isRival === true)
      .map(({ row }): Target => ({ metric: 'p95', test: '<=', value: 1, against: row })),
  ];
}
