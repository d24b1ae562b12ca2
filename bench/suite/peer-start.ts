/**
 * From starting a server's process to its first answer, with whatever it keeps from earlier starts kept: Hotcell has prepared
 * components in its data folder, `jco serve` transpiles each time, workerd compiles each time.
 */

import type { Round, Table } from '../harness.ts';
import { inputOf } from './guests/work.ts';
import { post } from './peer-http.ts';
import { type Opened, openStage } from './peer-stage.ts';
import { serviceOf, startServer } from './server.ts';
import type { Refusal, Service, Subject, Workload } from './subject.ts';
import { BARE_FASTIFY } from './subjects/fastify.ts';

const WORKLOAD: Workload = 'echo-64B';

export function startTable(subjects: () => readonly Subject[]): Table {
  const input = inputOf(WORKLOAD);
  return {
    name: 'peers-start',
    question: `${WORKLOAD}: from starting the server to its first answer (ms)`,
    unit: 'ms',
    baseline: BARE_FASTIFY,
    headline: 'p50',
    // A start takes up to seconds. The one whose answer is compared fills what is kept.
    effort: { rounds: 3, samples: 1, warmUp: 0 },
    quick: { rounds: 1, samples: 1, warmUp: 0 },
    open: () =>
      openStage({
        subjects: subjects().filter(({ only }) => only !== 'calls'),
        workload: WORKLOAD,
        input,
        open: (subject) => openStarts(subject, input),
        targetsOf: () => [],
      }),
  };
}

async function openStarts(subject: Subject, input: Uint8Array): Promise<Opened | Refusal> {
  // Who keeps no instance starts without one.
  const kept = await serviceOf(subject, WORKLOAD, 'warm');
  const service = 'reason' in kept ? await serviceOf(subject, WORKLOAD, 'cold') : kept;
  if ('reason' in service) return service;
  return {
    answer: async () => (await startOnce(service, input)).answer,
    async round(count): Promise<Round> {
      const samples = new Float64Array(count);
      for (let index = 0; index < count; index++) samples[index] = (await startOnce(service, input)).tookMs;
      return { samples };
    },
    close: async () => service.close(),
  };
}

async function startOnce(
  service: Service,
  input: Uint8Array,
): Promise<{ readonly answer: Uint8Array; readonly tookMs: number }> {
  const startMs = performance.now();
  const server = await startServer(service);
  if ('reason' in server) throw new Error(server.reason);
  try {
    const answer = await post(server.url, input);
    return { answer, tookMs: performance.now() - startMs };
  } finally {
    await server.close();
  }
}
