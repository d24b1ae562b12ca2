/** Trusted keys: what a host with them takes, and what it says of the rest. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makePackage, openPackage } from '../../host/package/package.ts';
import { readTrustedKey } from '../../host/package/signature.ts';
import { createTrust } from '../../host/package/trust.ts';
import type { AdapterSummary, PackageProof } from '../../host/types.ts';
import { filesOf, keyPair, manifestOf } from './samples.ts';

const ada = keyPair();
const eve = keyPair();
const folder = mkdtempSync(join(tmpdir(), 'hotcell-trust-'));
afterAll(() => rmSync(folder, { recursive: true }));

const packageBy = (key: { sign: string } | undefined, files = filesOf()) =>
  makePackage({ files }, { privateKeyPem: key?.sign });

async function proofBy(key: { sign: string }): Promise<PackageProof> {
  const { entries } = await openPackage(await packageBy(key));
  return {
    manifest: entries.get('adapter.json') as Uint8Array,
    digests: entries.get('digests.json'),
    signature: entries.get('signature.json'),
  };
}

const summary = { name: 'shout' } as AdapterSummary;

describe('the keys of an operator', () => {
  test('are PEM, or files of it', async () => {
    const path = join(folder, 'ada.pem');
    writeFileSync(path, ada.verify);
    const proof = await proofBy(ada);
    for (const key of [ada.verify, path]) {
      const { verify } = await createTrust([eve.verify, key]);
      expect(() => verify?.(proof)).not.toThrow();
    }
  });

  test('that cannot be used are told all at once, and none of them is quoted', async () => {
    const missing = join(folder, 'missing.pem');
    const keys = [
      ada.sign,
      missing,
      keyPair('ed448').verify,
      '-----BEGIN PUBLIC KEY-----\nc4n4ry',
      ada.verify,
    ];
    const error = await createTrust(keys).catch((one: unknown) => one);
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      problems: [
        { at: 'trustedKeys[0]', message: expect.stringMatching(/this is private: `openssl pkey/) },
        { at: 'trustedKeys[1]', message: 'cannot be read (ENOENT)' },
        { at: 'trustedKeys[2]', message: expect.stringMatching(/ed448, not ed25519/) },
        { at: 'trustedKeys[3]', message: expect.stringMatching(/neither PEM nor DER/) },
      ],
    });
    expect(JSON.stringify(error)).not.toContain('c4n4ry');
    expect(JSON.stringify(error)).not.toContain(ada.sign.split('\n')[1]);
  });

  test('are not there by default, and then nothing is verified', async () => {
    expect((await createTrust(undefined)).verify).toBeUndefined();
  });
});

describe('a package that lies unpacked', () => {
  const cases: [string, (proof: PackageProof) => PackageProof | undefined, string, RegExp][] = [
    ['as two files without more', () => undefined, 'PACKAGE_UNSIGNED', /hotcell adapter pack --sign/],
    [
      'without a signature',
      (proof) => ({ ...proof, signature: undefined }),
      'PACKAGE_UNSIGNED',
      /^signature\.json missing/,
    ],
    [
      'without anything that could be signed',
      ({ manifest }) => ({ manifest, digests: undefined, signature: undefined }),
      'PACKAGE_UNSIGNED',
      /^digests\.json and signature\.json missing/,
    ],
    [
      'with another manifest than was signed',
      (proof) => ({ ...proof, manifest: manifestOf({ version: '6.6.6' }) }),
      'PACKAGE_DIGEST_MISMATCH',
      /^adapter\.json/,
    ],
    [
      'with digests that nobody signed',
      (proof) => ({ ...proof, digests: Buffer.from('{"format":"hotcell-package@1","files":{}}') }),
      'PACKAGE_SIGNATURE_INVALID',
      /^signature\.json is not the signature/,
    ],
    [
      'with a signature that is none',
      (proof) => ({ ...proof, signature: Buffer.from('{') }),
      'PACKAGE_INVALID',
      /^signature\.json/,
    ],
  ];
  test.each(cases)('%s is refused, naming the file', async (_what, change, code, detail) => {
    const { verify } = await createTrust([ada.verify]);
    const changed = change(await proofBy(ada));
    expect(() => verify?.(changed)).toThrow(
      expect.objectContaining({ code, detail: expect.stringMatching(detail) }),
    );
  });

  test('by a key that is not trusted is refused with the beginning of its id and no more', async () => {
    const { verify } = await createTrust([ada.verify]);
    const proof = await proofBy(eve);
    const id = readTrustedKey(eve.verify);
    expect(() => verify?.(proof)).toThrow(
      expect.objectContaining({
        code: 'PACKAGE_SIGNATURE_INVALID',
        detail: expect.stringContaining(`of the key ${id.slice(0, 16)}…,`),
      }),
    );
    expect(() => verify?.(proof)).not.toThrow(id);
  });
});

describe('a package file', () => {
  test('is installed with what proves its signature, and one without a signature without', async () => {
    const { installPackage } = await createTrust(undefined);
    const proofs: (PackageProof | undefined)[] = [];
    for (const key of [ada, undefined]) {
      const made = await packageBy(key);
      await installPackage(made, 'shout', async ({ manifest }, proof) => {
        expect(manifest.name).toBe('shout');
        proofs.push(proof);
        return summary;
      });
    }
    expect(proofs).toEqual([await proofBy(ada), undefined]);
  });

  test('of another name than was asked for is not installed', async () => {
    const { installPackage } = await createTrust(undefined);
    const install = async () => expect.unreachable('it was installed');
    await expect(installPackage(await packageBy(ada), 'other', install)).rejects.toMatchObject({
      code: 'REGISTRY_MANIFEST_INVALID',
      detail: 'adapter.json names another adapter than the path: shout',
      problems: [{ at: '/name', message: 'must equal the name in the path' }],
    });
  });

  test('that is damaged does not keep the next from being unpacked, and each gets its own end', async () => {
    const { installPackage } = await createTrust([ada.verify]);
    const files = [
      Buffer.from('junk'),
      await packageBy(ada),
      await packageBy(eve),
      await packageBy(undefined),
    ];
    const ends = await Promise.all(
      files.map((bytes) =>
        installPackage(bytes, undefined, async () => summary).then(
          ({ name }) => name,
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(ends).toEqual(['PACKAGE_INVALID', 'shout', 'PACKAGE_SIGNATURE_INVALID', 'PACKAGE_UNSIGNED']);
  });

  test('whose manifest names another file than its component is refused', async () => {
    const files = filesOf({ 'adapter.json': manifestOf({ component: 'signature.json' }) });
    await expect(openPackage(await packageBy(ada, files))).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      detail: 'adapter.json: "component" must be "component.wasm"',
    });
  });
});
