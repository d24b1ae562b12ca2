/**
 * /v1/adapters and /v1/adapters/{name}: list, show, install or replace, remove.
 *
 * Reading needs an identity, changing needs an admin, asked for before a byte of the body is read. What a package must
 * be is the registry's to say; here only its form is checked: two named parts and a name that matches the path.
 */

import { HostError } from '../errors.ts';
import { type Answer, jsonAnswer } from './answer.ts';
import { readBody } from './body.ts';
import type { Answerer, Door } from './exchange.ts';
import { credentialsOf, requireMultipart } from './headers.ts';
import { MANIFEST_PART_MAX_BYTES, UPLOAD_PARTS_MAX } from './limits.ts';
import { fieldName, type Part, parseMultipart } from './multipart.ts';

export function createAdaptersAnswerers(door: Door): {
  readonly list: Answerer;
  readonly show: Answerer;
  readonly install: Answerer;
  readonly remove: Answerer;
} {
  const { host, operations, bodyMaxBytes } = door;
  return {
    list({ headers }) {
      host.identify(credentialsOf(headers));
      return jsonAnswer(200, { adapters: host.adapters() });
    },

    show({ headers, params }) {
      host.identify(credentialsOf(headers));
      return jsonAnswer(200, host.adapter(params.name ?? ''));
    },

    async install(exchange) {
      const { headers, params } = exchange;
      const identity = host.identify(credentialsOf(headers));
      host.requireAdmin(identity);
      const boundary = requireMultipart(headers, 'multipart/form-data');
      const body = await readBody(door, exchange, identity.tenant, bodyMaxBytes);
      const parts = await parseMultipart(body, boundary, UPLOAD_PARTS_MAX);
      const name = params.name ?? '';
      const manifest = parseManifest(requirePart(parts, 'manifest'), name);
      const component = requirePart(parts, 'component');
      const isNew = !host.adapters().some((adapter) => adapter.name === name);
      try {
        return jsonAnswer(isNew ? 201 : 200, await host.install(manifest, component));
      } finally {
        operations.forget(name);
      }
    },

    async remove({ headers, params }): Promise<Answer> {
      host.requireAdmin(host.identify(credentialsOf(headers)));
      const name = params.name ?? '';
      try {
        await host.remove(name);
      } finally {
        operations.forget(name);
      }
      return { ...jsonAnswer(204, null), body: new Uint8Array(0) };
    },
  };
}

function requirePart(parts: readonly Part[], name: 'manifest' | 'component'): Uint8Array {
  const named = parts.filter((part) => fieldName(part) === name);
  if (named.length === 1) return (named[0] as Part).bytes;
  throw new HostError('HTTP_MALFORMED', `the form must have exactly one part named ${name}`);
}

function parseManifest(bytes: Uint8Array, name: string): unknown {
  if (bytes.byteLength > MANIFEST_PART_MAX_BYTES) {
    const detail = `the part manifest may have at most ${MANIFEST_PART_MAX_BYTES} bytes`;
    throw new HostError('HTTP_BODY_TOO_LARGE', detail);
  }
  let manifest: unknown;
  try {
    manifest = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new HostError('HTTP_MALFORMED', 'the part manifest is not JSON in UTF-8', { cause });
  }
  // A manifest without a usable name goes on: the registry lists that with all its other problems.
  const given = (manifest as { name?: unknown } | null)?.name;
  if (typeof given === 'string' && given !== name) {
    throw new HostError('REGISTRY_MANIFEST_INVALID', 'the manifest names another adapter than the path', {
      problems: [{ at: '/name', message: 'must equal the name in the path' }],
    });
  }
  return manifest;
}
