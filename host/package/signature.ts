/**
 * Signatures of packages: Ed25519 over the digests of its files.
 *
 * A signature names its public key, so anybody can see that a package is whole; whether to trust it is decided by keys that
 * the reader has, and by nothing in the package. Source: RFC 8032, Ed25519 without a context; the label keeps a signature
 * of something else from being one of a package.
 */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { HostError } from '../errors.ts';

const LABEL = 'hotcell-package@1\n';

export interface PackageSignature {
  readonly algorithm: 'ed25519';
  /** SHA-256 of the public key in DER (SPKI), in hex. */
  readonly keyId: string;
  /** DER (SPKI) in base64. */
  readonly publicKey: string;
  /** Over the label and the bytes of `digests.json`, in base64. */
  readonly signature: string;
}

/** `privateKeyPem` is PKCS #8. Throws PACKAGE_SIGNATURE_INVALID — it is not an Ed25519 key. */
export function signDigests(digests: Uint8Array, privateKeyPem: string): PackageSignature {
  const privateKey = readKey(() => createPrivateKey(privateKeyPem), 'the key to sign with');
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return {
    algorithm: 'ed25519',
    keyId: keyIdOf(publicKey),
    publicKey: publicKey.toString('base64'),
    signature: sign(null, labelled(digests), privateKey).toString('base64'),
  };
}

/** What a key is called where people read it: the beginning of its id, enough to tell an operator's keys apart. */
export const keyName = (keyId: string): string => `${keyId.slice(0, 16)}…`;

/**
 * The id of a public key in PEM. Throws PACKAGE_SIGNATURE_INVALID — it is not an Ed25519 key, or a private one, which nobody
 * but its owner should have.
 */
export function readTrustedKey(publicKeyPem: string): string {
  if (publicKeyPem.includes('PRIVATE KEY-----')) {
    throw wrong('a trusted key is a public one, and this is private: `openssl pkey -in <key> -pubout`');
  }
  const key = readKey(() => createPublicKey(publicKeyPem), 'a trusted key');
  return keyIdOf(key.export({ type: 'spki', format: 'der' }));
}

/**
 * Checks a signature as it stands in a package; returns the id of the key that made it.
 * Throws PACKAGE_SIGNATURE_INVALID — malformed, or not over these digests.
 */
export function verifyDigests(digests: Uint8Array, given: unknown): string {
  const { algorithm, keyId, publicKey, signature } = (given ?? {}) as Partial<PackageSignature>;
  if (algorithm !== 'ed25519' || typeof publicKey !== 'string' || typeof signature !== 'string') {
    throw wrong('signature.json is not a signature with ed25519');
  }
  const der = Buffer.from(publicKey, 'base64');
  const key = readKey(
    () => createPublicKey({ key: der, type: 'spki', format: 'der' }),
    'signature.json: the key',
  );
  // Re-encoded: what names a key must not depend on how it was written.
  const id = keyIdOf(key.export({ type: 'spki', format: 'der' }));
  if (id !== keyId) throw wrong('signature.json names another key than the one it has');
  if (!verify(null, labelled(digests), key, Buffer.from(signature, 'base64'))) {
    throw wrong('signature.json is not the signature of digests.json');
  }
  return id;
}

function readKey(read: () => KeyObject, what: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw wrong(`${what} cannot be read: it is neither PEM nor DER of a key`, error);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw wrong(`${what} is of ${key.asymmetricKeyType}, not ed25519`);
  return key;
}

const labelled = (digests: Uint8Array): Uint8Array => Buffer.concat([Buffer.from(LABEL), digests]);
const keyIdOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');
const wrong = (detail: string, cause?: unknown): HostError =>
  new HostError('PACKAGE_SIGNATURE_INVALID', detail, { cause });
