/**
 * No guest at all: the work as a plain function of the server's own process.
 *
 * It is what HTTP itself costs, and the baseline of its tables. `cpu-1ms` is 1,200 calls of node:crypto there: that many calls of so
 * few bytes cost more than the hash in WebAssembly, so in that workload it is a baseline and no bound.
 */

import { referenceAnswer } from '../guests/work.ts';
import type { Standing, Subject, Workload } from '../subject.ts';

/** The row that tables over HTTP are compared with. */
export const BARE_FASTIFY = 'bare Fastify';

export const fastifySubject: Subject = {
  name: 'fastify',
  isRequired: true,
  only: 'http',
  row: BARE_FASTIFY,
  note: 'The same work in JavaScript in the handler: no guest, no log, no validation (Fastify, "Getting Started"; `logger` is off by default).',
  async open(workload: Workload): Promise<Standing> {
    return { call: (input) => referenceAnswer(workload, input), close() {} };
  },
};
