/**
 * What an artifact is called: `registry.example/team/shout:1.0.0`, `…@sha256:…`, or `oci:folder:tag` for a layout on disk.
 *
 * Source: OCI Distribution Specification 1.1, "Pulling manifests" (names and tags); OCI Image Specification, "Digests".
 */

import { HostError } from '../errors.ts';

export type OciReference =
  | {
      readonly kind: 'registry';
      /** Host, with its port where it has one. */
      readonly registry: string;
      readonly repository: string;
      /** A tag, or a digest with its algorithm. */
      readonly reference: string;
    }
  | { readonly kind: 'layout'; readonly folder: string; readonly reference: string };

const REPOSITORY = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const REGISTRY = /^[a-zA-Z0-9.-]+(:\d{1,5})?$|^\[[0-9a-fA-F:]+\](:\d{1,5})?$/;
/** Names longer than this are refused by many registries. */
const REPOSITORY_MAX_CHARACTERS = 255;
export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Throws OCI_REFERENCE_INVALID — with the part that is wrong and the form it should have. */
export function parseReference(text: string): OciReference {
  if (text.startsWith('oci:')) {
    const [, folder, reference = 'latest'] = /^oci:(.+?)(?::([^:/\\]+))?$/.exec(text) ?? [];
    if (folder === undefined) throw invalid(text, 'a layout is named oci:folder:tag');
    if (!TAG.test(reference)) throw invalid(text, `${JSON.stringify(reference)} is not a tag`);
    return { kind: 'layout', folder, reference };
  }
  const slash = text.indexOf('/');
  const registry = text.slice(0, Math.max(0, slash));
  if (slash < 0 || !REGISTRY.test(registry) || !/[.:]|^localhost$/.test(registry)) {
    throw invalid(text, 'it begins with the registry, as in registry.example.org/team/name:1.0.0');
  }
  const rest = text.slice(slash + 1);
  const [, repository = '', tag, digest] = /^([^:@]*)(?::([^:@]*))?(?:@(.*))?$/.exec(rest) ?? [];
  if (!REPOSITORY.test(repository) || repository.length > REPOSITORY_MAX_CHARACTERS) {
    throw invalid(text, `${JSON.stringify(repository)} is not the name of a repository`);
  }
  if (digest !== undefined && !DIGEST.test(digest)) throw invalid(text, 'the digest is not sha256:… in hex');
  if (tag !== undefined && !TAG.test(tag)) throw invalid(text, `${JSON.stringify(tag)} is not a tag`);
  return { kind: 'registry', registry, repository, reference: digest ?? tag ?? 'latest' };
}

function invalid(text: string, detail: string): HostError {
  return new HostError('OCI_REFERENCE_INVALID', `${JSON.stringify(text.slice(0, 200))}: ${detail}`);
}

/** True where unencrypted traffic does not leave the machine. */
export function isLoopbackRegistry(registry: string): boolean {
  const host = registry.replace(/:\d+$/, '');
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
