/** Package files over HTTP, and hosts that take only those of trusted keys: real packages, a real host, its restarts. */

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePackage } from '../../host/package/package.ts';
import { readTar, writeTar } from '../../host/package/tar.ts';
import { builtAdapter, type Package } from '../built-adapters.ts';
import { rawTar } from '../package/raw-tar.ts';
import { keyPair } from '../package/samples.ts';
import { collectNotices } from '../registry/fixtures.ts';
import { type Served, serveHost as startHost } from './served.ts';

const ada = keyPair();
const eve = keyPair();
/** Of one adapter with one cell: what is tested is before any call. */
const serveHost: typeof startHost = (options) => startHost({ executors: 1, ...options });

let echo: Package;
let folder: string;

beforeAll(async () => {
  echo = await builtAdapter('echo');
  folder = await mkdtemp(join(tmpdir(), 'hotcell-packages-'));
});
afterAll(() => rm(folder, { recursive: true }));

const filesOf = (version: string): Map<string, Uint8Array> =>
  new Map<string, Uint8Array>([
    ['adapter.json', Buffer.from(JSON.stringify({ ...echo.manifest, version, pool: { min: 1 } }))],
    ['component.wasm', echo.component],
  ]);
const packed = (version: string, key?: { sign: string }): Promise<Uint8Array> =>
  makePackage({ files: filesOf(version) }, { privateKeyPem: key?.sign });

/** The package with entries replaced, without making its digests anew. */
function tampered(bytes: Uint8Array, change: Record<string, Uint8Array>): Buffer {
  const entries = new Map([...readTar(gunzipSync(bytes)), ...Object.entries(change)]);
  return gzipSync(writeTar([...entries].map(([name, content]) => ({ name, bytes: content }))));
}

interface Said {
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
  readonly version?: string;
}

async function put(
  { url }: Served,
  name: string,
  body: Uint8Array,
  type = 'application/vnd.hotcell.package+gzip',
): Promise<Said> {
  const headers = { 'content-type': type, authorization: 'Bearer t' };
  const answer = await request(`${url}/v1/adapters/${name}`, { method: 'PUT', body, headers });
  return { status: answer.statusCode, ...((await answer.body.json()) as object) };
}

/** A host without tokens takes no installs. */
const tokens = [
  {
    name: 'ops',
    // Of `t`.
    sha256: 'e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8',
    tenant: 'ops',
    role: 'admin' as const,
  },
];

const say = async (served: Served): Promise<string> => {
  const answer = await served.call('/v1/adapters/echo/echo', 'hello', { authorization: 'Bearer t' });
  return answer.code ?? answer.bytes.toString();
};

describe('a package file over HTTP', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serveHost({ tokens });
  });
  afterAll(() => served.close());

  it('installs an adapter, and replaces it', async () => {
    expect(await put(served, 'echo', await packed('1.0.0'))).toMatchObject({ status: 201, version: '1.0.0' });
    expect(await put(served, 'echo', await packed('1.1.0'), 'application/gzip')).toMatchObject({
      status: 200,
      version: '1.1.0',
    });
    expect(await say(served)).toBe('hello');
  });

  const bad: [string, () => Promise<Uint8Array> | Uint8Array, number, string, RegExp][] = [
    [
      'a component that the digests do not name',
      async () => tampered(await packed('6.6.6'), { 'component.wasm': Buffer.from('\0asm') }),
      422,
      'PACKAGE_DIGEST_MISMATCH',
      /component\.wasm/,
    ],
    [
      'a manifest that the digests do not name',
      async () => tampered(await packed('6.6.6'), { 'adapter.json': Buffer.from('{}') }),
      422,
      'PACKAGE_DIGEST_MISMATCH',
      /adapter\.json/,
    ],
    [
      'a signature of something else',
      async () => {
        const other = readTar(gunzipSync(await packed('1.0.1', ada))).get('signature.json') as Uint8Array;
        return tampered(await packed('6.6.6'), { 'signature.json': other });
      },
      403,
      'PACKAGE_SIGNATURE_INVALID',
      /signature\.json/,
    ],
    [
      'a path that climbs out of the archive',
      () => gzipSync(rawTar([{ name: '../../etc/cron.d/job', bytes: Buffer.from('x') }])),
      422,
      'PACKAGE_INVALID',
      /"\.\.\/\.\.\/etc\/cron\.d\/job" is not a plain name/,
    ],
    [
      'a link',
      () => gzipSync(rawTar([{ name: 'component.wasm', type: '2' }])),
      422,
      'PACKAGE_INVALID',
      /"component\.wasm" is not a plain file/,
    ],
    [
      'a bomb of 200 MiB in 200 KiB',
      () => gzipSync(Buffer.alloc(200 * 1024 * 1024)),
      413,
      'PACKAGE_TOO_LARGE',
      /unpacked 80 MiB/,
    ],
    [
      'a component without its package',
      () => echo.component,
      422,
      'PACKAGE_INVALID',
      /not compressed with gzip/,
    ],
    ['nothing', () => new Uint8Array(0), 422, 'PACKAGE_INVALID', /not compressed with gzip/],
  ];
  it.each(bad)(
    '%s is refused, naming what is at fault, and the version that runs goes on',
    async (...one) => {
      const [, make, status, code, detail] = one;
      const said = await put(served, 'echo', await make());
      expect(said).toMatchObject({ status, code, detail: expect.stringMatching(detail) });
      expect([served.host.adapter('echo').version, await say(served)]).toEqual(['1.1.0', 'hello']);
    },
  );

  it('of another name than its path is refused', async () => {
    expect(await put(served, 'other', await packed('1.2.0'))).toMatchObject({
      status: 422,
      code: 'REGISTRY_MANIFEST_INVALID',
      detail: 'adapter.json names another adapter than the path: echo',
    });
    expect(served.host.adapters().map(({ name }) => name)).toEqual(['echo']);
  });

  it('is neither taken under another content type nor compressed once more', async () => {
    const bytes = await packed('1.2.0');
    expect(await put(served, 'echo', bytes, 'application/octet-stream')).toMatchObject({ status: 415 });
    const headers = {
      'content-type': 'application/gzip',
      'content-encoding': 'gzip',
      authorization: 'Bearer t',
    };
    const twice = await request(`${served.url}/v1/adapters/echo`, { method: 'PUT', body: bytes, headers });
    expect(twice.statusCode).toBe(415);
    await twice.body.dump();
  });

  it('is described in the document of the API', async () => {
    const answer = await request(`${served.url}/openapi.json`, { headers: { authorization: 'Bearer t' } });
    const document = (await answer.body.json()) as { paths: { '/v1/adapters/{name}': { put: Upload } } };
    const { requestBody, responses } = document.paths['/v1/adapters/{name}'].put;
    expect(Object.keys(requestBody.content)).toEqual([
      'application/vnd.hotcell.package+gzip',
      'application/gzip',
      'multipart/form-data',
    ]);
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['403', '413', '422']));
  });
});

interface Upload {
  readonly requestBody: { readonly content: Record<string, unknown> };
  readonly responses: Record<string, unknown>;
}

describe('a host with trusted keys', () => {
  it('installs what they signed and nothing else, and a restart finds it', async () => {
    const options = { tokens, data: join(folder, 'signed'), trustedKeys: [ada.verify] };
    let served = await serveHost(options);
    expect(await put(served, 'echo', await packed('1.0.0'))).toMatchObject({
      status: 403,
      code: 'PACKAGE_UNSIGNED',
      detail: expect.stringContaining('hotcell adapter pack --sign'),
    });
    expect(await put(served, 'echo', await packed('1.0.0', eve))).toMatchObject({
      status: 403,
      code: 'PACKAGE_SIGNATURE_INVALID',
    });
    await expect(served.host.install(echo.manifest, echo.component)).rejects.toMatchObject({
      code: 'PACKAGE_UNSIGNED',
    });
    expect(served.host.adapters()).toEqual([]);
    expect(await put(served, 'echo', await packed('1.0.0', ada))).toMatchObject({ status: 201 });
    await served.close();
    served = await serveHost(options);
    expect([await say(served), served.host.adapter('echo').origin]).toEqual(['hello', 'installed']);
    await served.close();
  });

  it('refuses at its start what was installed before a key was taken away, and says so', async () => {
    const data = join(folder, 'taken');
    const before = await serveHost({ tokens, data, trustedKeys: [ada.verify, eve.verify] });
    expect(await put(before, 'echo', await packed('1.0.0', eve))).toMatchObject({ status: 201 });
    await before.close();

    using notices = collectNotices();
    const after = await serveHost({ tokens, data, trustedKeys: [ada.verify] });
    expect(await say(after)).toBe('REGISTRY_NOT_FOUND');
    expect(notices.events.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^adapter echo \(installed\) was skipped: PACKAGE_SIGNATURE_INVALID: signature\.json is of the key [0-9a-f]{16}…, which is not trusted here/,
      ),
    ]);
    // One that is signed by a key of today takes its place.
    expect(await put(after, 'echo', await packed('1.0.1', ada))).toMatchObject({ status: 201 });
    expect(await say(after)).toBe('hello');
    await after.close();
  });

  it('refuses at its start what was installed when it asked for no signature', async () => {
    const data = join(folder, 'before');
    const before = await serveHost({ tokens, data });
    await put(before, 'echo', await packed('1.0.0'));
    await before.close();
    using notices = collectNotices();
    const after = await serveHost({ tokens, data, trustedKeys: [ada.verify] });
    expect(after.host.adapters()).toEqual([]);
    expect(notices.events.map(({ message }) => message)).toEqual([
      expect.stringMatching(/echo \(installed\) was skipped: PACKAGE_UNSIGNED: .* missing: .*trustedKeys/),
    ]);
    await after.close();
  });

  it('goes on with what was signed when it asked for no signature yet', async () => {
    const data = join(folder, 'later');
    const before = await serveHost({ tokens, data });
    await put(before, 'echo', await packed('1.0.0', ada));
    await before.close();
    const after = await serveHost({ tokens, data, trustedKeys: [ada.verify] });
    expect(await say(after)).toBe('hello');
    await after.close();
  });

  it('refuses what was changed under its data, file by file', async () => {
    const data = join(folder, 'changed');
    const before = await serveHost({ tokens, data, trustedKeys: [ada.verify] });
    await put(before, 'echo', await packed('1.0.0', ada));
    await before.close();
    const parent = join(data, 'packages', 'echo');
    const id = (await readdir(parent)).find((name) => /^[0-9a-f]{16}$/.test(name)) as string;
    const changes: [string, (bytes: Buffer) => string | Buffer, RegExp][] = [
      [
        'adapter.json',
        (bytes) => bytes.toString().replace('1.0.0', '1.0.9'),
        /PACKAGE_DIGEST_MISMATCH: adapter\.json/,
      ],
      ['component.wasm', (bytes) => Buffer.concat([bytes, Buffer.of(0)]), /REGISTRY_DIGEST_MISMATCH/],
      ['digests.json', (bytes) => `${bytes} `, /PACKAGE_SIGNATURE_INVALID/],
      ['signature.json', () => Buffer.alloc(70_000), /signature\.json has 70000 bytes/],
    ];
    for (const [name, change, message] of changes) {
      const path = join(parent, id, name);
      const whole = await readFile(path);
      await writeFile(path, change(whole));
      using notices = collectNotices();
      const served = await serveHost({ tokens, data, trustedKeys: [ada.verify] });
      expect(served.host.adapters()).toEqual([]);
      expect(notices.events.map((one) => one.message)).toEqual([expect.stringMatching(message)]);
      await served.close();
      await writeFile(path, whole);
    }
  });

  it('loads of a directory the folders of signed packages alone', async () => {
    const adapters = join(folder, 'adapters');
    for (const [name, key] of [
      ['good', ada],
      ['bad', undefined],
    ] as const) {
      const files = filesOf('1.0.0');
      files.set('adapter.json', Buffer.from(JSON.stringify({ ...echo.manifest, name, pool: { min: 1 } })));
      const bytes = await makePackage({ files }, { privateKeyPem: key?.sign });
      await mkdir(join(adapters, name), { recursive: true });
      for (const [file, content] of readTar(gunzipSync(bytes)))
        await writeFile(join(adapters, name, file), content);
    }
    using notices = collectNotices();
    const served = await serveHost({ adapters, trustedKeys: [ada.verify] });
    expect(served.host.adapters()).toMatchObject([{ name: 'good', origin: 'directory' }]);
    const refused = notices.events.filter(({ level }) => level === 'error');
    expect(refused.map(({ message }) => message)).toEqual([
      expect.stringMatching(/bad \(directory\) was skipped: PACKAGE_UNSIGNED: signature\.json missing/),
    ]);
    await served.close();
    await cp(join(adapters, 'good', 'signature.json'), join(adapters, 'bad', 'signature.json'));
    const again = await serveHost({ adapters, trustedKeys: [ada.verify] });
    expect(again.host.adapters().map(({ name }) => name)).toEqual(['good']);
    await again.close();
  });
});
