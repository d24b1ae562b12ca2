/**
 * Calls of a subject behind bare Fastify, run as a process: `POST /` on a free loopback port. No log, no validation, no headers
 * beyond Fastify's own.
 *
 *   node fastify-server.ts <subject> <workload> <way>
 */

import { fastify } from 'fastify';
import type { Way, Workload } from './subject.ts';
import { findSubject } from './subjects.ts';

const [name = '', workload, way] = process.argv.slice(2);
const standing = await findSubject(name).open?.(workload as Workload, way as Way);
if (standing === undefined) throw new Error(`${name} has no calls within a process`);
if ('reason' in standing) {
  console.error(`refused: ${standing.reason}`);
  process.exit(0);
}

const app = fastify();
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
);
app.post('/', async (request, reply) => {
  const answer = await standing.call(request.body as Buffer);
  return reply.type('application/octet-stream').send(answer);
});
process.once('SIGTERM', async () => {
  await app.close();
  await standing.close();
  process.exit(0);
});
const origin = await app.listen({ host: '127.0.0.1', port: 0 });
console.error(`listens on ${origin}`);
