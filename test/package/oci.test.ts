/** Packages in OCI registries and layouts: what is pushed is pulled, and a registry that is down, slow, or lies is an error. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, systemClock } from '../../host/clock.ts';
import { type ArtifactStore, pullPackage, pushPackage } from '../../host/package/oci-artifact.ts';
import { createLayoutStore } from '../../host/package/oci-layout.ts';
import { parseReference } from '../../host/package/oci-reference.ts';
import { createRegistryStore, type RegistryOptions } from '../../host/package/oci-registry.ts';
import { makePackage, openPackage } from '../../host/package/package.ts';
import { digestOf, type FakeRegistry, startFakeRegistry } from './fake-registry.ts';
import { component, filesOf, keyPair, samplePackage } from './samples.ts';

let fake: FakeRegistry;
let folder: string;
beforeEach(async () => {
  fake = await startFakeRegistry();
  folder = mkdtempSync(join(tmpdir(), 'hotcell-oci-'));
});
afterEach(async () => {
  await fake.close();
  rmSync(folder, { recursive: true, force: true });
});

const store = (options: Partial<RegistryOptions> = {}): ArtifactStore =>
  createRegistryStore({
    registry: fake.registry,
    repository: 'team/shout',
    plainHttp: true,
    credentials: undefined,
    clock: systemClock,
    ...options,
  });

/** Pushes, and pulls what then stands under the tag. */
async function pushed(): Promise<string> {
  return pushPackage(store(), '1.2.3', await samplePackage());
}

describe.each(['a registry', 'a layout on disk'])('in %s', (kind) => {
  const open = (): ArtifactStore => (kind === 'a registry' ? store() : createLayoutStore(folder));

  test('what is pushed is pulled, byte for byte, by tag and by digest', async () => {
    const bytes = await makePackage({ files: filesOf() }, { privateKeyPem: keyPair().sign });
    const digest = await pushPackage(open(), 'v1', await openPackage(bytes));
    for (const reference of ['v1', digest]) {
      const pulled = await pullPackage(open(), reference);
      expect(Buffer.from(pulled.bytes)).toEqual(Buffer.from(bytes));
      expect(pulled.digest).toBe(digest);
    }
  });

  test('a tag is moved by the next push, and the old digest stays', async () => {
    const first = await pushPackage(open(), 'v1', await samplePackage());
    const next = await openPackage(await makePackage({ files: filesOf({ 'README.md': Buffer.from('x') }) }));
    const second = await pushPackage(open(), 'v1', next);
    expect((await pullPackage(open(), 'v1')).digest).toBe(second);
    expect((await pullPackage(open(), first)).digest).toBe(first);
  });

  test('what is not there is said so', async () => {
    await pushPackage(open(), 'v1', await samplePackage());
    await expect(pullPackage(open(), 'v2')).rejects.toMatchObject({ code: 'OCI_NOT_FOUND' });
    await expect(pullPackage(open(), `sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
      code: 'OCI_NOT_FOUND',
    });
  });
});

test('the artifact is one that Wasm runtimes know: its config, and the component as a layer', async () => {
  const digest = await pushed();
  const manifest = JSON.parse(String(fake.manifests.get(digest)));
  expect(manifest).toMatchObject({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.wasm.config.v0+json' },
  });
  expect(manifest.layers[0]).toMatchObject({
    mediaType: 'application/wasm',
    digest: digestOf(component),
    size: component.length,
  });
  expect(JSON.parse(String(fake.blobs.get(manifest.config.digest)))).toMatchObject({ architecture: 'wasm' });
});

test('blobs that the registry has are not sent again', async () => {
  await pushed();
  const before = fake.log.filter((line) => line.startsWith('PUT')).length;
  await pushed();
  expect(fake.log.filter((line) => line.startsWith('PUT')).slice(before)).toEqual([
    'PUT /v2/team/shout/manifests/1.2.3',
  ]);
});

describe('a registry that lies', () => {
  test('about a blob: other bytes, or more of them, are refused', async () => {
    await pushed();
    const digest = digestOf(component);
    fake.blobs.set(digest, Buffer.from('\0asm\r\0\x01\x01'));
    await expect(pullPackage(store(), '1.2.3')).rejects.toMatchObject({
      code: 'OCI_DIGEST_MISMATCH',
      detail: expect.stringContaining(digest),
    });
    fake.blobs.set(digest, Buffer.concat([component, Buffer.alloc(100)]));
    await expect(pullPackage(store(), '1.2.3')).rejects.toMatchObject({
      code: 'OCI_DIGEST_MISMATCH',
      detail: expect.stringMatching(/more than the 8 bytes announced/),
    });
  });

  test('about a manifest', async () => {
    const digest = await pushed();
    fake.manifests.set(digest, Buffer.from('{}'));
    await expect(pullPackage(store(), '1.2.3')).rejects.toMatchObject({ code: 'OCI_DIGEST_MISMATCH' });
  });

  test('about what it has stored', async () => {
    fake.intercept = (request, response) => {
      if (request.method !== 'PUT' || !request.url?.includes('manifests')) return false;
      response.writeHead(201, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }).end();
      return true;
    };
    await expect(pushed()).rejects.toMatchObject({ code: 'OCI_DIGEST_MISMATCH' });
  });

  test('in what it says about tags: the manifest is asked where no digest is told', async () => {
    const digest = await pushed();
    fake.intercept = (request, response) => {
      if (request.method !== 'HEAD') return false;
      response.writeHead(200).end();
      return true;
    };
    expect((await pullPackage(store(), '1.2.3')).digest).toBe(digest);
  });
});

describe('a tag that moves while it is pulled', () => {
  const moveAfter = (pattern: RegExp, to: string, forget?: string): void => {
    fake.intercept = (request) => {
      if (pattern.test(`${request.method} ${request.url}`)) {
        fake.tags.set('1.2.3', to);
        if (forget !== undefined) fake.manifests.delete(forget);
      }
      return false;
    };
  };

  test('is told, with both digests', async () => {
    const first = await pushed();
    const other = Buffer.from('{"schemaVersion":2}');
    fake.manifests.set(digestOf(other), other);
    moveAfter(/^GET .*blobs/, digestOf(other));
    await expect(pullPackage(store(), '1.2.3')).rejects.toMatchObject({
      code: 'OCI_TAG_MOVED',
      detail: expect.stringMatching(`was ${first} and is now ${digestOf(other)}`),
    });
  });

  test('is told also where the registry forgets what has no tag', async () => {
    const first = await pushed();
    const other = Buffer.from('{"schemaVersion":2}');
    fake.manifests.set(digestOf(other), other);
    moveAfter(/^GET .*manifests/, digestOf(other), first);
    await expect(pullPackage(store(), '1.2.3')).rejects.toMatchObject({ code: 'OCI_TAG_MOVED' });
  });
});

describe('a registry that does not work', () => {
  test('is down', async () => {
    await fake.close();
    await expect(pullPackage(store(), 'v1')).rejects.toMatchObject({
      code: 'OCI_UNREACHABLE',
      retryable: true,
      detail: expect.stringContaining(fake.registry),
    });
  });

  test('never answers, or never ends its answer', async () => {
    await pushed();
    for (const pattern of [/^HEAD/, /^GET .*blobs/]) {
      const clock = createFakeClock();
      fake.intercept = (request, response) => {
        if (!pattern.test(`${request.method} ${request.url}`)) return false;
        if (request.method === 'GET') response.writeHead(200, { 'content-length': '8' }).write('\0');
        setImmediate(() => clock.advance(5_000));
        return true;
      };
      await expect(pullPackage(store({ clock, timeoutMs: 5_000 }), '1.2.3')).rejects.toMatchObject({
        code: 'OCI_TIMEOUT',
      });
    }
  });

  test('ends in the middle of a blob', async () => {
    await pushed();
    fake.intercept = (request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('blobs')) return false;
      response.writeHead(200, { 'content-length': '8' }).write('\0', () => response.destroy());
      return true;
    };
    await expect(pullPackage(store(), '1.2.3')).rejects.toMatchObject({ code: 'OCI_UNREACHABLE' });
  });

  test('fails, with its own words', async () => {
    fake.intercept = (_request, response) => {
      response
        .writeHead(500)
        .end(JSON.stringify({ errors: [{ code: 'TOOMANY', message: 'come\u001b[2J back' }] }));
      return true;
    };
    await expect(pushed()).rejects.toMatchObject({
      code: 'OCI_REFUSED',
      detail: expect.stringMatching(/500/),
    });
  });
});

describe('credentials', () => {
  const ada = { username: 'ada', password: 's3cret' };
  const basic = `Basic ${Buffer.from('ada:s3cret').toString('base64')}`;

  /** Lets pass what has this header and challenges the rest. */
  function guard(expected: string, challenge: string): void {
    fake.intercept = (request, response) => {
      if (request.url?.startsWith('/token')) {
        const isKnown = request.headers.authorization === basic;
        response.writeHead(isKnown ? 200 : 401).end(JSON.stringify({ token: 'abc' }));
        return true;
      }
      if (request.headers.authorization === expected) return false;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    };
  }

  test('are sent when the registry asks for them', async () => {
    guard(basic, 'Basic realm="here"');
    const digest = await pushPackage(store({ credentials: ada }), 'v1', await samplePackage());
    expect((await pullPackage(store({ credentials: ada }), 'v1')).digest).toBe(digest);
  });

  test('become a token where the registry asks for one', async () => {
    const realm = `http://${fake.registry}/token`;
    guard('Bearer abc', `Bearer realm="${realm}",service="reg",scope="repository:team/shout:pull,push"`);
    await pushPackage(store({ credentials: ada }), 'v1', await samplePackage());
    expect(fake.log).toContain('GET /token?service=reg&scope=repository%3Ateam%2Fshout%3Apull%2Cpush');
  });

  test('go to no token service without TLS on another machine', async () => {
    guard('Bearer abc', 'Bearer realm="http://tokens.example/token"');
    await expect(pullPackage(store({ credentials: ada }), 'v1')).rejects.toMatchObject({
      code: 'OCI_REFUSED',
      detail: expect.stringContaining('https only'),
    });
  });

  test('that are wrong or missing are an error that says what to set, and that does not show them', async () => {
    guard('Basic other', 'Basic realm="here"');
    for (const credentials of [ada, undefined]) {
      const error = await pullPackage(store({ credentials }), 'v1').catch((reason) => reason);
      expect(error).toMatchObject({
        code: 'OCI_UNAUTHORIZED',
        detail: expect.stringContaining('HOTCELL_OCI_USERNAME'),
      });
      expect(error.message).not.toContain('s3cret');
    }
  });

  test('are never sent without TLS to another machine', () => {
    expect(() => store({ registry: 'registry.example.org' })).toThrow(/OCI_REFERENCE_INVALID/);
  });
});

describe('an artifact that is no adapter is refused', () => {
  const config = {
    mediaType: 'application/vnd.wasm.config.v0+json',
    digest: digestOf(Buffer.from('{}')),
    size: 2,
  };
  const wasm = { mediaType: 'application/wasm', digest: digestOf(component), size: component.length };
  const file = (title: string) => ({
    mediaType: 'application/vnd.hotcell.package.file.v1',
    digest: digestOf(component),
    size: component.length,
    annotations: { 'org.opencontainers.image.title': title },
  });
  const cases: [string, unknown, string][] = [
    ['an index', { manifests: [] }, 'OCI_ARTIFACT_INVALID'],
    [
      'a container image',
      { config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' }, layers: [] },
      'OCI_ARTIFACT_INVALID',
    ],
    ['a component alone', { config, layers: [wasm] }, 'OCI_ARTIFACT_INVALID'],
    [
      'a layer of another kind',
      { config, layers: [wasm, { ...wasm, mediaType: 'text/plain' }] },
      'OCI_ARTIFACT_INVALID',
    ],
    ['two components', { config, layers: [wasm, wasm] }, 'OCI_ARTIFACT_INVALID'],
    [
      'a size beyond all',
      { config, layers: [wasm, { ...file('a'), size: 2 ** 50 }] },
      'OCI_ARTIFACT_INVALID',
    ],
    [
      'many large files',
      { config, layers: Array.from({ length: 9 }, (_, i) => ({ ...file(`f${i}`), size: 2 ** 25 })) },
      'OCI_ARTIFACT_INVALID',
    ],
    [
      'many files',
      { config, layers: Array.from({ length: 17 }, (_, i) => file(`f${i}`)) },
      'OCI_ARTIFACT_INVALID',
    ],
    [
      'another digest',
      { config, layers: [wasm, { ...file('a'), digest: 'md5:abc' }] },
      'OCI_ARTIFACT_INVALID',
    ],
    ['a title that climbs out', { config, layers: [wasm, file('../../a')] }, 'PACKAGE_INVALID'],
  ];
  test.each(cases)('%s', async (_what, content, code) => {
    const bytes = Buffer.from(JSON.stringify(content));
    fake.manifests.set(digestOf(bytes), bytes);
    fake.tags.set('v1', digestOf(bytes));
    fake.blobs.set(digestOf(component), component);
    await expect(pullPackage(store(), 'v1')).rejects.toMatchObject({ code });
  });

  test('what is not JSON', async () => {
    const bytes = Buffer.from('<html>');
    fake.manifests.set(digestOf(bytes), bytes);
    await expect(pullPackage(store(), digestOf(bytes))).rejects.toMatchObject({
      code: 'OCI_ARTIFACT_INVALID',
    });
  });
});

describe('a layout on disk', () => {
  test('keeps what others have put into it', async () => {
    const foreign = { mediaType: 'x/y', digest: `sha256:${'1'.repeat(64)}`, size: 1 };
    writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [foreign] }));
    await pushPackage(createLayoutStore(folder), 'v1', await samplePackage());
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
    expect(index.manifests[0]).toEqual(foreign);
    expect(readdirSync(folder).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  test('that was damaged is refused', async () => {
    const layout = createLayoutStore(folder);
    await pushPackage(layout, 'v1', await samplePackage());
    writeFileSync(join(folder, 'blobs', ...digestOf(component).split(':')), 'changed!');
    await expect(pullPackage(layout, 'v1')).rejects.toMatchObject({ code: 'OCI_DIGEST_MISMATCH' });
    writeFileSync(join(folder, 'index.json'), '{');
    await expect(pullPackage(layout, 'v1')).rejects.toMatchObject({ code: 'OCI_ARTIFACT_INVALID' });
  });
});

describe('references', () => {
  test.each([
    ['ghcr.io/ada/shout:1.0.0', 'ghcr.io', 'ada/shout', '1.0.0'],
    ['localhost:5000/shout', 'localhost:5000', 'shout', 'latest'],
    ['127.0.0.1:5000/a/b/c:x', '127.0.0.1:5000', 'a/b/c', 'x'],
    [`r.io/a:v1@sha256:${'a'.repeat(64)}`, 'r.io', 'a', `sha256:${'a'.repeat(64)}`],
  ])('%s', (text, registry, repository, reference) => {
    expect(parseReference(text)).toEqual({ kind: 'registry', registry, repository, reference });
  });

  test('of layouts', () => {
    expect(parseReference('oci:./a:v1')).toEqual({ kind: 'layout', folder: './a', reference: 'v1' });
    expect(parseReference('oci:a/b')).toEqual({ kind: 'layout', folder: 'a/b', reference: 'latest' });
  });

  test.each([
    'shout',
    'ada/shout:1',
    'r.io/',
    'r.io/A',
    'r.io/../a',
    'r.io/a:',
    'r.io/a@sha256:12',
    'oci:',
    'r.io/a b',
    'http://r.io/a',
    'user@r.io/a',
  ])('%s is none', (text) => {
    expect(() => parseReference(text)).toThrow(/OCI_REFERENCE_INVALID/);
  });
});
