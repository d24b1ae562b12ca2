/** Components that answer HTTP, as packages: what their manifests may say, and what their components must export. */

import { beforeAll, describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import type { Cache } from '../../host/registry/cache.ts';
import { buildImage } from '../../host/registry/image.ts';
import { parseManifest } from '../../host/registry/manifest.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { findIncomingHandler } from '../../host/service-incoming.ts';
import type { LinkPlan } from '../../host/types.ts';
import { echoComponent as httpEcho } from '../http-guests.ts';
import { echoComponent as bytesEcho } from './components.ts';
import { defaults, digest, manifestJson } from './fixtures.ts';

const WORLD = 'wasi:http/proxy';

const json = (more: object = {}) => {
  const { operations: _operations, ...rest } = manifestJson() as Record<string, unknown>;
  return { ...rest, world: WORLD, ...more };
};

function problemsOf(given: object): string[] {
  try {
    parseManifest(given, defaults);
  } catch (error) {
    if (error instanceof HostError) return (error.problems ?? []).map(({ at }) => at);
    throw error;
  }
  return [];
}

describe('the manifest of a component that answers HTTP', () => {
  it.each([WORLD, `${WORLD}@0.2.0`, `${WORLD}@0.2.12`])('in the world %s has one operation', (world) => {
    const { operations, isolation } = parseManifest(json({ world }), defaults);
    expect(Object.keys(operations)).toEqual(['handle']);
    expect(operations.handle).toMatchObject({ idempotent: true, timeoutMs: defaults.limits.timeoutMs });
    expect(isolation).toBe('fresh');
  });

  it('may say of it what others may, and of no other', () => {
    const handle = { timeoutMs: 500, idempotent: false };
    const given = json({ operations: { handle }, isolation: 'shared' });
    expect(parseManifest(given, defaults)).toMatchObject({
      operations: { handle },
      isolation: 'shared',
    });
    expect(problemsOf(json({ operations: { handle, other: {} }, wit: 'package a:b;' }))).toEqual([
      '/operations/other',
      '/wit',
    ]);
  });
});

describe('its component', () => {
  let http: Uint8Array;
  let bytes: Uint8Array;
  beforeAll(async () => {
    http = await httpEcho();
    bytes = await bytesEcho();
  });

  const build = async (component: Uint8Array, given: object): Promise<string> => {
    const { plan } = planComponent(component);
    const cache: Cache = {
      get: async () => ({ plan, code: component, wit: 'package a:b;', needs: [] }),
      put: async () => undefined,
    };
    const preparer = {
      prepare: () => Promise.reject(new Error('it is cached')),
      close: async () => undefined,
    };
    const manifest = parseManifest({ ...given, sha256: digest(component) }, defaults);
    try {
      await buildImage(manifest, component, { preparer, cache });
    } catch (error) {
      if (error instanceof HostError) return `${error.code}: ${error.detail}`;
      throw error;
    }
    return 'built';
  };

  it('exports the handler', async () => {
    expect(await build(http, json())).toBe('built');
    expect(await build(bytes, json())).toMatch(
      /^REGISTRY_REJECTED: .*no instance wasi:http\/incoming-handler/,
    );
    expect(await build(http, manifestJson())).toMatch(
      /^REGISTRY_REJECTED: .* but wasi:http\/incoming-handler@0\.2\.12$/,
    );
  });

  it('exports it with its own types and no others', () => {
    const { plan } = planComponent(http);
    const index = plan.exports.findIndex(({ name }) => name === 'handle');
    expect(findIncomingHandler(plan)).toBe(index);
    const handle = plan.exports[index];
    if (!handle) throw new Error('no handle');
    const [request, response] = handle.type.parameters;
    if (!request || !response) throw new Error('no parameters');
    const withHandle = (change: object): LinkPlan => ({ ...plan, exports: [{ ...handle, ...change }] });
    const withType = (change: object): LinkPlan => withHandle({ type: { ...handle.type, ...change } });
    expect(findIncomingHandler(withType({}))).toBe(0);
    const others: LinkPlan[] = [
      withHandle({ interface: undefined }),
      withHandle({ interface: 'wasi:http/incoming-handler@0.3.0' }),
      withHandle({ interface: 'wasi:http/incoming-handlers@0.2.0' }),
      withHandle({ name: 'handled' }),
      withType({ parameters: [request] }),
      withType({ parameters: [response, request] }),
      withType({ parameters: [request, response, request] }),
      withType({ parameters: [request, { name: 'response-out', type: 'u32' }] }),
      withType({ result: 'u8' }),
      {
        ...plan,
        types: plan.types.map((type) => (type.kind === 'own' ? { ...type, kind: 'borrow' } : type)),
      },
      { ...plan, resources: plan.resources.map((one) => ({ ...one, interface: undefined })) },
      { ...plan, resources: plan.resources.map((one) => ({ ...one, interface: 'acme:http/types@0.2.3' })) },
    ];
    expect(others.map(findIncomingHandler)).toEqual(others.map(() => undefined));
  });
});
