/**
 * A registry within the test, as far as the distribution specification goes for one repository, and as bad as the test wants.
 * Its answers are real HTTP. `log` is every request, in order.
 */

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeRegistry {
  /** `127.0.0.1:port`. */
  readonly registry: string;
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, Buffer>;
  readonly tags: Map<string, string>;
  readonly log: string[];
  /** Called before every answer; true when it has answered, or never will. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

export const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export async function startFakeRegistry(): Promise<FakeRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  const tags = new Map<string, string>();
  const log: string[] = [];
  const server = createServer((request, response) => {
    log.push(`${request.method} ${request.url}`);
    if (fake.intercept(request, response)) return;
    void answer(request, response);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '', 'http://registry');
    const [, kind, name = ''] = /^\/v2\/team\/shout\/(manifests|blobs)\/(.*)$/.exec(url.pathname) ?? [];
    const end = (status: number, headers: Record<string, string> = {}, bytes?: Uint8Array): void => {
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : bytes);
    };
    const notFound = (code: string): void =>
      end(404, {}, Buffer.from(JSON.stringify({ errors: [{ code, message: `no ${name}` }] })));
    if (kind === 'blobs' && request.method === 'POST') {
      return end(202, { location: '/v2/team/shout/blobs/uploads/1?state=abc' });
    }
    if (kind === 'blobs' && request.method === 'PUT') {
      const digest = url.searchParams.get('digest') ?? '';
      if (digestOf(body) !== digest || url.searchParams.get('state') !== 'abc') return end(400);
      blobs.set(digest, body);
      return end(201);
    }
    if (kind === 'blobs') {
      const blob = blobs.get(name);
      return blob ? end(200, { 'content-length': `${blob.length}` }, blob) : notFound('BLOB_UNKNOWN');
    }
    if (kind === 'manifests' && request.method === 'PUT') {
      const digest = digestOf(body);
      manifests.set(digest, body);
      tags.set(name, digest);
      return end(201, { 'docker-content-digest': digest });
    }
    const digest = tags.get(name) ?? name;
    const manifest = manifests.get(digest);
    return manifest ? end(200, { 'docker-content-digest': digest }, manifest) : notFound('MANIFEST_UNKNOWN');
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const fake: FakeRegistry = {
    registry: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobs,
    manifests,
    tags,
    log,
    intercept: () => false,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return fake;
}
