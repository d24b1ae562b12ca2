/**
 * The peer of the HTTP table, run as a process: `POST /echo` on a free loopback port. No log, no validation, no
 * headers beyond Fastify's own.
 */

import { fastify } from 'fastify';

const app = fastify();
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
);
app.post('/echo', (request, reply) => {
  reply.type('application/octet-stream').send(request.body);
});
const origin = await app.listen({ host: '127.0.0.1', port: 0 });
console.error(`listens on ${origin}`);
