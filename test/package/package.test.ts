/** Packages: what was packed is what is opened, and nothing that was changed on the way is. */

import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  makePackage,
  openPackage,
  PACKAGE_MAX_BYTES,
  UNPACKED_MAX_BYTES,
} from '../../host/package/package.ts';
import { readTrustedKey } from '../../host/package/signature.ts';
import { readTar, writeTar } from '../../host/package/tar.ts';
import { rawTar } from './raw-tar.ts';
import { component, filesOf, keyPair, manifestOf } from './samples.ts';

const ada = keyPair();
const eve = keyPair();
const trusted = [readTrustedKey(ada.verify)];

/** The package with one of its entries replaced, added or (null) taken out. */
function tamper(bytes: Uint8Array, change: Record<string, Uint8Array | null>): Uint8Array {
  const entries = new Map(readTar(gunzipSync(bytes)));
  for (const [name, content] of Object.entries(change)) {
    if (content === null) entries.delete(name);
    else entries.set(name, content);
  }
  return gzipSync(writeTar([...entries].map(([name, content]) => ({ name, bytes: content }))));
}

describe('a package', () => {
  test('gives back every file, the manifest parsed', async () => {
    const opened = await openPackage(await makePackage({ files: filesOf() }));
    expect(opened.manifest).toMatchObject({ name: 'shout', version: '1.2.3' });
    expect(Buffer.from(opened.component)).toEqual(component);
    expect([...opened.files.keys()].sort()).toEqual(['adapter.json', 'component.wasm', 'world.wit']);
    expect([opened.keyId, opened.isTrusted]).toEqual([undefined, false]);
  });

  test('is the same, byte for byte, whatever order its files come in', async () => {
    const turned = new Map([...filesOf()].reverse());
    expect(await makePackage({ files: turned })).toEqual(await makePackage({ files: filesOf() }));
    const signed = { privateKeyPem: ada.sign };
    expect(await makePackage({ files: turned }, signed)).toEqual(
      await makePackage({ files: filesOf() }, signed),
    );
  });

  test('says in its header neither when nor on which system it was made', async () => {
    const bytes = await makePackage({ files: filesOf() });
    expect([...bytes.subarray(4, 8), bytes[9]]).toEqual([0, 0, 0, 0, 255]);
  });
});

describe('a package that was changed is refused, naming the file', () => {
  const cases: [string, Record<string, Uint8Array | null>, string, RegExp][] = [
    [
      'another component',
      { 'component.wasm': Buffer.from('x') },
      'PACKAGE_DIGEST_MISMATCH',
      /component\.wasm/,
    ],
    ['another WIT', { 'world.wit': Buffer.from('x') }, 'PACKAGE_DIGEST_MISMATCH', /world\.wit/],
    ['a file more', { 'extra.sh': Buffer.from('x') }, 'PACKAGE_DIGEST_MISMATCH', /does not name extra\.sh/],
    ['a file less', { 'world.wit': null }, 'PACKAGE_INVALID', /world\.wit is missing/],
    ['no digests', { 'digests.json': null }, 'PACKAGE_INVALID', /digests\.json is missing/],
    ['digests that are not JSON', { 'digests.json': Buffer.from('{') }, 'PACKAGE_INVALID', /digests\.json/],
    ['digests of nothing', { 'digests.json': Buffer.from('null') }, 'PACKAGE_INVALID', /digests\.json/],
    [
      'a signature of nothing',
      { 'signature.json': Buffer.from('null') },
      'PACKAGE_SIGNATURE_INVALID',
      /signature\.json/,
    ],
  ];
  test.each(cases)('%s', async (_what, change, code, detail) => {
    const bytes = tamper(await makePackage({ files: filesOf() }), change);
    await expect(openPackage(bytes)).rejects.toMatchObject({ code, detail: expect.stringMatching(detail) });
  });

  test('a manifest that names another component', async () => {
    const files = filesOf({ 'adapter.json': manifestOf({ sha256: '0'.repeat(64) }) });
    const bytes = await makePackage({ files });
    await expect(openPackage(bytes)).rejects.toMatchObject({ code: 'PACKAGE_DIGEST_MISMATCH' });
  });

  test.each(['null', '[]', '"x"', '{"name":1}', '{'])('a manifest that is %s', async (text) => {
    const bytes = await makePackage({ files: filesOf({ 'adapter.json': Buffer.from(text) }) });
    await expect(openPackage(bytes)).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      detail: expect.stringContaining('adapter.json'),
    });
  });

  test('one with any bit turned, unless nothing of what it holds has changed', async () => {
    const bytes = await makePackage({ files: filesOf() }, { privateKeyPem: ada.sign });
    const { entries } = await openPackage(bytes);
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 7) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      await openPackage(damaged, { trustedKeys: trusted }).then(
        (opened) => expect(opened.entries).toEqual(entries),
        (error) => {
          expect(error.code).toMatch(/^PACKAGE_/);
          refused++;
        },
      );
    }
    // Time and system of packing, and the unused bits of the last byte, are no content.
    expect(refused).toBeGreaterThan(bytes.length / 7 - 5);
  });
});

describe('a signature', () => {
  const signed = (sign: string) => makePackage({ files: filesOf() }, { privateKeyPem: sign });

  test('by a trusted key is taken', async () => {
    const opened = await openPackage(await signed(ada.sign), { trustedKeys: trusted });
    expect([opened.keyId, opened.isTrusted]).toEqual([trusted[0], true]);
  });

  test('by another key is refused where keys are asked for, and told where not', async () => {
    const bytes = await signed(eve.sign);
    await expect(openPackage(bytes, { trustedKeys: trusted })).rejects.toMatchObject({
      code: 'PACKAGE_SIGNATURE_INVALID',
    });
    expect(await openPackage(bytes)).toMatchObject({ isTrusted: false, keyId: readTrustedKey(eve.verify) });
  });

  test('that is not there is refused where keys are asked for', async () => {
    const bytes = tamper(await signed(ada.sign), { 'signature.json': null });
    await expect(openPackage(bytes, { trustedKeys: trusted })).rejects.toMatchObject({
      code: 'PACKAGE_UNSIGNED',
    });
  });

  test('of another package is no signature of this one', async () => {
    const other = await makePackage(
      { files: filesOf({ 'README.md': Buffer.from('x') }) },
      { privateKeyPem: ada.sign },
    );
    const stolen = readTar(gunzipSync(other)).get('signature.json') as Uint8Array;
    const bytes = tamper(await makePackage({ files: filesOf() }), { 'signature.json': stolen });
    await expect(openPackage(bytes)).rejects.toMatchObject({ code: 'PACKAGE_SIGNATURE_INVALID' });
  });

  test('that claims the id of a trusted key is refused', async () => {
    const bytes = await signed(eve.sign);
    const signature = JSON.parse(
      Buffer.from(readTar(gunzipSync(bytes)).get('signature.json') as Uint8Array).toString(),
    );
    const forged = Buffer.from(JSON.stringify({ ...signature, keyId: trusted[0] }));
    await expect(
      openPackage(tamper(bytes, { 'signature.json': forged }), { trustedKeys: trusted }),
    ).rejects.toMatchObject({
      code: 'PACKAGE_SIGNATURE_INVALID',
      detail: expect.stringContaining('another key'),
    });
  });

  test('needs a key of Ed25519', async () => {
    await expect(signed(keyPair('ed448').sign)).rejects.toMatchObject({ code: 'PACKAGE_SIGNATURE_INVALID' });
    await expect(signed('no key')).rejects.toMatchObject({ code: 'PACKAGE_SIGNATURE_INVALID' });
    expect(() => readTrustedKey(keyPair('ed448').verify)).toThrow(/ed448/);
  });
});

describe('what would fill the memory is refused before it does', () => {
  test('a bomb: a thousandth of what it unpacks to', async () => {
    const bomb = gzipSync(rawTar([{ name: 'a', bytes: Buffer.alloc(UNPACKED_MAX_BYTES) }]));
    expect(bomb.byteLength).toBeLessThan(UNPACKED_MAX_BYTES / 900);
    await expect(openPackage(bomb)).rejects.toMatchObject({ code: 'PACKAGE_TOO_LARGE' });
  });

  test('a file that is too large itself', async () => {
    await expect(openPackage(Buffer.alloc(PACKAGE_MAX_BYTES + 1))).rejects.toMatchObject({
      code: 'PACKAGE_TOO_LARGE',
    });
  });

  test.each(['digests.json', 'signature.json', 'adapter.json'])(
    'a %s that would be parsed for seconds',
    async (name) => {
      const deep = Buffer.from('['.repeat(256 * 1024 + 1));
      const whole = await makePackage(
        { files: name === 'adapter.json' ? filesOf({ [name]: deep }) : filesOf() },
        { privateKeyPem: ada.sign },
      );
      const bytes = name === 'adapter.json' ? whole : tamper(whole, { [name]: deep });
      await expect(openPackage(bytes)).rejects.toMatchObject({
        code: 'PACKAGE_TOO_LARGE',
        detail: `${name} has more than 262144 bytes`,
      });
    },
  );

  test('zeros without end behind an archive, which nobody writes', async () => {
    const { entries } = await openPackage(await makePackage({ files: filesOf() }));
    const packed = (endBytes: number): Buffer =>
      gzipSync(
        rawTar(
          [...entries].map(([name, bytes]) => ({ name, bytes })),
          Buffer.alloc(endBytes),
        ),
      );
    expect((await openPackage(packed(10_240))).manifest.name).toBe('shout');
    await expect(openPackage(packed(70_000))).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      detail: 'there are bytes behind the end of the archive',
    });
  });

  test('what is not gzip, and what stands behind its end', async () => {
    await expect(openPackage(Buffer.from('hello'))).rejects.toMatchObject({ code: 'PACKAGE_INVALID' });
    const bytes = await makePackage({ files: filesOf() });
    await expect(openPackage(bytes.subarray(0, 200))).rejects.toMatchObject({ code: 'PACKAGE_INVALID' });
    await expect(openPackage(Buffer.concat([bytes, Buffer.from('more')]))).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
    });
  });
});
