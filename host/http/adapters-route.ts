/**
 * /v1/adapters and /v1/adapters/{name}: list, show, install or replace, remove.
 *
 * Reading needs an identity, changing needs an admin, asked for before a byte of the body is read. An upload is a package file,
 * or a form with manifest and component. What a package must be is the host's to say; of a form it is checked here that it has
 * those two parts and the name of the path.
 */

import type { IncomingHttpHeaders } from 'node:http';
import { HostError } from '../errors.ts';
import { type Answer, jsonAnswer } from './answer.ts';
import { readBody } from './body.ts';
import type { Answerer, Door } from './exchange.ts';
import { credentialsOf, mediaTypeOf, requireIdentityEncoding, requireMultipart } from './headers.ts';
import { MANIFEST_PART_MAX_BYTES, UPLOAD_PARTS_MAX } from './limits.ts';
import { fieldName, type Part, parseMultipart } from './multipart.ts';

/** Of a package file, `<name>-<version>.hotcell.tgz`. The second is what clients say that know the file by its ending. */
export const PACKAGE_MEDIA_TYPES = ['application/vnd.hotcell.package+gzip', 'application/gzip'] as const;

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
      const boundary = boundaryOf(headers);
      const body = await readBody(door, exchange, identity.tenant, bodyMaxBytes);
      const name = params.name ?? '';
      const isNew = !host.adapters().some((adapter) => adapter.name === name);
      try {
        const installed =
          boundary === undefined
            ? await host.installPackage(body, name)
            : await host.install(...(await readForm(body, boundary, name)));
        return jsonAnswer(isNew ? 201 : 200, installed);
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

/** Of a form; undefined where the body is a package file. */
function boundaryOf(headers: IncomingHttpHeaders): string | undefined {
  const type = mediaTypeOf(headers);
  if (type === 'multipart/form-data') return requireMultipart(headers, type);
  requireIdentityEncoding(headers);
  if (PACKAGE_MEDIA_TYPES.some((known) => known === type)) return undefined;
  throw new HostError(
    'HTTP_UNSUPPORTED_TYPE',
    `Content-Type must be ${PACKAGE_MEDIA_TYPES[0]} for a package file, or multipart/form-data with a boundary`,
  );
}

async function readForm(body: Uint8Array, boundary: string, name: string): Promise<[unknown, Uint8Array]> {
  const parts = await parseMultipart(body, boundary, UPLOAD_PARTS_MAX);
  return [parseManifest(requirePart(parts, 'manifest'), name), requirePart(parts, 'component')];
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
