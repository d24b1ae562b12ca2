/** Packages in a registry that others have written: Debian's `docker-registry`, on loopback, where it is installed. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../host/clock.ts';
import { pullPackage, pushPackage } from '../../host/package/oci-artifact.ts';
import { createRegistryStore } from '../../host/package/oci-registry.ts';
import { makePackage, openPackage } from '../../host/package/package.ts';
import { readTrustedKey } from '../../host/package/signature.ts';
import { filesOf, keyPair } from './samples.ts';

const PROGRAM = 'docker-registry';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a signed package is pushed, pulled, replaced, and told apart from one that is not there', async (context) => {
  if (spawnSync(PROGRAM, ['--version']).error) {
    return context.skip('docker-registry is not installed: only the registry of these tests has been asked');
  }
  const folder = mkdtempSync(join(tmpdir(), 'hotcell-registry-'));
  const registry = `127.0.0.1:${await freePort()}`;
  writeFileSync(
    join(folder, 'config.yml'),
    `version: 0.1\nstorage: { filesystem: { rootdirectory: ${folder}/data } }\nhttp: { addr: ${registry} }\n`,
  );
  const child = spawn(PROGRAM, ['serve', join(folder, 'config.yml')]);
  try {
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk) => String(chunk).includes('listening on') && resolve());
      child.on('close', () => reject(new Error('the registry ended')));
    });
    const options = { registry, repository: 'team/shout', plainHttp: true, credentials: undefined };
    const store = createRegistryStore({ ...options, clock: systemClock });
    const key = keyPair();
    const bytes = await makePackage({ files: filesOf() }, { privateKeyPem: key.sign });
    const first = await pushPackage(store, 'v1', await openPackage(bytes));
    const pulled = await pullPackage(store, 'v1');
    expect(pulled.digest).toBe(first);
    expect(Buffer.from(pulled.bytes)).toEqual(Buffer.from(bytes));
    expect(await openPackage(pulled.bytes, { trustedKeys: [readTrustedKey(key.verify)] })).toMatchObject({
      isTrusted: true,
    });

    const other = await makePackage({ files: filesOf({ 'README.md': Buffer.from('more') }) });
    const second = await pushPackage(store, 'v1', await openPackage(other));
    expect([(await pullPackage(store, 'v1')).digest, (await pullPackage(store, first)).digest]).toEqual([
      second,
      first,
    ]);
    await expect(pullPackage(store, 'v2')).rejects.toMatchObject({ code: 'OCI_NOT_FOUND' });
  } finally {
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});
