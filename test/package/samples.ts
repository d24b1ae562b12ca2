/** Packages made for tests. */

import { createHash, generateKeyPairSync } from 'node:crypto';
import { makePackage, type OpenedPackage, openPackage } from '../../host/package/package.ts';

export const component = Buffer.from('\0asm\r\0\x01\0');

export const manifestOf = (change: Record<string, unknown> = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      name: 'shout',
      version: '1.2.3',
      component: 'component.wasm',
      sha256: createHash('sha256').update(component).digest('hex'),
      world: 'shout',
      ...change,
    }),
  );

export const filesOf = (change: Record<string, Uint8Array> = {}): Map<string, Uint8Array> =>
  new Map<string, Uint8Array>(
    Object.entries({
      'component.wasm': component,
      'adapter.json': manifestOf(),
      'world.wit': Buffer.from('/// Loud.\nworld shout {}\n'),
      ...change,
    }),
  );

/** A key to sign with, and the key to verify with. */
export function keyPair(type: 'ed25519' | 'ed448' = 'ed25519'): {
  readonly sign: string;
  readonly verify: string;
} {
  const { privateKey, publicKey } =
    type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448');
  return {
    sign: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    verify: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

export const samplePackage = async (): Promise<OpenedPackage> =>
  openPackage(await makePackage({ files: filesOf() }));
